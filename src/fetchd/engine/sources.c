/* Sources: a job that can be fetched from several places (job/source.h) goes on with the next when one fails,
 * and does not wait at a host that is shut while another's is open. Hosts that are shut are looked through
 * for such jobs, in slices, each a step of an index: when they shut, when such a job becomes ready there, and
 * again when any host opens if some found nowhere to go. Runs between turn_begin() and turn_end().
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "job/source.h"

/* Jobs that are looked at in one turn. */
#define SLICE 256

/* ---- which */

/* One that is not known is looked up, and not remembered: a turn that is undone may give its number to
 * another. */
static int origin_is_shut(struct engine *engine, const char *origin, bool *ret_shut)
{
	struct store_origin row;
	const struct host *host;
	int64_t id;
	int err = store_origin_find(engine->store, origin, &id);

	*ret_shut = false;
	if (err)
		return err == -ENOENT ? 0 : err;
	host = host_find(engine, id);
	if (host && host->memory) {
		*ret_shut = host_is_shut(engine, host);
		return 0;
	}
	err = store_origin_get(engine->store, id, &row);
	if (err)
		return err;
	*ret_shut = row.hold_until_usec > engine_now(engine) ||
		    (engine->config->breaker && row.breaker_until_usec > 0);
	store_origin_done(&row);
	return 0;
}

/* The first line whose host is open, else the first that is not out, else -1. */
static int choose(struct engine *engine, const struct job *job, int *ret_line, bool *ret_open)
{
	const char *at = job->mirrors;
	struct source source;
	int err = 0;

	*ret_line = -1;
	*ret_open = false;
	for (int i = 0; !err && !*ret_open && source_line(&at, &source); i++) {
		CLEANUP_FREE char *origin = source.out ? NULL : source_origin(source.url, source.n);
		bool shut = true;

		if (!origin)
			continue;
		err = origin_is_shut(engine, origin, &shut);
		if (*ret_line < 0 || !shut)
			*ret_line = i;
		*ret_open = !shut;
	}
	return err;
}

int sources_leave(struct engine *engine, struct job *job, bool out, bool *ret_moved)
{
	CLEANUP_FREE char *was = xstrdup(job->origin);
	bool shut, open;
	int line, err = choose(engine, job, &line, &open);

	*ret_moved = false;
	if (!err)
		err = origin_is_shut(engine, was, &shut);
	if (err || line < 0 || (!out && !open && !shut))
		return err;
	source_turn(job, (unsigned)line, out);
	*ret_moved = strcmp(was, job->origin) != 0;
	return store_source(engine->store, job);
}

/* ---- jobs at hosts that are shut */

static void unlink_memory(struct engine *engine, struct host_memory *memory)
{
	if (memory->search == SEARCH_DUE)
		TAILQ_REMOVE(&engine->to_search, memory, search_link);
	else if (memory->search == SEARCH_STUCK)
		TAILQ_REMOVE(&engine->stuck, memory, search_link);
	memory->search = SEARCH_NONE;
}

static void search_from(struct engine *engine, struct host_memory *memory, int64_t after_id)
{
	if (memory->search != SEARCH_DUE) {
		unlink_memory(engine, memory);
		TAILQ_INSERT_TAIL(&engine->to_search, memory, search_link);
		memory->search = SEARCH_DUE;
		memory->searched_id = after_id;
	} else if (memory->searched_id > after_id) {
		memory->searched_id = after_id;
	}
	memory->has_stuck = memory->has_stuck && after_id > 0;
}

/* Somewhere to go, perhaps. */
static void search_stuck(struct engine *engine)
{
	struct host_memory *memory;

	TAILQ_FOREACH(memory, &engine->to_search, search_link)
		if (memory->has_stuck)
			search_from(engine, memory, 0);
	while ((memory = TAILQ_FIRST(&engine->stuck)))
		search_from(engine, memory, 0);
}

void sources_host_shut(struct engine *engine, struct host_memory *memory)
{
	if (memory->shut) {
		search_from(engine, memory, 0);
		return;
	}
	unlink_memory(engine, memory);
	memory->has_stuck = false;
	search_stuck(engine);
}

void sources_host_gone(struct engine *engine, struct host_memory *memory)
{
	unlink_memory(engine, memory);
}

void sources_ready(struct engine *engine, const struct job *job)
{
	struct host *host = host_find(engine, job->origin_id);

	if (host && host->memory && host->memory->shut)
		search_from(engine, host->memory, job->id - 1);
}

void sources_lost(struct engine *engine)
{
	for (struct host *host = engine->hosts; host; host = host->hh.next)
		if (host->memory && host->memory->shut)
			search_from(engine, host->memory, 0);
}

/* Another place in the fair queue, too. */
static int move(struct engine *engine, struct job *job, unsigned line)
{
	struct lane *lane = lane_of(engine, job);
	int err;

	source_turn(job, line, false);
	err = store_source(engine->store, job);
	if (!err)
		err = store_update(engine->store, job, JOB_QUEUED);
	if (!err && lane)
		err = lane_refresh(engine, lane);
	if (!err)
		err = lane_ready(engine, job);
	return err ? err : turn_event_again(engine, job, EVENT_QUEUED);
}

static int search(struct engine *engine, struct host_memory *memory, size_t *left)
{
	struct job_list list;
	int err = store_sources(engine->store, memory->host->origin_id, memory->searched_id, *left, &list);
	bool whole;

	if (err)
		return err;
	whole = list.n < *left;
	for (size_t i = 0; i < list.n && !err; i++) {
		struct job *job = list.jobs[i];
		bool open;
		int line;

		memory->searched_id = job->id;
		err = choose(engine, job, &line, &open);
		if (!err && open)
			err = move(engine, job, (unsigned)line);
		memory->has_stuck = memory->has_stuck || !open;
	}
	*left -= list.n;
	job_list_done(&list);
	/* It may have opened by now. */
	if (err || !whole || memory->search != SEARCH_DUE)
		return err;
	unlink_memory(engine, memory);
	if (memory->has_stuck) {
		TAILQ_INSERT_TAIL(&engine->stuck, memory, search_link);
		memory->search = SEARCH_STUCK;
	}
	return 0;
}

int sources_work(struct engine *engine, bool *ret_more)
{
	size_t left = SLICE;
	struct host_memory *memory;
	int err = 0;

	*ret_more = false;
	if (engine->stopping)
		return 0;
	while (!err && left > 0 && (memory = TAILQ_FIRST(&engine->to_search)))
		err = search(engine, memory, &left);
	*ret_more = !TAILQ_EMPTY(&engine->to_search);
	return err;
}
