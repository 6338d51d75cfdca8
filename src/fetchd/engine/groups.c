/* Groups: what becomes of all jobs of one. A fate is written in the transaction that brings it and shuts the
 * group's lanes at once; its jobs are then ended in slices, running ones too, and the group has ended when
 * all of them have. A crash interrupts nothing: the rows say what is left to do.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <assert.h>
#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "job/message.h"

/* Jobs looked at in one turn. */
#define SLICE 512
/* Groups that expire in one turn. */
#define EXPIRE_MAX 64

/* ---- dooms */

struct doom *doom_find(const struct engine *engine, int64_t group_id)
{
	struct doom *doom;

	HASH_FIND(hh, engine->dooms, &group_id, sizeof(group_id), doom);
	return doom;
}

static void doom_add(struct engine *engine, const struct job_group *row)
{
	struct doom *doom = doom_find(engine, row->id);

	if (!doom) {
		doom = xcalloc(1, sizeof(*doom));
		doom->group_id = row->id;
		HASH_ADD(hh, engine->dooms, group_id, sizeof(doom->group_id), doom);
	}
	doom->fate = row->fate;
	doom->fate_job = row->fate_job;
	doom->after_id = 0;
	doom->swept = false;
	engine->sweeping = true;
}

static void doom_drop(struct engine *engine, struct doom *doom)
{
	if (!doom)
		return;
	HASH_DELETE(hh, engine->dooms, doom);
	free(doom);
}

void group_take_back(struct engine *engine, int64_t group_id)
{
	const struct job_group row = {.id = group_id};

	doom_add(engine, &row);
}

void groups_free(struct engine *engine)
{
	struct doom *doom, *next;

	HASH_ITER(hh, engine->dooms, doom, next) {
		doom_drop(engine, doom);
	}
	fills_free(engine);
}

/* A group that is being filled by nobody is as good as doomed: what came of it goes. */
static int load_dooms(struct engine *engine)
{
	struct job_group row;
	struct doom *doom, *next;
	int64_t after = 0;
	int err;

	HASH_ITER(hh, engine->dooms, doom, next) {
		doom_drop(engine, doom);
	}
	while ((err = store_next_fated_group(engine->store, after, &row)) == 0) {
		after = row.id;
		if (row.filling && !fill_of_group(engine, row.id))
			group_take_back(engine, row.id);
		else if (row.fate != GROUP_FATE_NONE)
			doom_add(engine, &row);
		job_group_done(&row);
	}
	return err == -ENOENT ? 0 : err;
}

int groups_load(struct engine *engine)
{
	int err = load_dooms(engine);

	engine->next_group_deadline_usec = 0;
	return err ? err : batches_load(engine);
}

/* ---- rows */

static int put(struct engine *engine, const struct job_group *row)
{
	struct batch *batch = batch_find(engine, row->id);
	int err = store_group_put(engine->store, row);

	if (!err && batch)
		batch_put(batch, row);
	return err;
}

int group_create(struct engine *engine, struct job_group *row)
{
	struct batch *batch;
	int err = store_group_add(engine->store, row);

	if (err)
		return err;
	/* A number may have been another's, which a turn that was undone had made. */
	doom_drop(engine, doom_find(engine, row->id));
	batch = batch_find(engine, row->id);
	if (batch)
		batch_put(batch, row);
	if (row->deadline_usec >= 0 && row->deadline_usec < engine->next_group_deadline_usec)
		engine->next_group_deadline_usec = row->deadline_usec;
	return 0;
}

int group_open_up(struct engine *engine, int64_t group_id)
{
	struct job_group row;
	int err = store_group_get(engine->store, group_id, &row);

	if (err)
		return err;
	row.filling = false;
	err = put(engine, &row);
	job_group_done(&row);
	return err ? err : group_drop_empty(engine, group_id);
}

int group_drop_empty(struct engine *engine, int64_t group_id)
{
	struct job_group row;
	int err = store_group_get(engine->store, group_id, &row);

	if (err)
		return err;
	if (job_group_size(&row) == 0)
		err = group_remove(engine, group_id);
	job_group_done(&row);
	return err;
}

int group_add_hook(struct engine *engine, int64_t group_id, const char *name)
{
	struct job_group row;
	int err = store_group_get(engine->store, group_id, &row);

	if (err)
		return err;
	if (!job_hook_names_have(row.hooks, name)) {
		job_hook_names_add(&row.hooks, name);
		err = put(engine, &row);
	}
	job_group_done(&row);
	return err;
}

static int set_fate(struct engine *engine, struct job_group *row, enum group_fate fate, int64_t job_id)
{
	int err;

	row->fate = fate;
	row->fate_job = job_id;
	err = put(engine, row);
	if (!err)
		doom_add(engine, row);
	return err;
}

static void log_fate(const struct job_group *row, const char *message, int64_t job_id, const char *what)
{
	CLEANUP_FREE char *name = text_escape(row->name);
	struct log_record record = {0};

	log_record_text(&record, "MESSAGE_ID", message);
	log_record_text(&record, "FETCHD_GROUP", row->name);
	log_record_int(&record, "FETCHD_OWNER", row->owner);
	if (job_id > 0)
		log_record_int(&record, "FETCHD_JOB_ID", job_id);
	log_record_write(&record, LOG_LEVEL_NOTICE, "group %s: %s", name, what);
}

/* ---- the end of a group */

int group_remove(struct engine *engine, int64_t group_id)
{
	int err = hooks_removed(engine, 0, group_id);

	doom_drop(engine, doom_find(engine, group_id));
	return err ? err : store_group_remove(engine->store, group_id);
}

/* Its last job has ended. */
static int finish(struct engine *engine, struct job_group *row)
{
	doom_drop(engine, doom_find(engine, row->id));
	row->finished_usec = clock_wall_usec();
	/* A name without jobs has nothing to run for. */
	int err = job_group_size(row) > 0 ? hooks_group_ended(engine, row) : 0;

	return err ? err : put(engine, row);
}

/* A job of it is open again: a new life, with a deadline that has passed begun anew. */
static int reopen(struct engine *engine, struct job_group *row)
{
	int64_t now = engine_now(engine);

	row->finished_usec = 0;
	row->fate = GROUP_FATE_NONE;
	row->fate_job = 0;
	if (row->deadline_usec >= 0 && row->deadline_usec <= now)
		row->deadline_usec = usec_add(now, row->deadline_span_usec);
	if (row->deadline_usec >= 0 && row->deadline_usec < engine->next_group_deadline_usec)
		engine->next_group_deadline_usec = row->deadline_usec;
	engine->lanes_opened = true;
	int err = job_hook_open(row->hook) ? hooks_group_reopened(engine, row) : 0;

	return err ? err : put(engine, row);
}

/* One that was added to a group that had ended, and has failed before the end of the turn, opened it. */
int group_job_failed(struct engine *engine, const struct job *job)
{
	struct job_group row;
	int err = store_group_get(engine->store, job->group_id, &row);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (row.policy == GROUP_FAIL_FAST && row.finished_usec > 0)
		err = reopen(engine, &row);
	if (!err && row.policy == GROUP_FAIL_FAST && row.fate == GROUP_FATE_NONE) {
		log_fate(&row, MESSAGE_GROUP_FAILED, job->id,
			"a job of it has failed: the others are cancelled");
		err = set_fate(engine, &row, GROUP_FATE_CANCEL, job->id);
	}
	job_group_done(&row);
	return err;
}

int group_job_reopened(struct engine *engine, const struct job *job)
{
	struct job_group row;
	int err = store_group_get(engine->store, job->group_id, &row);

	if (err)
		return err == -ENOENT ? 0 : err;
	if (row.finished_usec > 0)
		err = reopen(engine, &row);
	job_group_done(&row);
	return err;
}

/* had_jobs: it is not just a name that was made for later. */
static int settle_row(struct engine *engine, struct job_group *row, bool had_jobs)
{
	const struct doom *doom = doom_find(engine, row->id);

	if (row->filling)
		return 0;
	if (job_group_open(row) > 0)
		return row->finished_usec > 0 ? reopen(engine, row) : 0;
	/* With its last record a group goes, too, unless a hook of it is still to run. */
	if (job_group_size(row) == 0 && had_jobs && (!doom || doom->swept) && !job_hook_open(row->hook))
		return group_remove(engine, row->id);
	if (doom && !doom->swept && job_group_size(row) == 0)
		return 0;
	return row->finished_usec == 0 ? finish(engine, row) : 0;
}

static int settle_one(struct engine *engine, int64_t group_id, bool had_jobs)
{
	struct job_group row;
	int err = store_group_get(engine->store, group_id, &row);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = settle_row(engine, &row, had_jobs);
	job_group_done(&row);
	return err;
}

/* Rows that made no sense: nobody has told their groups. */
static int hear_of_strays(struct engine *engine)
{
	struct job job = {0};
	enum job_state state;
	uid_t owner;
	int err = 0;

	while (!err && store_next_stray(engine->store, &job.group_id, &job.id)) {
		err = store_state(engine->store, job.id, &state, &owner);
		if (!err && state == JOB_FAILED)
			err = group_job_failed(engine, &job);
		err = err == -ENOENT ? 0 : err;
	}
	return err;
}

int groups_settle(struct engine *engine)
{
	const int64_t *touched = NULL;
	size_t n = 0;
	int err = hear_of_strays(engine);

	if (!err)
		err = store_groups_touched(engine->store, &touched, &n);

	CLEANUP_FREE int64_t *ids = n > 0 ? xmemdup(touched, n * sizeof(*touched)) : NULL;

	for (size_t i = 0; i < n && !err; i++)
		err = settle_one(engine, ids[i], true);
	return err;
}

/* ---- what the fate does to a job */

static void explain(struct job *job, const struct doom *doom)
{
	CLEANUP_FREE char *message = NULL;

	if (doom->fate == GROUP_FATE_EXPIRE) {
		str_set(&job->error_code, "E_DEADLINE");
		message = xstrdup("not finished before the deadline of its group");
	} else {
		str_set(&job->error_code, "E_GROUP");
		message = xasprintf(
			"cancelled because job %lld of its group failed", (long long)doom->fate_job);
	}
	str_set(&job->error_message, message);
}

int doom_end(struct engine *engine, struct job *job, const struct doom *doom)
{
	bool active = job->state == JOB_ACTIVE;

	explain(job, doom);
	job->due_usec = 0;
	job->finished_usec = clock_wall_usec();
	if (doom->fate == GROUP_FATE_EXPIRE)
		return job_apply(engine, job, JOB_EVENT_FAIL, EVENT_FAILED);
	turn_discard_part(engine, job, NULL);
	job_forget_bytes(job);
	return job_apply(engine, job, active ? JOB_EVENT_STOP_CANCELLED : JOB_EVENT_CANCEL, EVENT_CANCELLED);
}

/* One that runs is asked to stop: its end comes with its outcome. */
static int end_member(struct engine *engine, const struct doom *doom, int64_t job_id)
{
	struct run *run = run_find(engine, job_id);
	struct job *job;
	int err;

	if (run) {
		run_cancel(engine, run);
		return 0;
	}
	err = store_get(engine->store, job_id, &job);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = doom_end(engine, job, doom);
	job_free(job);
	return err;
}

static int delete_member(struct engine *engine, int64_t job_id)
{
	struct job *job;
	int err = store_get(engine->store, job_id, &job);

	if (err)
		return err == -ENOENT ? 0 : err;
	assert(job->state != JOB_ACTIVE);
	turn_discard_part(engine, job, NULL);
	err = job_delete(engine, job);
	job_free(job);
	return err;
}

/* ---- slices */

static int sweep_member(struct engine *engine, const struct doom *doom, int64_t job_id, enum job_state state)
{
	if (doom->fate == GROUP_FATE_NONE)
		return delete_member(engine, job_id);
	return job_state_ended(state) ? 0 : end_member(engine, doom, job_id);
}

/* All of its jobs were met once. */
static int sweep_end(struct engine *engine, struct doom *doom)
{
	int64_t group_id = doom->group_id;
	bool taken_back = doom->fate == GROUP_FATE_NONE, had_jobs = doom->fate == GROUP_FATE_CANCEL;

	doom->swept = true;
	if (taken_back)
		log_notice("a list was not added as a whole: what came of it was taken back");
	return taken_back ? group_remove(engine, group_id) : settle_one(engine, group_id, had_jobs);
}

static int sweep(struct engine *engine, struct doom *doom, size_t *budget)
{
	int64_t ids[SLICE];
	enum job_state states[SLICE];
	size_t n, limit = *budget;
	int err = store_group_members(engine->store, doom->group_id, doom->after_id, limit, ids, states, &n);

	for (size_t i = 0; i < n && !err; i++) {
		err = sweep_member(engine, doom, ids[i], states[i]);
		doom->after_id = ids[i];
	}
	*budget -= n > 0 ? n : 1;
	return err || n == limit ? err : sweep_end(engine, doom);
}

static int sweep_all(struct engine *engine)
{
	struct doom *doom, *next;
	size_t budget = SLICE;
	int err = 0;

	if (!engine->sweeping)
		return 0;
	HASH_ITER(hh, engine->dooms, doom, next) {
		if (!doom->swept && budget > 0 && !err)
			err = sweep(engine, doom, &budget);
	}
	engine->sweeping = budget == 0;
	return err;
}

static int expire(struct engine *engine, struct job_group *row)
{
	log_fate(row, MESSAGE_GROUP_EXPIRED, 0, "its deadline has passed: what has not ended fails");
	return set_fate(engine, row, GROUP_FATE_EXPIRE, 0);
}

static int expire_some(struct engine *engine, bool *ret_more)
{
	int64_t now = engine_now(engine);
	struct job_group row;
	int err = 0;

	for (size_t i = 0; i < EXPIRE_MAX && engine->next_group_deadline_usec <= now && !err; i++) {
		err = store_next_group_deadline(engine->store, &row);
		if (err)
			break;
		engine->next_group_deadline_usec = row.deadline_usec;
		if (row.deadline_usec <= now)
			err = expire(engine, &row);
		job_group_done(&row);
	}
	if (err == -ENOENT) {
		engine->next_group_deadline_usec = USEC_INFINITY;
		err = 0;
	}
	*ret_more = *ret_more || engine->next_group_deadline_usec <= now;
	return err;
}

int groups_work(struct engine *engine, bool *ret_more)
{
	int err;

	*ret_more = false;
	if (engine->stopping)
		return 0;
	err = expire_some(engine, ret_more);
	return err ? err : sweep_all(engine);
}

int64_t groups_next_usec(const struct engine *engine)
{
	if (engine->stopping || engine->next_group_deadline_usec == USEC_INFINITY)
		return USEC_INFINITY;
	return engine->next_group_deadline_usec - engine->wall_offset_usec;
}
