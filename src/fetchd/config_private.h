/* Inside of the configuration: what config*.c share. Nobody else includes this. */
#ifndef FETCHD_CONFIG_PRIVATE_H
#define FETCHD_CONFIG_PRIVATE_H

#include "fetchd/config.h"
#include "fetchd/config_hook.h"

enum config_type {
	CONFIG_TYPE_PATH,   /* absolute, or ~/ in user mode */
	CONFIG_TYPE_SOCKET, /* PATH, or "none", which is kept as "" until places are resolved */
	CONFIG_TYPE_PATHS,  /* list of them; lines of one file add up */
	CONFIG_TYPE_FILE,   /* a path to a file that can be read */
	CONFIG_TYPE_PROXY,
	CONFIG_TYPE_AGENT,
	CONFIG_TYPE_PROTOCOLS,
	CONFIG_TYPE_INTEGER,
	CONFIG_TYPE_WORKERS, /* INTEGER, or "auto" */
	CONFIG_TYPE_CPUS,    /* the same without a bound */
	CONFIG_TYPE_RATIO,
	CONFIG_TYPE_SPAN,
	CONFIG_TYPE_RATE,
	CONFIG_TYPE_SIZE,
	CONFIG_TYPE_LEVEL,
	CONFIG_TYPE_CONFLICT,
	CONFIG_TYPE_RESUME,
	CONFIG_TYPE_ADDRESSES,
	CONFIG_TYPE_GROUP,   /* a name or a number */
	CONFIG_TYPE_BOOL,    /* yes or no, as systemd reads them */
	CONFIG_TYPE_WEIGHTS, /* USER=WEIGHT each */
	CONFIG_TYPE_WINDOWS, /* of the calendar; lines of one file add up */
	/* of hooks */
	CONFIG_TYPE_COMMAND,	 /* words, with specifiers */
	CONFIG_TYPE_EVENTS,	 /* enum hook_on */
	CONFIG_TYPE_ENVIRONMENT, /* NAME=VALUE each; lines of one file add up */
	CONFIG_TYPE_TEMPLATE,	 /* a path with specifiers */
	CONFIG_TYPE_ISOLATION,
};

struct config_option {
	const char *section;
	const char *key;
	enum config_type type;
	size_t offset;		 /* of the field in struct config, or struct config_hook */
	const char *defaults[2]; /* by enum config_mode */
	int64_t least, most;
	const char *help;
};

enum {
#define OPTION(section, key, field, ...) CONFIG_OPTION_##key,
#include "fetchd/options.def"
	CONFIG_OPTIONS_N
};

enum {
#define HOOK_OPTION(key, ...) CONFIG_HOOK_OPTION_##key,
#include "fetchd/options.def"
	CONFIG_HOOK_OPTIONS_N
};

extern const struct config_option config_options[CONFIG_OPTIONS_N];
/* Of each [Hook NAME]; their section is "Hook". */
extern const struct config_option config_hook_options[CONFIG_HOOK_OPTIONS_N];

/* What was written for a key, and where. */
struct config_setting {
	char *text;    /* PATHS, WINDOWS, ENVIRONMENT: one entry a line */
	char *where;   /* "FILE:LINE", "-o" or "default" */
	unsigned rank; /* which file; a later one replaces */
	bool exposed;  /* from a file that others can read */
};

/* A [Hook NAME] that was named somewhere. */
struct config_hook_settings {
	char *name;
	char *where; /* first */
	struct config_setting of[CONFIG_HOOK_OPTIONS_N];
};

struct config_settings {
	struct config_setting of[CONFIG_OPTIONS_N];
	struct config_hook_settings *hooks; /* in the order in which they were named first */
	size_t n_hooks;
};

/* Files and overrides in their order. 0, or -EINVAL with *ret_error a whole message. */
int config_settings_read(
	struct config_settings *settings, const struct config_source *source, char **ret_error);
void config_settings_done(struct config_settings *settings);

/* Put the value of setting into its field. 0, or -EINVAL with *ret_why (caller frees). */
int config_value_set(void *field, enum config_mode mode, const struct config_option *option,
	const struct config_setting *setting, char **ret_why);
/* object: the config, or the hook that the option is of. */
static inline void *config_field(const void *object, const struct config_option *option)
{
	return (char *)object + option->offset;
}
/* Lines of one file add up. */
static inline bool config_adds(enum config_type type)
{
	return type == CONFIG_TYPE_PATHS || type == CONFIG_TYPE_WINDOWS || type == CONFIG_TYPE_ENVIRONMENT;
}

/* Why a line is no window of the calendar; NULL: it is one. Caller frees. */
char *config_window_refusal(const char *line);
/* config_weights.c: the same for a list of weights, and for a group's name or number ("": -1). */
int config_weights_set(struct config_weight **field, const char *text, char **ret_why);
int config_group_set(int64_t *field, const char *text, char **ret_why);

/* config_hook.c: all hooks, once places are resolved. strict: one that could not run now is an error. 0, or
 * -EINVAL with *ret_error a whole message. */
int config_hooks_set(
	struct config *config, const struct config_settings *settings, bool strict, char **ret_error);
void config_hooks_done(struct config *config);
/* Types of its keys; each 0, or -EINVAL with *ret_why (caller frees). */
int config_command_set(char ***field, enum config_mode mode, const char *text, char **ret_why);
int config_events_set(unsigned *field, const char *text, char **ret_why);
int config_environment_set(char ***field, const char *text, char **ret_why);
int config_template_set(char **field, const char *text, char **ret_why);
/* config_words.c: words as a shell quotes them, NULL-terminated, owned by the caller. NULL with *ret_why a
 * static sentence. */
char **config_words_split(const char *text, const char **ret_why);
/* NULL is fine. */
void config_words_free(char **words);
/* A path from a file: "~/" stands for the home directory in user mode. 0, or -EINVAL with *ret_why static. */
int config_path_set(char **field, enum config_mode mode, const char *text, const char **ret_why);

/* Fill the paths that are not set, and check roots and default directory. 0, or -EINVAL with *ret_option
 * naming the key and *ret_why what is wrong (caller frees). */
int config_places_resolve(struct config *config, int *ret_option, char **ret_why);
/* The user's home directory, without a slash at its end; NULL when there is none. Caller frees. */
char *config_home(void);

#endif
