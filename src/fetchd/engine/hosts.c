/* Hosts: which origin may start a job, and whose turn it is. One line a priority, round robin within it; an
 * origin at its bound stands in no line, so that it costs nothing.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"

/* How long HTTP/2 is left alone. */
#define HTTP1_USEC (3600 * USEC_PER_SEC)

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
	HASH_ADD(hh, engine->hosts, origin_id, sizeof(host->origin_id), host);
	return host;
}

static void host_free(struct engine *engine, struct host *host)
{
	leave_line(engine, host);
	if (host->origin)
		TAILQ_REMOVE(&engine->marked, host, marked_link);
	free(host->origin);
	HASH_DELETE(hh, engine->hosts, host);
	free(host);
}

void host_settle(struct engine *engine, struct host *host)
{
	bool may =
		host->has_ready && host->active < engine->config->max_per_host && host->hold_until_usec == 0;

	if (host->level && (!may || host->level->priority != host->priority))
		leave_line(engine, host);
	if (may && !host->level)
		join_line(engine, host);
	if (!host->has_ready && host->active == 0 && host->finishing == 0 && !host->origin)
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

/* ---- marks */

static void mark(struct engine *engine, struct host *host, const char *origin)
{
	if (host->origin)
		return;
	host->origin = xstrdup(origin);
	TAILQ_INSERT_TAIL(&engine->marked, host, marked_link);
}

static void note_release(struct engine *engine, int64_t at_usec)
{
	if (at_usec > 0 && at_usec < engine->next_release_usec)
		engine->next_release_usec = at_usec;
}

static int store_marks(struct engine *engine, const struct host *host)
{
	const struct store_origin_mark marks = {
		.origin_id = host->origin_id,
		.hold_until_usec = host->hold_until_usec,
		.http1_until_usec = host->http1_until_usec,
	};

	return store_origin_mark(engine->store, &marks);
}

static void log_mark(const struct host *host, const char *what, int64_t until_usec)
{
	CLEANUP_FREE char *origin = text_escape(host->origin);
	char time[UNITS_MAX];

	log_notice("%s: %s until %s", origin, what, units_format_time(time, until_usec));
}

int host_hold(struct engine *engine, struct host *host, const char *origin, int64_t until_usec)
{
	bool first = host->hold_until_usec == 0;

	if (until_usec <= host->hold_until_usec)
		return 0;
	mark(engine, host, origin);
	host->hold_until_usec = until_usec;
	note_release(engine, until_usec);
	if (first)
		log_mark(host, "the server asks to wait: held", until_usec);
	host_settle(engine, host);
	return store_marks(engine, host);
}

int host_avoid_http2(struct engine *engine, struct host *host, const char *origin)
{
	int64_t until_usec = usec_add(engine_now(engine), HTTP1_USEC);
	bool first = host->http1_until_usec == 0;

	mark(engine, host, origin);
	host->http1_until_usec = until_usec;
	note_release(engine, until_usec);
	if (first)
		log_mark(host, "HTTP/2 went wrong twice: HTTP/1.1", until_usec);
	return store_marks(engine, host);
}

static void log_release(const struct host *host, const char *what)
{
	CLEANUP_FREE char *origin = text_escape(host->origin);

	log_notice("%s: %s", origin, what);
}

/* Frees the host when nothing else holds it. */
static int release(struct engine *engine, struct host *host, int64_t now)
{
	bool held = host->hold_until_usec > 0, http1 = host->http1_until_usec > 0;
	int err;

	if (host->hold_until_usec <= now)
		host->hold_until_usec = 0;
	if (host->http1_until_usec <= now)
		host->http1_until_usec = 0;
	held = held && host->hold_until_usec == 0;
	http1 = http1 && host->http1_until_usec == 0;
	if (!held && !http1)
		return 0;
	if (held)
		log_release(host, "held no longer");
	if (http1)
		log_release(host, "HTTP/2 is tried again");
	err = store_marks(engine, host);
	if (host->hold_until_usec == 0 && host->http1_until_usec == 0) {
		TAILQ_REMOVE(&engine->marked, host, marked_link);
		str_set(&host->origin, NULL);
	}
	host_settle(engine, host);
	return err;
}

int hosts_release(struct engine *engine)
{
	int64_t now = engine_now(engine);
	struct host *host, *next;
	int err = 0;

	if (engine->next_release_usec > now)
		return 0;
	for (host = TAILQ_FIRST(&engine->marked); host && !err; host = next) {
		next = TAILQ_NEXT(host, marked_link);
		err = release(engine, host, now);
	}
	engine->next_release_usec = USEC_INFINITY;
	TAILQ_FOREACH(host, &engine->marked, marked_link) {
		note_release(engine, host->hold_until_usec);
		note_release(engine, host->http1_until_usec);
	}
	return err;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int hosts_load_marks(struct engine *engine)
{
	int64_t now = engine_now(engine);
	struct store_origin_mark marks = {0};
	int err;

	while ((err = store_next_marked_origin(engine->store, marks.origin_id, &marks)) == 0) {
		struct host *host = host_need(engine, marks.origin_id);

		mark(engine, host, marks.origin);
		free(marks.origin);
		host->hold_until_usec =
			earlier(marks.hold_until_usec, usec_add(now, engine->config->max_retry_after_usec));
		host->http1_until_usec = earlier(marks.http1_until_usec, now + HTTP1_USEC);
		note_release(engine, host->hold_until_usec);
		note_release(engine, host->http1_until_usec);
		if (host->hold_until_usec > now)
			log_mark(host, "the server asked to wait: held", host->hold_until_usec);
	}
	return err == -ENOENT ? hosts_release(engine) : err;
}

/* ---- all */

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
		host_settle(engine, host);
	}
}

void hosts_free(struct engine *engine)
{
	struct host *host, *next;

	HASH_ITER(hh, engine->hosts, host, next)
		host_free(engine, host);
}
