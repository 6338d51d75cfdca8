/* Lanes: the fair queue (fair.h) kept in step with the rows, and who stands behind its lanes: users and
 * groups with ready work or active jobs. Nothing of the queue itself is held in memory.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"

/* ---- users */

static struct user *user_need(struct engine *engine, uid_t uid)
{
	struct user *user;
	int64_t key = uid;

	HASH_FIND(hh, engine->users, &key, sizeof(key), user);
	if (user)
		return user;
	user = xcalloc(1, sizeof(*user));
	user->uid = key;
	fair_user_init(&user->fair, user_weight(engine, uid));
	HASH_ADD(hh, engine->users, uid, sizeof(user->uid), user);
	return user;
}

void user_settle(struct engine *engine, struct user *user)
{
	fair_user_shut(&user->fair, user_room(engine, user) == 0);
	if (!TAILQ_EMPTY(&user->fair.shares) || user->active > 0 || user->finishing > 0)
		return;
	HASH_DELETE(hh, engine->users, user);
	free(user);
}

/* ---- groups */

struct batch *batch_find(struct engine *engine, int64_t group_id)
{
	struct batch *batch;

	HASH_FIND(hh, engine->batches, &group_id, sizeof(group_id), batch);
	return batch;
}

static int batch_need(struct engine *engine, int64_t group_id, struct batch **ret)
{
	struct job_group row;
	struct batch *batch = group_id ? batch_find(engine, group_id) : NULL;
	int err;

	*ret = batch;
	if (batch || !group_id)
		return 0;
	err = store_group_get(engine->store, group_id, &row);
	if (err && err != -ENOENT)
		return err;
	batch = xcalloc(1, sizeof(*batch));
	batch->id = group_id;
	fair_batch_init(&batch->fair);
	HASH_ADD(hh, engine->batches, id, sizeof(batch->id), batch);
	batch_put(batch, &row);
	job_group_done(&row);
	*ret = batch;
	return 0;
}

void batch_put(struct batch *batch, const struct job_group *row)
{
	batch->limit_rate = row->limit_rate;
	fair_batch_shut(&batch->fair, row->filling || row->fate != GROUP_FATE_NONE);
}

void batch_settle(struct engine *engine, struct batch *batch)
{
	if (!batch || !TAILQ_EMPTY(&batch->fair.groups) || batch->active > 0)
		return;
	HASH_DELETE(hh, engine->batches, batch);
	free(batch);
}

int batches_load(struct engine *engine)
{
	struct batch *batch, *next;
	int err = 0;

	HASH_ITER(hh, engine->batches, batch, next) {
		struct job_group row;

		if (!err)
			err = store_group_get(engine->store, batch->id, &row);
		if (err == -ENOENT)
			err = 0;
		else if (!err)
			batch_put(batch, &row);
		if (!err)
			job_group_done(&row);
	}
	return err;
}

/* ---- lanes */

static struct lane_key key_of(const struct job *job)
{
	return (struct lane_key){.origin_id = job->origin_id, .group_id = job->group_id, .owner = job->owner};
}

static struct store_lane row_of(const struct lane_key *key)
{
	return (struct store_lane){
		.origin_id = key->origin_id, .group_id = key->group_id, .owner = (uid_t)key->owner};
}

static int ready(struct engine *engine, const struct lane_key *key, int32_t priority)
{
	struct lane *lane = fair_find(&engine->fair, key);
	struct batch *batch;
	struct host *host;
	struct user *user;
	int err;

	if (lane) {
		if (priority > lane->priority)
			fair_set_priority(&engine->fair, lane, priority);
		return 0;
	}
	err = batch_need(engine, key->group_id, &batch);
	if (err)
		return err;
	host = host_need(engine, key->origin_id);
	user = user_need(engine, (uid_t)key->owner);
	fair_ready(&engine->fair, key, &host->fair, &user->fair, batch ? &batch->fair : NULL, priority,
		engine_now(engine));
	host_settle(engine, host);
	user_settle(engine, user);
	return 0;
}

int lane_ready(struct engine *engine, const struct job *job)
{
	const struct lane_key key = key_of(job);
	int err = ready(engine, &key, job->priority);

	if (!err && job->mirrors)
		sources_ready(engine, job);
	return err;
}

struct lane *lane_of(struct engine *engine, const struct job *job)
{
	const struct lane_key key = key_of(job);

	return fair_find(&engine->fair, &key);
}

struct host *lane_host(const struct lane *lane)
{
	return (struct host *)((char *)lane->host - offsetof(struct host, fair));
}

struct user *lane_user(const struct lane *lane)
{
	return (struct user *)((char *)lane->user - offsetof(struct user, fair));
}

struct batch *lane_batch(const struct lane *lane)
{
	return lane->batch ? (struct batch *)((char *)lane->batch - offsetof(struct batch, fair)) : NULL;
}

int lane_jobs(struct engine *engine, const struct lane *lane, size_t limit, struct job_list *ret)
{
	const struct store_lane row = row_of(&lane->key);

	return store_ready(engine->store, &row, limit, ret);
}

static void lane_remove(struct engine *engine, struct lane *lane)
{
	struct host *host = lane_host(lane);
	struct user *user = lane_user(lane);
	struct batch *batch = lane_batch(lane);

	fair_remove(&engine->fair, lane);
	host_settle(engine, host);
	user_settle(engine, user);
	batch_settle(engine, batch);
}

int lane_refresh(struct engine *engine, struct lane *lane)
{
	const struct store_lane row = row_of(&lane->key);
	int32_t priority;
	int err = store_lane_head(engine->store, &row, &priority);

	if (err && err != -ENOENT)
		return err;
	if (err)
		lane_remove(engine, lane);
	else
		fair_set_priority(&engine->fair, lane, priority);
	return 0;
}

int lanes_load(struct engine *engine)
{
	struct store_lane row = {0};
	int32_t priority;
	int err;

	while ((err = store_next_lane(engine->store, &row, &priority)) == 0) {
		const struct lane_key key = {
			.origin_id = row.origin_id, .group_id = row.group_id, .owner = row.owner};

		err = ready(engine, &key, priority);
		if (err)
			break;
	}
	return err == -ENOENT ? 0 : err;
}

/* ---- behind a run */

int run_parties(struct engine *engine, const struct job *job, struct run *run)
{
	int err = batch_need(engine, job->group_id, &run->batch);

	if (err)
		return err;
	run->host = host_need(engine, job->origin_id);
	run->user = user_need(engine, job->owner);
	return 0;
}

/* ---- all */

uint32_t user_weight(const struct engine *engine, uid_t uid)
{
	return config_user_weight(engine->config, uid);
}

int64_t user_disk_max(const struct engine *engine)
{
	return engine->limits.max_disk_per_user;
}

bool user_is_full(const struct engine *engine, uid_t uid)
{
	int64_t max = user_disk_max(engine);

	return max > 0 && store_bytes(engine->store, uid) >= max;
}

size_t user_room(const struct engine *engine, const struct user *user)
{
	int64_t max = engine->limits.max_active_per_user;

	if (user_is_full(engine, (uid_t)user->uid))
		return 0;
	return max == 0 ? SIZE_MAX : user->active < (size_t)max ? (size_t)max - user->active : 0;
}

void users_look(struct engine *engine)
{
	struct user *user, *next;

	if (engine->looked_counters == store_counters_version(engine->store))
		return;
	engine->looked_counters = store_counters_version(engine->store);
	HASH_ITER(hh, engine->users, user, next) {
		user_settle(engine, user);
	}
}

void users_tune(struct engine *engine)
{
	struct user *user, *next;

	HASH_ITER(hh, engine->users, user, next) {
		fair_user_weigh(&user->fair, user_weight(engine, (uid_t)user->uid));
		user_settle(engine, user);
	}
}

void lanes_free(struct engine *engine)
{
	struct user *user, *next_user;
	struct batch *batch, *next_batch;

	fair_done(&engine->fair);
	HASH_ITER(hh, engine->users, user, next_user) {
		HASH_DELETE(hh, engine->users, user);
		free(user);
	}
	HASH_ITER(hh, engine->batches, batch, next_batch) {
		HASH_DELETE(hh, engine->batches, batch);
		free(batch);
	}
}
