/* Hooks in the engine: the rows of what ends are to run (hooks.c), and which of them run now (hook_runs.c). A
 * part of internal.h: engine's thread.
 */
#ifndef ENGINE_HOOKS_H
#define ENGINE_HOOKS_H

#include <sys/queue.h>

#include "base/hash.h"
#include "fetchd/hook/hook.h"
#include "job/hook.h"

struct engine;
struct request;

/* One that is out at the pool. */
struct hook_run {
	int64_t hook_id;
	int64_t job_id, group_id; /* as in its row */
	char *name;
	bool cancelled; /* HOOK_CANCEL is out */
	/* Replies that wait for its end; those from n_waiters_was on are of this turn. */
	struct request **waiters;
	size_t n_waiters, n_waiters_was;
	/* Its end, applied in this turn; kept until the commit holds. NULL: it was never out. */
	struct hook_task *task;
	struct job_hook row; /* as that has left it; id 0: the row was gone */
	char *group;	     /* its name, for those that never were out; NULL: a job's */
	TAILQ_ENTRY(hook_run) turn_link;
	UT_hash_handle hh;
};
TAILQ_HEAD(hook_run_list, hook_run);

/* ---- hooks.c: 0 or -errno where they return an int */
/* In the transaction of its end: the rows of what it is to run after it. Sets job->hook. */
int hooks_job_ended(struct engine *engine, struct job *job);
/* Its last job has ended; or one is open again. Sets row->hook. */
int hooks_group_ended(struct engine *engine, struct job_group *row);
int hooks_group_reopened(struct engine *engine, struct job_group *row);
/* Its group is to know of the hooks that run once for all of it. */
int hooks_join_group(struct engine *engine, const struct job *job);
/* The record of a job, or with job_id 0 of a group, goes: what runs is stopped. */
int hooks_removed(struct engine *engine, int64_t job_id, int64_t group_id);
/* Those that have failed for good are due again. *ret_kicked: there were some. */
int hooks_kick(struct engine *engine, int64_t job_id, int64_t group_id, bool *ret_kicked);
/* An attempt of hook has ended; task NULL: it failed before it could begin, as hook->error says. Writes hook,
 * and what follows from it. */
int hook_ended(struct engine *engine, struct job_hook *hook, const struct hook_task *task);
/* The daemon has ended, and did not stop, after hook had been started: that was an attempt, so that one which
 * takes the daemon down does so no more often than others fail. Writes hook, and what follows from it. */
int hook_cut_off(struct engine *engine, struct job_hook *hook);
/* The request is served again when hooks of a group have ended; all that wait so are. */
void hooks_park(struct engine *engine, struct request *request);
void hooks_unpark(struct engine *engine);
/* The session is gone: what waits for it is answered as it stands, to nobody. */
void hooks_hang_up(struct engine *engine, uint64_t session_id);
/* What runs, and what is left of a job or group, as people see it. */
int hooks_inspect(
	struct engine *engine, int64_t job_id, int64_t group_id, struct job_hook **ret, size_t *ret_n);

/* ---- hook_runs.c */
/* Before the first turn: what ran when the daemon ended. In a turn. 0 or -errno. */
int hooks_load(struct engine *engine);
/* Starts what is due, as far as bounds allow. *ret_more: there is more of it now. 0 or -errno. */
int hooks_work(struct engine *engine, bool *ret_more);
/* Back from the pool: takes task. 0 or -errno. */
int hooks_returned(struct engine *engine, struct hook_task *task);
/* Those of a job, or with job_id 0 of a group, are asked to stop; request, if any, waits for them. */
void hooks_cancel(struct engine *engine, int64_t job_id, int64_t group_id, struct request *request);
/* None runs, and none is due now. */
bool hooks_idle(const struct engine *engine);
/* When the next is due; boot clock. */
int64_t hooks_next_usec(const struct engine *engine);
/* The turn is committed, or undone. */
void hooks_told(struct engine *engine);
void hooks_take_back(struct engine *engine);
void hooks_free(struct engine *engine);

#endif
