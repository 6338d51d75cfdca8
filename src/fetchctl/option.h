/* Options: each is one entry of one table. getopt's arrays, --help, --list-options and the manual page's test
 * follow it. */
#ifndef FETCHCTL_OPTION_H
#define FETCHCTL_OPTION_H

#include <stdbool.h>
#include <stddef.h>

enum opt_id {
	OPT_END = 0,
	/* of the program */
	OPT_SOCKET,
	OPT_USER,
	OPT_SYSTEM,
	OPT_JSON,
	OPT_QUIET,
	OPT_NO_PAGER,
	OPT_NO_LEGEND,
	OPT_COLOR,
	OPT_HELP,
	OPT_VERSION,
	OPT_LIST_OPTIONS,
	/* of add and get */
	OPT_OUTPUT,
	OPT_DIR,
	OPT_REMOTE_NAME,
	OPT_REMOTE_HEADER_NAME,
	OPT_INPUT_FILE,
	OPT_GLOB,
	OPT_GROUP,
	OPT_PRIORITY,
	OPT_POLICY,
	OPT_MIRROR,
	OPT_AFTER,
	OPT_AFTER_ANY,
	OPT_HOOK,
	OPT_NO_HOOK,
	OPT_KEY,
	OPT_CHECKSUM,
	OPT_HEADER,
	OPT_USER_AGENT,
	OPT_REFERER,
	OPT_LOGIN, /* curl's --user: behind add and get it hides the program's */
	OPT_BASIC,
	OPT_DIGEST,
	OPT_ANYAUTH,
	OPT_BEARER,
	OPT_NETRC,
	OPT_NETRC_FILE,
	OPT_COOKIE,
	OPT_PROXY,
	OPT_CACERT,
	OPT_CERT,
	OPT_CERT_KEY,
	OPT_INSECURE,
	OPT_LIMIT_RATE,
	OPT_RETRY,
	OPT_RETRY_DELAY,
	OPT_MAX_TIME,
	OPT_CONNECT_TIMEOUT,
	OPT_DEADLINE,
	OPT_NOT_BEFORE,
	OPT_MAX_FILESIZE,
	OPT_SPLIT,
	OPT_ON_CONFLICT,
	OPT_CONDITIONAL,
	OPT_TIME_COND,
	OPT_RESUME,
	OPT_WAIT,
	OPT_TIMEOUT,
	/* of edit */
	OPT_URL,
	OPT_UNSET,
	/* of backup */
	OPT_FORCE,
	/* of metrics */
	OPT_METRICS_FILE,
	OPT_PROMETHEUS,
	/* which jobs */
	OPT_SELECT_GROUP,
	OPT_ALL,
	OPT_FAILED,
	OPT_STATE,
	OPT_FILES,
	OPT_HOOK_STATE,
	OPT_RETRY_HOOKS,
	/* of list */
	OPT_HOST,
	OPT_MINE,
	OPT_ALL_USERS,
	OPT_LIMIT,
	/* of what is shown in rows */
	OPT_COLUMNS,
	OPT_SORT,
	OPT_REVERSE,
	/* of group, wait, watch, drain */
	OPT_GROUP_DEADLINE, /* a time; of jobs it is a span */
	OPT_GROUP_LIMIT_RATE,
	OPT_GROUP_HOOK,
	OPT_ANY,
	OPT_WAIT_HOOKS,
	OPT_SINCE,
	OPT_FORMAT,
	OPT_ON_FINISH,
	OPT_EXIT,
	OPT_OFF,
	/* of limit */
	OPT_OF_GROUP,
	OPT_OF_HOST,
	OPT_SAVE,
	OPT_RESET,
	OPT_N,
};

struct opt {
	char letter; /* 0: none */
	const char *name;
	const char *arg; /* what --help calls its argument; NULL: takes none */
	const char *help;
	bool secret; /* its argument is overwritten in argv, where ps(1) would show it; "@FILE" is read */
};
extern const struct opt opt_table[OPT_N];

/* Those of the program itself, ended by OPT_END. */
extern const enum opt_id opt_global[];

/* What a command line holds. Points into argv, but for what is secret there. */
struct args {
	struct args_option {
		enum opt_id id;
		const char *value;
	} * options;
	size_t n_options;
	char **words; /* what is no option */
	size_t n_words;
	char **hidden; /* copies of what was overwritten */
	size_t n_hidden;
};

/* Reads argv[1…]; argv is permuted, secrets in it are overwritten. own: options of the verb (a letter of its
 * own hides the program's), NULL for none. stop_at_word: options behind the first word are left among the
 * words. 0, or the exit status after a message. */
int args_parse(struct args *args, int argc, char **argv, const enum opt_id *own, bool stop_at_word);
void args_done(struct args *args);
bool args_has(const struct args *args, enum opt_id id);
/* The last one given, or NULL. */
const char *args_value(const struct args *args, enum opt_id id);
/* Every one given, in order: *at starts at 0; NULL when there are no more. */
const char *args_next(const struct args *args, enum opt_id id, size_t *at);

#endif
