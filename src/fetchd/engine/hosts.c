/* Hosts: which origin may start a job, and whose turn it is. One line a priority, round robin within it; an
 * origin at its bound stands in no line, so that it costs nothing.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"

/* ---- lines */

static struct level *level_need(struct engine *engine, int32_t priority)
{
	struct level *level, *fresh;

	TAILQ_FOREACH(level, &engine->levels, link) {
		if (level->priority <= priority)
			break;
	}
	if (level && level->priority == priority)
		return level;
	fresh = xcalloc(1, sizeof(*fresh));
	fresh->priority = priority;
	TAILQ_INIT(&fresh->hosts);
	if (level)
		TAILQ_INSERT_BEFORE(level, fresh, link);
	else
		TAILQ_INSERT_TAIL(&engine->levels, fresh, link);
	return fresh;
}

static void leave_line(struct engine *engine, struct host *host)
{
	struct level *level = host->level;

	if (!level)
		return;
	TAILQ_REMOVE(&level->hosts, host, link);
	host->level = NULL;
	if (TAILQ_EMPTY(&level->hosts)) {
		TAILQ_REMOVE(&engine->levels, level, link);
		free(level);
	}
}

static void join_line(struct engine *engine, struct host *host)
{
	host->level = level_need(engine, host->priority);
	TAILQ_INSERT_TAIL(&host->level->hosts, host, link);
}

/* ---- the table */

struct host *host_find(struct engine *engine, int64_t origin_id)
{
	struct host *host;

	HASH_FIND(hh, engine->hosts, &origin_id, sizeof(origin_id), host);
	return host;
}

struct host *host_need(struct engine *engine, int64_t origin_id)
{
	struct host *host = host_find(engine, origin_id);

	if (host)
		return host;
	host = xcalloc(1, sizeof(*host));
	host->origin_id = origin_id;
	rate_init(&host->rate, engine->config->limit_rate_per_host);
	HASH_ADD(hh, engine->hosts, origin_id, sizeof(host->origin_id), host);
	return host;
}

static void host_free(struct engine *engine, struct host *host)
{
	leave_line(engine, host);
	HASH_DELETE(hh, engine->hosts, host);
	rate_done(&host->rate);
	free(host);
}

void host_settle(struct engine *engine, struct host *host)
{
	bool may = host->has_ready && host->active < engine->config->max_per_host;

	if (host->level && (!may || host->level->priority != host->priority))
		leave_line(engine, host);
	if (may && !host->level)
		join_line(engine, host);
	if (!host->has_ready && host->active == 0 && host->finishing == 0)
		host_free(engine, host);
}

void host_ready(struct engine *engine, struct host *host, int32_t priority)
{
	if (!host->has_ready || priority > host->priority)
		host->priority = priority;
	host->has_ready = true;
	host_settle(engine, host);
}

int host_refresh(struct engine *engine, struct host *host)
{
	struct store_origin_head head;
	int err = store_origin_head(engine->store, host->origin_id, &head);

	if (err && err != -ENOENT)
		return err;
	host->has_ready = err == 0;
	if (host->has_ready)
		host->priority = head.priority;
	/* To the end of its line: the next one's turn. */
	leave_line(engine, host);
	host_settle(engine, host);
	return 0;
}

struct host *host_next(struct engine *engine, bool *ret_alone)
{
	struct level *level = TAILQ_FIRST(&engine->levels);
	struct host *host = level ? TAILQ_FIRST(&level->hosts) : NULL;

	*ret_alone = host && !TAILQ_NEXT(host, link);
	return host;
}

int hosts_load(struct engine *engine)
{
	struct store_origin_head head = {0};
	int err;

	while ((err = store_next_ready_origin(engine->store, head.origin_id, &head)) == 0)
		host_ready(engine, host_need(engine, head.origin_id), head.priority);
	return err == -ENOENT ? 0 : err;
}

void hosts_tune(struct engine *engine)
{
	struct host *host, *next;

	HASH_ITER(hh, engine->hosts, host, next) {
		rate_set(&host->rate, engine->config->limit_rate_per_host);
		host_settle(engine, host);
	}
}

void hosts_free(struct engine *engine)
{
	struct host *host, *next;

	HASH_ITER(hh, engine->hosts, host, next)
		host_free(engine, host);
}
