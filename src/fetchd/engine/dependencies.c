/* Dependencies: jobs that wait for others to end. An end is noted in the transaction that brings it, and told
 * to those who wait in slices, so that a job with a million dependents holds nobody up; what a crash
 * interrupts is told after it. A dependent that fails for it has an end of its own: so it goes down the
 * chain. What was not met is kept: a dependent that is retried hears of it again, or waits for the next end.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"

/* Dependents told in one turn. */
#define SLICE 256
/* Jobs looked at to find out whether an edit would make a circle. */
#define WALK_MAX 10000

/* ---- when added */

static const char *end_word(int state)
{
	switch ((enum job_state)state) {
	case JOB_DONE: return "is done";
	case JOB_FAILED: return "failed";
	case JOB_CANCELLED: return "was cancelled";
	case JOB_QUEUED:
	case JOB_WAITING:
	case JOB_ACTIVE:
	case JOB_PAUSED: break;
	}
	return "was removed";
}

/* Whether after is still to be waited for; or the request is refused. */
static int look(
	struct engine *engine, struct request *request, const struct job_dependency *after, bool *ret_waits)
{
	enum job_state state;
	uid_t owner;
	int err = store_state(engine->store, after->id, &state, &owner);

	*ret_waits = false;
	if (err && err != -ENOENT)
		return err;
	if (err || (owner != request->uid && !request->privileged)) {
		request_fail(request, REQUEST_REFUSED, after->id, "E_DEPENDENCY",
			"there is no job %lld to follow", (long long)after->id);
		return 0;
	}
	*ret_waits = !job_state_ended(state);
	if (!*ret_waits && !after->any && state != JOB_DONE)
		request_fail(request, REQUEST_REFUSED, after->id, "E_DEPENDENCY",
			"job %lld, which it is to follow, %s", (long long)after->id, end_word((int)state));
	return 0;
}

static void wait_for_them(struct job *job)
{
	job->waiting_for = JOB_WAIT_DEPENDENCY;
	job->due_usec = USEC_INFINITY;
}

void job_wait_for_time(struct job *job)
{
	job->waiting_for = JOB_WAIT_SCHEDULE;
	job->due_usec = job->not_before_usec;
}

int dependencies_admit(struct engine *engine, struct request *request, struct job *job)
{
	size_t kept = 0;
	bool waits;
	int err = 0;

	for (size_t i = 0; i < job->n_after && !err && request->error == REQUEST_OK; i++) {
		err = look(engine, request, &job->after[i], &waits);
		if (waits)
			job->after[kept++] = job->after[i];
	}
	job->n_after = kept;
	if (kept > 0) {
		job->state = JOB_WAITING;
		wait_for_them(job);
	}
	return err;
}

int dependencies_added(struct engine *engine, struct job *job)
{
	int err = 0;

	for (size_t i = 0; i < job->n_after && !err; i++)
		err = store_dependency_add(engine->store, job->id, &job->after[i]);
	free(job->after);
	job->after = NULL;
	job->n_after = 0;
	return err;
}

/* ---- when they end */

static int fail(struct engine *engine, struct job *job, int64_t after_id, int state)
{
	CLEANUP_FREE char *message =
		xasprintf("job %lld, which it was to follow, %s", (long long)after_id, end_word(state));

	str_set(&job->error_code, "E_DEPENDENCY");
	str_set(&job->error_message, message);
	job->due_usec = 0;
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
}

static int dependencies_unmet(struct engine *engine, const struct job *job, bool *ret)
{
	struct job_dependency *after;
	size_t n;
	int err = store_dependencies(engine->store, job->id, &after, &n);

	*ret = n > 0;
	free(after);
	return err;
}

int dependencies_release(struct engine *engine, struct job *job)
{
	if (job->not_before_usec > clock_wall_usec()) {
		job_wait_for_time(job);
		due_note(engine, job);
		int err = store_update(engine->store, job, JOB_WAITING);

		return err ? err : turn_event(engine, job, EVENT_WAITING);
	}
	job->due_usec = 0;
	if (job->since_usec == USEC_INFINITY)
		job->since_usec = engine_now(engine);
	return job_apply(engine, job, JOB_EVENT_DUE, EVENT_QUEUED);
}

static int hear(struct engine *engine, struct job *job, bool met, int64_t after_id, int state)
{
	bool unmet;
	int err;

	if (job_state_ended(job->state) || job->state == JOB_ACTIVE)
		return 0;
	if (!met)
		return fail(engine, job, after_id, state);
	if (job->state != JOB_WAITING || job->waiting_for != JOB_WAIT_DEPENDENCY)
		return 0;
	err = dependencies_unmet(engine, job, &unmet);
	return err || unmet ? err : dependencies_release(engine, job);
}

static int tell_one(
	struct engine *engine, const struct job_dependency *dependent, int64_t after_id, int state)
{
	bool met = dependent->any || state == JOB_DONE;
	struct job *job = NULL;
	int err = met ? store_dependency_remove(engine->store, dependent->id, after_id) : 0;

	if (!err)
		err = store_get(engine->store, dependent->id, &job);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = hear(engine, job, met, after_id, state);
	job_free(job);
	return err;
}

/* Up to *budget of those who wait for one job. */
static int tell_end(struct engine *engine, const struct store_end *end, size_t *budget)
{
	struct job_dependency dependents[SLICE];
	size_t n;
	int err = store_dependents(engine->store, end->job_id, end->told, *budget, dependents, &n);

	for (size_t i = 0; i < n && !err; i++)
		err = tell_one(engine, &dependents[i], end->job_id, end->state);
	if (!err)
		err = n < *budget ? store_end_forget(engine->store, end->job_id)
				  : store_end_told(engine->store, end->job_id, dependents[n - 1].id);
	/* One that nobody waits for any more costs its part too. */
	*budget -= n > 0 ? n : 1;
	return err;
}

int dependencies_settle(struct engine *engine, bool *ret_more)
{
	size_t budget = SLICE;
	struct store_end end;
	int err = 0;

	*ret_more = false;
	if (engine->stopping || !store_has_ends(engine->store))
		return 0;
	while (budget > 0 && (err = store_next_end(engine->store, &end)) == 0) {
		err = tell_end(engine, &end, &budget);
		if (err)
			return err;
	}
	*ret_more = budget == 0;
	return err == -ENOENT ? 0 : err;
}

/* ---- verbs */

/* Those that have ended otherwise say so again, at the end of the turn: what is retried with the job is open
 * by then. */
static int ask_again(struct engine *engine, const struct job *job, bool *ret_unmet)
{
	struct job_dependency *after;
	enum job_state state;
	uid_t owner;
	size_t n;
	int err = store_dependencies(engine->store, job->id, &after, &n);

	for (size_t i = 0; i < n && !err; i++) {
		err = store_state(engine->store, after[i].id, &state, &owner);
		if (err == -ENOENT)
			err = store_end_again(engine->store, after[i].id, 0, job->id);
		else if (!err && job_state_ended(state))
			err = store_end_again(engine->store, after[i].id, (int)state, job->id);
	}
	*ret_unmet = n > 0;
	free(after);
	return err;
}

int dependencies_start(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind)
{
	bool unmet;
	int err = ask_again(engine, job, &unmet);

	if (err)
		return err;
	if (!unmet && (event != JOB_EVENT_RESUME || job->not_before_usec <= clock_wall_usec()))
		return job_apply(engine, job, event, kind);
	if (unmet)
		wait_for_them(job);
	else
		job_wait_for_time(job);
	return job_apply(engine, job, JOB_EVENT_DEFER, EVENT_WAITING);
}

/* ---- edits: only they can close a circle */

/* Jobs met on the way, each once; new ones stand at the end. */
struct met {
	int64_t id;
	UT_hash_handle hh;
};

static bool has_met(struct met *all, int64_t id)
{
	struct met *one;

	HASH_FIND(hh, all, &id, sizeof(id), one);
	return one != NULL;
}

static void meet(struct met **all, int64_t id)
{
	struct met *one;

	if (HASH_COUNT(*all) == WALK_MAX || has_met(*all, id))
		return;
	one = xcalloc(1, sizeof(*one));
	one->id = id;
	HASH_ADD(hh, *all, id, sizeof(one->id), one);
}

/* Everything that after_id waits for, directly or not, until job_id is met or WALK_MAX reached. */
static int walk_from(struct engine *engine, struct met **all, int64_t after_id, int64_t job_id)
{
	int err = 0;

	meet(all, after_id);
	for (struct met *one = *all; one && !err && !has_met(*all, job_id); one = one->hh.next) {
		struct job_dependency *after;
		size_t n;

		err = store_dependencies(engine->store, one->id, &after, &n);
		for (size_t i = 0; i < n; i++)
			meet(all, after[i].id);
		free(after);
	}
	return err;
}

static void forget(struct met *all)
{
	struct met *one, *next;

	HASH_ITER(hh, all, one, next) {
		HASH_DELETE(hh, all, one);
		free(one);
	}
}

static int check_circle(
	struct engine *engine, struct request *request, const struct job *job, int64_t after_id)
{
	struct met *all = NULL;
	int err = walk_from(engine, &all, after_id, job->id);

	if (!err && after_id == job->id)
		request_fail(request, REQUEST_REFUSED, job->id, "E_DEPENDENCY",
			"job %lld cannot follow itself", (long long)job->id);
	else if (!err && has_met(all, job->id))
		request_fail(request, REQUEST_REFUSED, job->id, "E_DEPENDENCY",
			"job %lld would follow itself, by way of job %lld", (long long)job->id,
			(long long)after_id);
	else if (!err && HASH_COUNT(all) == WALK_MAX)
		request_fail(request, REQUEST_REFUSED, job->id, "E_DEPENDENCY",
			"job %lld waits for too many others to be followed", (long long)after_id);
	forget(all);
	return err;
}

static int begin_waiting(struct engine *engine, struct job *job)
{
	int err;

	if (job->state == JOB_PAUSED)
		return 0; /* resumed, it waits */
	wait_for_them(job);
	if (job->state == JOB_QUEUED)
		return job_apply(engine, job, JOB_EVENT_DEFER, EVENT_WAITING);
	err = store_update(engine->store, job, JOB_WAITING);
	return err ? err : turn_event(engine, job, EVENT_WAITING);
}

int dependency_add(
	struct engine *engine, struct request *request, struct job *job, int64_t after_id, bool any)
{
	const struct job_dependency after = {.id = after_id, .any = any};
	bool waits;
	int err;

	if (job_state_ended(job->state) || job->state == JOB_ACTIVE) {
		request_fail(request, REQUEST_WRONG_STATE, job->id, NULL,
			"job %lld is to follow no other: it %s", (long long)job->id,
			job_state_phrase(job->state));
		return 0;
	}
	err = look(engine, request, &after, &waits);
	if (!err && waits)
		err = check_circle(engine, request, job, after_id);
	if (err || !waits || request->error != REQUEST_OK)
		return err;
	err = store_dependency_add(engine->store, job->id, &after);
	return err ? err : begin_waiting(engine, job);
}
