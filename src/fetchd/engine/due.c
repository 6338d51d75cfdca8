/* Due: what time brings: ends of waits, times that users gave, deadlines. Each is one step of an index, and
 * at most a slice of them is taken a turn. Waits and deadlines are on the steady clock (steady.c); what a
 * user means as a time is compared with the wall clock as it is at that moment.
 *
 * What fell due while nobody ran is let in by a ramp (job/ramp.h).
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define SLICE 256

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- when */

static void note_wait(struct engine *engine, const struct job *job)
{
	switch (job->waiting_for) {
	case JOB_WAIT_SCHEDULE:
		engine->next_scheduled_usec = earlier(engine->next_scheduled_usec, job->due_usec);
		return;
	case JOB_WAIT_RETRY:
	case JOB_WAIT_HOST:
	case JOB_WAIT_DISK:
	case JOB_WAIT_NETWORK:
	case JOB_WAIT_QUOTA: engine->next_due_usec = earlier(engine->next_due_usec, job->due_usec); return;
	case JOB_WAIT_NONE:
	case JOB_WAIT_DEPENDENCY: return;
	}
}

void due_note(struct engine *engine, const struct job *job)
{
	if (job->state == JOB_WAITING)
		note_wait(engine, job);
	if (job->state != JOB_WAITING && job->state != JOB_QUEUED)
		return;
	if (job->options.deadline_usec >= 0)
		engine->next_own_deadline_usec =
			earlier(engine->next_own_deadline_usec, job_deadline(engine, job));
	else
		engine->next_since_usec = earlier(engine->next_since_usec, job->since_usec);
}

void due_note_run(struct engine *engine, const struct run *run)
{
	engine->next_run_deadline_usec =
		earlier(engine->next_run_deadline_usec, job_deadline(engine, run->job));
}

void due_tuned(struct engine *engine)
{
	engine->next_run_deadline_usec = 0;
}

void due_lost(struct engine *engine)
{
	engine->next_run_deadline_usec = 0;
	engine->next_due_usec = engine->next_scheduled_usec = 0;
	engine->next_own_deadline_usec = engine->next_since_usec = 0;
	engine->next_clock_save_usec = 0;
}

static int64_t next_deadline(const struct engine *engine)
{
	return earlier(engine->next_own_deadline_usec,
		usec_add(engine->next_since_usec, engine->config->deadline_usec));
}

/* Of the steady clock → of the boot clock. */
static int64_t boot_time(const struct engine *engine, int64_t steady_usec)
{
	return steady_usec == USEC_INFINITY ? USEC_INFINITY : steady_usec - engine->wall_offset_usec;
}

int64_t due_next_usec(const struct engine *engine)
{
	int64_t next = earlier(engine->next_due_usec, next_deadline(engine));
	int64_t at = boot_time(engine, earlier(next, engine->next_run_deadline_usec));

	if (engine->next_scheduled_usec != USEC_INFINITY)
		at = earlier(at, engine->next_scheduled_usec - clock_wall_usec() + clock_boot_usec());
	return engine->piled ? earlier(at, engine->ramp.next_usec) : at;
}

/* ---- what waited */

/* That a held job is looked at is no news before it runs. */
static bool is_hold(enum job_wait wait)
{
	switch (wait) {
	case JOB_WAIT_HOST:
	case JOB_WAIT_DISK:
	case JOB_WAIT_NETWORK:
	case JOB_WAIT_QUOTA: return true;
	case JOB_WAIT_NONE:
	case JOB_WAIT_RETRY:
	case JOB_WAIT_SCHEDULE:
	case JOB_WAIT_DEPENDENCY: break;
	}
	return false;
}

/* So many retries a host may cost. *ret_put_off: it waits on. */
static int put_off_retry(struct engine *engine, struct job *job, bool *ret_put_off)
{
	int64_t again_usec = 0;
	int err = job->waiting_for == JOB_WAIT_RETRY ? host_retry(engine, job->origin_id, &again_usec) : 0;

	*ret_put_off = !err && again_usec > 0;
	if (*ret_put_off)
		job->due_usec = again_usec;
	return err;
}

/* It is known to be too large still: its host is not asked. */
static bool put_off_quota(struct engine *engine, struct job *job)
{
	const struct verdict again = {.retry_after_usec = -1};

	if (job->waiting_for != JOB_WAIT_QUOTA || !job_over_quota(engine, job))
		return false;
	job->due_usec = hold_until(engine, &again);
	return true;
}

/* Something else is asked first. *ret_put_off: it waits on. */
static int put_off(struct engine *engine, struct job *job, int64_t now, bool *ret_put_off)
{
	int err = 0;

	*ret_put_off = network_put_off(engine, job, now) || put_off_quota(engine, job);
	if (!*ret_put_off)
		err = put_off_retry(engine, job, ret_put_off);
	if (err || !*ret_put_off)
		return err;
	due_note(engine, job);
	return store_update(engine->store, job, JOB_WAITING);
}

static int let_in(struct engine *engine, struct job *job, int64_t now)
{
	bool waits_on;
	int err = put_off(engine, job, now, &waits_on);

	if (err || waits_on)
		return err;
	job->due_usec = 0;
	/* The configuration's deadline is for what may run. */
	if (job->since_usec == USEC_INFINITY)
		job->since_usec = now;
	return is_hold(job->waiting_for) ? job_apply_again(engine, job, JOB_EVENT_DUE, EVENT_QUEUED)
					 : job_apply(engine, job, JOB_EVENT_DUE, EVENT_QUEUED);
}

/* Frees the list. */
static int let_all_in(struct engine *engine, struct job_list *list)
{
	int64_t now = engine_now(engine);
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		err = let_in(engine, list->jobs[i], now);
	job_list_done(list);
	return err;
}

static int waits(struct engine *engine, int64_t from_usec, int64_t to_usec, size_t limit, size_t *ret_n)
{
	struct job_list list;
	int err = store_due(engine->store, from_usec, to_usec, limit, &list);

	*ret_n = err ? 0 : list.n;
	return err ? err : let_all_in(engine, &list);
}

static int schedules(struct engine *engine, int64_t from_usec, int64_t to_usec, size_t limit, size_t *ret_n)
{
	struct job_list list;
	int err = store_scheduled(engine->store, from_usec, to_usec, limit, &list);

	*ret_n = err ? 0 : list.n;
	return err ? err : let_all_in(engine, &list);
}

static int work_waits(struct engine *engine, bool *more)
{
	int64_t now = engine_now(engine), from = engine->piled ? engine->piled_usec + 1 : 0;
	size_t n;
	int err;

	if (engine->next_due_usec > now)
		return 0;
	engine->next_due_usec = USEC_INFINITY;
	err = waits(engine, from, now, SLICE, &n);
	*more |= n == SLICE;
	return err ? err : store_next_due(engine->store, from, &engine->next_due_usec);
}

static int work_schedules(struct engine *engine, bool *more)
{
	int64_t now = clock_wall_usec(), from = engine->piled ? engine->piled_wall_usec + 1 : 0;
	size_t n;
	int err;

	if (engine->next_scheduled_usec > now)
		return 0;
	engine->next_scheduled_usec = USEC_INFINITY;
	err = schedules(engine, from, now, SLICE, &n);
	*more |= n == SLICE;
	return err ? err : store_next_scheduled(engine->store, from, &engine->next_scheduled_usec);
}

/* ---- what fell due while nobody ran */

int due_load(struct engine *engine)
{
	int64_t due, scheduled;
	int err = store_next_due(engine->store, 0, &due);

	if (!err)
		err = store_next_scheduled(engine->store, 0, &scheduled);
	if (!err)
		err = store_next_deadline(
			engine->store, &engine->next_own_deadline_usec, &engine->next_since_usec);
	if (err)
		return err;
	engine->piled_usec = engine_now(engine);
	engine->piled_wall_usec = clock_wall_usec();
	engine->piled = due <= engine->piled_usec || scheduled <= engine->piled_wall_usec;
	engine->next_due_usec = engine->next_scheduled_usec = 0;
	return 0;
}

static int work_piled(struct engine *engine)
{
	int64_t wall = earlier(clock_wall_usec(), engine->piled_wall_usec);
	size_t most = engine->piled ? ramp_take(&engine->ramp, clock_boot_usec(), &engine->rng) : 0;
	size_t n, n_scheduled = 0;
	int err;

	if (most == 0)
		return 0;
	err = waits(engine, 0, engine->piled_usec, most, &n);
	if (!err && n < most)
		err = schedules(engine, 0, wall, most - n, &n_scheduled);
	engine->piled_n += n + n_scheduled;
	if (err || n + n_scheduled == most)
		return err;
	log_info("%zu jobs had fallen due while fetchd did not run: all are let in", engine->piled_n);
	engine->piled = false;
	/* What the clock, set back, has taken from it again was not looked for. */
	engine->next_due_usec = engine->next_scheduled_usec = 0;
	return 0;
}

/* ---- deadlines */

int job_expire(struct engine *engine, struct job *job)
{
	static const char text[] = "not finished before its deadline";
	CLEANUP_FREE char *why =
		job->error_code && job->error_message
			? xasprintf("%s; last: %s: %s", text, job->error_code, job->error_message)
			: xstrdup(text);

	str_set(&job->error_code, "E_DEADLINE");
	str_set(&job->error_message, why);
	job->due_usec = 0;
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
}

static int expire_all(struct engine *engine, struct job_list *list, bool *more)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		err = job_expire(engine, list->jobs[i]);
	*more |= list->n == SLICE;
	job_list_done(list);
	return err;
}

static int work_deadlines(struct engine *engine, bool *more)
{
	int64_t now = engine_now(engine), span = engine->config->deadline_usec;
	struct job_list list;
	int err;

	if (next_deadline(engine) > now)
		return 0;
	err = store_overdue(engine->store, now, SLICE, &list);
	if (!err)
		err = expire_all(engine, &list, more);
	if (!err && span <= now) {
		err = store_overdue_since(engine->store, now - span, SLICE, &list);
		if (!err)
			err = expire_all(engine, &list, more);
	}
	return err ? err
		   : store_next_deadline(
			     engine->store, &engine->next_own_deadline_usec, &engine->next_since_usec);
}

/* Stopped, they go back to the queue, and fail there. */
static void work_run_deadlines(struct engine *engine)
{
	int64_t now = engine_now(engine);
	struct run *run, *next;

	if (engine->next_run_deadline_usec > now)
		return;
	engine->next_run_deadline_usec = USEC_INFINITY;
	HASH_ITER(hh, engine->runs, run, next) {
		if (job_deadline(engine, run->job) <= now)
			run_cancel(engine, run);
		else
			due_note_run(engine, run);
	}
}

/* ---- all */

static int work_clamp(struct engine *engine, bool *more)
{
	size_t n = 0;
	int err = engine->clamping ? store_clamp_retries(engine->store, engine->clamp_usec, SLICE, &n) : 0;

	if (n > 0)
		engine->next_due_usec = earlier(engine->next_due_usec, engine->clamp_usec);
	engine->clamping = n == SLICE;
	*more |= engine->clamping;
	return err;
}

static int work_quota(struct engine *engine, bool *more)
{
	size_t n = 0;
	int err = engine->quota_usec > 0 ? store_wake_quota(engine->store, engine->quota_usec, SLICE, &n) : 0;

	if (n > 0)
		engine->next_due_usec = earlier(engine->next_due_usec, engine->quota_usec);
	if (!err && n < SLICE)
		engine->quota_usec = 0;
	*more |= n == SLICE;
	return err;
}

int due_work(struct engine *engine, bool *ret_more)
{
	int err;

	*ret_more = false;
	if (engine->stopping)
		return 0;
	work_run_deadlines(engine);
	err = work_clamp(engine, ret_more);
	if (!err)
		err = work_quota(engine, ret_more);
	if (!err)
		err = work_deadlines(engine, ret_more);
	if (!err)
		err = work_piled(engine);
	if (!err)
		err = work_waits(engine, ret_more);
	if (!err)
		err = work_schedules(engine, ret_more);
	return err;
}
