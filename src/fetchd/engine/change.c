/* Change: the verbs pause, resume, cancel, retry, remove. Explicit ids: all or none. Selections: those for
 * which the verb means something, in slices between which other messages are served.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <assert.h>
#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/lifecycle.h"
#include "job/source.h"

#define SLICE 512

static enum job_event event_of(enum request_verb verb)
{
	switch (verb) {
	case VERB_PAUSE: return JOB_EVENT_PAUSE;
	case VERB_RESUME: return JOB_EVENT_RESUME;
	case VERB_CANCEL: return JOB_EVENT_CANCEL;
	case VERB_RETRY: return JOB_EVENT_RETRY_NOW;
	case VERB_REMOVE: return JOB_EVENT_REMOVE;
	}
	abort();
}

static const char *verb_name(enum request_verb verb)
{
	switch (verb) {
	case VERB_PAUSE: return "pause";
	case VERB_RESUME: return "resume";
	case VERB_CANCEL: return "cancel";
	case VERB_RETRY: return "retry";
	case VERB_REMOVE: return "remove";
	}
	abort();
}

/* ---- one job */

static int ask_all_sources(struct engine *engine, struct job *job)
{
	if (!job->mirrors)
		return 0;
	sources_revive(job);
	return store_source(engine->store, job);
}

static int move(struct engine *engine, struct request *request, struct job *job)
{
	int err;

	switch (request->verb) {
	case VERB_PAUSE:
		job->due_usec = 0;
		job->paused_by = request->uid;
		return job_apply(engine, job, JOB_EVENT_PAUSE, EVENT_PAUSED);
	case VERB_RESUME:
		if (job->since_usec == USEC_INFINITY && job->not_before_usec <= clock_wall_usec())
			job->since_usec = engine_now(engine);
		return dependencies_start(engine, job, JOB_EVENT_RESUME, EVENT_QUEUED);
	case VERB_CANCEL:
		turn_discard_part(engine, job, request);
		job_forget_bytes(job);
		job->due_usec = 0;
		job->finished_usec = clock_wall_usec();
		return job_apply(engine, job, JOB_EVENT_CANCEL, EVENT_CANCELLED);
	case VERB_RETRY:
		/* A new life: counts begin again, and a deadline that has passed; bytes stay. */
		if (engine_now(engine) >= job_deadline(engine, job) || job->since_usec == USEC_INFINITY)
			job->since_usec = engine_now(engine);
		job->failures = job->restarts = job->range_faults = job->changes = 0;
		job->no_ranges = false;
		job->due_usec = 0;
		job->finished_usec = 0;
		str_set(&job->error_code, NULL);
		str_set(&job->error_message, NULL);
		err = ask_all_sources(engine, job);
		return err ? err : dependencies_start(engine, job, JOB_EVENT_RETRY_NOW, EVENT_QUEUED);
	case VERB_REMOVE: break;
	}
	return -EINVAL;
}

static int set_intent(struct engine *engine, struct request *request, struct job *job, enum job_intent intent)
{
	struct run *run = run_find(engine, job->id);
	int err;

	assert(run);
	if (run->job->intent == intent && intent == JOB_INTENT_RUN)
		return 0;
	run_touch(engine, run);
	run->job->intent = intent;
	if (intent == JOB_INTENT_PAUSE)
		run->job->paused_by = request->uid;
	err = store_update(engine->store, run->job, JOB_ACTIVE);
	if (err)
		return err;
	/* Resumed before the pause was through: its end puts it back into the queue. */
	if (intent != JOB_INTENT_RUN) {
		run_cancel(engine, run);
		run_wait(run, request);
	}
	request->n_changed++;
	return 0;
}

static void remove_file(struct engine *engine, struct request *request, const struct job *job)
{
	struct disk_file_spec spec = {
		.job_id = job->id, .generation = job->generation, .edits = job->edits, .dir = job->dir};
	struct disk_file *file =
		request->remove_files && job->state == JOB_DONE ? disk_file_new(engine->disk, &spec) : NULL;
	struct disk_task *task;

	if (!file)
		return;
	task = disk_task_new(DISK_REMOVE, NULL, NULL, file);
	task->ret_name = xstrdup(job->name);
	task->name = task->ret_name;
	turn_to_disk(engine, task, request);
}

static int delete_job(struct engine *engine, struct request *request, struct job *job)
{
	turn_discard_part(engine, job, request);
	remove_file(engine, request, job);
	hooks_cancel(engine, job->id, 0, request);
	request->n_changed++;
	return job_delete(engine, job);
}

static void refuse(struct request *request, const struct job *job)
{
	request_fail(request, REQUEST_WRONG_STATE, job->id, NULL, "cannot %s job %lld: it %s",
		verb_name(request->verb), (long long)job->id, job_state_phrase(job->state));
}

/* What it waits for is no failure of its own; and a group that is being ended takes nobody back. */
static bool nothing_to_retry(const struct engine *engine, const struct job *job)
{
	return (job->state == JOB_WAITING && job->waiting_for == JOB_WAIT_DEPENDENCY) ||
	       doom_find(engine, job->group_id);
}

static void refuse_doomed(struct request *request, const struct job *job)
{
	request_fail(request, REQUEST_WRONG_STATE, job->id, NULL,
		"cannot retry job %lld: its group is being ended; wait for it first", (long long)job->id);
}

/* Those that are due, or run, are on their way already. */
static void refuse_unless_kicked(struct request *request, const struct job *job)
{
	if (job->hook == JOB_HOOK_NONE || job->hook == JOB_HOOK_OK)
		request_fail(request, REQUEST_WRONG_STATE, job->id, NULL,
			"cannot retry hooks of job %lld: none of them has failed", (long long)job->id);
}

static int kick_one(struct engine *engine, struct request *request, int64_t job_id, int64_t group_id)
{
	bool kicked;
	int err = hooks_kick(engine, job_id, group_id, &kicked);

	request->n_changed += kicked;
	return err;
}

static int change_one(struct engine *engine, struct request *request, struct job *job)
{
	enum job_state to;
	enum job_intent intent;

	if (request->hooks_only)
		return job->hook == JOB_HOOK_FAILED ? kick_one(engine, request, job->id, 0) : 0;

	if (request->verb == VERB_RETRY && nothing_to_retry(engine, job))
		return 0;

	switch (lifecycle_next(job->state, event_of(request->verb), &to, &intent)) {
	case LIFECYCLE_SAME: return 0;
	case LIFECYCLE_REFUSED: return 0;
	case LIFECYCLE_MOVE: request->n_changed++; return move(engine, request, job);
	case LIFECYCLE_INTENT: return set_intent(engine, request, job, intent);
	case LIFECYCLE_DELETE: return delete_job(engine, request, job);
	}
	return -EINVAL;
}

/* ---- many */

static int change_list(struct engine *engine, struct request *request, struct job_list *list)
{
	int err = 0;

	for (size_t i = 0; i < list->n && !err; i++)
		err = change_one(engine, request, list->jobs[i]);
	return err;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t unique_ids(int64_t *ids, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (kept == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	return kept;
}

/* The jobs of explicit ids, each existing, the asker's, and in a state for the verb; or the request is
 * refused and nothing done. */
static int load_ids(struct engine *engine, struct request *request, struct job_list *ret)
{
	const struct job_filter *filter = &request->filter;
	enum job_state to;
	enum job_intent intent;

	*ret = (struct job_list){.jobs = xcalloc(filter->n_ids, sizeof(struct job *))};
	for (size_t i = 0; i < filter->n_ids && request->error == REQUEST_OK; i++) {
		struct job *job = NULL;
		int err = store_get(engine->store, filter->ids[i], &job);

		if (err && err != -ENOENT)
			return err;
		if (err || (!request->privileged && job->owner != request->uid)) {
			request_fail(request, REQUEST_NO_SUCH_JOB, filter->ids[i], NULL, "no job %lld",
				(long long)filter->ids[i]);
			job_free(job);
		} else if (!job_filter_match(filter, job)) {
			job_free(job); /* other parts of the selection narrow */
		} else {
			ret->jobs[ret->n++] = job;
			if (request->hooks_only)
				refuse_unless_kicked(request, job);
			else if (request->verb == VERB_RETRY && doom_find(engine, job->group_id))
				refuse_doomed(request, job);
			else if (lifecycle_next(job->state, event_of(request->verb), &to, &intent) ==
				 LIFECYCLE_REFUSED)
				refuse(request, job);
		}
	}
	return 0;
}

/* The same id twice is one job. */
static int change_ids(struct engine *engine, struct request *request)
{
	struct job_list list;
	int err;

	qsort(request->filter.ids, request->filter.n_ids, sizeof(int64_t), compare_ids);
	request->filter.n_ids = unique_ids(request->filter.ids, request->filter.n_ids);
	err = load_ids(engine, request, &list);
	if (!err && request->error == REQUEST_OK)
		err = change_list(engine, request, &list);
	job_list_done(&list);
	return err;
}

/* A group that is being ended is not retried half-way. */
static int check_ended(struct engine *engine, struct request *request)
{
	int err = request_group(engine, request);

	if (!err && request->n_groups > 0 && doom_find(engine, request->groups[0].id))
		request_fail(request, REQUEST_REFUSED, 0, "E_GROUP",
			"group %s is being ended; wait for it first", request->filter.group);
	return err;
}

/* Its own, that ran when it had ended. */
static int kick_group(struct engine *engine, struct request *request)
{
	int err = request_group(engine, request);

	if (err || request->n_groups == 0 || request->groups[0].hook != JOB_HOOK_FAILED)
		return err;
	return kick_one(engine, request, 0, request->groups[0].id);
}

/* Those that the verb does something to. */
static unsigned states_for(enum request_verb verb)
{
	unsigned states = 0;
	enum job_state to;
	enum job_intent intent;

	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++) {
		enum lifecycle_answer answer =
			lifecycle_next((enum job_state)state, event_of(verb), &to, &intent);

		if (answer != LIFECYCLE_SAME && answer != LIFECYCLE_REFUSED)
			states |= JOB_STATE_BIT(state);
	}
	return states;
}

/* Before the first slice. False: there is nothing to be done. */
static bool narrow(struct request *request)
{
	unsigned states = request->hooks_only ? JOB_STATES_ALL : states_for(request->verb);
	unsigned failed = JOB_HOOK_STATE_BIT(JOB_HOOK_FAILED);

	if (request->hooks_only)
		request->filter.hooks = request->filter.hooks ? request->filter.hooks & failed : failed;
	if (request->hooks_only && !request->filter.hooks)
		return false;

	request->filter.states = request->filter.states ? request->filter.states & states : states;
	return request->filter.states != 0;
}

int request_change(struct engine *engine, struct request *request, bool *ret_again)
{
	bool first = request->after_id == 0;
	struct job_list list = {0};
	int err;

	*ret_again = false;
	if (request->filter.n_ids)
		return change_ids(engine, request);
	err = first ? request_check_group(engine, request) : 0;
	if (err || request->error != REQUEST_OK || (first && !narrow(request)))
		return err;
	if (request->hooks_only && request->filter.group && first)
		err = kick_group(engine, request);
	else if (request->verb == VERB_RETRY && request->filter.group && first)
		err = check_ended(engine, request);
	if (err || request->error != REQUEST_OK)
		return err;
	err = store_list(engine->store, &request->filter, &request->after_id, false, SLICE, &list, ret_again);
	if (err)
		return err;
	err = change_list(engine, request, &list);
	job_list_done(&list);
	return err;
}
