/* The job: what is asked, how far it is, what became of it. Plain data, no libevent, SQLite, curl, threads or
 * clock.
 *
 * A struct job is owned by one place at a time and crosses threads only as a whole (job_dup() for a second
 * owner). Strings are UTF-8 or raw bytes from outside, NUL-terminated, malloc'd, NULL when absent. Times are
 * usec since the epoch (0: not yet), spans usec, sizes bytes; -1 is "unknown" or "not set", as said.
 */
#ifndef JOB_JOB_H
#define JOB_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Numbers are stored: append only. */
enum job_state {
	JOB_QUEUED = 1,	 /* ready, waits for a slot */
	JOB_WAITING = 2, /* for a time or condition: enum job_wait */
	JOB_ACTIVE = 3,
	JOB_PAUSED = 4,
	JOB_DONE = 5,
	JOB_FAILED = 6,
	JOB_CANCELLED = 7,
};
#define JOB_STATE_FIRST JOB_QUEUED
#define JOB_STATE_LAST	JOB_CANCELLED
/* Room for an array indexed by state. */
#define JOB_STATE_N	     (JOB_STATE_LAST + 1)
#define JOB_STATE_BIT(state) (1u << (state))
#define JOB_STATES_ALL                                                                                       \
	(JOB_STATE_BIT(JOB_QUEUED) | JOB_STATE_BIT(JOB_WAITING) | JOB_STATE_BIT(JOB_ACTIVE) |                \
		JOB_STATE_BIT(JOB_PAUSED) | JOB_STATE_BIT(JOB_DONE) | JOB_STATE_BIT(JOB_FAILED) |            \
		JOB_STATE_BIT(JOB_CANCELLED))
#define JOB_STATES_ENDED (JOB_STATE_BIT(JOB_DONE) | JOB_STATE_BIT(JOB_FAILED) | JOB_STATE_BIT(JOB_CANCELLED))

/* What a waiting job waits for. Numbers are stored: append only. */
enum job_wait {
	JOB_WAIT_NONE = 0,
	JOB_WAIT_RETRY = 1,
	JOB_WAIT_SCHEDULE = 2,
	JOB_WAIT_DEPENDENCY = 3,
	JOB_WAIT_HOST = 4,
	JOB_WAIT_DISK = 5,
	JOB_WAIT_NETWORK = 6,
	JOB_WAIT_QUOTA = 7,
};
#define JOB_WAIT_LAST JOB_WAIT_QUOTA

/* What the user wants of an active job; honoured when its attempt ends. Numbers are stored. */
enum job_intent {
	JOB_INTENT_RUN = 0,
	JOB_INTENT_PAUSE = 1,
	JOB_INTENT_CANCEL = 2,
	JOB_INTENT_REMOVE = 3,
};

/* When the final name is taken. Numbers are stored. */
enum job_conflict {
	JOB_CONFLICT_RENAME = 0, /* "name (1).ext" */
	JOB_CONFLICT_FAIL = 1,
	JOB_CONFLICT_OVERWRITE = 2,
	JOB_CONFLICT_SKIP = 3, /* done without fetching */
};
#define JOB_CONFLICT_LAST JOB_CONFLICT_SKIP

/* What a job asks for beyond its URL and place. -1: the configuration's value. */
struct job_options {
	char *headers; /* extra request header lines, each ended by '\n' */
	char *user_agent;
	char *referer;
	char *checksum;	      /* "sha-256=<lower-case hex>"; see checksum.h */
	int64_t limit_rate;   /* bytes/s, 0 none */
	int64_t max_filesize; /* bytes, 0 none */
	int64_t retry_delay_usec;
	int64_t max_time_usec; /* of one attempt */
	int64_t connect_timeout_usec;
	int64_t deadline_usec; /* span from created_usec */
	int max_attempts;
	int on_conflict; /* enum job_conflict, or -1 */
};

struct job {
	int64_t id; /* 0 until added */
	char *url;
	char *origin;	   /* "scheme://host:port", origin.h */
	int64_t origin_id; /* the store's number for it, 0 until added */
	char *dir;	   /* absolute, no "." or ".." components */
	char *name;	   /* the file name asked for, then the one taken */
	char *group;
	char *key; /* idempotency key, unique within an owner */
	uid_t owner;
	int32_t priority; /* higher first */
	enum job_state state;
	enum job_wait waiting_for;
	enum job_intent intent;

	int64_t created_usec;
	int64_t started_usec; /* first attempt */
	int64_t finished_usec;
	int64_t due_usec; /* JOB_WAITING: not before */

	int attempts;	    /* attempts begun, ever */
	int failures;	    /* since the last progress: what MaxAttempts counts */
	int max_attempts;   /* in force; filled by the engine for what is shown */
	int64_t generation; /* of the part file: bytes of one generation never meet another's */
	int64_t received;   /* durable bytes of the part, or of the file when done */
	int64_t size;	    /* -1 unknown */
	char *etag;	    /* validators of the part's bytes, as received */
	char *last_modified;
	int http_status;     /* of the last response, 0 none */
	char *effective_url; /* after redirects */
	char *error_code;    /* stable, "E_HTTP_404" */
	char *error_message; /* one plain sentence */
	struct job_options options;
};

/* All fields empty: sizes and options -1, state JOB_QUEUED. */
void job_init(struct job *job);
/* Frees what it owns, not itself. */
void job_done(struct job *job);
struct job *job_new(void);
struct job *job_dup(const struct job *job);
/* NULL is fine. */
void job_free(struct job *job);
/* dir/name, or NULL while there is no name. Caller frees. */
char *job_path(const struct job *job);

static inline bool job_state_ended(enum job_state state)
{
	return (JOB_STATES_ENDED & JOB_STATE_BIT(state)) != 0;
}

/* Words of INTERFACE.md; never NULL for valid values. "" for JOB_WAIT_NONE. */
const char *job_state_name(enum job_state state);
const char *job_wait_name(enum job_wait wait);
const char *job_conflict_name(enum job_conflict conflict);
/* The value, or -1 for another word. */
int job_state_parse(const char *word);
int job_wait_parse(const char *word);
int job_conflict_parse(const char *word);

#endif
