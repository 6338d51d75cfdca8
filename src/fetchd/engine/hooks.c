/* Hooks: the outbox. That a hook is due is written with the end that it follows, in one transaction; so it
 * runs at least once, whatever crashes in between. Those of one end run in their order: the next is due when
 * the one before it is ok, and has failed when that has. Which processes there are is hook_runs.c's.
 *
 * An end that is undone (retry) leaves its rows: what was due for it still runs. The next end takes away
 * those that have ended.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchd/hook_names.h"
#include "job/retry.h"

static_assert((int)HOOK_ON_DONE == JOB_HOOK_ON_DONE && (int)HOOK_ON_FAILED == JOB_HOOK_ON_FAILED &&
		      (int)HOOK_ON_GROUP_DONE == JOB_HOOK_ON_GROUP_DONE,
	"bits of the configuration are the numbers of rows");

/* It takes so many starts until one is given up because the daemon ended while it ran. A row says that it
 * runs before there is a process: one crash alone may have come in between, and it runs at least once. */
#define CRASHES 2

/* ---- an end */

/* One that is in the configuration no more is due all the same: at its turn it fails, so that it is seen. */
static bool runs_on(const struct engine *engine, const char *name, enum job_hook_on on)
{
	const struct config_hook *hook = config_hook_find(engine->config, name);

	return hook ? (hook->on & (unsigned)on) != 0 : on != JOB_HOOK_ON_FAILED;
}

static int add_row(struct engine *engine, struct job_hook *hook, const char *name, bool *ret_added)
{
	int err;

	*ret_added = runs_on(engine, name, hook->on);
	if (!*ret_added)
		return 0;
	str_set(&hook->name, name);
	err = store_hook_add(engine->store, hook);
	hook->after = hook->id;
	hook->due_usec = USEC_INFINITY;
	engine->tally.hooks_pending++;
	engine->hooks_look = true;
	return err;
}

/* hook: whose they are, and which end it is. */
static int add_rows(struct engine *engine, struct job_hook *hook, const char *names, bool *ret_any)
{
	const char *at = names, *one;
	size_t n;
	int err = 0;

	hook->created_usec = clock_wall_usec();
	hook->due_usec = engine_now(engine);
	while (!err && job_hook_next_name(&at, &one, &n)) {
		CLEANUP_FREE char *name = xstrndup(one, n);
		bool added;

		err = add_row(engine, hook, name, &added);
		*ret_any = *ret_any || added;
	}
	job_hook_done(hook);
	return err;
}

int hooks_job_ended(struct engine *engine, struct job *job)
{
	struct job_hook hook;
	bool any = job->hook != JOB_HOOK_NONE;
	int err = any ? store_hooks_forget(engine->store, job->id, 0) : 0;

	job_hook_init(&hook);
	hook.job_id = job->id;
	hook.owner = job->owner;
	hook.on = job->state == JOB_DONE ? JOB_HOOK_ON_DONE : JOB_HOOK_ON_FAILED;
	if (!err && job->state != JOB_CANCELLED)
		err = add_rows(engine, &hook, job->hooks, &any);
	return err || !any ? err : store_hook_sum(engine->store, job->id, 0, &job->hook);
}

int hooks_group_ended(struct engine *engine, struct job_group *row)
{
	CLEANUP_FREE char *names =
		row->hooks ? xstrdup(row->hooks) : hook_names_group_default(engine->config);
	struct job_hook hook;
	bool any = row->hook != JOB_HOOK_NONE;
	int err = any ? store_hooks_forget(engine->store, 0, row->id) : 0;

	job_hook_init(&hook);
	hook.group_id = row->id;
	hook.owner = row->owner;
	hook.on = JOB_HOOK_ON_GROUP_DONE;
	if (!err)
		err = add_rows(engine, &hook, names, &any);
	return err || !any ? err : store_hook_sum(engine->store, 0, row->id, &row->hook);
}

/* It has not ended after all; but what has begun goes on. */
int hooks_group_reopened(struct engine *engine, struct job_group *row)
{
	size_t n;
	int err = store_hooks_withdraw(engine->store, row->id, &n);

	engine->tally.hooks_pending -= n;
	hooks_unpark(engine);
	return err ? err : store_hook_sum(engine->store, 0, row->id, &row->hook);
}

int hooks_join_group(struct engine *engine, const struct job *job)
{
	const char *at = job->hooks, *one;
	size_t n;
	int err = 0;

	while (!err && job_hook_next_name(&at, &one, &n)) {
		CLEANUP_FREE char *name = xstrndup(one, n);
		const struct config_hook *hook = config_hook_find(engine->config, name);

		if (hook && (hook->on & HOOK_ON_GROUP_DONE))
			err = group_add_hook(engine, job->group_id, name);
	}
	return err;
}

int hooks_removed(struct engine *engine, int64_t job_id, int64_t group_id)
{
	struct job_hook *hooks;
	size_t n;
	int err = store_hooks(engine->store, job_id, group_id, &hooks, &n);

	for (size_t i = 0; i < n; i++)
		engine->tally.hooks_pending -= hooks[i].state == JOB_HOOK_PENDING;
	job_hooks_free(hooks, n);
	hooks_cancel(engine, job_id, group_id, NULL);
	if (group_id)
		hooks_unpark(engine);
	return err;
}

/* ---- an attempt */

/* What is shown is text. */
static char *output_text(const struct hook_task *task)
{
	char *text = task->output && task->output_n ? xmemdup(task->output, task->output_n + 1) : NULL;

	for (size_t i = 0; text && i < task->output_n; i++)
		if (text[i] == '\0')
			text[i] = '?';
	if (text)
		text[task->output_n] = '\0';
	return text;
}

static enum job_hook_end end_of(enum hook_end end)
{
	switch (end) {
	case HOOK_EXITED: return JOB_HOOK_END_EXITED;
	case HOOK_SIGNALED: return JOB_HOOK_END_SIGNALED;
	case HOOK_TIMEOUT: return JOB_HOOK_END_TIMEOUT;
	case HOOK_NOT_RUN: return JOB_HOOK_END_NOT_RUN;
	case HOOK_ABORTED: break;
	}
	return JOB_HOOK_END_NONE;
}

static void take_result(struct job_hook *hook, const struct hook_task *task)
{
	hook->end = end_of(task->end);
	hook->status = task->status;
	hook->run_usec = task->end == HOOK_NOT_RUN ? -1 : task->run_usec;
	hook->cpu_usec = task->end == HOOK_NOT_RUN ? -1 : task->cpu_usec;
	hook->peak_bytes = task->end == HOOK_NOT_RUN ? -1 : task->peak_bytes;
	str_set(&hook->error, task->error);
	free(hook->output);
	hook->output = output_text(task);
	hook->output_cut = task->output_cut;
}

static int64_t next_attempt(struct engine *engine, const struct config_hook *hook, int attempts)
{
	struct retry_policy policy = {
		.delay_usec = hook->delay_usec,
		.max_delay_usec = hook->max_delay_usec,
		.jitter = engine->config->jitter,
	};

	return usec_add(engine_now(engine), retry_delay_usec(&policy, attempts, -1, &engine->rng));
}

/* The one behind it is due now. */
static int release_next(struct engine *engine, const struct job_hook *hook)
{
	struct job_hook next;
	int err = store_hook_after(engine->store, hook, &next);

	if (!err && next.state == JOB_HOOK_PENDING) {
		next.due_usec = engine_now(engine);
		err = store_hook_put_state(engine->store, &next);
	}
	job_hook_done(&next);
	return err == -ENOENT ? 0 : err;
}

/* All behind it have failed with it. */
static int fail_rest(struct engine *engine, const struct job_hook *hook)
{
	CLEANUP_FREE char *why = xasprintf("not run, because the hook %s failed", hook->name);
	struct job_hook next, at = *hook;
	int err = 0;

	while (!err && (err = store_hook_after(engine->store, &at, &next)) == 0) {
		at.id = next.id;
		if (next.state == JOB_HOOK_PENDING) {
			next.state = JOB_HOOK_FAILED;
			next.due_usec = 0;
			next.finished_usec = clock_wall_usec();
			str_set(&next.error, why);
			err = store_hook_put(engine->store, &next);
			engine->tally.hooks_pending--;
		}
		job_hook_done(&next);
	}
	return err == -ENOENT ? 0 : err;
}

/* What the end of one means for its job, or its group. */
static int settle_job(struct engine *engine, const struct job_hook *hook, bool ended)
{
	enum event_kind kind = hook->state == JOB_HOOK_OK ? EVENT_HOOK_OK : EVENT_HOOK_FAILED;
	enum job_hook_state sum;
	struct job *job = NULL;
	int err = store_hook_sum(engine->store, hook->job_id, 0, &sum);

	if (err || !ended)
		return err;
	err = store_get(engine->store, hook->job_id, &job);
	if (!err)
		err = turn_hook_event(engine, job, kind, hook->name);
	job_free(job);
	return err == -ENOENT ? 0 : err;
}

/* A group whose records are all gone has waited for this. */
static int settle_group(struct engine *engine, const struct job_hook *hook)
{
	enum job_hook_state sum;
	int err = store_hook_sum(engine->store, 0, hook->group_id, &sum);

	if (err || job_hook_open(sum))
		return err;
	hooks_unpark(engine);
	err = group_drop_empty(engine, hook->group_id);
	return err == -ENOENT ? 0 : err;
}

static void end_well(struct engine *engine, struct job_hook *hook)
{
	hook->finished_usec = clock_wall_usec();
	hook->state = JOB_HOOK_OK;
	hook->due_usec = 0;
	tally_hook(engine, TALLY_HOOK_OK, hook->run_usec);
}

/* section NULL: it cannot be tried again. */
static void end_badly(
	struct engine *engine, struct job_hook *hook, const struct config_hook *section, int64_t most)
{
	bool again = section && hook->attempts < most;

	hook->finished_usec = clock_wall_usec();
	hook->state = again ? JOB_HOOK_PENDING : JOB_HOOK_FAILED;
	hook->due_usec = again ? next_attempt(engine, section, hook->attempts) : 0;
	tally_hook(engine, again ? TALLY_HOOK_RETRY : TALLY_HOOK_FAILED, hook->run_usec);
}

/* It runs again, as if it had not been begun. */
static void end_aborted(struct job_hook *hook)
{
	hook->state = JOB_HOOK_PENDING;
	hook->attempts -= hook->attempts > 0;
}

static int settle(struct engine *engine, struct job_hook *hook)
{
	bool ended = !job_hook_open(hook->state);
	int err = store_hook_put(engine->store, hook);

	engine->tally.hooks_pending += !ended;
	if (!err && hook->state == JOB_HOOK_OK)
		err = release_next(engine, hook);
	if (!err && hook->state == JOB_HOOK_FAILED)
		err = fail_rest(engine, hook);
	if (err)
		return err;
	return hook->job_id ? settle_job(engine, hook, ended) : settle_group(engine, hook);
}

int hook_ended(struct engine *engine, struct job_hook *hook, const struct hook_task *task)
{
	if (task && task->end == HOOK_ABORTED) {
		end_aborted(hook);
		return settle(engine, hook);
	}
	if (task)
		take_result(hook, task);
	if (task && task->end == HOOK_EXITED && task->status == 0)
		end_well(engine, hook);
	else
		end_badly(engine, hook, task ? task->hook : NULL, task ? task->hook->max_attempts : 0);
	return settle(engine, hook);
}

int hook_cut_off(struct engine *engine, struct job_hook *hook)
{
	const struct config_hook *section = config_hook_find(engine->config, hook->name);
	int64_t most = section && section->max_attempts > CRASHES ? section->max_attempts : CRASHES;

	hook->end = JOB_HOOK_END_NONE;
	hook->status = 0;
	str_set(&hook->error, "the daemon ended while it ran");
	hook->run_usec = hook->cpu_usec = hook->peak_bytes = -1;
	str_set(&hook->output, NULL);
	hook->output_cut = false;
	end_badly(engine, hook, section, most);
	return settle(engine, hook);
}

/* ---- verbs */

/* A new life, with all its attempts. ok: what it was to follow is. */
static int kick_row(struct engine *engine, struct job_hook *hook, bool ok)
{
	hook->state = JOB_HOOK_PENDING;
	hook->attempts = 0;
	hook->due_usec = ok ? engine_now(engine) : USEC_INFINITY;
	hook->end = JOB_HOOK_END_NONE;
	hook->status = 0;
	str_set(&hook->error, NULL);
	engine->tally.hooks_pending++;
	engine->hooks_look = true;
	return store_hook_put(engine->store, hook);
}

static bool is_open(const struct job_hook *hooks, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (hooks[i].id == id)
			return hooks[i].state != JOB_HOOK_OK;
	return false;
}

int hooks_kick(struct engine *engine, int64_t job_id, int64_t group_id, bool *ret_kicked)
{
	struct job_hook *hooks;
	enum job_hook_state sum;
	size_t n;
	int err = store_hooks(engine->store, job_id, group_id, &hooks, &n);

	*ret_kicked = false;
	for (size_t i = 0; i < n && !err; i++) {
		if (hooks[i].state != JOB_HOOK_FAILED)
			continue;
		err = kick_row(engine, &hooks[i], !is_open(hooks, i, hooks[i].after));
		*ret_kicked = true;
	}
	job_hooks_free(hooks, n);
	return err || !*ret_kicked ? err : store_hook_sum(engine->store, job_id, group_id, &sum);
}

/* ---- who waits for those of a group */

void hooks_park(struct engine *engine, struct request *request)
{
	request_unanswer(request);
	request->pending++;
	STAILQ_INSERT_TAIL(&engine->parked, &request->msg, link);
}

void hooks_unpark(struct engine *engine)
{
	struct msg *msg;

	STAILQ_FOREACH(msg, &engine->parked, link) {
		((struct request *)msg)->pending--;
	}
	STAILQ_CONCAT(&engine->backlog, &engine->parked);
}

void hooks_hang_up(struct engine *engine, uint64_t session_id)
{
	struct msg_list all = STAILQ_HEAD_INITIALIZER(all);
	struct msg *msg;

	STAILQ_CONCAT(&all, &engine->parked);
	while ((msg = STAILQ_FIRST(&all))) {
		struct request *request = (struct request *)msg;

		STAILQ_REMOVE_HEAD(&all, link);
		if (request->session_id == session_id)
			turn_release(engine, request);
		else
			STAILQ_INSERT_TAIL(&engine->parked, msg, link);
	}
}

/* ---- telling */

int hooks_inspect(
	struct engine *engine, int64_t job_id, int64_t group_id, struct job_hook **ret, size_t *ret_n)
{
	int err = store_hooks(engine->store, job_id, group_id, ret, ret_n);

	for (size_t i = 0; i < *ret_n; i++) {
		struct job_hook *hook = &(*ret)[i];
		const struct config_hook *section = config_hook_find(engine->config, hook->name);

		hook->max_attempts = section ? (int)section->max_attempts : 0;
		if (hook->due_usec > 0 && hook->due_usec != USEC_INFINITY)
			hook->due_usec = engine_shown(engine, hook->due_usec);
	}
	return err;
}
