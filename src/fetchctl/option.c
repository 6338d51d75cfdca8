/* Option: the table of all options, and getopt_long(3) driven by it. */
#include "config.h"

#include "fetchctl/option.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/ctl.h"
#include "fetchctl/foreign.h"
#include "fetchctl/suggest.h"

const struct opt opt_table[OPT_N] = {
	[OPT_SOCKET] = {'s', "socket", "PATH", "talk to the daemon that listens there"},
	[OPT_USER] = {0, "user", NULL, "talk to the user's own daemon"},
	[OPT_SYSTEM] = {0, "system", NULL, "talk to the system's daemon"},
	[OPT_JSON] = {'j', "json", NULL, "print JSON: an object, or one a line for lists and streams"},
	[OPT_QUIET] = {'q', "quiet", NULL, "no progress, no notices; errors are still told"},
	[OPT_NO_PAGER] = {0, "no-pager", NULL, "do not pipe long output into a pager"},
	[OPT_NO_LEGEND] = {0, "no-legend", NULL, "no column headings"},
	[OPT_COLOR] = {0, "color", "WHEN", "auto, always or never"},
	[OPT_HELP] = {'h', "help", NULL, "show this help"},
	[OPT_VERSION] = {'V', "version", NULL, "show the version of fetchctl and its libraries"},
	[OPT_LIST_OPTIONS] = {0, "list-options", NULL, NULL},

	[OPT_OUTPUT] = {'o', "output", "NAME",
		"file name; may have a directory in front; the n-th is for the n-th URL"},
	[OPT_DIR] = {'d', "dir", "DIR", "directory to save into"},
	[OPT_REMOTE_NAME] = {'O', "remote-name", NULL, "name the file after the URL (the default)"},
	[OPT_REMOTE_HEADER_NAME] = {'J', "remote-header-name", NULL,
		"let the server name the file (Content-Disposition)"},
	[OPT_INPUT_FILE] = {'i', "input-file", "FILE",
		"read URLs and their options from FILE (\"-\": standard input)"},
	[OPT_GLOB] = {0, "glob", NULL, "URLs are patterns: {one,two}, [1-100], [001-100:10], [a-z]"},
	[OPT_GROUP] = {'g', "group", "GROUP", "put the jobs into this group"},
	[OPT_PRIORITY] = {'p', "priority", "N", "higher starts first (default 0)"},
	[OPT_POLICY] = {0, "policy", "POLICY",
		"of a new group: collect failures, or fail-fast: the first cancels the others"},
	[OPT_MIRROR] = {0, "mirror", "URL",
		"the same file is here too: asked when another source fails; may be repeated"},
	[OPT_AFTER] = {0, "after", "ID,…", "start when these jobs are done; fail when one is not"},
	[OPT_AFTER_ANY] = {0, "after-any", "ID,…", "start when these jobs have ended, however"},
	[OPT_HOOK] = {0, "hook", "NAME",
		"run this hook of the daemon's configuration when it has ended; may be repeated"},
	[OPT_NO_HOOK] = {0, "no-hook", NULL, "run no hook, not even the default"},
	[OPT_KEY] = {0, "key", "KEY", "adding the same key again returns the first job's id"},
	[OPT_CHECKSUM] = {0, "checksum", "ALGO=HEX",
		"what the file must hash to: md5, sha-1, sha-256, sha-384, sha-512"},
	[OPT_HEADER] = {'H', "header", "LINE|@FILE",
		"send this request header (\"Name: value\"); may be repeated", .secret = true},
	[OPT_USER_AGENT] = {'A', "user-agent", "NAME", "send this User-Agent"},
	[OPT_REFERER] = {'e', "referer", "URL", "send this Referer"},
	[OPT_LOGIN] = {'u', "user", "NAME[:PASSWORD]|@FILE",
		"log in; the password is asked for when it is not given", .secret = true},
	[OPT_BASIC] = {0, "basic", NULL, "log in with basic authentication (the default)"},
	[OPT_DIGEST] = {0, "digest", NULL, "log in with digest authentication"},
	[OPT_ANYAUTH] = {0, "anyauth", NULL, "log in with the best that the server offers"},
	[OPT_BEARER] = {0, "oauth2-bearer", "TOKEN|@FILE", "send this bearer token", .secret = true},
	[OPT_NETRC] = {'n', "netrc", NULL, "look up user and password in ~/.netrc"},
	[OPT_NETRC_FILE] = {0, "netrc-file", "FILE", "look them up in FILE"},
	[OPT_COOKIE] = {'b', "cookie", "DATA|FILE", "send cookies: \"name=value; …\", or those of a file",
		.secret = true},
	[OPT_PROXY] = {'x', "proxy", "URL|@FILE", "go through this proxy (empty: through none)",
		.secret = true},
	[OPT_CACERT] = {0, "cacert", "FILE", "trust the certificates of this PEM file"},
	[OPT_CERT] = {'E', "cert", "FILE", "show this client certificate (PEM, may hold its key)"},
	[OPT_CERT_KEY] = {0, "cert-key", "FILE", "the client certificate's private key (PEM)"},
	[OPT_INSECURE] = {'k', "insecure", NULL, "do not verify the server's certificate"},
	[OPT_LIMIT_RATE] = {0, "limit-rate", "RATE", "bytes a second for each job (500K, 2M)"},
	[OPT_SPLIT] = {'s', "split", "N", "fetch one large file over up to N connections (1: over one)"},
	[OPT_RETRY] = {0, "retry", "N", "try N times again after the first attempt: N + 1 attempts in all"},
	[OPT_RETRY_DELAY] = {0, "retry-delay", "TIME", "wait before the first retry; doubles with each"},
	[OPT_MAX_TIME] = {'m', "max-time", "TIME", "longest time for one attempt (0: no limit)"},
	[OPT_CONNECT_TIMEOUT] = {0, "connect-timeout", "TIME", "longest time to connect"},
	[OPT_DEADLINE] = {0, "deadline", "TIME",
		"give up then, or so long after adding, whatever the attempts (0: never)"},
	[OPT_NOT_BEFORE] = {0, "not-before", "TIME", "do not begin before then (2h, \"tomorrow 06:00\")"},
	[OPT_MAX_FILESIZE] = {0, "max-filesize", "SIZE", "fail when the file is larger"},
	[OPT_ON_CONFLICT] = {0, "on-conflict", "ACTION",
		"when the name is taken: fail, rename, overwrite or skip"},
	[OPT_CONDITIONAL] = {0, "conditional-get", NULL,
		"only when it is newer than the file that is there, which it replaces"},
	[OPT_TIME_COND] = {'z', "time-cond", "TIME|FILE", "only when it is newer than this time or file"},
	[OPT_RESUME] = {0, "resume", "HOW", "what may be kept without a strong validator: auto, strict"},
	[OPT_WAIT] = {'w', "wait", NULL, "wait until the jobs end, as get does"},
	[OPT_TIMEOUT] = {0, "timeout", "TIME",
		"stop waiting after this time; the jobs go on (exit status 75)"},

	[OPT_URL] = {0, "url", "URL",
		"fetch from here; whether the bytes on disk are of this file is found out"},
	[OPT_UNSET] = {0, "unset", "OPTION,…",
		"take back what these options of add have said: checksum, user, …"},

	[OPT_FORCE] = {0, "force", NULL, "take the place of a file that is there"},

	[OPT_METRICS_FILE] = {'o', "output", "FILE",
		"write them into FILE, which is never seen half-written"},
	[OPT_PROMETHEUS] = {0, "prometheus", NULL, "in the older text format of Prometheus"},

	[OPT_SELECT_GROUP] = {'g', "group", "GROUP", "the jobs of this group"},
	[OPT_ALL] = {0, "all", NULL, "all jobs for which the verb means something"},
	[OPT_FAILED] = {0, "failed", NULL, "the jobs that failed"},
	[OPT_STATE] = {0, "state", "STATE,…", "the jobs in these states"},
	[OPT_FILES] = {0, "files", NULL, "delete the downloaded files too"},

	[OPT_HOOK_STATE] = {0, "hook", "STATE,…", "the jobs whose hooks are pending, running, ok or failed"},
	[OPT_RETRY_HOOKS] = {0, "hooks", NULL, "not the jobs: those of their hooks that have failed"},

	[OPT_HOST] = {0, "host", "HOST", "the jobs of this host (host, host:port or scheme://host:port)"},
	[OPT_MINE] = {0, "mine", NULL, "only your own jobs"},
	[OPT_ALL_USERS] = {0, "all-users", NULL, "all jobs that you may see (the default)"},
	[OPT_LIMIT] = {'n', "limit", "N", "at most N jobs"},

	[OPT_COLUMNS] = {0, "columns", "COLUMN,…", "show these, in this order (\"help\": list them)"},
	[OPT_SORT] = {0, "sort", "COLUMN,…", "in the order of this column, then the next"},
	[OPT_REVERSE] = {0, "reverse", NULL, "last first"},

	[OPT_GROUP_DEADLINE] = {0, "deadline", "TIME",
		"what has not ended by then fails: a span from now, or a time"},
	[OPT_GROUP_LIMIT_RATE] = {0, "limit-rate", "RATE",
		"bytes a second for all its jobs together (500K, 2M)"},
	[OPT_GROUP_HOOK] = {0, "hook", "NAME",
		"run this hook once, when all its jobs have ended; may be repeated"},
	[OPT_WAIT_HOOKS] = {0, "hooks", NULL, "until their hooks have ended, too"},
	[OPT_ANY] = {0, "any", NULL, "until one of the jobs ends, instead of all"},
	[OPT_SINCE] = {0, "since", "CURSOR", "begin with the events after this one"},
	[OPT_FORMAT] = {0, "format", "FORMAT",
		"print events in this form: %i id, %k kind, %p path and others"},
	[OPT_ON_FINISH] = {0, "on-finish", "COMMAND",
		"run it for each job that ends, with FETCHD_JOB_ID, FETCHD_PATH, …"},
	[OPT_EXIT] = {0, "exit", NULL, "then stop the daemon"},
	[OPT_OFF] = {0, "off", NULL, "end draining: start jobs again"},
	[OPT_OF_GROUP] = {'g', "group", "GROUP", "this group's own limit"},
	[OPT_OF_HOST] = {0, "host", "ORIGIN", "this origin's own limit (scheme://host:port)"},
	[OPT_SAVE] = {0, "save", NULL, "also after the next start"},
	[OPT_RESET] = {0, "reset", NULL, "as if it had never been set"},
};

const enum opt_id opt_global[] = {
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
	OPT_END,
};

/* getopt's numbers for options: beyond any letter. */
#define LONG_BASE 256

/* The options in force for one call, in getopt's form. */
struct parser {
	struct option longs[OPT_N + 1];
	size_t n;
	char letters[2 * 128 + 3];
	enum opt_id by_letter[128];
	const struct foreign *foreign[128]; /* letters of other programs */
	bool others;			    /* whose options are taken, too */
};

static bool has_long(const struct parser *parser, const char *name)
{
	for (size_t i = 0; i < parser->n; i++)
		if (strcmp(parser->longs[i].name, name) == 0)
			return true;
	return false;
}

static void parser_add(struct parser *parser, enum opt_id id)
{
	const struct opt *opt = &opt_table[id];
	size_t len = strlen(parser->letters);

	if (!has_long(parser, opt->name))
		parser->longs[parser->n++] = (struct option){
			.name = opt->name,
			.has_arg = opt->arg ? required_argument : no_argument,
			.val = LONG_BASE + id,
		};
	if (!opt->letter || parser->by_letter[(int)opt->letter] != OPT_END)
		return;
	parser->by_letter[(int)opt->letter] = id;
	snprintf(parser->letters + len, sizeof(parser->letters) - len, "%c%s", opt->letter,
		opt->arg ? ":" : "");
}

static void parser_add_foreign(struct parser *parser, const struct foreign *foreign)
{
	size_t len = strlen(parser->letters);
	int letter = foreign->letter;

	if (!letter || parser->by_letter[letter] != OPT_END || parser->foreign[letter])
		return;
	parser->foreign[letter] = foreign;
	snprintf(parser->letters + len, sizeof(parser->letters) - len, "%c%s", letter,
		foreign->takes ? ":" : "");
}

static void parser_init(struct parser *parser, const enum opt_id *own, bool stop_at_word)
{
	*parser = (struct parser){.others = foreign_welcome(own)};
	/* ':' first: a missing argument is told apart from an unknown option. */
	snprintf(parser->letters, sizeof(parser->letters), "%s", stop_at_word ? "+:" : ":");
	for (; own && *own != OPT_END; own++)
		parser_add(parser, *own);
	for (const enum opt_id *id = opt_global; *id != OPT_END; id++)
		parser_add(parser, *id);
	if (stop_at_word)
		parser_add(parser, OPT_LIST_OPTIONS);
	for (const struct foreign *foreign = foreign_table; parser->others && foreign->name; foreign++)
		parser_add_foreign(parser, foreign);
}

static int refuse_unknown_long(const struct parser *parser, const char *typed)
{
	CLEANUP_FREE char *name = xstrndup(typed, strcspn(typed, "="));
	struct suggest suggest;
	bool ambiguous = false;

	suggest_init(&suggest, name + 2);
	for (size_t i = 0; i < parser->n; i++) {
		suggest_offer(&suggest, parser->longs[i].name);
		ambiguous |= strncmp(parser->longs[i].name, name + 2, strlen(name + 2)) == 0;
	}
	complain(
		STATUS_USAGE, ambiguous ? "option %s can mean more than one" : "there is no option %s", name);
	if (suggest.best)
		hint("Did you mean --%s?", suggest.best);
	return STATUS_USAGE;
}

/* getopt_long() answered '?'. */
static int refuse_option(const struct parser *parser, char *const *argv)
{
	if (optopt >= LONG_BASE)
		return complain(
			STATUS_USAGE, "option --%s takes no argument", opt_table[optopt - LONG_BASE].name);
	if (optopt != 0) {
		complain(STATUS_USAGE, "there is no option -%c here", optopt);
		if (optopt >= '0' && optopt <= '9')
			hint("No argument of this command is a number below zero.");
		return STATUS_USAGE;
	}
	return refuse_unknown_long(parser, argv[optind - 1]);
}

static int refuse_missing(int option)
{
	if (option < LONG_BASE)
		return complain(STATUS_USAGE, "option -%c needs an argument", option);
	return complain(STATUS_USAGE, "option --%s needs an argument: %s", opt_table[option - LONG_BASE].name,
		opt_table[option - LONG_BASE].arg);
}

/* ---- secrets ------------------------------------------------------------------------------------- */

/* A copy that lives as long as args. */
static char *keep(struct args *args, const char *text)
{
	args->hidden = xreallocarray(args->hidden, args->n_hidden + 1, sizeof(*args->hidden));
	args->hidden[args->n_hidden] = xstrdup(text);
	return args->hidden[args->n_hidden++];
}

/* A copy of text that lives as long as args; n bytes at start are overwritten in text itself. */
static char *hide(struct args *args, char *text, char *start, size_t n)
{
	char *copy = keep(args, text);

	memset(start, '*', n);
	return copy;
}

/* What stands before the last "@" of a URL's authority. */
static char *hide_userinfo(struct args *args, char *text)
{
	char *start = strstr(text, "://"), *at = NULL;

	if (!start)
		return text;
	start += strlen("://");
	for (char *c = start; *c && !strchr("/?#", *c); c++)
		at = *c == '@' ? c : at;
	return at ? hide(args, text, start, (size_t)(at - start)) : text;
}

/* ---- reading ------------------------------------------------------------------------------------- */

static void args_add(struct args *args, enum opt_id id, char *value)
{
	if (value && opt_table[id].secret)
		value = hide(args, value, value, strlen(value));
	else if (value)
		value = hide_userinfo(args, value);
	args->options = xreallocarray(args->options, args->n_options + 1, sizeof(*args->options));
	args->options[args->n_options++] = (struct args_option){.id = id, .value = value};
}

/* given: its argument, or NULL. 0, or the exit status after a message. */
static int args_add_foreign(struct args *args, const struct foreign *foreign, char *given)
{
	const char *value;
	int status = foreign_take(foreign, given, &value);

	/* What the table holds is nobody's secret, and must not be overwritten. */
	if (status == 0 && foreign->same != OPT_END)
		args_add(args, foreign->same, value == given ? given : keep(args, value));
	return status;
}

/* A long option that is none of ours: perhaps one of another program. */
static int take_unknown(
	struct args *args, const struct parser *parser, int argc, char **argv, const char *typed)
{
	size_t n = strcspn(typed, "=");
	const struct foreign *foreign = parser->others && n > 2 ? foreign_find(typed + 2, n - 2) : NULL;
	char *given = NULL;

	if (!foreign || optopt != 0)
		return refuse_option(parser, argv);
	if (foreign->takes && typed[n] == '=')
		given = argv[optind - 1] + n + 1;
	else if (foreign->takes && optind < argc)
		given = argv[optind++];
	if (foreign->takes && !given)
		return complain(STATUS_USAGE, "option --%s needs an argument", foreign->name);
	return args_add_foreign(args, foreign, given);
}

/* c: what getopt_long() answered. 0, or the exit status after a message. */
static int take_option(struct args *args, const struct parser *parser, int c, int argc, char **argv)
{
	if (c == '?')
		return take_unknown(args, parser, argc, argv, argv[optind - 1]);
	if (c == ':')
		return refuse_missing(optopt);
	if (c < LONG_BASE && parser->foreign[c])
		return args_add_foreign(args, parser->foreign[c], optarg);
	args_add(args, c >= LONG_BASE ? (enum opt_id)(c - LONG_BASE) : parser->by_letter[c], optarg);
	return 0;
}

int args_parse(struct args *args, int argc, char **argv, const enum opt_id *own, bool stop_at_word)
{
	struct parser parser;
	int c;

	parser_init(&parser, own, stop_at_word);
	*args = (struct args){.n_options = 0};
	if (parser.others)
		foreign_spell(argc, argv);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
		int status = take_option(args, &parser, c, argc, argv);

		if (status != 0)
			return status;
	}
	if (args_has(args, OPT_SPLIT) && foreign_check_split(args_value(args, OPT_SPLIT)) != 0)
		return STATUS_USAGE;
	if (args_has(args, OPT_PROXY) && foreign_check_proxy(args_value(args, OPT_PROXY)) != 0)
		return STATUS_USAGE;
	args->words = argv + optind;
	args->n_words = (size_t)(argc - optind);
	for (size_t i = 0; i < args->n_words && !stop_at_word; i++)
		args->words[i] = hide_userinfo(args, args->words[i]);
	return 0;
}

void args_done(struct args *args)
{
	for (size_t i = 0; i < args->n_hidden; i++) {
		explicit_bzero(args->hidden[i], strlen(args->hidden[i]));
		free(args->hidden[i]);
	}
	free(args->hidden);
	free(args->options);
	*args = (struct args){.n_options = 0};
}

bool args_has(const struct args *args, enum opt_id id)
{
	for (size_t i = 0; i < args->n_options; i++)
		if (args->options[i].id == id)
			return true;
	return false;
}

const char *args_value(const struct args *args, enum opt_id id)
{
	for (size_t i = args->n_options; i > 0; i--)
		if (args->options[i - 1].id == id)
			return args->options[i - 1].value;
	return NULL;
}

const char *args_next(const struct args *args, enum opt_id id, size_t *at)
{
	while (*at < args->n_options) {
		const struct args_option *option = &args->options[(*at)++];

		if (option->id == id)
			return option->value;
	}
	return NULL;
}
