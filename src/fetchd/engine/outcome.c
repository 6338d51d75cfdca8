/* Outcome: what an attempt came to → what becomes of its job. Retry, hold, fail, done, or what the user
 * meanwhile wished. */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "job/lifecycle.h"
#include "job/retry.h"

/* So much durable progress proves that the way works: the count of failures starts again (DESIGN.md 6). */
#define PROGRESS_BYTES ((int64_t)1 << 20)
/* A local condition is looked at again after this long. */
#define HELD_USEC (30 * USEC_PER_SEC)

int job_most_attempts(const struct engine *engine, const struct job *job)
{
	return job->options.max_attempts > 0 ? job->options.max_attempts : (int)engine->config->max_attempts;
}

int64_t job_deadline(const struct engine *engine, const struct job *job)
{
	int64_t span =
		job->options.deadline_usec >= 0 ? job->options.deadline_usec : engine->config->deadline_usec;

	return usec_add(job->created_usec, span);
}

static struct run *run_of(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_find(engine, o->job_id);

	if (run && run->attempt == o->attempt)
		return run;
	log_warning("job %lld: an outcome of attempt %lld came that is not current; dropped",
		(long long)o->job_id, (long long)o->attempt);
	return NULL;
}

static void take_facts(struct job *job, const struct job *facts)
{
	job->generation = facts->generation;
	job->received = facts->received;
	job->size = facts->size;
	str_set(&job->etag, facts->etag);
	str_set(&job->last_modified, facts->last_modified);
	job->validator = facts->validator;
	str_set(&job->digest, facts->digest);
	str_set(&job->encoded, facts->encoded);
	job->integrity = facts->integrity;
	job->no_ranges = facts->no_ranges;
	job->range_faults = facts->range_faults;
	job->changes = facts->changes;
	str_set(&job->name, facts->name);
	if (facts->http_status)
		job->http_status = facts->http_status;
	if (facts->effective_url)
		str_set(&job->effective_url, facts->effective_url);
}

int outcome_checkpoint(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_of(engine, o);

	if (!run)
		return 0;
	take_facts(run->job, o->job);
	return store_update(engine->store, run->job, run->job->state);
}

void outcome_received(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_of(engine, o);

	if (run)
		run_received(engine, run);
}

/* ---- what follows */

static void set_error(struct job *job, const struct verdict *v)
{
	str_set(&job->error_code, v->code ? v->code : "E_INTERNAL");
	str_set(&job->error_message, v->message ? v->message : "the attempt ended without a reason");
}

static int end_done(struct engine *engine, struct job *job)
{
	str_set(&job->error_code, NULL);
	str_set(&job->error_message, NULL);
	job->failures = 0;
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_SUCCEED, EVENT_DONE);
}

static int end_failed(struct engine *engine, struct job *job)
{
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
}

int end_intent(struct engine *engine, struct job *job, enum job_intent intent)
{
	enum job_event event = lifecycle_intent_event(intent);

	switch (intent) {
	case JOB_INTENT_PAUSE: return job_apply(engine, job, event, EVENT_PAUSED);
	case JOB_INTENT_CANCEL:
		turn_discard_part(engine, job, NULL);
		job->received = 0;
		job->finished_usec = clock_wall_usec();
		return job_apply(engine, job, event, EVENT_CANCELLED);
	case JOB_INTENT_REMOVE: turn_discard_part(engine, job, NULL); return job_delete(engine, job);
	case JOB_INTENT_RUN: break;
	}
	return job_apply(engine, job, event, EVENT_QUEUED);
}

static bool given_up(const struct engine *engine, const struct job *job, const struct verdict *v, bool again)
{
	int most = job_most_attempts(engine, job);

	/* Bytes are dropped and asked for anew once; the same again means that the server will not do better.
	 */
	if (v->class == VERDICT_RESTART && again)
		return true;
	if (v->most_attempts > 0 && v->most_attempts < most)
		most = v->most_attempts;
	return job->failures >= most;
}

static int end_retry(struct engine *engine, struct job *job, const struct outcome *o)
{
	const struct config *cfg = engine->config;
	struct retry_policy policy = {
		.delay_usec =
			job->options.retry_delay_usec >= 0 ? job->options.retry_delay_usec : cfg->delay_usec,
		.max_delay_usec = cfg->max_delay_usec,
		.max_retry_after_usec = cfg->max_retry_after_usec,
		.jitter = cfg->jitter,
	};
	bool again = job->error_code && o->verdict.code && strcmp(job->error_code, o->verdict.code) == 0;
	int64_t due;

	if (o->progress >= PROGRESS_BYTES)
		job->failures = 0;
	job->failures++;
	set_error(job, &o->verdict);
	if (given_up(engine, job, &o->verdict, again))
		return end_failed(engine, job);
	due = usec_add(engine_now(engine),
		retry_delay_usec(&policy, job->failures, o->verdict.retry_after_usec, &engine->rng));
	if (due > job_deadline(engine, job))
		return end_failed(engine, job);
	job->due_usec = due;
	job->waiting_for = JOB_WAIT_RETRY;
	return job_apply(engine, job, JOB_EVENT_RETRY, EVENT_WAITING);
}

static int end_held(struct engine *engine, struct job *job, const struct outcome *o)
{
	set_error(job, &o->verdict);
	job->waiting_for = (enum job_wait)o->verdict.held_for;
	job->due_usec = usec_add(engine_now(engine), HELD_USEC);
	return job_apply(engine, job, JOB_EVENT_RETRY, EVENT_WAITING);
}

static int end_of(struct engine *engine, struct job *job, const struct outcome *o, enum job_intent intent)
{
	/* A file that is whole is done, whatever was wished meanwhile; a failure gives way to a wish. */
	if (o->verdict.class == VERDICT_OK)
		return intent == JOB_INTENT_REMOVE ? job_delete(engine, job) : end_done(engine, job);
	if (o->verdict.class == VERDICT_ABORTED ||
		(intent != JOB_INTENT_RUN && o->verdict.class != VERDICT_PERMANENT))
		return end_intent(engine, job, intent);
	if (intent == JOB_INTENT_CANCEL || intent == JOB_INTENT_REMOVE)
		return end_intent(engine, job, intent);
	switch (o->verdict.class) {
	case VERDICT_TRANSIENT:
	case VERDICT_RESTART: return end_retry(engine, job, o);
	case VERDICT_HELD: return end_held(engine, job, o);
	case VERDICT_PERMANENT: set_error(job, &o->verdict); return end_failed(engine, job);
	case VERDICT_OK:
	case VERDICT_ABORTED: break;
	}
	return 0;
}

int outcome_finished(struct engine *engine, struct outcome *o)
{
	struct run *run = run_of(engine, o);
	struct job *job;
	enum job_intent intent;
	int err;

	if (!run) {
		outcome_free(o);
		return 0;
	}
	/* On a copy: should the commit fail, the run still has what the row has. */
	job = job_dup(run->job);
	intent = job->intent;
	take_facts(job, o->job);
	run->outcome = o;
	run_release(engine, run);
	TAILQ_INSERT_TAIL(&engine->ended, run, turn_link);
	err = end_of(engine, job, o, intent);
	job_free(job);
	return err;
}
