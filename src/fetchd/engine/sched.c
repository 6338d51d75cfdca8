/* Sched: fills free slots with ready jobs. The bounds MaxActive and MaxPerHost are kept
 * here and nowhere else: a slot is taken when a job is claimed, and given back when nothing more will be
 * asked of its host: by RECEIVED, when only the disk has work left, or by FINISHED.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/secret.h"
#include "job/source.h"

/* Claims in one turn: bounds how long the next message waits. */
#define CLAIMS_MAX 256
/* A home worker this much busier than the least busy one is passed over: its warm connections are worth that.
 */
#define SPILL 64

/* ---- runs */

struct run *run_find(struct engine *engine, int64_t job_id)
{
	struct run *run;

	HASH_FIND(hh, engine->runs, &job_id, sizeof(job_id), run);
	return run;
}

/* Files that wait for the disk without a slot: bounds what a slow disk lets pile up. */
#define FINISHING_MAX 512

static void slot_take(struct engine *engine, struct run *run)
{
	engine->n_active++;
	run->host->active++;
	run->user->active++;
}

static void slot_give(struct engine *engine, struct run *run)
{
	engine->n_active--;
	run->host->active--;
	run->user->active--;
}

static void finishing_count(struct engine *engine, struct run *run, int by)
{
	engine->n_finishing += (size_t)by;
	run->host->finishing += (unsigned)by;
	run->user->finishing += (size_t)by;
}

/* Enters it into the table. Its parties are set. */
static void run_hold(struct engine *engine, struct run *run)
{
	HASH_ADD(hh, engine->runs, job_id, sizeof(run->job_id), run);
	due_note_run(engine, run);
	rates_hold(engine, run);
	engine->worker_load[run->worker_index]++;
	if (run->batch)
		run->batch->active++;
	if (run->finishing)
		finishing_count(engine, run, 1);
	else
		slot_take(engine, run);
	host_settle(engine, run->host);
	user_settle(engine, run->user);
}

void run_received(struct engine *engine, struct run *run)
{
	if (run->finishing)
		return;
	split_end(engine, run);
	if (engine->n_finishing >= FINISHING_MAX)
		return;
	run->finishing = true;
	slot_give(engine, run);
	finishing_count(engine, run, 1);
	host_settle(engine, run->host);
	user_settle(engine, run->user);
}

void run_release(struct engine *engine, struct run *run)
{
	HASH_DELETE(hh, engine->runs, run);
	rates_release(engine, run);
	engine->worker_load[run->worker_index]--;
	split_end(engine, run);
	if (run->finishing)
		finishing_count(engine, run, -1);
	else
		slot_give(engine, run);
	if (run->batch)
		run->batch->active--;
	host_settle(engine, run->host);
	user_settle(engine, run->user);
	batch_settle(engine, run->batch);
	run->host = NULL;
	run->user = NULL;
	run->batch = NULL;
}

int run_take_back(struct engine *engine, struct run *run)
{
	int err = run_parties(engine, run->job, run);

	if (!err)
		run_hold(engine, run);
	return err;
}

void run_free(struct run *run)
{
	outcome_free(run->outcome);
	job_free(run->job);
	job_free(run->unedited);
	free(run->tickets);
	free(run->waiters);
	free(run);
}

void run_touch(struct engine *engine, struct run *run)
{
	if (run->touched)
		return;
	run->touched = true;
	run->intent_was = run->job->intent;
	run->n_waiters_was = run->n_waiters;
	TAILQ_INSERT_TAIL(&engine->touched, run, touch_link);
}

void run_cancel(struct engine *engine, struct run *run)
{
	struct worker_cancel *msg;
	bool discard = run->job->intent == JOB_INTENT_CANCEL || run->job->intent == JOB_INTENT_REMOVE;

	if (run->cancelling)
		return;
	run->cancelling = true;
	msg = xcalloc(1, sizeof(*msg));
	msg->msg.kind = WORKER_CANCEL;
	msg->job_id = run->job_id;
	msg->attempt = run->attempt;
	msg->discard = discard;
	turn_to_worker(engine, run->worker_index, &msg->msg);
}

void run_limit(struct engine *engine, struct run *run, int64_t bytes_per_sec)
{
	struct worker_limit *msg = xcalloc(1, sizeof(*msg));

	msg->msg.kind = WORKER_LIMIT;
	msg->job_id = run->job_id;
	msg->attempt = run->attempt;
	msg->bytes_per_sec = bytes_per_sec;
	turn_to_worker(engine, run->worker_index, &msg->msg);
}

void run_wait(struct run *run, struct request *request)
{
	run->waiters = xreallocarray(run->waiters, run->n_waiters + 1, sizeof(struct request *));
	run->waiters[run->n_waiters++] = request;
	request->pending++;
}

static size_t choose_worker(const struct engine *engine, const struct host *host)
{
	size_t home = (size_t)host->origin_id % engine->n_workers, least = home;

	for (size_t i = 0; i < engine->n_workers; i++)
		if (engine->worker_load[i] < engine->worker_load[least])
			least = i;
	return engine->worker_load[home] > engine->worker_load[least] + SPILL ? least : home;
}

/* How large the file may become. */
static int64_t most_bytes(const struct engine *engine, const struct job *job)
{
	int64_t max = user_disk_max(engine);

	return max > 0 ? max - store_bytes(engine->store, job->owner) + job->received : INT64_MAX;
}

/* Takes over job and secrets. */
static void run_start(struct engine *engine, struct lane *lane, struct job *job, struct job_secrets *secrets)
{
	struct host *host = lane_host(lane);
	struct run *run = xcalloc(1, sizeof(*run));
	struct worker_start *start = xcalloc(1, sizeof(*start));

	run->job_id = job->id;
	run->attempt = ++engine->next_attempt;
	run->started_event = store_last_event_id(engine->store);
	run->job = job;
	run->worker_index = choose_worker(engine, host);
	run->host = host;
	run->user = lane_user(lane);
	run->batch = lane_batch(lane);
	fair_served(lane, engine_now(engine));
	host_started(engine, run);
	run_hold(engine, run);
	TAILQ_INSERT_TAIL(&engine->claimed, run, turn_link);

	start->msg.kind = WORKER_START;
	start->job = job_dup(job);
	start->job->secrets = secrets;
	start->attempt = run->attempt;
	start->most_bytes = most_bytes(engine, run->job);
	rates_of(engine, run, start->rates);
	start->http1 = host->memory->row.http1_until_usec > 0;
	turn_to_worker(engine, run->worker_index, &start->msg);
}

/* ---- claims */

/* Fails without an attempt. */
static int refuse(struct engine *engine, struct job *job, const char *code, const char *message)
{
	str_set(&job->error_code, code);
	str_set(&job->error_message, message);
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
}

static int begin(struct engine *engine, struct job *job)
{
	job->attempts++;
	if (job->started_usec == 0)
		job->started_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_CLAIM, EVENT_STARTED);
}

/* Takes over job. lane may be gone afterwards, should the job have been refused. */
static int claim(struct engine *engine, struct lane *lane, struct job *job)
{
	struct job_secrets *secrets = NULL;
	int err = job->has_secrets ? store_secrets(engine->store, job->id, &secrets) : 0;
	bool refused = false;

	/* Not even the worker knows them then. */
	if (secrets && source_is_foreign(job))
		secrets_stay_behind(secrets);
	if (err && err != -ENOENT) {
		job_free(job);
		return err;
	}
	/* The time to begin has passed. */
	if (engine_now(engine) >= job_deadline(engine, job)) {
		refused = true;
		err = job_expire(engine, job);
	} else if (err == -ENOENT) {
		/* One of them may be the proxy: nothing is asked without. */
		refused = true;
		err = refuse(engine, job, "E_INTERNAL",
			"what the job keeps secret is missing in the queue database");
	} else {
		err = begin(engine, job);
	}
	if (!err && !refused) {
		run_start(engine, lane, job, secrets);
		return 0;
	}
	job_secrets_free(secrets);
	job_free(job);
	return err;
}

/* Up to n best jobs of one lane, all of the priority that brought it to the front. */
static int claim_some(struct engine *engine, struct lane *lane, size_t n, size_t *ret_claimed)
{
	const struct lane_key key = lane->key;
	const int32_t priority = lane->priority;
	struct job_list list;
	int err = host_remember(engine, lane_host(lane));

	*ret_claimed = 0;
	/* The add that made both was undone. */
	if (err == -ENOENT)
		return lane_refresh(engine, lane);
	if (!err)
		err = lane_jobs(engine, lane, n, &list);
	if (err)
		return err;
	for (size_t i = 0; i < list.n && !err && lane; i++) {
		struct job *job = list.jobs[i];

		if (job->priority != priority)
			break;
		list.jobs[i] = NULL;
		err = claim(engine, lane, job);
		(*ret_claimed)++;
		lane = fair_find(&engine->fair, &key);
		/* One that could not start may have ended its group. */
		if (lane && lane->batch && lane->batch->gate.shut)
			break;
	}
	job_list_done(&list);
	return err || !lane ? err : lane_refresh(engine, lane);
}

size_t sched_free_slots(const struct engine *engine)
{
	size_t max = (size_t)engine->limits.max_active;

	return engine->n_active < max ? max - engine->n_active : 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Nobody else waits for these slots. */
static size_t most_at_once(const struct engine *engine, const struct lane *lane)
{
	size_t n = least(host_room(engine, lane_host(lane)), user_room(engine, lane_user(lane)));

	return least(least(n, sched_free_slots(engine)), CLAIMS_MAX);
}

int sched_fill(struct engine *engine, bool *ret_more)
{
	size_t claimed = 0;
	int err = 0;

	*ret_more = false;
	if (engine->draining || engine->stopping || schedule_now(engine)->stopped)
		return 0;
	while (!err && sched_free_slots(engine) > 0) {
		bool alone;
		struct lane *lane =
			fair_pick(&engine->fair, engine_now(engine), engine->config->ageing_usec, &alone);
		size_t got;

		if (!lane)
			return 0;
		if (claimed >= CLAIMS_MAX) {
			*ret_more = true;
			return 0;
		}
		err = claim_some(engine, lane, alone ? most_at_once(engine, lane) : 1, &got);
		claimed += got ? got : 1; /* rows that make no sense are no claims, but take their time */
	}
	return err;
}
