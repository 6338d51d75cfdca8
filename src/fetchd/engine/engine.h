/* The engine: the mind. One thread that owns the store, the host table, the slots and the one scheduler
 * timer.
 *
 * Everything comes and goes by messages. Requests are posted to its mailbox; each comes back to the control
 * mailbox exactly once, the same object with its reply part filled in, after the commit that makes it true
 * (engine/turn.c). Events, counters and notices come to the control mailbox in the order in which they were
 * committed.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/mailbox.h"
#include "fetchd/config.h"
#include "fetchd/engine/tally.h"
#include "job/attempt.h"
#include "job/breaker.h"
#include "job/edit.h"
#include "job/event.h"
#include "job/filter.h"
#include "job/group.h"
#include "job/job.h"
#include "job/limit.h"
#include "job/why.h"

/* ---- to the engine ------------------------------------------------------------------------------- */

enum request_kind {
	REQUEST_ADD = 1,
	REQUEST_LIST,
	REQUEST_CHANGE,
	REQUEST_EVENTS,
	REQUEST_INSPECT,
	REQUEST_VERIFY,
	REQUEST_HOSTS,
	REQUEST_LIMITS,
	REQUEST_SET_LIMIT,
	REQUEST_WATCHERS,
	REQUEST_NETWORK,
	REQUEST_DRAIN,
	REQUEST_RELOAD,
	REQUEST_STOP,
	REQUEST_GROUP,	/* filter.group */
	REQUEST_GROUPS, /* after_id, limit, filter's owner */
	REQUEST_GROUP_CREATE,
	REQUEST_GROUP_REMOVE, /* filter.group */
	REQUEST_ABANDON,      /* the session is gone: a list that it has not added whole is taken back */
	REQUEST_HANG_UP,      /* the session is gone: nobody waits there for hooks any more */
	REQUEST_EDIT,
	REQUEST_BACKUP,
};

/* Which part of a list an ADD is. */
enum add_part { ADD_WHOLE, ADD_FIRST, ADD_MORE, ADD_LAST };

enum request_verb { VERB_PAUSE, VERB_RESUME, VERB_CANCEL, VERB_RETRY, VERB_REMOVE };

enum backup_step { BACKUP_BEGIN, BACKUP_READ, BACKUP_END };

enum request_error {
	REQUEST_OK = 0,
	REQUEST_NO_SUCH_JOB,   /* error_id; also for another's job */
	REQUEST_NO_SUCH_GROUP, /* filter.group */
	REQUEST_WRONG_STATE,   /* error_id, error_message */
	REQUEST_REFUSED,       /* error_code, error_message; error_index in an ADD's jobs */
	REQUEST_TRY_AGAIN,     /* shutting down, or the database could not commit: error_message */
};

/* Where the value of a limit comes from. */
enum limit_source {
	LIMIT_FROM_DEFAULT,
	LIMIT_FROM_FILE,
	LIMIT_FROM_SAVED,
	LIMIT_FROM_OVERRIDE, /* the daemon's command line */
	LIMIT_FROM_COMMAND,  /* set, until the next start */
	LIMIT_FROM_WINDOW,   /* of the calendar */
};

struct limit_told {
	int64_t value;
	enum limit_source source;
	int64_t saved; /* -1: none is */
	char *window;  /* the line, when a window says so; owned by the request */
};

struct request {
	struct msg msg; /* kind: enum request_kind */
	/* For control to find the call again; the engine only carries them. */
	uint64_t session_id;
	uint64_t call_id;
	/* Who asks: sees and touches jobs of uid, or all. */
	uid_t uid;
	bool privileged;

	/* question; EVENTS looks at the filter's owner only */
	struct job **jobs; /* ADD: checked by control; owned by the request */
	size_t n_jobs;
	int64_t total_jobs;	  /* ADD: size of the whole list this is a part of; >= n_jobs */
	bool check_only;	  /* ADD: answer as if, change nothing */
	enum add_part part;	  /* ADD: but ADD_WHOLE, all jobs are of one group, also over the parts */
	int policy;		  /* ADD: enum group_policy of groups that it meets or makes; -1: any */
	struct job_group group;	  /* GROUP_CREATE: name, policy, deadline, limit; owned */
	struct job_filter filter; /* LIST, CHANGE; EDIT: its ids, sorted, each once */
	int64_t after_id; /* LIST: jobs beyond this id, in the order asked (0: from the start); EVENTS: events
			     after it */
	bool reverse;	  /* LIST: newest first */
	bool ended_only;  /* EVENTS: jobs are wanted only with events that end them */
	size_t limit;	  /* LIST, EVENTS: at most so many, > 0 */
	enum request_verb verb; /* CHANGE */
	bool remove_files;	/* CHANGE/VERB_REMOVE: the data too */
	bool wait_hooks;	/* GROUP: answered when no hook of its own is to run any more */
	bool hooks_only;	/* CHANGE/VERB_RETRY: hooks that have failed, not the jobs */
	struct job_edit *edit;	/* EDIT; owned */
	/* EDIT: judges a job as an add would; called by the engine's thread. NULL, or the code with a message
	 * that the caller frees. */
	const char *(*check)(
		struct job *job, const struct config *config, uid_t uid, bool privileged, char **ret_message);
	int64_t job_id;		   /* INSPECT, VERIFY */
	int watchers_delta;	   /* WATCHERS: +1, -1; ADDED events are told only while there are watchers */
	bool drain_on, drain_exit; /* DRAIN */
	/* SET_LIMIT: checked by control; of a group or an origin, else of all. value -1: as if it had never
	 * been set; of a group or origin 0 means the same. */
	enum limit limit_name;
	int64_t limit_value;
	char *limit_group, *limit_host;
	bool save;
	enum backup_step backup_step; /* BACKUP */
	int64_t backup_offset;	      /* BACKUP/READ */
	uint64_t backup_call_id;      /* BACKUP/END: whose call is over */
	bool network_up;	      /* NETWORK: it has changed, and leads somewhere or not */
	struct config *config;	      /* RELOAD: a reference, passed over */

	/* reply */
	enum request_error error;
	int64_t error_id;
	size_t error_index;
	const char *error_code; /* static */
	char *error_message;
	int64_t *ids;	      /* ADD: one a job, in order */
	int64_t *made_groups; /* ADD: the engine's own */
	size_t n_made_groups;
	bool pending_list;	  /* ADD: it is taken back unless the last part comes */
	struct job_group *groups; /* GROUP, GROUPS; owned */
	size_t n_groups;
	int64_t n_changed;  /* CHANGE, EDIT */
	struct job **found; /* LIST, INSPECT: owned; EVENTS: the job of each event, NULL when it is gone */
	size_t n_found;
	struct event *events;	   /* EVENTS: n_found of them */
	struct why why;		   /* INSPECT: of found[0]; owned */
	struct attempt **attempts; /* INSPECT: of found[0], oldest first; owned */
	size_t n_attempts;
	struct job_hook *hooks; /* INSPECT: of found[0]; GROUP: of the group; owned */
	size_t n_hooks;
	struct host_report *hosts; /* HOSTS: owned, by id */
	size_t n_hosts;
	bool verified;		   /* VERIFY: the file is as it should be */
	char *digest;		   /* VERIFY: what it hashes to, normal form of job/checksum.h; owned */
	int64_t verify_size;	   /* VERIFY: of the file now */
	char *verify_error;	   /* VERIFY: why not verified, or by what only; owned */
	bool more;		   /* LIST, EVENTS, HOSTS: there may be more beyond the last one */
	int64_t looked_id;	   /* LIST: the last that was looked at: where to go on */
	struct limit_told *limits; /* LIMITS: LIMITS_N of them */
	int64_t first_event_id;	   /* EVENTS: oldest there is; 0: none */
	int64_t last_event_id; /* LIST, EVENTS: newest event there is; later ones come as CONTROL_EVENT after
				  this reply */
	bool spread;	       /* LIST: looked for in several turns: some of those have come before it */

	int64_t backup_size; /* BACKUP/BEGIN: it is whole, and so large */
	char *backup_data;   /* BACKUP/READ: base64 of backup_n bytes; owned */
	size_t backup_n;

	/* the engine's own: what the reply still waits for (active jobs to stop, files to go) */
	size_t pending;
	bool looking;		/* LIST: it has begun */
	bool going_on;		/* it goes on in the next turn: holds one of pending */
	enum request_kind kind; /* as it was asked: the message's gives way to CONTROL_REPLY */
};

/* Why a host may start nothing more. */
enum host_block {
	HOST_FREE,
	HOST_FULL,    /* at its bound */
	HOST_LIMITED, /* at the limit that it was found to take, which is lower */
	HOST_PACED,   /* the last start is too near */
	HOST_BROKEN,  /* its breaker is open, or a probe is on its way */
	HOST_HELD,    /* it asked to wait: Retry-After */
};

/* A host as it is now. Strings are the report's, but last_code. */
struct host_report {
	int64_t id;
	char *origin;
	enum host_block block;
	int64_t until_usec; /* of the block; 0: not a matter of time */
	char *hold_code;
	unsigned active, limit, max;
	int64_t interval_usec; /* between starts; 0: none */
	bool ready;
	enum breaker_state breaker;
	unsigned failures; /* in a row */
	int64_t n_done, n_failed;
	const char *last_code; /* static */
	int64_t last_usec;
};
void host_report_done(struct host_report *report);

struct request *request_new(enum request_kind kind);
void request_free(struct request *request);

/* ---- from the engine (control mailbox) ----------------------------------------------------------- */

/* Kinds of messages in the control mailbox. */
enum control_kind {
	CONTROL_REPLY = 100, /* struct request */
	CONTROL_EVENT,	     /* struct engine_event */
	CONTROL_COUNTERS,    /* struct engine_counters */
	CONTROL_PROGRESS,    /* struct progress_report, transfer/messages.h: from workers */
	CONTROL_NOTICE,	     /* struct engine_notice */
	CONTROL_LIMITS,	     /* struct engine_limits */
	CONTROL_TALLY,	     /* struct engine_tally */
};

struct engine_event {
	struct msg msg; /* CONTROL_EVENT */
	struct event event;
	struct job *job; /* as committed; owned by the message */
	bool again;	 /* of a hold that only goes on: told to who watches now, and kept nowhere */
};

/* Jobs by owner and state; sent after a turn that changed one. */
struct engine_counters {
	struct msg msg; /* CONTROL_COUNTERS */
	size_t n;
	struct engine_counter {
		uid_t owner;
		int64_t by_state[JOB_STATE_N];
		int64_t bytes; /* on disk */
	} owners[];
};

/* What holds from now on. */
struct engine_limits {
	struct msg msg; /* CONTROL_LIMITS */
	struct limits limits;
	bool stopped; /* by the schedule */
	int64_t until_usec;
	char *window; /* the line that says so */
};

/* After a turn that changed it. */
struct engine_tally {
	struct msg msg; /* CONTROL_TALLY */
	struct tally tally;
};

enum engine_notice_kind {
	ENGINE_WORKING, /* before READY, every few seconds while recovery gets on */
	ENGINE_READY,	/* the queue is open, recovery is done */
	ENGINE_STOPPED, /* after REQUEST_STOP: rows are safe, the thread ends */
	ENGINE_DRAINED, /* draining with drain_exit, and nothing is active */
	ENGINE_FAILED,	/* the database failed: exit with exit_code */
};

struct engine_notice {
	struct msg msg; /* CONTROL_NOTICE */
	enum engine_notice_kind notice;
	int exit_code;
	char *message;
};

/* Frees any message of the control mailbox by its kind. */
void control_message_free(struct msg *msg);

/* ---- the thread ---------------------------------------------------------------------------------- */

struct engine;
struct store;
struct worker;
struct disk;
struct hook_pool;

struct engine_setup {
	struct mailbox
		*mailbox; /* the engine's own, initialised by the caller before the workers that post to it */
	struct config *config;	 /* the engine takes its own reference */
	struct store *store;	 /* opened; the engine owns it from here on, and closes it in its thread */
	struct mailbox *control; /* where replies and events go */
	struct worker **workers; /* started */
	size_t n_workers;
	struct disk *disk;	 /* started */
	struct hook_pool *hooks; /* started; NULL: no hook ever runs (tests) */
	bool network_up;	 /* as the watcher sees it now */
};

/* Starts the thread. NULL with *ret_error set (caller frees) when it cannot. */
struct engine *engine_start(const struct engine_setup *setup, char **ret_error);
/* After ENGINE_STOPPED or ENGINE_FAILED: waits for the thread, frees all. NULL is fine. */
void engine_join(struct engine *engine);

#endif
