/* Edit: other terms and another request for jobs that have not ended. All of those that are named, or none; a
 * selection in slices. What
 * an attempt under way has never looked at changes in place; else the attempt is stopped, its bytes stay, and
 * the job goes back into the queue: whether the bytes are of the new file too is judged like any others'.
 * Runs between turn_begin() and turn_end().
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchd/hook_names.h"
#include "job/same.h"

/* Jobs of a selection that are changed in one turn, all of them or none. */
#define SLICE 256

/* Of one request: jobs as they are, and as they are to be. */
struct edits {
	struct job **before, **after;
	size_t n;
};

/* ---- judging: nothing is changed yet */

static int load(struct engine *engine, struct request *request, int64_t id, struct job **ret)
{
	struct run *run = run_find(engine, id);
	int err = 0;

	*ret = NULL;
	if (run)
		*ret = job_dup(run->job);
	else
		err = store_get(engine->store, id, ret);
	if (err && err != -ENOENT)
		return err;
	if (err || (!request->privileged && (*ret)->owner != request->uid))
		request_fail(request, REQUEST_NO_SUCH_JOB, id, NULL, "no job %lld", (long long)id);
	else if (job_state_ended((*ret)->state))
		request_fail(request, REQUEST_WRONG_STATE, id, NULL, "cannot edit job %lld: it %s",
			(long long)id, job_state_phrase((*ret)->state));
	return 0;
}

enum job_conflict job_conflict_of(const struct engine *engine, const struct job *job)
{
	return (enum job_conflict)(
		job->options.on_conflict >= 0 ? job->options.on_conflict : engine->config->on_conflict);
}

/* The configured deadline counts from then. */
static bool begins_too_late(const struct engine *engine, const struct job *job)
{
	int64_t deadline = job->options.deadline_usec >= 0 ? job_deadline(engine, job) : USEC_INFINITY;

	return deadline != USEC_INFINITY && job->not_before_usec >= engine_shown(engine, deadline);
}

static const char *judge_hooks(const struct engine *engine, const struct job *job, char **ret_message)
{
	unsigned on = HOOK_ON_DONE | HOOK_ON_FAILED | (job->group ? HOOK_ON_GROUP_DONE : 0);
	char *message = job->hooks ? hook_names_refusal(engine->config, job->hooks, on) : NULL;

	if (message)
		*ret_message = message;
	return message ? "E_HOOK" : NULL;
}

static void judge(struct engine *engine, struct request *request, struct job *job)
{
	const struct job_edit *edit = request->edit;
	char *message = NULL;
	const char *code;

	if (edit->fields & EDIT_BIT(EDIT_NAME))
		job->options.remote_name = false;
	code = request->check(job, engine->config, request->uid, request->privileged, &message);
	if (!code && (edit->fields & EDIT_BIT(EDIT_DEADLINE)) &&
		engine_now(engine) > job_deadline(engine, job)) {
		code = "E_DEADLINE";
		message = xasprintf(
			"the deadline of job %lld, counted from when it was added, would have passed already",
			(long long)job->id);
	}
	if (!code && (edit->fields & EDIT_BIT(EDIT_NOT_BEFORE)) && begins_too_late(engine, job)) {
		code = "E_DEADLINE";
		message = xasprintf(
			"the deadline of job %lld would pass before it may begin", (long long)job->id);
	}
	if (!code && (edit->fields & EDIT_BIT(EDIT_HOOKS)))
		code = judge_hooks(engine, job, &message);
	if (code)
		request_fail(request, REQUEST_REFUSED, job->id, code, "%s", message ? message : code);
	free(message);
}

/* A part stands in its root, and is found again from any directory of it. */
static void judge_place(
	struct engine *engine, struct request *request, const struct job *before, const struct job *after)
{
	const char *rest;
	bool same_root = config_root_of(engine->config, before->dir, &rest) ==
			 config_root_of(engine->config, after->dir, &rest);

	if (same_root || (before->received == 0 && before->state != JOB_ACTIVE))
		return;
	request_fail(request, REQUEST_REFUSED, before->id, "E_DIR",
		"job %lld has begun, and its bytes are in another download root: they cannot follow",
		(long long)before->id);
}

static int judge_move(
	struct engine *engine, struct request *request, const struct job *before, const struct job *after)
{
	uint64_t fields = request->edit->fields;
	int err = 0;

	if (request->error == REQUEST_OK && (fields & EDIT_BIT(EDIT_DIR)))
		judge_place(engine, request, before, after);
	if (request->error == REQUEST_OK && (fields & EDIT_BIT(EDIT_NOT_BEFORE)) &&
		before->state == JOB_ACTIVE)
		request_fail(request, REQUEST_WRONG_STATE, before->id, NULL,
			"job %lld has begun: pause it instead", (long long)before->id);
	if (request->error == REQUEST_OK && (fields & EDIT_BIT(EDIT_GROUP)))
		err = group_may_leave(engine, request, before);
	if (!err && request->error == REQUEST_OK && (fields & EDIT_BIT(EDIT_GROUP)))
		err = group_may_join(engine, request, after);
	return err;
}

static void forget_failures(struct job *job)
{
	job->failures = job->restarts = job->changes = 0;
}

/* What was known of the old URL's server says nothing of the new one's. */
static void forget_server(struct job *job)
{
	forget_failures(job);
	job->range_faults = 0;
	job->no_ranges = false;
	str_set(&job->effective_url, NULL);
}

/* As for one that is added: its own deadline counts from then, the configuration's from its schedule. */
static void begin_deadline(const struct engine *engine, struct job *job)
{
	if (job->options.deadline_usec < 0)
		job->since_usec = USEC_INFINITY;
	else if (job->since_usec == USEC_INFINITY)
		job->since_usec = job->created_usec - engine->skew_usec;
}

static int change(struct engine *engine, struct request *request, struct job *job)
{
	int err = job->has_secrets ? store_secrets(engine->store, job->id, &job->secrets) : 0;

	/* A claim fails such a job; anew are only those that are given now. */
	if (err && err != -ENOENT)
		return err;
	job_edit_apply(request->edit, job);
	job->edits += job_edit_is_request(request->edit);
	if ((request->edit->fields & EDIT_BIT(EDIT_HOOKS)) && !job->hooks)
		job->hooks = hook_names_default(engine->config, job->dir);
	if ((request->edit->fields & EDIT_BIT(EDIT_DEADLINE)) && job->waiting_for == JOB_WAIT_SCHEDULE)
		begin_deadline(engine, job);
	judge(engine, request, job);
	job->same = job_same_hash(job, job_conflict_of(engine, job));
	if (request->edit->fields & EDIT_BIT(EDIT_URL))
		forget_server(job);
	else if (request->edit->fields & EDIT_BIT(EDIT_MIRRORS))
		forget_failures(job);
	return 0;
}

static int judge_all(
	struct engine *engine, struct request *request, const int64_t *ids, size_t n, struct edits *edits)
{
	int err = 0;

	for (size_t i = 0; i < n && !err && request->error == REQUEST_OK; i++) {
		struct job *job, *after;

		err = load(engine, request, ids[i], &job);
		if (err || request->error != REQUEST_OK) {
			job_free(job);
			return err;
		}
		after = job_dup(job);
		edits->before[edits->n] = job;
		edits->after[edits->n++] = after;
		err = change(engine, request, after);
		if (!err)
			err = judge_move(engine, request, job, after);
	}
	return err;
}

/* ---- changing */

/* Another place in its lane, or another lane. */
static int follow(struct engine *engine, const struct job *before, const struct job *after)
{
	struct lane *lane = lane_of(engine, before);
	int err = lane ? lane_refresh(engine, lane) : 0;

	return err ? err : lane_ready(engine, after);
}

static void change_run(struct engine *engine, struct request *request, struct run *run, struct job *before,
	const struct job *after)
{
	uint64_t fields = request->edit->fields;
	/* What it asks is not among the sources any more. */
	bool asks_another = strcmp(before->url, after->url) != 0;

	if (!run->unedited) {
		run->unedited = before;
		run->was_edited = run->edited;
		TAILQ_INSERT_TAIL(&engine->edited, run, edit_link);
	} else {
		job_free(before);
	}
	job_free(run->job);
	run->job = job_dup(after);
	job_secrets_free(run->job->secrets);
	run->job->secrets = NULL;
	due_note_run(engine, run);
	if (fields & EDIT_BIT(EDIT_LIMIT_RATE))
		run_limit(engine, run, after->options.limit_rate > 0 ? after->options.limit_rate : 0);
	if (!job_edit_is_request(request->edit) && !asks_another)
		return;
	run->edited |= fields | (asks_another ? EDIT_BIT(EDIT_URL) : 0);
	run_touch(engine, run);
	run_cancel(engine, run);
	run_wait(run, request);
}

/* It may begin later, or sooner. What else it waits for, and longer, stays. */
static int reschedule(struct engine *engine, struct job *job)
{
	bool ahead = job->not_before_usec > clock_wall_usec();

	if (ahead && job->options.deadline_usec < 0)
		job->since_usec = USEC_INFINITY;
	if (job->state == JOB_QUEUED && ahead) {
		job_wait_for_time(job);
		return job_apply(engine, job, JOB_EVENT_DEFER, EVENT_WAITING);
	}
	if (job->state == JOB_WAITING &&
		(job->waiting_for == JOB_WAIT_SCHEDULE ||
			(job->waiting_for != JOB_WAIT_DEPENDENCY && ahead &&
				(job->due_usec == USEC_INFINITY ||
					engine_shown(engine, job->due_usec) < job->not_before_usec))))
		return dependencies_release(engine, job);
	return store_update(engine->store, job, job->state);
}

/* Takes before. */
static int change_one(struct engine *engine, struct request *request, struct job *before, struct job *after)
{
	bool url = (request->edit->fields & (EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_MIRRORS))) != 0;
	bool waited = url && after->state == JOB_WAITING &&
		      (after->waiting_for == JOB_WAIT_RETRY || after->waiting_for == JOB_WAIT_HOST);
	struct run *run = run_find(engine, after->id);
	int err = request->edit->fields & EDIT_BIT(EDIT_GROUP) ? group_join(engine, request, after) : 0;

	if (!err)
		err = store_edit(engine->store, after, before->group_id);
	if (!err)
		err = store_update(engine->store, after, after->state);
	if (!err && after->hooks && after->group_id &&
		(request->edit->fields & (EDIT_BIT(EDIT_HOOKS) | EDIT_BIT(EDIT_GROUP))))
		err = hooks_join_group(engine, after);
	if (!err)
		err = turn_event(engine, after, EVENT_EDITED);
	if (!err && after->state == JOB_QUEUED)
		err = follow(engine, before, after);
	/* Its deadline may be the next of all now. */
	due_note(engine, after);
	/* What it waited for is not what it will ask. */
	if (!err && waited) {
		after->due_usec = 0;
		err = job_apply(engine, after, JOB_EVENT_DUE, EVENT_QUEUED);
	}
	if (!err && (request->edit->fields & EDIT_BIT(EDIT_NOT_BEFORE)))
		err = reschedule(engine, after);
	request->n_changed++;
	if (run && !err)
		change_run(engine, request, run, before, after);
	else
		job_free(before);
	return err;
}

/* What may still be refused comes before anything else is changed. */
static int add_dependencies(struct engine *engine, struct request *request, struct job *job)
{
	const struct job *values = &request->edit->values;
	int err = 0;

	for (size_t i = 0; i < values->n_after && !err && request->error == REQUEST_OK; i++)
		err = dependency_add(engine, request, job, values->after[i].id, values->after[i].any);
	return err;
}

static int edit_ids(struct engine *engine, struct request *request, const int64_t *ids, size_t n)
{
	struct edits edits = {.before = xcalloc(n + 1, sizeof(struct job *)),
		.after = xcalloc(n + 1, sizeof(struct job *))};
	int err = judge_all(engine, request, ids, n, &edits);

	for (size_t i = 0; i < edits.n && !err && request->error == REQUEST_OK; i++)
		err = add_dependencies(engine, request, edits.after[i]);
	/* Undone: jobs of these edits may have left their lanes for the while. */
	engine->lanes_lost =
		engine->lanes_lost || (request->error != REQUEST_OK && request->edit->values.n_after > 0);
	for (size_t i = 0; i < edits.n; i++) {
		if (!err && request->error == REQUEST_OK)
			err = change_one(engine, request, edits.before[i], edits.after[i]);
		else
			job_free(edits.before[i]);
		job_free(edits.after[i]);
	}
	free(edits.before);
	free(edits.after);
	return err;
}

/* ---- many */

/* Those for which the changes mean something. False: there are none. */
static bool narrow(struct request *request)
{
	unsigned states = JOB_STATE_BIT(JOB_QUEUED) | JOB_STATE_BIT(JOB_WAITING) | JOB_STATE_BIT(JOB_PAUSED);
	bool begun =
		!(request->edit->fields & EDIT_BIT(EDIT_NOT_BEFORE)) && request->edit->values.n_after == 0;

	if (begun)
		states |= JOB_STATE_BIT(JOB_ACTIVE);
	request->filter.states = request->filter.states ? request->filter.states & states : states;
	return request->filter.states != 0;
}

int request_edit(struct engine *engine, struct request *request, bool *ret_again)
{
	const struct job_filter *filter = &request->filter;
	bool first = request->after_id == 0;
	int64_t ids[SLICE];
	struct job_list list;
	size_t n;
	int err;

	*ret_again = false;
	if (filter->n_ids > 0)
		return edit_ids(engine, request, filter->ids, filter->n_ids);
	err = first ? request_check_group(engine, request) : 0;
	if (err || request->error != REQUEST_OK || (first && !narrow(request)))
		return err;
	err = store_list(engine->store, filter, &request->after_id, false, SLICE, &list, ret_again);
	if (err)
		return err;
	for (n = 0; n < list.n; n++)
		ids[n] = list.jobs[n]->id;
	job_list_done(&list);
	return edit_ids(engine, request, ids, n);
}

/* ---- what comes of the attempt */

void edit_take_facts(const struct run *run, struct job *job, const char *name)
{
	if (run->edited & EDIT_BIT(EDIT_NAME))
		str_set(&job->name, name);
	if (run->edited & EDIT_BIT(EDIT_URL))
		forget_server(job);
}

int edit_undo(struct engine *engine, const struct run *run, const struct job *fetched, struct job *job)
{
	struct job *was = job_dup(fetched);
	/* Its group may be another's all the same. */
	bool voided = (run->edited & ~EDIT_BIT(EDIT_GROUP)) != 0;

	job_secrets_free(was->secrets);
	was->secrets = NULL;
	was->intent = job->intent;
	was->priority = job->priority;
	was->options.limit_rate = job->options.limit_rate;
	str_set(&was->group, job->group);
	str_set(&was->hooks, job->hooks);
	was->hook = job->hook;
	was->group_id = job->group_id;
	was->options.max_attempts = job->options.max_attempts;
	was->options.retry_delay_usec = job->options.retry_delay_usec;
	was->options.deadline_usec = job->options.deadline_usec;
	was->has_secrets = job->has_secrets;
	job_done(job);
	*job = *was;
	free(was);
	for (size_t i = 0; i < run->n_waiters && voided; i++)
		if (run->waiters[i]->kind == REQUEST_EDIT && run->waiters[i]->error == REQUEST_OK &&
			run->waiters[i]->filter.n_ids > 0)
			request_fail(run->waiters[i], REQUEST_WRONG_STATE, job->id, NULL,
				"job %lld was done before it could be changed", (long long)job->id);
	return store_edit(engine->store, job, job->group_id);
}

void edits_told(struct engine *engine)
{
	struct run *run;

	while ((run = TAILQ_FIRST(&engine->edited))) {
		TAILQ_REMOVE(&engine->edited, run, edit_link);
		job_free(run->unedited);
		run->unedited = NULL;
	}
}

void edits_take_back(struct engine *engine)
{
	struct run *run;

	while ((run = TAILQ_FIRST(&engine->edited))) {
		TAILQ_REMOVE(&engine->edited, run, edit_link);
		job_free(run->job);
		run->job = run->unedited;
		run->unedited = NULL;
		run->edited = run->was_edited;
	}
}
