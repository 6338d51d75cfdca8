/* Limits: resolving their layers, and putting them on what runs. A change holds once its turn is committed.
 * Runs in the engine's thread.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

static const struct limit_layer empty_layer = {.values = {-1, -1, -1, -1, -1, -1, -1, -1}};
_Static_assert(LIMITS_N == 8, "empty_layer has a -1 for each limit");

/* ---- layers */

static enum limit_source config_source(const struct config *config, int limit)
{
	switch (config->limits_from[limit]) {
	case CONFIG_FROM_DEFAULT: return LIMIT_FROM_DEFAULT;
	case CONFIG_FROM_FILE: return LIMIT_FROM_FILE;
	case CONFIG_FROM_OVERRIDE: break;
	}
	return LIMIT_FROM_OVERRIDE;
}

static void resolve_one(struct engine *engine, enum limit limit)
{
	struct limit_layers *layers = &engine->layers;
	int64_t value = *limits_field(&engine->config->limits, limit);
	enum limit_source source = config_source(engine->config, (int)limit);

	if (layers->saved.values[limit] >= 0 && source != LIMIT_FROM_OVERRIDE) {
		value = layers->saved.values[limit];
		source = LIMIT_FROM_SAVED;
	}
	if (layers->set.values[limit] >= 0) {
		bool saved = layers->saved.values[limit] == layers->set.values[limit];

		value = layers->set.values[limit];
		source = saved && source != LIMIT_FROM_OVERRIDE ? LIMIT_FROM_SAVED : LIMIT_FROM_COMMAND;
	}
	if (schedule_now(engine)->values[limit] >= 0) {
		value = schedule_now(engine)->values[limit];
		source = LIMIT_FROM_WINDOW;
	}
	*limits_field(&engine->limits, limit) = value;
	layers->sources[limit] = source;
}

static void tell(struct engine *engine)
{
	struct engine_limits *msg = xcalloc(1, sizeof(*msg));

	msg->msg.kind = CONTROL_LIMITS;
	msg->limits = engine->limits;
	msg->stopped = schedule_now(engine)->stopped;
	msg->until_usec = schedule_until_usec(engine);
	msg->window = xstrdup_null(schedule_text(engine));
	mailbox_post(engine->control, &msg->msg);
}

void limits_resolve(struct engine *engine)
{
	int64_t was = user_disk_max(engine);

	for (int i = 0; i < LIMITS_N; i++)
		resolve_one(engine, (enum limit)i);
	if (was > 0 && (user_disk_max(engine) == 0 || user_disk_max(engine) > was))
		engine->quota_usec = engine_now(engine);
	engine->layers.lowered = true;
	rates_tune(engine);
	hosts_tune(engine);
	users_tune(engine);
	tell(engine);
}

void limits_init(struct engine *engine)
{
	struct limit_layers *layers = &engine->layers;

	layers->saved = layers->set = layers->next_saved = layers->next_set = empty_layer;
	for (int i = 0; i < LIMITS_N; i++)
		resolve_one(engine, (enum limit)i);
}

static void setting_name(char name[64], enum limit limit)
{
	snprintf(name, 64, "limit.%s", limit_info(limit)->name);
}

int limits_load(struct engine *engine)
{
	for (int i = 0; i < LIMITS_N; i++) {
		CLEANUP_FREE char *text = NULL;
		char name[64];
		int err;

		setting_name(name, (enum limit)i);
		err = store_setting(engine->store, name, &text);
		if (err && err != -ENOENT)
			return err;
		if (!err && limit_parse_value((enum limit)i, text, &engine->layers.saved.values[i]) != 0)
			log_warning("the saved limit %s makes no sense, and is not used",
				limit_info((enum limit)i)->name);
	}
	engine->layers.next_saved = engine->layers.saved;
	limits_resolve(engine);
	return 0;
}

void limits_committed(struct engine *engine)
{
	struct limit_layers *layers = &engine->layers;

	if (!layers->changed)
		return;
	layers->changed = false;
	layers->saved = layers->next_saved;
	layers->set = layers->next_set;
	limits_resolve(engine);
}

/* Rows of hosts and groups in memory may have what the store has not. */
void limits_taken_back(struct engine *engine)
{
	struct limit_layers *layers = &engine->layers;
	struct host *host, *next_host;
	struct batch *batch, *next_batch;
	struct store_origin origin;
	struct job_group group;

	/* Cancels that were to leave with the turn did not. */
	layers->lowered = true;
	if (!layers->changed)
		return;
	layers->changed = false;
	layers->next_saved = layers->saved;
	layers->next_set = layers->set;
	HASH_ITER(hh, engine->hosts, host, next_host) {
		if (!host->memory || store_origin_get(engine->store, host->origin_id, &origin) != 0)
			continue;
		host->memory->row.limit_rate = origin.limit_rate;
		host->memory->row.max_active = origin.max_active;
		store_origin_done(&origin);
	}
	HASH_ITER(hh, engine->batches, batch, next_batch) {
		if (store_group_get(engine->store, batch->id, &group) != 0)
			continue;
		batch->limit_rate = group.limit_rate;
		job_group_done(&group);
	}
}

/* ---- what runs above them */

static int by_worth(const void *a, const void *b)
{
	const struct run *x = *(struct run *const *)a, *y = *(struct run *const *)b;

	if (x->job->priority != y->job->priority)
		return x->job->priority < y->job->priority ? -1 : 1;
	return x->attempt > y->attempt ? -1 : x->attempt < y->attempt;
}

/* Those that hold a slot and will go on, the least worth first. Caller frees. */
static struct run **staying(struct engine *engine, size_t *ret_n)
{
	struct run **runs = xcalloc(HASH_COUNT(engine->runs) + 1, sizeof(struct run *));
	struct run *run, *next;

	*ret_n = 0;
	HASH_ITER(hh, engine->runs, run, next) {
		run->host->staying = run->user->staying = 0;
	}
	HASH_ITER(hh, engine->runs, run, next) {
		if (run->finishing || run->cancelling)
			continue;
		run->host->staying++;
		run->user->staying++;
		runs[(*ret_n)++] = run;
	}
	qsort(runs, *ret_n, sizeof(struct run *), by_worth);
	return runs;
}

static bool above(const struct engine *engine, const struct run *run, size_t n)
{
	int64_t per_user = engine->limits.max_active_per_user;

	return schedule_now(engine)->stopped || n > (size_t)engine->limits.max_active ||
	       run->host->staying > host_bound(engine, run->host) ||
	       (per_user > 0 && run->user->staying > (size_t)per_user);
}

void limits_shed(struct engine *engine)
{
	size_t n, left, shed = 0;

	if (!engine->layers.lowered)
		return;
	engine->layers.lowered = false;
	if (engine->stopping)
		return;
	CLEANUP_FREE struct run **runs = staying(engine, &n);

	left = n;
	for (size_t i = 0; i < n; i++) {
		struct run *run = runs[i];

		if (!above(engine, run, left))
			continue;
		run->shed = true;
		run_cancel(engine, run);
		left--;
		run->host->staying--;
		run->user->staying--;
		shed++;
	}
	if (shed)
		log_notice("%zu of %zu transfers go back to the queue: the limits are lower now", shed, n);
}

/* ---- requests */

int request_limits(struct engine *engine, struct request *request)
{
	const struct calendar_state *now = schedule_now(engine);

	request->limits = xcalloc(LIMITS_N, sizeof(*request->limits));
	for (int i = 0; i < LIMITS_N; i++) {
		struct limit_told *told = &request->limits[i];

		told->value = *limits_field(&engine->limits, (enum limit)i);
		told->source = engine->layers.sources[i];
		told->saved = engine->layers.saved.values[i];
		if (told->source == LIMIT_FROM_WINDOW)
			told->window =
				xstrdup(calendar_window(engine->config->schedule, (size_t)now->windows[i]));
	}
	return 0;
}

static int set_for_all(struct engine *engine, struct request *request)
{
	struct limit_layers *layers = &engine->layers;
	enum limit limit = request->limit_name;
	int64_t value = request->limit_value;
	char name[64], text[24];
	int err = 0;

	setting_name(name, limit);
	snprintf(text, sizeof(text), "%lld", (long long)value);
	if (request->save || (value < 0 && layers->next_saved.values[limit] >= 0)) {
		err = store_setting_put(engine->store, name, value < 0 ? NULL : text);
		layers->next_saved.values[limit] = value;
	}
	layers->next_set.values[limit] = value;
	return err;
}

static int set_for_host(struct engine *engine, struct request *request)
{
	int64_t value = request->limit_value > 0 ? request->limit_value : 0, id;
	struct store_origin row;
	struct host *host;
	int err = store_origin_find(engine->store, request->limit_host, &id);

	/* It may be set before the first job; what was never there has none to take back. */
	if (err == -ENOENT && value == 0)
		return 0;
	if (err == -ENOENT)
		err = store_origin_need(engine->store, request->limit_host, &id);
	if (!err)
		err = store_origin_get(engine->store, id, &row);
	if (err)
		return err;
	if (request->limit_name == LIMIT_LIMIT_RATE)
		row.limit_rate = value;
	else
		row.max_active = value;
	err = store_origin_put(engine->store, &row);
	host = host_find(engine, id);
	if (host && host->memory) {
		host->memory->row.limit_rate = row.limit_rate;
		host->memory->row.max_active = row.max_active;
	}
	store_origin_done(&row);
	return err;
}

/* The caller's own, else, for who may see all, the only one of that name. -ENOENT. */
static int find_group(struct engine *engine, struct request *request, struct job_group *ret)
{
	CLEANUP_FREE int64_t *ids = NULL;
	size_t n;
	int err = store_group_find(engine->store, request->uid, request->limit_group, ret);

	if (err != -ENOENT || !request->privileged)
		return err;
	err = store_groups_named(engine->store, true, 0, request->limit_group, &ids, &n);
	if (err)
		return err;
	if (n > 1)
		request_fail(request, REQUEST_REFUSED, 0, "E_AMBIGUOUS", "several users have a group %s",
			request->limit_group);
	return n == 1 ? store_group_get(engine->store, ids[0], ret) : -ENOENT;
}

static int set_for_group(struct engine *engine, struct request *request)
{
	struct job_group group;
	struct batch *batch;
	int err = find_group(engine, request, &group);

	if (err == -ENOENT) {
		if (request->error == REQUEST_OK) {
			str_set(&request->filter.group, request->limit_group);
			request_fail(
				request, REQUEST_NO_SUCH_GROUP, 0, NULL, "no group %s", request->limit_group);
		}
		return 0;
	}
	if (err)
		return err;
	group.limit_rate = request->limit_value > 0 ? request->limit_value : 0;
	err = store_group_put(engine->store, &group);
	batch = batch_find(engine, group.id);
	if (batch)
		batch->limit_rate = group.limit_rate;
	job_group_done(&group);
	return err;
}

int request_set_limit(struct engine *engine, struct request *request)
{
	engine->layers.changed = true;
	if (request->limit_group)
		return set_for_group(engine, request);
	if (request->limit_host)
		return set_for_host(engine, request);
	return set_for_all(engine, request);
}
