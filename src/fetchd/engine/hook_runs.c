/* Hook runs: which hook starts now, and what is out at the pool. Bounds are those of all hooks and of each
 * name; of what is due the oldest comes first, and a name at its bound is one index step, however many of it
 * are due. A hook runs when its row says so: HOOK_START leaves with the commit that has written it.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "job/message.h"

/* Started in one turn. */
#define SLICE 64

/* ---- runs */

static struct hook_run *find(const struct engine *engine, int64_t hook_id)
{
	struct hook_run *run;

	HASH_FIND(hh, engine->hook_runs, &hook_id, sizeof(hook_id), run);
	return run;
}

static struct hook_run *run_new(const struct job_hook *hook)
{
	struct hook_run *run = xcalloc(1, sizeof(*run));

	job_hook_init(&run->row);
	run->hook_id = hook->id;
	run->job_id = hook->job_id;
	run->group_id = hook->group_id;
	run->name = xstrdup(hook->name);
	return run;
}

static void free_run(struct hook_run *run)
{
	if (run->task)
		hook_task_free(run->task);
	job_hook_done(&run->row);
	free(run->waiters);
	free(run->group);
	free(run->name);
	free(run);
}

static size_t running_of(const struct engine *engine, const char *name)
{
	size_t n = 0;

	for (const struct hook_run *run = engine->hook_runs; run; run = run->hh.next)
		n += strcmp(run->name, name) == 0;
	return n;
}

void hooks_free(struct engine *engine)
{
	struct hook_run *run, *next;

	HASH_ITER(hh, engine->hook_runs, run, next) {
		HASH_DELETE(hh, engine->hook_runs, run);
		free_run(run);
	}
}

/* ---- starting */

/* Caller frees. */
static char *key_of(struct engine *engine, const struct job_hook *hook)
{
	return xasprintf("%s/%lld", store_uuid(engine->store), (long long)hook->id);
}

static int load_subject(struct engine *engine, const struct job_hook *hook, struct hook_task *task)
{
	int err;

	if (hook->job_id) {
		err = store_get(engine->store, hook->job_id, &task->job);
		if (!err)
			job_dress(engine, task->job);
		return err;
	}
	task->group = xcalloc(1, sizeof(*task->group));
	return store_group_get(engine->store, hook->group_id, task->group);
}

static struct hook_task *task_new(
	struct engine *engine, const struct config_hook *section, const struct job_hook *hook)
{
	struct hook_task *task = xcalloc(1, sizeof(*task));

	task->msg.kind = HOOK_START;
	task->reply = engine->mailbox;
	task->hook_id = hook->id;
	task->config = config_ref(engine->config);
	task->hook = section;
	task->on = (enum hook_on)hook->on;
	task->attempt = hook->attempts;
	task->key = key_of(engine, hook);
	return task;
}

/* One that ends without having been out. Takes hook; *ret_run has it. */
static int end_row(struct engine *engine, struct job_hook *hook, struct hook_run **ret_run)
{
	struct job_group group;
	int err = hook->group_id ? store_group_get(engine->store, hook->group_id, &group) : -ENOENT;

	*ret_run = run_new(hook);
	(*ret_run)->row = *hook;
	TAILQ_INSERT_TAIL(&engine->hooks_ended, *ret_run, turn_link);
	if (!err) {
		(*ret_run)->group = xstrdup(group.name);
		job_group_done(&group);
	}
	return err == -ENOENT ? 0 : err;
}

/* At its turn it cannot even be tried. */
static int fail_row(struct engine *engine, struct job_hook *hook, const char *why)
{
	struct hook_run *run;
	int err = end_row(engine, hook, &run);

	str_set(&run->row.error, why);
	run->row.end = JOB_HOOK_END_NOT_RUN;
	engine->tally.hooks_pending--;
	return err ? err : hook_ended(engine, &run->row, NULL);
}

static int begin(struct engine *engine, struct job_hook *hook, struct hook_task *task)
{
	struct hook_run *run = run_new(hook);
	enum job_hook_state sum;
	int err;

	hook->state = JOB_HOOK_RUNNING;
	hook->started_usec = clock_wall_usec();
	HASH_ADD(hh, engine->hook_runs, hook_id, sizeof(run->hook_id), run);
	TAILQ_INSERT_TAIL(&engine->hooks_claimed, run, turn_link);
	STAILQ_INSERT_TAIL(&engine->to_hooks, &task->msg, link);
	engine->tally.hooks_pending--;
	err = store_hook_put_state(engine->store, hook);
	job_hook_done(hook);
	if (!err)
		err = store_hook_sum(engine->store, run->job_id, run->group_id, &sum);
	/* It hears of itself as others do. */
	if (!err && task->job)
		task->job->hook = sum;
	else if (!err)
		task->group->hook = sum;
	return err;
}

/* Takes hook. */
static int start_row(struct engine *engine, struct job_hook *hook)
{
	const struct config_hook *section = config_hook_find(engine->config, hook->name);
	struct hook_task *task;
	int err;

	if (!section)
		return fail_row(engine, hook, "there is no such hook in the configuration any more");
	hook->attempts++;
	task = task_new(engine, section, hook);
	err = load_subject(engine, hook, task);
	if (!err)
		return begin(engine, hook, task);
	hook_task_free(task);
	if (err == -ENOENT)
		return fail_row(engine, hook, "the record of what it is for makes no sense");
	job_hook_done(hook);
	return err;
}

static int start(struct engine *engine, int64_t hook_id)
{
	struct job_hook hook;
	int err = store_hook_get(engine->store, hook_id, &hook);

	if (!err)
		return start_row(engine, &hook);
	job_hook_done(&hook);
	return err;
}

/* ---- which */

struct heads {
	struct store_hook_head *heads;
	size_t n;
};

static int load_heads(struct engine *engine, struct heads *ret)
{
	struct store_hook_head head;
	int err;

	*ret = (struct heads){0};
	while ((err = store_next_hook_head(
			engine->store, ret->n ? ret->heads[ret->n - 1].name : NULL, &head)) == 0) {
		ret->heads = xreallocarray(ret->heads, ret->n + 1, sizeof(*ret->heads));
		ret->heads[ret->n++] = head;
	}
	return err == -ENOENT ? 0 : err;
}

static void heads_done(struct heads *heads)
{
	for (size_t i = 0; i < heads->n; i++)
		free(heads->heads[i].name);
	free(heads->heads);
}

static bool has_room(const struct engine *engine, const char *name)
{
	const struct config_hook *section = config_hook_find(engine->config, name);

	return !section || section->concurrency == 0 ||
	       running_of(engine, name) < (size_t)section->concurrency;
}

static bool is_before(const struct store_hook_head *a, const struct store_hook_head *b)
{
	return a->due_usec != b->due_usec ? a->due_usec < b->due_usec : a->id < b->id;
}

/* Of those that may start the one that is due first; it may still be ahead. NULL: none. */
static struct store_hook_head *first(const struct engine *engine, const struct heads *heads)
{
	struct store_hook_head *best = NULL;

	for (size_t i = 0; i < heads->n; i++)
		if (heads->heads[i].id && has_room(engine, heads->heads[i].name) &&
			(!best || is_before(&heads->heads[i], best)))
			best = &heads->heads[i];
	return best;
}

static int fill(struct engine *engine, struct heads *heads, bool *ret_more)
{
	int64_t now = engine_now(engine);
	struct store_hook_head *head = NULL;
	int err = 0;

	for (size_t i = 0; i < SLICE && !err; i++) {
		/* What comes back looks again. */
		head = HASH_COUNT(engine->hook_runs) < (size_t)engine->config->hooks_concurrency
			       ? first(engine, heads)
			       : NULL;
		if (!head || head->due_usec > now)
			break;
		err = start(engine, head->id);
		if (!err)
			err = store_hook_head(engine->store, head);
	}
	*ret_more = !err && head && head->due_usec <= now;
	engine->hooks_look = *ret_more;
	engine->next_hook_usec = head && !*ret_more ? head->due_usec : USEC_INFINITY;
	return err;
}

int hooks_work(struct engine *engine, bool *ret_more)
{
	struct heads heads;
	int err;

	*ret_more = false;
	if (engine->stopping || !engine->hook_pool || hooks_next_usec(engine) > clock_boot_usec())
		return 0;
	err = load_heads(engine, &heads);
	if (!err)
		err = fill(engine, &heads, ret_more);
	heads_done(&heads);
	return err;
}

int64_t hooks_next_usec(const struct engine *engine)
{
	if (engine->stopping || !engine->hook_pool)
		return USEC_INFINITY;
	if (engine->hooks_look)
		return 0;
	return engine->next_hook_usec == USEC_INFINITY ? USEC_INFINITY
						       : engine->next_hook_usec - engine->wall_offset_usec;
}

bool hooks_idle(const struct engine *engine)
{
	return HASH_COUNT(engine->hook_runs) == 0 && hooks_next_usec(engine) > clock_boot_usec();
}

int hooks_load(struct engine *engine)
{
	struct job_hook *hooks;
	size_t n;
	int err = store_hooks_running(engine->store, &hooks, &n);

	for (size_t i = 0; i < n && !err; i++) {
		struct hook_run *run;

		err = end_row(engine, &hooks[i], &run);
		job_hook_init(&hooks[i]);
		if (!err)
			err = hook_cut_off(engine, &run->row);
	}
	job_hooks_free(hooks, n);
	engine->hooks_look = true;
	return err ? err : store_hooks_count(engine->store, &engine->tally.hooks_pending);
}

/* ---- ending */

static int take_end(struct engine *engine, struct hook_run *run)
{
	int err = store_hook_get(engine->store, run->hook_id, &run->row);

	if (!err)
		return hook_ended(engine, &run->row, run->task);
	if (err == -ENOENT && run->group_id)
		hooks_unpark(engine);
	return err == -ENOENT ? 0 : err;
}

int hooks_returned(struct engine *engine, struct hook_task *task)
{
	struct hook_run *run = find(engine, task->hook_id);

	if (!run) {
		log_warning("hook %s: an end came of one that is not out; dropped", task->hook->name);
		hook_task_free(task);
		return 0;
	}
	HASH_DELETE(hh, engine->hook_runs, run);
	run->task = task;
	TAILQ_INSERT_TAIL(&engine->hooks_ended, run, turn_link);
	engine->hooks_look = true;
	return take_end(engine, run);
}

static void cancel(struct engine *engine, struct hook_run *run)
{
	struct hook_cancel *msg;

	if (run->cancelled || engine->stopping)
		return;
	run->cancelled = true;
	msg = xcalloc(1, sizeof(*msg));
	msg->msg.kind = HOOK_CANCEL;
	msg->hook_id = run->hook_id;
	STAILQ_INSERT_TAIL(&engine->to_hooks, &msg->msg, link);
}

void hooks_cancel(struct engine *engine, int64_t job_id, int64_t group_id, struct request *request)
{
	struct hook_run *run, *next;

	HASH_ITER(hh, engine->hook_runs, run, next) {
		if (run->job_id != job_id || run->group_id != group_id)
			continue;
		cancel(engine, run);
		if (!request)
			continue;
		run->waiters = xreallocarray(run->waiters, run->n_waiters + 1, sizeof(*run->waiters));
		run->waiters[run->n_waiters++] = request;
		request->pending++;
	}
}

/* ---- the end of a turn */

static const char *message_of(enum job_hook_state state)
{
	switch (state) {
	case JOB_HOOK_OK: return MESSAGE_HOOK_OK;
	case JOB_HOOK_FAILED: return MESSAGE_HOOK_FAILED;
	case JOB_HOOK_PENDING: return MESSAGE_HOOK_RETRY;
	case JOB_HOOK_RUNNING:
	case JOB_HOOK_NONE: break;
	}
	return NULL;
}

/* "job 3: hook unpack: ok after 1.2s", "…: attempt 1 failed, it is tried again: …". Caller frees. */
static char *sentence(const struct job_hook *hook, const char *group)
{
	CLEANUP_FREE char *safe = text_escape(group);
	CLEANUP_FREE char *whose =
		hook->job_id ? xasprintf("job %lld", (long long)hook->job_id) : xasprintf("group %s", safe);
	CLEANUP_FREE char *error = text_escape(hook->error ? hook->error : "");
	char span[UNITS_MAX];

	units_format_span(span, hook->run_usec > 0 ? hook->run_usec : 0);
	if (hook->state == JOB_HOOK_OK)
		return xasprintf("%s: hook %s: ok after %s", whose, hook->name, span);
	if (hook->state == JOB_HOOK_PENDING)
		return xasprintf("%s: hook %s: attempt %d failed, it is tried again: %s", whose, hook->name,
			hook->attempts, error);
	return xasprintf("%s: hook %s: failed: %s", whose, hook->name, error);
}

static void record_result(struct log_record *record, const struct job_hook *hook)
{
	log_record_text(record, "FETCHD_HOOK", hook->name);
	log_record_text(record, "FETCHD_HOOK_ON", job_hook_on_name(hook->on));
	log_record_text(record, "FETCHD_HOOK_STATE", job_hook_state_name(hook->state));
	log_record_int(record, "FETCHD_OWNER", hook->owner);
	log_record_int(record, "FETCHD_ATTEMPTS", hook->attempts);
	if (hook->end == JOB_HOOK_END_EXITED)
		log_record_int(record, "FETCHD_HOOK_STATUS", hook->status);
	if (hook->end == JOB_HOOK_END_SIGNALED)
		log_record_int(record, "FETCHD_HOOK_SIGNAL", hook->status);
	if (hook->run_usec >= 0)
		log_record_int(record, "FETCHD_HOOK_RUN_USEC", hook->run_usec);
	if (hook->cpu_usec >= 0)
		log_record_int(record, "FETCHD_HOOK_CPU_USEC", hook->cpu_usec);
	if (hook->peak_bytes >= 0)
		log_record_int(record, "FETCHD_HOOK_PEAK_BYTES", hook->peak_bytes);
	log_record_text(record, "FETCHD_HOOK_ERROR", hook->error);
	log_record_text(record, "FETCHD_HOOK_OUTPUT", hook->output);
}

static void log_end(const struct hook_run *run)
{
	const struct job_hook *hook = &run->row;
	const char *group = run->task && run->task->group ? run->task->group->name
			    : run->group		  ? run->group
							  : "";
	struct log_record record = {0};

	/* Its record is gone; or it was cut off, and runs again. */
	if (hook->id == 0 || (run->task && run->task->end == HOOK_ABORTED))
		return;
	CLEANUP_FREE char *text = sentence(hook, group);

	log_record_text(&record, "MESSAGE_ID", message_of(hook->state));
	if (hook->job_id)
		log_record_int(&record, "FETCHD_JOB_ID", hook->job_id);
	else
		log_record_text(&record, "FETCHD_GROUP", group);
	record_result(&record, hook);
	log_record_write(
		&record, hook->state == JOB_HOOK_FAILED ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "%s", text);
}

void hooks_told(struct engine *engine)
{
	struct hook_run *run;

	while ((run = TAILQ_FIRST(&engine->hooks_claimed)))
		TAILQ_REMOVE(&engine->hooks_claimed, run, turn_link);
	for (run = engine->hook_runs; run; run = run->hh.next)
		run->n_waiters_was = run->n_waiters;
	while ((run = TAILQ_FIRST(&engine->hooks_ended))) {
		TAILQ_REMOVE(&engine->hooks_ended, run, turn_link);
		for (size_t i = 0; i < run->n_waiters; i++)
			turn_release(engine, run->waiters[i]);
		log_end(run);
		free_run(run);
	}
	if (!STAILQ_EMPTY(&engine->to_hooks))
		mailbox_post_all(engine->hook_pool, &engine->to_hooks);
}

static void drop_messages(struct engine *engine)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&engine->to_hooks))) {
		STAILQ_REMOVE_HEAD(&engine->to_hooks, link);
		if (msg->kind == HOOK_START) {
			hook_task_free((struct hook_task *)msg);
			continue;
		}
		struct hook_run *run = find(engine, ((struct hook_cancel *)msg)->hook_id);

		if (run)
			run->cancelled = false;
		free(msg);
	}
}

/* Ends are facts: they come again. */
static void take_back_end(struct engine *engine, struct hook_run *run)
{
	if (!run->task) {
		free_run(run);
		return;
	}
	STAILQ_INSERT_TAIL(&engine->backlog, &run->task->msg, link);
	run->task = NULL;
	job_hook_done(&run->row);
	job_hook_init(&run->row);
	HASH_ADD(hh, engine->hook_runs, hook_id, sizeof(run->hook_id), run);
}

void hooks_take_back(struct engine *engine)
{
	struct hook_run *run;

	while ((run = TAILQ_FIRST(&engine->hooks_ended))) {
		TAILQ_REMOVE(&engine->hooks_ended, run, turn_link);
		take_back_end(engine, run);
	}
	drop_messages(engine);
	while ((run = TAILQ_FIRST(&engine->hooks_claimed))) {
		TAILQ_REMOVE(&engine->hooks_claimed, run, turn_link);
		HASH_DELETE(hh, engine->hook_runs, run);
		free_run(run);
	}
	for (run = engine->hook_runs; run; run = run->hh.next) {
		for (size_t i = run->n_waiters_was; i < run->n_waiters; i++)
			turn_give_up(engine, run->waiters[i]);
		run->n_waiters = run->n_waiters_was;
	}
	engine->hooks_look = true;
}
