/* Step: the order of one turn: questions, messages, what time brings, free slots, commit. What each message
 * is served by, and what is left of the time. Engine's thread; the thread itself is engine.c's.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

/* A turn takes so many messages, or as many as fit in this time: in the longer one while there are only adds,
 * which share pages and a commit. */
#define TURN_MESSAGES	  256
#define TURN_USEC	  (20 * USEC_PER_MSEC)
#define TURN_LONGEST_USEC (80 * USEC_PER_MSEC)
/* How far one end leads to others in one turn. */
#define ENDS_ROUNDS	 8
#define PURGE_EVERY_USEC (3600 * USEC_PER_SEC)
#define PURGE_SLICE	 32
#define PURGE_SLICES	 8
#define PURGE_USEC	 (5 * USEC_PER_MSEC)
/* When the disk is full the database is tried again this often. */
#define FULL_AGAIN_USEC USEC_PER_SEC

/* The database had no room, and is not tried again yet: who only asks is answered, all else waits. */
static bool is_full(const struct engine *engine)
{
	return engine->full_usec > 0 && clock_boot_usec() < engine->full_usec;
}

/* ---- messages */

static void reply_or_wait(struct engine *engine, struct request *request)
{
	if (request->pending == 0)
		turn_reply(engine, request);
}

void request_drop(struct engine *engine, struct request *request, const char *code, const char *why)
{
	request_fail(request, REQUEST_TRY_AGAIN, 0, code, "%s", why);
	request->pending -= (size_t)request->going_on;
	request->going_on = false;
	reply_or_wait(engine, request);
}

static void reload(struct engine *engine, struct request *request)
{
	config_unref(engine->config);
	engine->config = request->config;
	request->config = NULL;
	schedule_update(engine);
	limits_resolve(engine);
	due_tuned(engine);
	engine->hooks_look = true;
	disk_tune(engine->disk, engine->config);
	for (size_t i = 0; i < engine->n_workers; i++) {
		struct worker_tune *tune = xcalloc(1, sizeof(*tune));

		tune->msg.kind = WORKER_TUNE;
		tune->config = config_ref(engine->config);
		turn_to_worker(engine, i, &tune->msg);
	}
}

static void stop_all(struct engine *engine)
{
	struct run *run, *next;

	if (!engine->stopping)
		disk_hurry(engine->disk);
	engine->stopping = true;
	disk_hurry(engine->disk);
	backup_stop(engine);
	hooks_unpark(engine);
	HASH_ITER(hh, engine->runs, run, next) {
		run_cancel(engine, run);
	}
}

static int serve(struct engine *engine, struct request *request, enum request_kind kind, bool *ret_again)
{
	switch (kind) {
	case REQUEST_ADD: return request_add(engine, request);
	case REQUEST_LIST: return request_list(engine, request, ret_again);
	case REQUEST_INSPECT: return request_inspect(engine, request);
	case REQUEST_HOSTS: return request_hosts(engine, request);
	case REQUEST_VERIFY: return request_verify(engine, request);
	case REQUEST_EVENTS: return request_events(engine, request);
	case REQUEST_CHANGE: return request_change(engine, request, ret_again);
	case REQUEST_LIMITS: return request_limits(engine, request);
	case REQUEST_SET_LIMIT: return request_set_limit(engine, request);
	case REQUEST_WATCHERS: return request_watchers(engine, request);
	case REQUEST_NETWORK: network_changed(engine, request->network_up); return 0;
	case REQUEST_DRAIN:
		engine->draining = request->drain_on;
		engine->drain_exit = request->drain_on && request->drain_exit;
		return 0;
	case REQUEST_RELOAD: reload(engine, request); return 0;
	case REQUEST_STOP: stop_all(engine); return 0;
	case REQUEST_GROUP: return request_group(engine, request);
	case REQUEST_GROUPS: return request_groups(engine, request);
	case REQUEST_GROUP_CREATE: return request_group_create(engine, request);
	case REQUEST_GROUP_REMOVE: return request_group_remove(engine, request);
	case REQUEST_ABANDON: fill_abandon(engine, request->session_id); return 0;
	case REQUEST_HANG_UP: hooks_hang_up(engine, request->session_id); return 0;
	case REQUEST_EDIT: return request_edit(engine, request, ret_again);
	case REQUEST_BACKUP: request_backup(engine, request); return 0;
	}
	return -EINVAL;
}

static bool changes(enum request_kind kind)
{
	return kind == REQUEST_ADD || kind == REQUEST_CHANGE || kind == REQUEST_EDIT ||
	       kind == REQUEST_SET_LIMIT || kind == REQUEST_GROUP_CREATE || kind == REQUEST_GROUP_REMOVE;
}

/* Refused half-way: its rows go back, and what it would have told. mark: where to_control ended before it. */
static int undo_operation(struct engine *engine, struct msg **mark)
{
	struct msg *msg;

	while ((msg = *mark)) {
		*mark = STAILQ_NEXT(msg, link);
		control_message_free(msg);
	}
	engine->to_control.stqh_last = mark;
	tally_undo(engine);
	return store_rollback_to(engine->store);
}

/* One operation, undone alone when it is refused half-way. */
static int on_request(struct engine *engine, struct request *request)
{
	enum request_kind kind = (enum request_kind)request->msg.kind;
	struct msg **mark = engine->to_control.stqh_last;
	bool again = false;
	int err = 0;

	if (engine->stopping && changes(kind)) {
		request_drop(engine, request, NULL, "fetchd is shutting down");
		return 0;
	}
	if (is_full(engine) && changes(kind)) {
		/* Slices before this one are in the rows. */
		request_drop(engine, request, "E_DB",
			request->going_on ? "no room for the queue database; not all of it was changed"
					  : "no room for the queue database; nothing was changed");
		return 0;
	}
	if (changes(kind)) {
		tally_save(engine);
		err = store_savepoint(engine->store);
	}
	if (!err)
		err = serve(engine, request, kind, &again);
	if (!err && changes(kind))
		err = request->error == REQUEST_OK ? store_release(engine->store)
						   : undo_operation(engine, mark);
	again = again && !err && request->error == REQUEST_OK;
	/* What an earlier slice has started may come back before the last slice is done. */
	request->pending += (size_t)again - (size_t)request->going_on;
	request->going_on = again;
	if (again)
		STAILQ_INSERT_TAIL(&engine->unfinished, &request->msg, link);
	else
		reply_or_wait(engine, request);
	return err;
}

static void log_refused(const struct disk_task *task)
{
	struct log_record record = {0};

	log_record_int(&record, "FETCHD_JOB_ID", disk_file_job(task->file));
	log_record_text(&record, "FETCHD_ERROR", task->verdict.code);
	log_record_write(&record, LOG_LEVEL_WARNING, "%s",
		task->verdict.message ? task->verdict.message : "the disk refused a task");
}

static void on_disk(struct engine *engine, struct disk_task *task)
{
	struct request *request = task->owner;

	engine->tasks--;
	if (task->msg.kind == DISK_VERIFY)
		request_verified(request, task);
	else if (task->verdict.class != VERDICT_OK)
		log_refused(task);
	if (request && --request->pending == 0)
		turn_reply(engine, request);
	disk_file_free(task->file);
	disk_task_free(engine->disk, task);
}

static int receive(struct engine *engine, struct msg *msg)
{
	int err;

	if (is_full(engine) && msg->kind == HOOK_START) {
		STAILQ_INSERT_TAIL(&engine->postponed, msg, link);
		return 0;
	}
	if (msg->kind == HOOK_START)
		return hooks_returned(engine, (struct hook_task *)msg);
	if (msg->kind >= DISK_RESUME) {
		on_disk(engine, (struct disk_task *)msg);
		return 0;
	}
	if (is_full(engine) && (msg->kind == OUTCOME_FINISHED || msg->kind == OUTCOME_CHECKPOINT ||
				       msg->kind == OUTCOME_PARTS)) {
		STAILQ_INSERT_TAIL(&engine->postponed, msg, link);
		return 0;
	}
	if (msg->kind == OUTCOME_FINISHED)
		return outcome_finished(engine, (struct outcome *)msg);
	if (msg->kind == OUTCOME_RECEIVED) {
		err = outcome_received(engine, (struct outcome *)msg);
		outcome_free((struct outcome *)msg);
		return err;
	}
	if (msg->kind == OUTCOME_PARTS) {
		err = splits_report(engine, (struct parts_report *)msg);
		outcome_message_free(msg);
		return err;
	}
	if (msg->kind == OUTCOME_CHECKPOINT) {
		err = outcome_checkpoint(engine, (struct outcome *)msg);
		outcome_free((struct outcome *)msg);
		return err;
	}
	return on_request(engine, (struct request *)msg);
}

/* ---- the turn */

static bool is_no_add(const struct msg *msg)
{
	return msg->kind != REQUEST_ADD;
}

static bool is_over(struct engine *engine, const struct msg *next, int64_t begun_usec)
{
	int64_t spent = clock_boot_usec() - begun_usec;

	return spent >= TURN_LONGEST_USEC ||
	       (spent >= TURN_USEC && (is_no_add(next) || mailbox_has(engine->mailbox, is_no_add)));
}

static int work_list(struct engine *engine, struct msg_list *list)
{
	int64_t begun = clock_boot_usec();
	struct msg *msg;
	int err = 0;

	while (!err && (msg = STAILQ_FIRST(list)) && !is_over(engine, msg, begun)) {
		STAILQ_REMOVE_HEAD(list, link);
		err = receive(engine, msg);
	}
	return err;
}

/* Out of the backlog: what only asks. But what a watch has missed is told in the order of things: events come
 * after it. */
static void take_questions(struct engine *engine, struct msg_list *questions)
{
	struct msg_list others = STAILQ_HEAD_INITIALIZER(others);
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&engine->backlog))) {
		STAILQ_REMOVE_HEAD(&engine->backlog, link);
		if (msg->kind < OUTCOME_RECEIVED && msg->kind != REQUEST_EVENTS &&
			request_only_asks((struct request *)msg))
			STAILQ_INSERT_TAIL(questions, msg, link);
		else
			STAILQ_INSERT_TAIL(&others, msg, link);
	}
	STAILQ_CONCAT(&engine->backlog, &others);
}

/* Questions come first, and are answered at once: of rows that are committed. */
static int work_messages(struct engine *engine)
{
	struct msg_list questions = STAILQ_HEAD_INITIALIZER(questions);
	int err;

	if (!is_full(engine)) {
		STAILQ_CONCAT(&engine->postponed, &engine->backlog);
		STAILQ_CONCAT(&engine->backlog, &engine->postponed);
	}
	mailbox_take(engine->mailbox, &engine->backlog, TURN_MESSAGES);
	take_questions(engine, &questions);
	err = work_list(engine, &questions);
	turn_answer(engine);
	if (!err)
		err = work_list(engine, &engine->backlog);
	STAILQ_CONCAT(&engine->backlog, &questions);
	return err;
}

static int purge_slice(struct engine *engine, int64_t boot, bool *ret_more)
{
	int64_t now = clock_wall_usec();
	struct job_list gone;
	int err = store_purge(engine->store, now - engine->config->keep_finished_usec,
		now - engine->config->keep_failed_usec, PURGE_SLICE, &gone, ret_more);
	if (err)
		return err;
	/* What a failed job had kept for another try. */
	for (size_t i = 0; i < gone.n; i++)
		turn_discard_part(engine, gone.jobs[i], NULL);
	/* Secrets went with them: the log is to forget them too. */
	if (gone.n)
		engine->relax_usec = usec_add(boot, RELAX_USEC);
	job_list_done(&gone);
	return 0;
}

/* As many slices as fit into a part of the turn: jobs differ in what goes with them. */
static int purge(struct engine *engine)
{
	int64_t boot = clock_boot_usec();
	bool more = true;
	int err = 0;

	if (boot < engine->next_purge_usec)
		return 0;
	for (int slices = 0; !err && more && slices < PURGE_SLICES; slices++) {
		err = purge_slice(engine, boot, &more);
		if (clock_boot_usec() >= boot + PURGE_USEC)
			break;
	}
	engine->next_purge_usec = more ? boot : boot + PURGE_EVERY_USEC;
	return err;
}

static void notice_end(struct engine *engine)
{
	if (engine->draining && engine->drain_exit && HASH_COUNT(engine->runs) == 0 && hooks_idle(engine)) {
		engine->drain_exit = false;
		turn_notice(engine, ENGINE_DRAINED, 0, NULL);
		mailbox_post_all(engine->control, &engine->to_control);
	}
	if (engine->stopping && HASH_COUNT(engine->runs) == 0 && engine->tasks == 0 &&
		HASH_COUNT(engine->hook_runs) == 0 && STAILQ_EMPTY(&engine->unfinished))
		engine->done = true;
	if (engine->stopping && engine->full_usec > 0 && !engine->done) {
		log_warning("stopped without room for the queue database: what came last is found at the "
			    "next start");
		engine->done = true;
	}
}

/* An end may fail what follows it, that its group, and the group what follows its jobs: before anything of
 * these is started. */
static int work_ends(struct engine *engine, bool *ret_more)
{
	bool more_groups = false, more_ends = false;
	int err = groups_work(engine, &more_groups);

	if (!err)
		err = dependencies_settle(engine, &more_ends);
	for (int i = 0; i < ENDS_ROUNDS && !err && engine->sweeping && !more_groups && !more_ends; i++) {
		err = groups_work(engine, &more_groups);
		if (!err)
			err = dependencies_settle(engine, &more_ends);
	}
	*ret_more = more_groups || more_ends;
	return err;
}

/* What time brings, and the work that is ready. */
static int work_time(struct engine *engine, bool *ret_more)
{
	bool more_wakes = false, more_due = false, more_claims = false, more_ends = false, more_moves = false;
	bool more_hooks = false;
	int err;

	if (is_full(engine))
		return 0;
	err = steady_look(engine);
	if (!err && engine->lanes_lost)
		err = lanes_load(engine);
	engine->lanes_lost = engine->lanes_lost && err;
	schedule_look(engine);
	limits_shed(engine);
	if (!err)
		err = hosts_release(engine);
	if (!err)
		err = network_wake(engine, &more_wakes);
	if (!err)
		err = due_work(engine, &more_due);
	users_look(engine);
	if (!err)
		err = work_ends(engine, &more_ends);
	if (!err)
		err = sources_work(engine, &more_moves);
	if (!err)
		err = sched_fill(engine, &more_claims);
	if (!err)
		splits_work(engine, !more_claims && !engine->draining && !engine->stopping &&
					    !schedule_now(engine)->stopped);
	if (!err)
		err = hooks_work(engine, &more_hooks);
	if (!err)
		err = purge(engine);
	/* What the last claims have brought, too. */
	more_ends = more_ends || ((engine->sweeping || store_has_ends(engine->store)) && !engine->stopping);
	*ret_more = more_wakes || more_due || more_claims || more_ends || more_moves || more_hooks;
	return err;
}

bool engine_step(struct engine *engine)
{
	bool more = false, worked = mailbox_length(engine->mailbox) > 0, tried = !is_full(engine);
	int err = turn_begin(engine);

	if (!err && engine->groups_lost)
		err = groups_load(engine);
	engine->groups_lost = engine->groups_lost && err;
	if (!err)
		err = work_messages(engine);
	STAILQ_CONCAT(&engine->backlog, &engine->unfinished);
	if (engine->stopping)
		stop_all(engine);
	if (!err)
		err = work_time(engine, &more);
	err = turn_end(engine, err);
	if (err == -EAGAIN)
		engine->full_usec = clock_boot_usec() + FULL_AGAIN_USEC;
	else if (tried)
		engine->full_usec = 0;
	/* What the end of the turn has brought. */
	more = more || engine->lanes_opened || (hooks_next_usec(engine) == 0 && !is_full(engine));
	engine->lanes_opened = false;
	more = backup_step(engine) || more;
	notice_end(engine);
	if (worked || HASH_COUNT(engine->runs) > 0)
		engine->relax_usec = usec_add(clock_boot_usec(), RELAX_USEC);
	return more || !STAILQ_EMPTY(&engine->backlog) || (engine->layers.lowered && !is_full(engine));
}

int64_t engine_next_usec(const struct engine *engine)
{
	int64_t due = due_next_usec(engine);
	int64_t at = due < engine->next_purge_usec ? due : engine->next_purge_usec;

	if (hosts_next_usec(engine) != USEC_INFINITY &&
		hosts_next_usec(engine) - engine->wall_offset_usec < at)
		at = hosts_next_usec(engine) - engine->wall_offset_usec;
	if (groups_next_usec(engine) < at)
		at = groups_next_usec(engine);
	if (hooks_next_usec(engine) < at)
		at = hooks_next_usec(engine);
	if (engine->relax_usec < at && HASH_COUNT(engine->runs) == 0)
		at = engine->relax_usec;
	if (engine->full_usec > 0)
		at = engine->full_usec;
	return at < 1 ? 1 : at;
}
