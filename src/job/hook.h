/* Hook: what is to run, or has run, after a job or a group has ended: a row of the outbox. Plain data.
 *
 * Rows are written with the end that they follow, and stay with their job: what is due runs at least once,
 * whatever crashes. Those of one end run in their order, each when the one before it is ok.
 */
#ifndef JOB_HOOK_H
#define JOB_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of a row, and of all rows of a job together. Numbers are stored: append only. */
enum job_hook_state {
	JOB_HOOK_NONE = 0, /* of a job: it has none, or has not ended yet */
	JOB_HOOK_PENDING = 1,
	JOB_HOOK_RUNNING = 2,
	JOB_HOOK_OK = 3,
	JOB_HOOK_FAILED = 4, /* its attempts are spent: a dead letter, until it is kicked */
};
#define JOB_HOOK_STATE_LAST	  JOB_HOOK_FAILED
#define JOB_HOOK_STATE_BIT(state) (1u << (state))

/* Which end it follows. Numbers are stored: append only. */
enum job_hook_on {
	JOB_HOOK_ON_DONE = 1,
	JOB_HOOK_ON_FAILED = 2,
	JOB_HOOK_ON_GROUP_DONE = 4,
};

/* How its last attempt ended. Numbers are stored: append only. */
enum job_hook_end {
	JOB_HOOK_END_NONE = 0, /* none has */
	JOB_HOOK_END_EXITED = 1,
	JOB_HOOK_END_SIGNALED = 2,
	JOB_HOOK_END_TIMEOUT = 3,
	JOB_HOOK_END_NOT_RUN = 4, /* it could not be started */
};

struct job_hook {
	int64_t id;	  /* never given twice: its key */
	int64_t job_id;	  /* 0: a group's */
	int64_t group_id; /* 0: a job's */
	uid_t owner;
	char *name; /* of the section; owned, as what follows */
	enum job_hook_on on;
	int64_t after; /* the one that has to be ok before; 0: none */
	enum job_hook_state state;
	int attempts;	  /* begun, but those that a stop has cut off */
	int max_attempts; /* in force; filled by the engine for what is shown, 0: not known */
	int64_t due_usec; /* steady; wall where it is shown; USEC_INFINITY: when the one before is ok */
	int64_t created_usec, started_usec, finished_usec; /* wall; of the last attempt; 0: not yet */
	enum job_hook_end end;
	int status;	    /* exit status, or the signal */
	char *error;	    /* why it has failed, or its last attempt has; one sentence */
	int64_t run_usec;   /* of the last attempt, as what follows; -1 unknown */
	int64_t cpu_usec;   /* user and system */
	int64_t peak_bytes; /* of memory */
	char *output;	    /* the end of what it wrote; no NULs in it */
	bool output_cut;    /* there was more */
};

/* All fields empty. */
void job_hook_init(struct job_hook *hook);
/* Frees what it owns, not itself. */
void job_hook_done(struct job_hook *hook);
/* An array of n and what is in it. NULL is fine. */
void job_hooks_free(struct job_hook *hooks, size_t n);

/* Whether there is something to wait for. */
static inline bool job_hook_open(enum job_hook_state state)
{
	return state == JOB_HOOK_PENDING || state == JOB_HOOK_RUNNING;
}

/* "none", "pending", "running", "ok", "failed". */
const char *job_hook_state_name(enum job_hook_state state);
/* The value, or -1 for another word. */
int job_hook_state_parse(const char *word);
/* "done", "failed", "group_done". */
const char *job_hook_on_name(enum job_hook_on on);
int job_hook_on_parse(const char *word);
/* "exited", "signaled", "timeout", "not_run"; "" for JOB_HOOK_END_NONE. */
const char *job_hook_end_name(enum job_hook_end end);
int job_hook_end_parse(const char *word);
/* "exit status 3", "signal 9", "timed out"; "" while no attempt has ended. Caller frees. */
char *job_hook_end_phrase(const struct job_hook *hook);

/* ---- names: "unpack,verify", in the order in which they run; "" for none, whatever the default is */

#define JOB_HOOK_NAMES_MAX 16

/* The next name of *at, of *ret_n bytes; false after the last. */
bool job_hook_next_name(const char **at, const char **ret_name, size_t *ret_n);
bool job_hook_names_have(const char *names, const char *name);
/* Appends name, unless it is among them. *names may be NULL. */
void job_hook_names_add(char **names, const char *name);

#endif
