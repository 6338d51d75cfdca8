/* Hosts, for who asks: what each is doing and why it is not doing more. Runs between turn_begin() and
 * turn_end(). */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"

/* ---- which */

static bool has_lane_of(const struct host *host, uid_t uid)
{
	const struct lane *lane;

	LIST_FOREACH(lane, &host->fair.lanes, host_link)
		if (lane->key.owner == uid)
			return true;
	LIST_FOREACH(lane, &host->fair.parked, host_link)
		if (lane->key.owner == uid)
			return true;
	return false;
}

static bool has_run_of(const struct engine *engine, const struct host *host, uid_t uid)
{
	const struct run *run;

	for (run = engine->runs; run; run = run->hh.next)
		if (run->host == host && run->job->owner == uid)
			return true;
	return false;
}

/* Whose job has business there may know of it. */
static bool may_see(const struct engine *engine, const struct request *request, const struct host *host)
{
	return request->privileged || has_lane_of(host, request->uid) ||
	       (host->active + host->finishing > 0 && has_run_of(engine, host, request->uid));
}

static int by_id(const void *a, const void *b)
{
	const struct host *x = *(struct host *const *)a, *y = *(struct host *const *)b;

	return x->origin_id < y->origin_id ? -1 : x->origin_id > y->origin_id;
}

/* Those beyond after_id, in the order of their numbers. Caller frees. */
static struct host **hosts_beyond(struct engine *engine, const struct request *request, size_t *ret_n)
{
	struct host **found = xcalloc(HASH_COUNT(engine->hosts) + 1, sizeof(struct host *));
	size_t n = 0;

	for (struct host *host = engine->hosts; host; host = host->hh.next)
		if (host->origin_id > request->after_id && may_see(engine, request, host))
			found[n++] = host;
	qsort(found, n, sizeof(struct host *), by_id);
	*ret_n = n;
	return found;
}

/* ---- what */

static int report(struct engine *engine, const struct host *host, struct host_report *ret)
{
	struct store_origin row;
	struct host_limits limits;
	int err;

	*ret = (struct host_report){.id = host->origin_id, .active = host->active};
	ret->block = host_block(engine, host, engine_now(engine), &ret->until_usec);
	if (ret->until_usec > 0)
		ret->until_usec = engine_shown(engine, ret->until_usec);
	host_limits(engine, host, &limits);
	ret->limit = limits.limit;
	ret->max = limits.max;
	ret->interval_usec = limits.interval_usec;
	ret->ready = host->fair.n_lanes > 0;
	if (host->memory) {
		const struct host_memory *memory = host->memory;

		ret->origin = xstrdup(memory->row.origin);
		ret->hold_code = xstrdup_null(memory->row.hold_code);
		ret->breaker = governor_breaker(&memory->governor, engine_now(engine));
		ret->failures = governor_failures(&memory->governor);
		ret->n_done = memory->n_done;
		ret->n_failed = memory->n_failed;
		ret->last_code = memory->last_code;
		ret->last_usec = memory->last_usec;
		return 0;
	}
	err = store_origin_get(engine->store, host->origin_id, &row);
	if (!err)
		ret->origin = xstrdup(row.origin);
	store_origin_done(&row);
	return err == -ENOENT ? 0 : err;
}

int request_hosts(struct engine *engine, struct request *request)
{
	size_t n;
	CLEANUP_FREE struct host **hosts = hosts_beyond(engine, request, &n);
	int err = 0;

	request->more = n > request->limit;
	n = request->more ? request->limit : n;
	request->hosts = xcalloc(n + 1, sizeof(*request->hosts));
	for (size_t i = 0; i < n && !err; i++) {
		err = report(engine, hosts[i], &request->hosts[i]);
		request->n_hosts++;
	}
	return err;
}

void host_report_done(struct host_report *report)
{
	str_set(&report->origin, NULL);
	str_set(&report->hold_code, NULL);
}
