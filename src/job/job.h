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

#include "job/hook.h"

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

/* How far bytes of an earlier attempt are trusted. Numbers are stored. */
enum job_resume {
	JOB_RESUME_AUTO = 0,   /* a validator, else a comparison of the last 64 KiB */
	JOB_RESUME_STRICT = 1, /* a strong validator, or from the start */
};
#define JOB_RESUME_LAST JOB_RESUME_STRICT

/* What proves that a later response is of the same file. Numbers are stored. */
enum job_validator {
	JOB_VALIDATOR_NONE = 0, /* nothing does: etag and last_modified are hints */
	JOB_VALIDATOR_ETAG = 1, /* etag is strong */
	JOB_VALIDATOR_DATE = 2, /* last_modified was a minute old when it was sent */
};
#define JOB_VALIDATOR_LAST JOB_VALIDATOR_DATE

/* What is known about the bytes beyond their count. Numbers are stored. */
enum job_integrity {
	JOB_INTEGRITY_NONE = 0,	      /* one response, or several under one validator */
	JOB_INTEGRITY_UNVERIFIED = 1, /* joined from several responses that nothing but a comparison ties
					 together */
	JOB_INTEGRITY_DIGEST = 2,     /* hashes to what the server said */
	JOB_INTEGRITY_CHECKSUM = 3,   /* hashes to what the user said */
};
#define JOB_INTEGRITY_LAST JOB_INTEGRITY_CHECKSUM

/* How user and password are offered. Numbers are stored. */
enum job_auth {
	JOB_AUTH_BASIC = 0,
	JOB_AUTH_DIGEST = 1,
	JOB_AUTH_ANY = 2, /* the strongest that the server offers; costs a request more */
};
#define JOB_AUTH_LAST JOB_AUTH_ANY

/* What goes in and never comes out: apart in the store, in no listing, log or error; wiped when freed. All
 * NULL when absent. The PEM ones are the files' contents: the daemon may not be able to read the user's
 * files, and a job survives them. */
struct job_secrets {
	char *user;
	char *password;
	char *bearer;	  /* token of RFC 6750 */
	char *cookies;	  /* "a=1; b=2": for the job's own origin */
	char *cookie_jar; /* lines of a Netscape cookie file; turns cookie handling on for the job */
	char *headers;	  /* those of options.headers that header_is_secret(), each ended by '\n' */
	char *proxy;	  /* URL, may hold a password; "" for none whatever is configured */
	char *ca_pem;
	char *cert_pem;
	char *key_pem;
};

/* Connections that one file is fetched over, at most. */
#define JOB_SPLIT_MAX 64

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
	int64_t deadline_usec; /* span from since_usec */
	int max_attempts;
	int split;	       /* at most so many connections at once, >= 1 */
	int on_conflict;       /* enum job_conflict, or -1 */
	int resume;	       /* enum job_resume, or -1 */
	int auth;	       /* enum job_auth */
	bool remote_name;      /* Content-Disposition may name the file; no name was given */
	bool conditional;      /* only when newer than the file that has the name now */
	bool insecure;	       /* certificates are not verified */
	int64_t if_newer_usec; /* only when modified after it, usec since the epoch; -1 */
};

struct job {
	int64_t id;	   /* 0 until added */
	char *url;	   /* that is asked now or next */
	char *mirrors;	   /* where else the file is: source.h; NULL: nowhere */
	char *origin;	   /* "scheme://host:port", origin.h */
	int64_t origin_id; /* the store's number for it, 0 until added */
	char *dir;	   /* absolute, no "." or ".." components */
	char *name;	   /* the file name asked for, then the one taken */
	char *hooks; /* names of what runs after its end: job/hook.h; NULL: not said, or the default is none
		      */
	enum job_hook_state hook; /* what has become of them */
	char *group;
	int64_t group_id; /* the store's number for it; 0: in none */
	char *key;	  /* idempotency key, unique within an owner */
	uid_t owner;
	int32_t priority; /* higher first */
	enum job_state state;
	enum job_wait waiting_for;
	enum job_intent intent;

	int64_t created_usec;
	int64_t started_usec; /* first attempt */
	int64_t finished_usec;
	int64_t due_usec; /* JOB_WAITING: not before; on the wall clock for JOB_WAIT_SCHEDULE, else steady */
	int64_t not_before_usec; /* wall; -1: no such time */
	int64_t since_usec;	 /* steady: when its deadline began to run; USEC_INFINITY: it does not yet */
	int64_t paused_by;	 /* uid; -1: it is not paused, or nobody knows */
	int64_t same; /* names the file on disk that it is to become; adds with the same are one job. 0: each
		       * add is a file of its own */
	/* When added: jobs that must end before; any of them may be asked to have only ended. Owned. */
	struct job_dependency {
		int64_t id;
		bool any; /* any end will do; else only success, and another end fails this job */
	} * after;
	size_t n_after;

	int attempts;	    /* attempts begun, ever */
	int failures;	    /* since the last progress: what MaxAttempts counts */
	int max_attempts;   /* in force; filled by the engine for what is shown */
	int64_t generation; /* of the part file: bytes of one generation never meet another's */
	int64_t received;   /* durable bytes of the part, or of the file when done */
	char *ranges;	    /* where they are, as ranges_text() of ranges.h; NULL: they are its first */
	int64_t size;	    /* -1 unknown */
	char *etag;	    /* of the part's bytes, as received */
	char *last_modified;
	enum job_validator validator; /* which of the two proves sameness */
	char *digest;  /* of the whole file, normal form of checksum.h: the server's word; when done
			* without one, what came */
	char *encoded; /* Content-Encoding of the bytes, which are kept as they came */
	enum job_integrity integrity;
	bool no_ranges;	     /* the server's ranges cannot be trusted: always from the start */
	int range_faults;    /* answers to a range that made no sense, for this job */
	int changes;	     /* times the file changed on the server under the job */
	int restarts;	     /* times in a row that bytes were dropped for the same reason */
	int edits;	     /* times the request was changed: which one a file on disk answers */
	int http_status;     /* of the last response, 0 none */
	char *effective_url; /* after redirects */
	char *error_code;    /* stable, "E_HTTP_404" */
	char *error_message; /* one plain sentence */
	struct job_options options;
	struct job_secrets *secrets; /* NULL: none, or not read (listings never do) */
	bool has_secrets;	     /* the store keeps some */
};

/* All fields empty: sizes and options -1, state JOB_QUEUED. */
void job_init(struct job *job);
/* Frees what it owns, not itself. */
void job_done(struct job *job);
struct job *job_new(void);
struct job *job_dup(const struct job *job);
/* NULL is fine. */
void job_free(struct job *job);
/* The job's secrets, made when it has none. */
struct job_secrets *job_need_secrets(struct job *job);
/* Whether they are the same; NULL and an empty set are. */
bool job_secrets_same(const struct job_secrets *a, const struct job_secrets *b);
/* Overwrites, then frees them. NULL is fine. */
void job_secrets_free(struct job_secrets *secrets);
/* dir/name, or NULL while there is no name. Caller frees. */
char *job_path(const struct job *job);
/* Done, and with a file: not if there was nothing newer than a time. */
bool job_has_file(const struct job *job);

static inline bool job_state_ended(enum job_state state)
{
	return (JOB_STATES_ENDED & JOB_STATE_BIT(state)) != 0;
}

/* Words of INTERFACE.md; never NULL for valid values. "" for JOB_WAIT_NONE. */
const char *job_state_name(enum job_state state);
/* For a sentence: "is queued", "has failed", "was cancelled". */
const char *job_state_phrase(enum job_state state);
const char *job_wait_name(enum job_wait wait);
const char *job_conflict_name(enum job_conflict conflict);
const char *job_resume_name(enum job_resume resume);
/* "" for JOB_INTEGRITY_NONE. */
const char *job_integrity_name(enum job_integrity integrity);
const char *job_auth_name(enum job_auth auth);
/* The value, or -1 for another word. */
int job_state_parse(const char *word);
int job_wait_parse(const char *word);
int job_conflict_parse(const char *word);
int job_resume_parse(const char *word);
int job_integrity_parse(const char *word);
int job_auth_parse(const char *word);

#endif
