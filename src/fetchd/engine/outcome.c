/* Outcome: what an attempt came to → what becomes of its job. Retry, hold, fail, done, or what the user
 * meanwhile wished. */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "job/hold.h"
#include "job/lifecycle.h"
#include "job/retry.h"
#include "job/source.h"

/* So much durable progress proves that the way works: the count of failures starts again (DESIGN.md 6). */
#define PROGRESS_BYTES ((int64_t)1 << 20)

int job_most_attempts(const struct engine *engine, const struct job *job)
{
	return job->options.max_attempts > 0 ? job->options.max_attempts : (int)engine->config->max_attempts;
}

int64_t job_deadline(const struct engine *engine, const struct job *job)
{
	int64_t span =
		job->options.deadline_usec >= 0 ? job->options.deadline_usec : engine->config->deadline_usec;

	return usec_add(job->since_usec, span);
}

/* However many jobs are held, one is looked at after the other; but each within the hour. */
#define LOOK_EVERY_USEC	 (10 * USEC_PER_MSEC)
#define LOOK_LATEST_USEC (3600 * USEC_PER_SEC)

static struct run *run_of(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_find(engine, o->job_id);

	if (run && run->attempt == o->attempt)
		return run;
	struct log_record record = {0};

	log_record_int(&record, "FETCHD_JOB_ID", o->job_id);
	log_record_write(&record, LOG_LEVEL_WARNING,
		"job %lld: an outcome of attempt %lld came that is not current; dropped",
		(long long)o->job_id, (long long)o->attempt);
	return NULL;
}

static void take_facts(struct job *job, const struct job *facts)
{
	job->generation = facts->generation;
	job->received = facts->received;
	str_set(&job->ranges, facts->ranges);
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

/* Without what an edit has made void meanwhile. */
static void take_run_facts(const struct run *run, struct job *job, const struct job *facts)
{
	CLEANUP_FREE char *name = xstrdup_null(job->name);

	take_facts(job, facts);
	edit_take_facts(run, job, name);
}

void job_forget_bytes(struct job *job)
{
	/* What is made next cannot meet what may still be removed. */
	if (job->received > 0)
		job->generation++;
	job->received = 0;
	str_set(&job->ranges, NULL);
	job->validator = JOB_VALIDATOR_NONE;
	job->integrity = JOB_INTEGRITY_NONE;
	str_set(&job->etag, NULL);
	str_set(&job->last_modified, NULL);
	str_set(&job->digest, NULL);
	str_set(&job->encoded, NULL);
}

/* What is there and what is to come of it is more than its user may have. */
bool job_over_quota(const struct engine *engine, const struct job *job)
{
	int64_t max = user_disk_max(engine), left = job->size > job->received ? job->size - job->received : 0;

	return max > 0 && usec_add(store_bytes(engine->store, job->owner), left) > max;
}

int outcome_checkpoint(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_of(engine, o);
	int err;

	if (!run)
		return 0;
	host_progress(engine, run, o->job->received - run->job->received);
	take_run_facts(run, run->job, o->job);
	err = store_update(engine->store, run->job, run->job->state);
	if (!err && job_over_quota(engine, run->job) && run->job->intent == JOB_INTENT_RUN) {
		run->over_quota = true;
		run_cancel(engine, run);
	}
	return err;
}

int outcome_received(struct engine *engine, const struct outcome *o)
{
	struct run *run = run_of(engine, o);

	if (!run)
		return 0;
	run_received(engine, run);
	return host_ended(engine, run, GOVERNOR_SUCCESS);
}

/* ---- what follows */

/* How an attempt ends: what is decided, and what is kept as its record. */
struct ending {
	const struct verdict *verdict;
	int64_t progress;
	enum attempt_outcome word;
	int64_t started_event;
	bool gone;   /* the record of the job too */
	bool shed;   /* for the sake of a limit */
	bool edited; /* it was of another request */
	bool alone;  /* all bytes of the file are of this attempt */
};

static void set_error(struct job *job, const struct verdict *v)
{
	str_set(&job->error_code, v->code ? v->code : "E_INTERNAL");
	str_set(&job->error_message, v->message ? v->message : "the attempt ended without a reason");
}

int end_done(struct engine *engine, struct job *job)
{
	str_set(&job->error_code, NULL);
	str_set(&job->error_message, NULL);
	job->failures = job->restarts = 0;
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_SUCCEED, EVENT_DONE);
}

static int end_failed(struct engine *engine, struct job *job, struct ending *end)
{
	end->word = ATTEMPT_FAILED;
	job->finished_usec = clock_wall_usec();
	return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
}

int end_intent(struct engine *engine, struct job *job, enum job_intent intent)
{
	enum job_event event = lifecycle_intent_event(intent);
	const struct doom *doom = doom_find(engine, job->group_id);

	if (doom && (intent == JOB_INTENT_RUN || intent == JOB_INTENT_PAUSE))
		return doom_end(engine, job, doom);
	switch (intent) {
	case JOB_INTENT_PAUSE: return job_apply(engine, job, event, EVENT_PAUSED);
	case JOB_INTENT_CANCEL:
		turn_discard_part(engine, job, NULL);
		job_forget_bytes(job);
		job->finished_usec = clock_wall_usec();
		return job_apply(engine, job, event, EVENT_CANCELLED);
	case JOB_INTENT_REMOVE: turn_discard_part(engine, job, NULL); return job_delete(engine, job);
	case JOB_INTENT_RUN: break;
	}
	return job_apply(engine, job, event, EVENT_QUEUED);
}

/* Bytes are dropped and asked for anew once, or as often as the verdict says. The same reason again means
 * that the server will not do better, whatever came between. */
static int count_restart(struct engine *engine, struct job *job, const struct verdict *v)
{
	CLEANUP_FREE char *last = NULL;
	int err = job->restarts > 0 ? store_last_restart(engine->store, job->id, &last) : 0;

	if (err && err != -ENOENT)
		return err;
	if (!last)
		last = xstrdup_null(job->error_code);
	job->restarts = last && v->code && strcmp(last, v->code) == 0 ? job->restarts + 1 : 1;
	return 0;
}

static bool restarted_too_often(const struct job *job, const struct verdict *v)
{
	return v->class == VERDICT_RESTART && job->restarts > (v->most_restarts > 0 ? v->most_restarts : 1);
}

static bool given_up(const struct engine *engine, const struct job *job, const struct verdict *v)
{
	int most = job_most_attempts(engine, job);

	if (restarted_too_often(job, v))
		return true;
	if (v->most_attempts > 0 && v->most_attempts < most)
		most = v->most_attempts;
	return job->failures >= most;
}

/* failures: in a row, as the wait grows with them; >= 1. */
static int64_t next_attempt(
	struct engine *engine, const struct job *job, const struct verdict *v, int failures)
{
	const struct config *cfg = engine->config;
	struct retry_policy policy = {
		.delay_usec =
			job->options.retry_delay_usec >= 0 ? job->options.retry_delay_usec : cfg->delay_usec,
		.max_delay_usec = cfg->max_delay_usec,
		.max_retry_after_usec = cfg->max_retry_after_usec,
		.jitter = cfg->jitter,
	};

	return usec_add(engine_now(engine),
		retry_delay_usec(&policy, failures, hold_floor_usec(v, failures), &engine->rng));
}

static int end_waiting(struct engine *engine, struct job *job, struct ending *end, int failures)
{
	job->due_usec = next_attempt(engine, job, end->verdict, failures);
	if (job->due_usec > job_deadline(engine, job)) {
		job->due_usec = 0;
		return end_failed(engine, job, end);
	}
	job->waiting_for = JOB_WAIT_RETRY;
	return job_apply(engine, job, JOB_EVENT_RETRY, EVENT_WAITING);
}

/* ---- one of several sources */

static bool has_others(const struct job *job, const struct verdict *v)
{
	return job->mirrors && source_is_to_blame(v);
}

/* How often it was asked is not counted for each: that is about as many rounds as there were. Bytes that
 * another one has sent, too, are no fault of this one alone. */
static bool source_is_out(const struct job *job, const struct ending *end, int live)
{
	const struct verdict *v = end->verdict;
	int rounds = (job->failures + live - 1) / live;

	return v->class == VERDICT_PERMANENT || restarted_too_often(job, v) ||
	       (end->alone && strcmp(v->code, "E_CHECKSUM") == 0) ||
	       (v->most_attempts > 0 && rounds >= v->most_attempts);
}

static int fail_all(struct engine *engine, struct job *job, struct ending *end, unsigned n)
{
	CLEANUP_FREE char *last = xstrdup(job->error_message);

	free(job->error_message);
	job->error_message = xasprintf("%s; all of its %u sources have failed", last, n);
	return end_failed(engine, job, end);
}

/* The first round over all of them takes no time. Restarts and changes are counted over all of them, so that
 * two that disagree are not asked in turn for ever; the counts begin anew with each that is out, and what it
 * did is none of MaxAttempts: it will not do it again. */
static int end_source(struct engine *engine, struct job *job, struct ending *end)
{
	unsigned live, n = sources_count(job, &live);
	bool permanent = end->verdict->class == VERDICT_PERMANENT, moved;
	bool out = source_is_out(job, end, (int)live);
	int err, rounds;

	if (!permanent && job->failures >= job_most_attempts(engine, job))
		return end_failed(engine, job, end);
	if (out && live == 1)
		return fail_all(engine, job, end, n);
	if (out) {
		job->restarts = job->changes = 0;
		job->failures -= !permanent;
	}
	err = sources_leave(engine, job, out, &moved);
	if (err)
		return err;
	if (permanent)
		end->word = ATTEMPT_FAILED;
	rounds = job->failures / (int)(live - out);
	if (moved && rounds == 0)
		return job_apply(engine, job, JOB_EVENT_REQUEUE, EVENT_QUEUED);
	return end_waiting(engine, job, end, rounds > 0 ? rounds : 1);
}

/* ---- each end */

static int end_retry(struct engine *engine, struct job *job, struct ending *end)
{
	const struct verdict *v = end->verdict;
	int err = v->class == VERDICT_RESTART ? count_restart(engine, job, v) : 0;

	if (err)
		return err;
	end->word = v->class == VERDICT_RESTART ? ATTEMPT_RESTART : ATTEMPT_RETRY;
	if (end->progress >= PROGRESS_BYTES)
		job->failures = 0;
	job->failures++;
	set_error(job, v);
	if (has_others(job, v))
		return end_source(engine, job, end);
	return given_up(engine, job, v) ? end_failed(engine, job, end)
					: end_waiting(engine, job, end, job->failures);
}

static int end_permanent(struct engine *engine, struct job *job, struct ending *end)
{
	set_error(job, end->verdict);
	return has_others(job, end->verdict) ? end_source(engine, job, end) : end_failed(engine, job, end);
}

int64_t hold_until(struct engine *engine, const struct verdict *v)
{
	int64_t now = engine_now(engine), interval = engine->config->hold_interval_usec;
	int64_t due = usec_add(now, hold_usec(interval, v, &engine->rng));
	int64_t look = usec_add(now, interval);

	if (engine->next_look_usec > look && engine->next_look_usec < look + LOOK_LATEST_USEC)
		look = engine->next_look_usec;
	engine->next_look_usec = look + LOOK_EVERY_USEC;
	return look > due ? look : due;
}

/* The address it ran over is gone and the network is there: another address is, and nothing has to be waited
 * for. */
static bool is_moved(const struct engine *engine, const struct verdict *v)
{
	return engine->network_up && v->code && strcmp(v->code, "E_NETWORK") == 0;
}

/* It was no attempt: nothing is counted. */
static int end_held(struct engine *engine, struct job *job, struct ending *end)
{
	const struct verdict *v = end->verdict;
	bool again = job->error_code && v->code && strcmp(job->error_code, v->code) == 0;
	int err = again ? store_event_forget(engine->store, end->started_event) : 0;

	if (err)
		return err;

	end->word = ATTEMPT_HELD;
	if (end->progress >= PROGRESS_BYTES)
		job->failures = 0;
	if (job->attempts > 0)
		job->attempts--;
	set_error(job, v);
	job->waiting_for = v->held_for > JOB_WAIT_NONE ? (enum job_wait)v->held_for : JOB_WAIT_HOST;
	job->due_usec = is_moved(engine, v) ? engine_now(engine) : hold_until(engine, v);
	return again ? job_apply_again(engine, job, JOB_EVENT_RETRY, EVENT_WAITING)
		     : job_apply(engine, job, JOB_EVENT_RETRY, EVENT_WAITING);
}

static int end_wished(struct engine *engine, struct job *job, struct ending *end, enum job_intent intent)
{
	bool shed = end->shed && intent == JOB_INTENT_RUN;

	end->word = shed ? ATTEMPT_HELD : ATTEMPT_STOPPED;
	if (shed && job->attempts > 0)
		job->attempts--;
	end->gone = intent == JOB_INTENT_REMOVE;
	return end_intent(engine, job, intent);
}

static int end_whole(struct engine *engine, struct job *job, struct ending *end, enum job_intent intent)
{
	end->word = ATTEMPT_DONE;
	end->gone = intent == JOB_INTENT_REMOVE;
	return end->gone ? job_delete(engine, job) : end_done(engine, job);
}

static int end_of(struct engine *engine, struct job *job, struct ending *end, enum job_intent intent)
{
	enum verdict_class class = end->verdict->class;
	/* As good as a wish. */
	bool wished = intent != JOB_INTENT_RUN || doom_find(engine, job->group_id);
	bool goes_on = class != VERDICT_PERMANENT || (has_others(job, end->verdict) && !source_is_last(job)),
	     moved;
	int err = 0;

	/* A file that is whole is done, whatever was wished meanwhile; a failure gives way to a wish. */
	if (class == VERDICT_OK)
		return end_whole(engine, job, end, intent);
	if (wished && goes_on && class == VERDICT_PERMANENT && !end->edited)
		err = sources_leave(engine, job, true, &moved);
	if (err)
		return err;
	if (class == VERDICT_ABORTED || end->edited || (wished && goes_on))
		return end_wished(engine, job, end, intent);
	if (intent == JOB_INTENT_CANCEL || intent == JOB_INTENT_REMOVE)
		return end_wished(engine, job, end, intent);
	switch (class) {
	case VERDICT_TRANSIENT:
	case VERDICT_RESTART: return end_retry(engine, job, end);
	case VERDICT_HELD: return end_held(engine, job, end);
	case VERDICT_PERMANENT: return end_permanent(engine, job, end);
	case VERDICT_OK:
	case VERDICT_ABORTED: break;
	}
	return 0;
}

/* ---- the end of an attempt */

static void fill_record(struct attempt *record, int64_t number, const struct ending *end)
{
	const struct verdict *v = end->verdict;

	record->number = number;
	record->outcome = end->word;
	str_set(&record->code, v->code);
	str_set(&record->message, v->code ? v->message : NULL);
}

static int keep_record(struct engine *engine, int64_t job_id, int64_t number, const struct ending *end,
	struct attempt *record)
{
	struct attempt *none;
	int err;

	if (end->gone)
		return 0;
	if (record) {
		fill_record(record, number, end);
		return store_attempt_add(engine->store, job_id, record);
	}
	/* Nothing was asked: if the one before was held, this is its end. */
	none = attempt_new();
	fill_record(none, number, end);
	none->ended_usec = clock_wall_usec();
	err = store_attempt_settle(engine->store, job_id, none);
	attempt_free(none);
	return err;
}

static int end_attempt(struct engine *engine, struct job *job, struct outcome *o, struct run *run)
{
	enum job_intent intent = job->intent;
	int64_t number = job->attempts;
	struct ending end = {.verdict = &o->verdict,
		.progress = o->progress,
		.started_event = run->started_event,
		.shed = run->shed || o->shed,
		.edited = run->edited != 0,
		.alone = o->record && o->record->offset == 0};
	struct verdict excuse;
	int err;

	verdict_init(&excuse);
	network_answered(engine, job, &o->verdict);
	if (!end.edited && blame_excuse(engine, run, job, &o->verdict, &excuse))
		end.verdict = &excuse;
	/* The job's origin may be another by now. */
	if (!end.edited && end.verdict->class != VERDICT_ABORTED)
		host_note(run->host, end.verdict->code);
	err = host_ended(engine, run, blame_answer(job, o, end.edited || end.verdict == &excuse));
	if (!err && !end.edited)
		err = blame_mark(engine, job, o);
	if (o->record && o->job->mirrors)
		str_set(&o->record->origin, o->job->origin);
	if (!err)
		err = end_of(engine, job, &end, intent);
	if (!err)
		tally_attempt(engine, end.word, end.verdict->code, o);
	if (!err)
		err = keep_record(engine, job->id, number, &end, o->record);
	verdict_done(&excuse);
	return err;
}

int outcome_finished(struct engine *engine, struct outcome *o)
{
	struct run *run = run_of(engine, o);
	struct job *job;
	int err = 0;

	if (!run) {
		outcome_free(o);
		return 0;
	}
	/* On a copy: should the commit fail, the run still has what the row has. */
	job = job_dup(run->job);
	host_progress(engine, run, o->job->received - job->received);
	take_run_facts(run, job, o->job);
	run->outcome = o;
	if (run->edited && o->verdict.class == VERDICT_OK)
		err = edit_undo(engine, run, o->job, job);
	if (!err)
		err = end_attempt(engine, job, o, run);
	run_release(engine, run);
	TAILQ_INSERT_TAIL(&engine->ended, run, turn_link);
	job_free(job);
	return err;
}
