/* Configuration: one immutable value, read whole or not at all.
 *
 * options.def has a line for every key: type, range, default, unit, help. Parser, --print-config,
 * etc/fetchd.conf and fetchd.conf(5) are made from it or tested against it. A thread gets a reference with
 * its start or by a message and keeps it until the next; config_unref() of the last one frees it.
 */
#ifndef FETCHD_CONFIG_H
#define FETCHD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "job/limit.h"
#include <sys/types.h>

enum config_mode { CONFIG_SYSTEM, CONFIG_USER };
enum config_addresses { CONFIG_ADDRESSES_ALLOW, CONFIG_ADDRESSES_DENY };

/* A user's share of the slots, beside that of others, who have 1. */
struct config_weight {
	uid_t uid;
	uint32_t weight;
};

/* Who set a key. */
enum config_origin { CONFIG_FROM_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_OVERRIDE };

struct calendar;
struct config_hook;

struct config {
	_Atomic int refs;
	enum config_mode mode;

	/* [Daemon] */
	char *state_directory;	/* absolute */
	char *socket;		/* absolute */
	char *metrics_socket;	/* absolute; NULL: none */
	int64_t workers;	/* resolved: >= 1 */
	int64_t log_level;	/* enum log_level */
	int64_t exit_idle_usec; /* USEC_INFINITY: never */
	/* [Queue] */
	int64_t max_active;
	int64_t max_per_host;
	int64_t keep_finished_usec; /* done and cancelled */
	int64_t keep_failed_usec;
	int64_t max_jobs_per_user;
	int64_t max_disk_per_user;	    /* bytes, 0 none */
	int64_t max_active_per_user;	    /* 0: no own bound */
	struct config_weight *user_weights; /* ended by weight 0 */
	/* [Hosts] */
	int64_t adaptive; /* bool */
	int64_t start_interval_usec;
	int64_t breaker; /* bool */
	int64_t breaker_failures;
	int64_t breaker_time_usec, breaker_max_time_usec;
	double retries_per_host; /* a second; 0: no bound */
	/* [Queue] */
	int64_t ageing_usec; /* USEC_INFINITY: none */
	/* [Retry] */
	int64_t max_attempts;
	int64_t delay_usec;
	int64_t max_delay_usec;
	double jitter;
	int64_t max_retry_after_usec;
	int64_t deadline_usec;
	int64_t hold_interval_usec;
	/* [Transfer] */
	char **download_roots;	 /* absolute, realpath(3)ed, NULL-terminated, at least one */
	char **root_aliases;	 /* the same roots as they were written: a symbolic link above a root does not
				    hide it */
	bool makes_directory;	 /* no roots are configured: the default directory is made when missing */
	char *default_directory; /* absolute, inside a root; in system mode the user's name is added */
	int64_t connect_timeout_usec;
	int64_t stall_timeout_usec;
	int64_t min_rate; /* bytes/s, 0 none */
	int64_t min_rate_time_usec;
	int64_t max_time_usec; /* USEC_INFINITY: none */
	int64_t limit_rate;    /* bytes/s, 0 none */
	int64_t limit_rate_per_host;
	int64_t limit_rate_per_user;
	int64_t on_conflict; /* enum job_conflict */
	int64_t resume;	     /* enum job_resume */
	int64_t reserve_space;
	int64_t split;		/* connections for one file; 1 … JOB_SPLIT_MAX */
	int64_t min_split_size; /* bytes */
	char *ca_file;		/* NULL: the system's */
	char *proxy;		/* NULL: none; the environment's proxies are not used */
	char *user_agent;
	char *protocols; /* "http,https" */
	/* [Schedule] */
	struct calendar *schedule;
	/* [Hooks] */
	int64_t hooks_concurrency; /* of all hooks at once; resolved: >= 1 */
	int64_t hooks_stop_usec;
	/* [Hook NAME]: config_hook.h */
	struct config_hook *hooks;
	size_t n_hooks;
	/* [Security] */
	int64_t private_addresses; /* enum config_addresses */
	int64_t admin_gid;	   /* -1: none */

	/* The limits among all these, and who set each. */
	struct limits limits;
	enum config_origin limits_from[LIMITS_N];
};

/* How fetchd was asked to read it. */
struct config_source {
	enum config_mode mode;
	const char *file;	      /* --config: this file alone; NULL: the search path (UAPI.6) */
	const char *const *overrides; /* -o "Section.Key=VALUE"; win over every file */
	size_t n_overrides;
	bool strict; /* what can do nothing on this machine (a hook's missing command) is an error, too */
};

/* NULL on error with *ret_error a sentence "file:line: key: what is wrong" (caller frees). Blocking (reads
 * files, looks at directories): before threads start, or on SIGHUP, where it is short. Any thread. */
struct config *config_load(const struct config_source *source, char **ret_error);
struct config *config_ref(struct config *config);
void config_unref(struct config *config);
/* Every key with its value and where it was set, as a file that config_load() takes. */
void config_print(const struct config_source *source, FILE *to);
/* Make the default directory when it is missing and no roots are configured: a configured root is never made.
 * 0, or -errno with *ret_error (caller frees). Blocking. */
int config_make_directories(const struct config *config, char **ret_error);
/* 1 for who is not named in UserWeights. */
uint32_t config_user_weight(const struct config *config, uid_t uid);
/* Which root holds dir (absolute, normal form): index into download_roots, or -1. *ret_rel: what follows the
 * root, "" for the root itself; points into dir. */
int config_root_of(const struct config *config, const char *dir, const char **ret_rel);
/* At the top of each root: what is not finished. No job's directory. */
#define CONFIG_PARTS_DIR ".fetchd"

#endif
