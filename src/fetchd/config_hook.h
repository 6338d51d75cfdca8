/* [Hook NAME] sections: what may run after a download, and how (fetchd.conf(5)). Part of the configuration,
 * immutable with it: config->hooks, config->n_hooks of them, in the order in which they are first named.
 */
#ifndef FETCHD_CONFIG_HOOK_H
#define FETCHD_CONFIG_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/* Of a name: [A-Za-z0-9_-], at most so many. */
#define CONFIG_HOOK_NAME_MAX 64
/* After "%" in arguments and in WorkingDirectory: path, name, directory, id, URL without secrets, group,
 * checksum, key for idempotence, "%" itself. */
#define CONFIG_HOOK_SPECIFIERS "pndiugck%"

/* On=; bits, a hook may have several. */
enum hook_on {
	HOOK_ON_DONE = 1,	/* the job's file has its final name */
	HOOK_ON_FAILED = 2,	/* the job has failed for good */
	HOOK_ON_GROUP_DONE = 4, /* the last member of its group has ended */
};

/* What Isolation=unit needs. */
#define CONFIG_HOOK_SYSTEMD_RUN "/usr/bin/systemd-run"

enum hook_isolation { HOOK_ISOLATION_NONE, HOOK_ISOLATION_UNIT };

struct config_hook {
	char *name;	      /* config_hook_name_valid() */
	unsigned on;	      /* enum hook_on */
	char **command;	      /* argument vector with specifiers, NULL-terminated; command[0] is absolute */
	int64_t timeout_usec; /* USEC_INFINITY: none */
	int64_t max_attempts;
	int64_t delay_usec, max_delay_usec; /* as [Retry]: wait after the first failure; the longest */
	int64_t concurrency;		    /* of this hook at once; 0: no bound but that of all */
	char **environment;		    /* "NAME=VALUE", NULL-terminated */
	char *working_directory;	    /* absolute, may have specifiers; NULL: the job's directory */
	int64_t nice;			    /* -20..19 */
	int64_t memory_max;		    /* bytes, 0: none */
	int64_t cpu_time_usec;		    /* USEC_INFINITY: none */
	int64_t is_default;		    /* bool; Default=yes: of each job that names none */
	char **roots;			    /* Roots=: default of jobs below these; NULL: none */
	int64_t isolation;		    /* enum hook_isolation */
	char *problem; /* why it could not run when this was read (command missing, not executable); NULL: it
			could. For eyes: whoever starts it finds out anew */
};

bool config_hook_name_valid(const char *name);
/* NULL: there is none of this name. Any thread. */
const struct config_hook *config_hook_find(const struct config *config, const char *name);
/* Whether dir (absolute, normal form) is one of Roots=, or below one. Any thread. */
bool config_hook_below(const struct config_hook *hook, const char *dir);

#endif
