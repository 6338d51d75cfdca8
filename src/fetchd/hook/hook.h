/* The hook pool: processes that run after a download, in two threads of their own.
 *
 * The pool decides nothing: the engine says what to start, and when (the row says so first: engine/hooks.c),
 * and gets each task back exactly once, with what came of it. Bounds (how many at once) are the engine's too.
 */
#ifndef HOOK_HOOK_H
#define HOOK_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "fetchd/config.h"
#include "fetchd/config_hook.h"
#include "job/group.h"
#include "job/job.h"

/* Of a hook's output (standard output and error together) the end is kept, so much. */
#define HOOK_OUTPUT_MAX ((size_t)4096)

enum hook_message {
	HOOK_START = 600, /* to the pool, and back to the engine: struct hook_task */
	HOOK_STOP,	  /* to the pool: TERM all, KILL after a bounded time, then each comes back */
	HOOK_CANCEL,	  /* to the pool: struct hook_cancel */
};

enum hook_end {
	HOOK_EXITED,   /* status */
	HOOK_SIGNALED, /* status: the signal */
	HOOK_TIMEOUT,  /* Timeout= ran out: TERM, then KILL, to all its processes */
	HOOK_NOT_RUN,  /* could not be started: error */
	HOOK_ABORTED,  /* the daemon stops, or it was cancelled: it is no attempt */
};

struct hook_task {
	struct msg msg; /* HOOK_START */
	struct mailbox *reply;
	/* The engine's, carried only. */
	int64_t hook_id; /* of its row */
	/* What to run; config_ref()ed, hook points into it. */
	struct config *config;
	const struct config_hook *hook;
	enum hook_on on;
	int attempt; /* 1 for the first */
	char *key;   /* the same in each attempt of this row, in no other: for idempotence; "<queue>/<row>" */
	struct job *job;	 /* as its row; owned. GROUP_DONE: NULL */
	struct job_group *group; /* GROUP_DONE: owned */

	/* result */
	enum hook_end end;
	int status;
	char *error;	    /* one plain sentence; NULL when it exited with 0 */
	int64_t run_usec;   /* from start to end */
	int64_t cpu_usec;   /* user and system, of all its processes that were waited for; -1 unknown */
	int64_t peak_bytes; /* ru_maxrss; -1 unknown: not clearly more than our own */
	char *output; /* the end of it, at most HOOK_OUTPUT_MAX bytes, any bytes, NUL-terminated; NULL none */
	size_t output_n;
	bool output_cut; /* there was more */
};

struct hook_cancel {
	struct msg msg; /* HOOK_CANCEL */
	int64_t hook_id;
};

void hook_task_free(struct hook_task *task);

struct hook_pool_setup {
	enum config_mode mode; /* of a user: hooks know the session; units are the user manager's */
	int sandbox_fd;	       /* sandbox_hooks(); -1: none. The pool's */
};

struct hook_pool;
/* Starts the threads, and makes this process the reaper of what hooks leave behind. NULL with *ret_error
 * (caller frees). */
struct hook_pool *hook_pool_start(const struct hook_pool_setup *setup, char **ret_error);
struct mailbox *hook_pool_mailbox(struct hook_pool *pool);
/* After HOOK_STOP: waits until the last task is on its way back, frees all. Bounded by the StopTimeout of the
 * tasks and a second. NULL is fine. */
void hook_pool_join(struct hook_pool *pool);

#endif
