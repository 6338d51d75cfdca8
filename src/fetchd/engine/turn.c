/* The turn: persist, then tell. Everything that a turn would say (replies, events, messages to workers and
 * disk) is held until its commit has returned; a commit that failed turns replies into errors and takes the
 * rest back. The rows are the only truth. Also the one function that changes a job's state.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "job/lifecycle.h"
#include "job/message.h"
#include "job/origin.h"
#include "job/record.h"

#define EXIT_DB_UNUSABLE 65
#define EXIT_DB_IO	 74

/* ---- what is held */

void turn_reply(struct engine *engine, struct request *request)
{
	/* A list is added as a whole or not at all. */
	if (request->part != ADD_WHOLE && request->error != REQUEST_OK)
		fill_abandon(engine, request->session_id);
	request->msg.kind = CONTROL_REPLY;
	STAILQ_INSERT_TAIL(&engine->to_control, &request->msg, link);
}

void turn_to_worker(struct engine *engine, size_t worker, struct msg *msg)
{
	STAILQ_INSERT_TAIL(&engine->to_workers[worker], msg, link);
}

void turn_to_disk(struct engine *engine, struct disk_task *task, struct request *request)
{
	task->reply = engine->mailbox;
	task->owner = request;
	if (request)
		request->pending++;
	STAILQ_INSERT_TAIL(&engine->to_disk, &task->msg, link);
}

void turn_discard_part(struct engine *engine, const struct job *job, struct request *request)
{
	struct disk_file_spec spec = {
		.job_id = job->id, .generation = job->generation, .edits = job->edits, .dir = job->dir};
	struct disk_file *file =
		job->received > 0 && job->state != JOB_DONE ? disk_file_new(engine->disk, &spec) : NULL;

	if (file)
		turn_to_disk(engine, disk_task_new(DISK_DISCARD, NULL, NULL, file), request);
}

void turn_notice(struct engine *engine, enum engine_notice_kind kind, int exit_code, const char *message)
{
	struct engine_notice *notice = xcalloc(1, sizeof(*notice));

	notice->msg.kind = CONTROL_NOTICE;
	notice->notice = kind;
	notice->exit_code = exit_code;
	notice->message = xstrdup_null(message);
	STAILQ_INSERT_TAIL(&engine->to_control, &notice->msg, link);
}

void turn_fail(struct engine *engine, int exit_code, const char *message)
{
	CLEANUP_FREE char *damage = store_damage(engine->store);

	engine->failed = true;
	turn_notice(engine, ENGINE_FAILED, damage ? EXIT_DB_UNUSABLE : exit_code, damage ? damage : message);
	mailbox_post_all(engine->control, &engine->to_control);
}

/* ---- changing a job */

static_assert(EVENT_HOOK_MAX == CONFIG_HOOK_NAME_MAX, "an event has room for the name of a hook");

/* hook: the name of the one that it is about; "" none. */
static int tell_event(
	struct engine *engine, const struct job *job, enum event_kind kind, const char *hook, bool again)
{
	struct event event = {
		.time_usec = clock_wall_usec(), .job_id = job->id, .owner = job->owner, .kind = kind};
	struct engine_event *msg;
	int err;

	snprintf(event.hook, sizeof(event.hook), "%s", hook);
	err = again ? store_event_number(engine->store, &event) : store_event_add(engine->store, &event);
	if (err)
		return err;
	tally_event(engine, kind);
	if (kind == EVENT_ADDED && engine->watchers == 0)
		return 0;
	msg = xcalloc(1, sizeof(*msg));
	msg->msg.kind = CONTROL_EVENT;
	msg->event = event;
	msg->again = again;
	msg->job = job_dup(job);
	job_dress(engine, msg->job);
	STAILQ_INSERT_TAIL(&engine->to_control, &msg->msg, link);
	return 0;
}

int turn_event(struct engine *engine, const struct job *job, enum event_kind kind)
{
	return tell_event(engine, job, kind, "", false);
}

int turn_hook_event(struct engine *engine, const struct job *job, enum event_kind kind, const char *hook)
{
	return tell_event(engine, job, kind, hook, false);
}

int turn_event_again(struct engine *engine, const struct job *job, enum event_kind kind)
{
	return tell_event(engine, job, kind, "", true);
}

/* The lanes follow the rows into and out of "queued". */
static int follow_queue(struct engine *engine, const struct job *job, enum job_state was)
{
	if (job->state == JOB_QUEUED) {
		return lane_ready(engine, job);
	} else if (was == JOB_QUEUED && job->state != JOB_ACTIVE) {
		struct lane *lane = lane_of(engine, job);

		return lane ? lane_refresh(engine, lane) : 0;
	}
	return 0;
}

/* What depends on it, and its group, are told. */
static int follow_end(struct engine *engine, const struct job *job, enum job_state was)
{
	int err;

	if (job_state_ended(was) == job_state_ended(job->state))
		return 0;
	if (!job_state_ended(job->state)) {
		err = store_end_forget(engine->store, job->id);
		return err || !job->group_id ? err : group_job_reopened(engine, job);
	}
	err = store_end_note(engine->store, job->id, (int)job->state);
	if (!err && job->state == JOB_FAILED && job->group_id)
		err = group_job_failed(engine, job);
	return err;
}

static int apply(
	struct engine *engine, struct job *job, enum job_event event, enum event_kind kind, bool again)
{
	enum job_state was = job->state, to = was;
	enum job_intent intent;
	enum lifecycle_answer answer = lifecycle_next(was, event, &to, &intent);
	int err;

	assert(answer == LIFECYCLE_MOVE);
	(void)answer;
	job->state = to;
	job->intent = JOB_INTENT_RUN;
	if (to != JOB_WAITING)
		job->waiting_for = JOB_WAIT_NONE;
	if (to != JOB_PAUSED)
		job->paused_by = -1;
	err = event == JOB_EVENT_CLAIM ? store_update_claimed(engine->store, job, was)
				       : store_update(engine->store, job, was);
	if (!err && to == JOB_DONE && job->has_secrets)
		err = store_forget_secrets(engine->store, job);
	if (!err)
		err = follow_queue(engine, job, was);
	if (!err)
		err = follow_end(engine, job, was);
	if (!err && job_state_ended(to) && (job->hooks || job->hook != JOB_HOOK_NONE))
		err = hooks_job_ended(engine, job);
	due_note(engine, job);
	return err ? err : tell_event(engine, job, kind, "", again);
}

int job_apply(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind)
{
	return apply(engine, job, event, kind, false);
}

int job_apply_again(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind)
{
	return apply(engine, job, event, kind, true);
}

int job_delete(struct engine *engine, const struct job *job)
{
	int err = job_state_ended(job->state) ? 0 : store_end_note(engine->store, job->id, 0);

	if (!err && job->hook != JOB_HOOK_NONE)
		err = hooks_removed(engine, job->id, 0);
	if (!err)
		err = store_remove(engine->store, job);
	if (!err && job->state == JOB_QUEUED) {
		struct lane *lane = lane_of(engine, job);

		err = lane ? lane_refresh(engine, lane) : 0;
	}
	return err ? err : turn_event(engine, job, EVENT_REMOVED);
}

/* ---- telling */

/* One of its sources has failed. */
static bool goes_on_elsewhere(const struct engine_event *e)
{
	return e->event.kind == EVENT_QUEUED && e->job->mirrors && e->job->error_code && !e->again;
}

static enum log_level event_level(const struct engine_event *e)
{
	if (e->again)
		return LOG_LEVEL_DEBUG;
	if (goes_on_elsewhere(e))
		return LOG_LEVEL_INFO;
	switch (e->event.kind) {
	case EVENT_FAILED: return LOG_LEVEL_WARNING;
	case EVENT_DONE:
	case EVENT_WAITING:
	case EVENT_CANCELLED:
	case EVENT_REMOVED:
	case EVENT_PAUSED: return LOG_LEVEL_INFO;
	case EVENT_EDITED: return LOG_LEVEL_INFO;
	case EVENT_ADDED:
	case EVENT_QUEUED:
	case EVENT_STARTED:
	/* Told with more of it: hook_runs.c. */
	case EVENT_HOOK_OK:
	case EVENT_HOOK_FAILED: break;
	}
	return LOG_LEVEL_DEBUG;
}

/* What a person reads. Caller frees. */
static char *event_sentence(const struct engine_event *e, const char *url)
{
	const struct job *job = e->job;
	const char *word = event_kind_name(e->event.kind);
	CLEANUP_FREE char *name = text_escape(job->name);
	CLEANUP_FREE char *why = text_escape(job->error_message ? job->error_message : "");

	switch (e->event.kind) {
	case EVENT_DONE:
		return xasprintf("job %lld: done: %s (%lld bytes)", (long long)job->id, name,
			(long long)job->received);
	case EVENT_FAILED:
	case EVENT_WAITING:
		return xasprintf("job %lld: %s%s%s: %s: %s: %s", (long long)job->id, word,
			e->event.kind == EVENT_WAITING ? " for " : "", job_wait_name(job->waiting_for),
			job->error_code ? job->error_code : "", why, url);
	case EVENT_QUEUED:
		if (goes_on_elsewhere(e))
			return xasprintf("job %lld: %s: %s; goes on with %s", (long long)job->id,
				job->error_code, why, url);
		break;
	case EVENT_ADDED:
	case EVENT_STARTED:
	case EVENT_PAUSED:
	case EVENT_CANCELLED:
	case EVENT_EDITED:
	case EVENT_HOOK_OK:
	case EVENT_HOOK_FAILED:
	case EVENT_REMOVED: break;
	}
	return xasprintf("job %lld: %s: %s", (long long)job->id, word, url);
}

/* For who searches the journal; NULL: nobody will. */
static const char *event_message(enum event_kind kind)
{
	switch (kind) {
	case EVENT_ADDED: return MESSAGE_JOB_ADDED;
	case EVENT_STARTED: return MESSAGE_JOB_STARTED;
	case EVENT_WAITING: return MESSAGE_JOB_WAITING;
	case EVENT_PAUSED: return MESSAGE_JOB_PAUSED;
	case EVENT_DONE: return MESSAGE_JOB_DONE;
	case EVENT_FAILED: return MESSAGE_JOB_FAILED;
	case EVENT_CANCELLED: return MESSAGE_JOB_CANCELLED;
	case EVENT_REMOVED: return MESSAGE_JOB_REMOVED;
	case EVENT_EDITED: return MESSAGE_JOB_EDITED;
	case EVENT_HOOK_OK:
	case EVENT_HOOK_FAILED:
	case EVENT_QUEUED: break;
	}
	return NULL;
}

static void log_event(const struct engine_event *e)
{
	enum log_level level = event_level(e);
	struct log_record record = {0};

	if (log_get_level() < level)
		return;
	CLEANUP_FREE char *redacted = origin_redact(e->job->url);
	CLEANUP_FREE char *url = text_escape(redacted);
	CLEANUP_FREE char *sentence = event_sentence(e, url);

	log_record_text(&record, "MESSAGE_ID", event_message(e->event.kind));
	log_record_text(&record, "FETCHD_EVENT", event_kind_name(e->event.kind));
	record_job(&record, e->job);
	log_record_write(&record, level, "%s", sentence);
}

/* One line a list, not one a job. */
static void log_added(const struct request *request)
{
	struct log_record record = {0};
	size_t last = request->n_jobs - 1;

	if (request->error != REQUEST_OK || !request->ids || request->n_jobs == 0)
		return;
	log_record_text(&record, "MESSAGE_ID", MESSAGE_JOB_ADDED);
	log_record_text(&record, "FETCHD_EVENT", event_kind_name(EVENT_ADDED));
	log_record_int(&record, "FETCHD_OWNER", request->uid);
	log_record_int(&record, "FETCHD_JOB_ID", request->ids[0]);
	if (last == 0) {
		log_record_write(&record, LOG_LEVEL_INFO, "job %lld: added (uid %u)",
			(long long)request->ids[0], (unsigned)request->uid);
		return;
	}
	log_record_int(&record, "FETCHD_LAST_JOB_ID", request->ids[last]);
	log_record_write(&record, LOG_LEVEL_INFO, "jobs %lld to %lld: added (uid %u)",
		(long long)request->ids[0], (long long)request->ids[last], (unsigned)request->uid);
}

static void log_told(struct engine *engine)
{
	struct msg *msg;

	STAILQ_FOREACH(msg, &engine->to_control, link) {
		if (msg->kind == CONTROL_EVENT)
			log_event((struct engine_event *)msg);
		else if (msg->kind == CONTROL_REPLY)
			log_added((struct request *)msg);
	}
}

static void tell_counters(struct engine *engine)
{
	size_t n;
	const struct store_counter *counters = store_counters(engine->store, &n);
	struct engine_counters *msg;

	if (engine->told_counters == store_counters_version(engine->store))
		return;
	engine->told_counters = store_counters_version(engine->store);
	msg = xcalloc(1, sizeof(*msg) + n * sizeof(msg->owners[0]));
	msg->msg.kind = CONTROL_COUNTERS;
	msg->n = n;
	for (size_t i = 0; i < n; i++) {
		msg->owners[i].owner = counters[i].owner;
		msg->owners[i].bytes = counters[i].bytes;
		for (int s = 0; s < JOB_STATE_N; s++)
			msg->owners[i].by_state[s] = counters[i].by_state[s];
	}
	/* Before the replies: who has got an id finds it counted. */
	STAILQ_INSERT_HEAD(&engine->to_control, &msg->msg, link);
}

void turn_release(struct engine *engine, struct request *request)
{
	if (--request->pending == 0)
		turn_reply(engine, request);
}

static void release_waiters(struct engine *engine, struct run *run)
{
	for (size_t i = 0; i < run->n_waiters; i++)
		turn_release(engine, run->waiters[i]);
}

static void post_disk(struct engine *engine)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&engine->to_disk))) {
		STAILQ_REMOVE_HEAD(&engine->to_disk, link);
		engine->tasks++;
		disk_post(engine->disk, (struct disk_task *)msg);
	}
}

static void untouch(struct engine *engine, struct run *run)
{
	TAILQ_REMOVE(&engine->touched, run, touch_link);
	run->touched = false;
}

static void tell(struct engine *engine, int64_t commit_usec)
{
	struct run *run;

	while ((run = TAILQ_FIRST(&engine->touched)))
		untouch(engine, run);
	edits_told(engine);
	while ((run = TAILQ_FIRST(&engine->claimed)))
		TAILQ_REMOVE(&engine->claimed, run, turn_link);
	while ((run = TAILQ_FIRST(&engine->ended))) {
		TAILQ_REMOVE(&engine->ended, run, turn_link);
		release_waiters(engine, run);
		run_free(run);
	}
	/* The network first: it is what waits longest. */
	for (size_t i = 0; i < engine->n_workers; i++)
		mailbox_post_all(worker_mailbox(engine->workers[i]), &engine->to_workers[i]);
	post_disk(engine);
	hooks_told(engine);
	limits_committed(engine);
	tell_counters(engine);
	tally_committed(engine, commit_usec);
	log_told(engine);
	mailbox_post_all(engine->control, &engine->to_control);
}

/* ---- taking back */

static void drop_events(struct engine *engine, const char *why)
{
	struct msg_list held = STAILQ_HEAD_INITIALIZER(held);
	struct msg *msg;

	STAILQ_CONCAT(&held, &engine->to_control);
	while ((msg = STAILQ_FIRST(&held))) {
		STAILQ_REMOVE_HEAD(&held, link);
		if (msg->kind == CONTROL_REPLY && !engine->failed &&
			request_only_asks((struct request *)msg)) {
			request_unanswer((struct request *)msg);
			STAILQ_INSERT_TAIL(&engine->backlog, msg, link);
		} else if (msg->kind == CONTROL_REPLY) {
			request_fail((struct request *)msg, REQUEST_TRY_AGAIN, 0, "E_DB", "%s", why);
			turn_reply(engine, (struct request *)msg);
		} else {
			control_message_free(msg);
		}
	}
}

void turn_give_up(struct engine *engine, struct request *request)
{
	request_fail(request, REQUEST_TRY_AGAIN, 0, "E_DB", "the queue database could not take it");
	turn_release(engine, request);
}

/* A stop asks again in the next turn. */
static void take_back_cancel(struct engine *engine, const struct worker_cancel *msg)
{
	struct run *run = run_find(engine, msg->job_id);

	if (run)
		run->cancelling = run->over_quota = false;
}

/* The intent did not reach the row: whoever asked for it is told so. Who asked before still waits. */
static void take_back_intents(struct engine *engine)
{
	struct run *run;

	while ((run = TAILQ_FIRST(&engine->touched))) {
		untouch(engine, run);
		run->job->intent = run->intent_was;
		for (size_t i = run->n_waiters_was; i < run->n_waiters; i++)
			turn_give_up(engine, run->waiters[i]);
		run->n_waiters = run->n_waiters_was;
	}
}

static void drop_held(struct engine *engine)
{
	struct msg *msg;

	for (size_t i = 0; i < engine->n_workers; i++) {
		while ((msg = STAILQ_FIRST(&engine->to_workers[i]))) {
			STAILQ_REMOVE_HEAD(&engine->to_workers[i], link);
			if (msg->kind == WORKER_CANCEL)
				take_back_cancel(engine, (struct worker_cancel *)msg);
			worker_message_free(msg);
		}
	}
	while ((msg = STAILQ_FIRST(&engine->to_disk))) {
		struct disk_task *task = (struct disk_task *)msg;

		STAILQ_REMOVE_HEAD(&engine->to_disk, link);
		if (task->owner)
			turn_give_up(engine, task->owner);
		disk_file_free(task->file);
		disk_task_free(engine->disk, task);
	}
}

static void take_back(struct engine *engine, const char *why)
{
	struct run *run;

	store_rollback(engine->store);
	edits_take_back(engine);
	limits_taken_back(engine);
	drop_events(engine, why);
	drop_held(engine);
	hooks_take_back(engine);
	take_back_intents(engine);
	while ((run = TAILQ_FIRST(&engine->claimed))) {
		TAILQ_REMOVE(&engine->claimed, run, turn_link);
		host_claim_undone(engine, run);
		run_release(engine, run);
		run_free(run);
	}
	/* Outcomes are facts: they come again when the database takes writes. */
	while ((run = TAILQ_FIRST(&engine->ended))) {
		TAILQ_REMOVE(&engine->ended, run, turn_link);
		STAILQ_INSERT_TAIL(&engine->backlog, &run->outcome->msg, link);
		run->outcome = NULL;
		if (run_take_back(engine, run) != 0)
			engine->failed = true;
	}
	/* Rows may be ready again that the turn had taken, or wait again that it had woken. */
	engine->lanes_lost = engine->groups_lost = true;
	due_lost(engine);
	network_lost(engine);
	tally_undone(engine);
	sources_lost(engine);
	mailbox_post_all(engine->control, &engine->to_control);
}

void turn_answer(struct engine *engine)
{
	mailbox_post_all(engine->control, &engine->to_control);
}

int turn_begin(struct engine *engine)
{
	return store_begin(engine->store);
}

int turn_end(struct engine *engine, int err)
{
	int64_t begun_usec;

	if (!err)
		err = groups_settle(engine);
	begun_usec = clock_boot_usec();
	if (!err)
		err = store_commit(engine->store);
	if (!err) {
		tell(engine, clock_boot_usec() - begun_usec);
		return 0;
	}
	engine->failed = err != -EAGAIN;
	take_back(engine, err == -EAGAIN ? "no room for the queue database; nothing was changed"
					 : "the queue database failed; nothing was changed");
	if (err == -EAGAIN)
		return err;
	turn_fail(engine, EXIT_DB_IO, "the queue database failed; see the log for its words");
	return err;
}
