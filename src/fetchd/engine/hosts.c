/* Hosts: which origins may start a job now. What is known of an origin for a time stands in its row and,
 * while it is of use, in its memory here; a host at its bound, held or asleep is shut in the fair queue and
 * costs nothing.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/message.h"

/* How long HTTP/2 is left alone. */
#define HTTP1_USEC (3600 * USEC_PER_SEC)
/* Hosts with nothing to do whose memory is kept for the next job: some 2 MiB. */
#define IDLE_MAX 4096

unsigned host_bound(const struct engine *engine, const struct host *host)
{
	int64_t own = host->memory ? host->memory->row.max_active : 0;

	return (unsigned)(own > 0 ? own : engine->limits.max_per_host);
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
	fair_host_init(&host->fair);
	HASH_ADD(hh, engine->hosts, origin_id, sizeof(host->origin_id), host);
	return host;
}

static void memory_free(struct engine *engine, struct host_memory *memory)
{
	if (!memory)
		return;
	sources_host_gone(engine, memory);
	if (heap_has(&memory->wake))
		heap_remove(&engine->wakes, &memory->wake);
	engine->n_held -= memory->held;
	engine->n_broken -= memory->broken;
	if (memory->idle) {
		TAILQ_REMOVE(&engine->idle, memory, idle_link);
		engine->n_idle--;
	}
	store_origin_done(&memory->row);
	free(memory);
}

static void host_free(struct engine *engine, struct host *host)
{
	memory_free(engine, host->memory);
	HASH_DELETE(hh, engine->hosts, host);
	free(host);
}

static struct governor_policy policy_of(const struct engine *engine, const struct host *host)
{
	const struct config *cfg = engine->config;

	return (struct governor_policy){
		.adaptive = cfg->adaptive != 0,
		.breaker = cfg->breaker != 0,
		.max = host_bound(engine, host),
		.start_interval_usec = cfg->start_interval_usec,
		.breaker_failures = (unsigned)cfg->breaker_failures,
		.breaker_usec = cfg->breaker_time_usec,
		.breaker_max_usec = cfg->breaker_max_time_usec,
		.retry_rate = cfg->retries_per_host,
		.retry_share = GOVERNOR_RETRY_SHARE,
		.retry_burst = cfg->retries_per_host > 0 ? GOVERNOR_RETRY_BURST : 0,
	};
}

static void restore(struct engine *engine, struct host_memory *memory)
{
	const struct store_origin *row = &memory->row;
	const struct governor_policy policy = policy_of(engine, memory->host);
	const struct governor_memory kept = {
		.limit = (int)row->governor_limit,
		.ceiling = (int)row->governor_ceiling,
		.probe_usec = row->governor_probe_usec,
		.probe_interval_usec = row->governor_probe_span_usec,
		.breaker_until_usec = row->breaker_until_usec,
		.breaker_span_usec = row->breaker_span_usec,
		.failures = (int)row->breaker_failures,
	};

	governor_restore(&memory->governor, &policy, &kept, engine_now(engine));
}

static struct host_memory *memory_new(struct engine *engine, struct host *host, struct store_origin *row)
{
	struct host_memory *memory = xcalloc(1, sizeof(*memory));

	memory->host = host;
	memory->row = *row;
	host->memory = memory;
	restore(engine, memory);
	return memory;
}

int host_remember(struct engine *engine, struct host *host)
{
	struct store_origin row;
	int err = host->memory ? 0 : store_origin_get(engine->store, host->origin_id, &row);

	if (!err && !host->memory)
		memory_new(engine, host, &row);
	return err;
}

/* ---- may it start something? */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static enum host_block governor_says(
	const struct engine *engine, const struct host *host, int64_t now_usec, int64_t *ret_until_usec)
{
	const struct governor_policy policy = policy_of(engine, host);

	switch (governor_may_start(
		&host->memory->governor, &policy, host->active, now_usec, ret_until_usec)) {
	case GOVERNOR_LIMIT: return HOST_LIMITED;
	case GOVERNOR_RATE: return HOST_PACED;
	case GOVERNOR_BREAKER: return HOST_BROKEN;
	case GOVERNOR_FREE: break;
	}
	return HOST_FREE;
}

enum host_block host_block(
	const struct engine *engine, const struct host *host, int64_t now_usec, int64_t *ret_until_usec)
{
	const struct host_memory *memory = host->memory;

	*ret_until_usec = 0;
	if (memory && memory->row.hold_until_usec > now_usec) {
		*ret_until_usec = memory->row.hold_until_usec;
		return HOST_HELD;
	}
	if (host->active >= host_bound(engine, host))
		return HOST_FULL;
	return memory ? governor_says(engine, host, now_usec, ret_until_usec) : HOST_FREE;
}

static bool is_shut(const struct host_memory *memory, int64_t now_usec)
{
	return memory && (memory->row.hold_until_usec > now_usec ||
				 governor_breaker(&memory->governor, now_usec) != BREAKER_CLOSED);
}

bool host_is_shut(const struct engine *engine, const struct host *host)
{
	return is_shut(host->memory, engine_now(engine));
}

void host_limits(const struct engine *engine, const struct host *host, struct host_limits *ret)
{
	const struct governor_policy policy = policy_of(engine, host);

	*ret = (struct host_limits){
		.limit = policy.max, .max = policy.max, .interval_usec = policy.start_interval_usec};
	if (!host->memory)
		return;
	ret->limit = governor_limit(&host->memory->governor, &policy);
	ret->interval_usec = governor_interval_usec(&host->memory->governor, &policy);
}

size_t host_room(const struct engine *engine, const struct host *host)
{
	const struct host_memory *memory = host->memory;
	struct governor_policy policy = policy_of(engine, host);
	unsigned limit;

	/* Of a host that is not known one is tried first; the same where starts are counted. */
	if (!memory || governor_interval_usec(&memory->governor, &policy) > 0 ||
		governor_breaker(&memory->governor, engine_now(engine)) != BREAKER_CLOSED)
		return 1;
	limit = governor_limit(&memory->governor, &policy);
	return host->active < limit ? limit - host->active : 0;
}

/* When something about it changes by itself: then it is looked at again. */
static void set_wake(struct engine *engine, struct host_memory *memory, int64_t at_usec)
{
	uint64_t key = (uint64_t)at_usec;

	if (at_usec == 0) {
		if (heap_has(&memory->wake))
			heap_remove(&engine->wakes, &memory->wake);
	} else if (heap_has(&memory->wake)) {
		heap_move(&engine->wakes, &memory->wake, key);
	} else {
		memory->wake.key = key;
		heap_add(&engine->wakes, &memory->wake);
	}
}

static void settle_wake(struct engine *engine, struct host_memory *memory, int64_t until_usec)
{
	int64_t at = until_usec > 0 ? until_usec : USEC_INFINITY;

	if (memory->row.http1_until_usec > 0)
		at = earlier(at, memory->row.http1_until_usec);
	set_wake(engine, memory, at == USEC_INFINITY ? 0 : at);
}

/* Nothing runs and nothing is held: kept for a while, for what comes next. */
static void settle_idle(struct engine *engine, struct host_memory *memory, bool idle)
{
	if (idle == memory->idle)
		return;
	memory->idle = idle;
	if (!idle) {
		TAILQ_REMOVE(&engine->idle, memory, idle_link);
		engine->n_idle--;
		return;
	}
	TAILQ_INSERT_TAIL(&engine->idle, memory, idle_link);
	engine->n_idle++;
}

/* Only where nobody holds a host. */
static void forget_idle(struct engine *engine)
{
	while (engine->n_idle > IDLE_MAX) {
		struct host *host = TAILQ_FIRST(&engine->idle)->host;

		memory_free(engine, host->memory);
		host->memory = NULL;
		if (host->fair.n_lanes == 0)
			host_free(engine, host);
	}
}

/* For who counts. */
static void settle_marks(struct engine *engine, struct host_memory *memory, int64_t now)
{
	bool held = memory->row.hold_until_usec > now;
	bool broken = governor_breaker(&memory->governor, now) == BREAKER_OPEN;

	engine->n_held = engine->n_held - memory->held + held;
	engine->n_broken = engine->n_broken - memory->broken + broken;
	memory->held = held;
	memory->broken = broken;
}

void host_settle(struct engine *engine, struct host *host)
{
	bool busy = host->active > 0 || host->finishing > 0;
	bool waited_for = host->fair.n_lanes > 0 || host->wanting > 0;
	int64_t now = engine_now(engine), until_usec, ramp_usec = 0;
	enum host_block block;

	if (host->memory && waited_for) {
		const struct governor_policy policy = policy_of(engine, host);

		governor_ramp(&host->memory->governor, &policy, now, &ramp_usec);
	}
	block = host_block(engine, host, now, &until_usec);
	fair_host_shut(&engine->fair, &host->fair, block != HOST_FREE);
	if (host->memory && host->memory->shut != is_shut(host->memory, now)) {
		host->memory->shut = !host->memory->shut;
		sources_host_shut(engine, host->memory);
	}
	if (block == HOST_LIMITED)
		until_usec = ramp_usec;
	if (host->memory) {
		settle_wake(engine, host->memory, until_usec);
		settle_marks(engine, host->memory, now);
		settle_idle(engine, host->memory, !busy && !heap_has(&host->memory->wake));
	} else if (!busy && !waited_for) {
		host_free(engine, host);
	}
}

int64_t hosts_next_usec(const struct engine *engine)
{
	const struct heap_node *first = heap_first(&engine->wakes);

	return first ? (int64_t)first->key : USEC_INFINITY;
}

/* ---- attempts */

static int keep_governor(struct engine *engine, struct host_memory *memory)
{
	struct store_origin *row = &memory->row;
	struct governor_memory kept;

	governor_save(&memory->governor, &kept);
	row->governor_limit = kept.limit;
	row->governor_ceiling = kept.ceiling;
	row->governor_probe_usec = kept.probe_usec;
	row->governor_probe_span_usec = kept.probe_interval_usec;
	row->breaker_until_usec = kept.breaker_until_usec;
	row->breaker_span_usec = kept.breaker_span_usec;
	row->breaker_failures = kept.failures;
	return store_origin_put(engine->store, row);
}

void host_started(struct engine *engine, struct run *run)
{
	const struct governor_policy policy = policy_of(engine, run->host);

	governor_started(&run->host->memory->governor, &policy, run->host->active + 1, engine_now(engine),
		&run->ticket);
	run->governed = true;
}

static int tell_end(struct engine *engine, struct run *run, const struct governor_ticket *ticket,
	enum governor_answer answer)
{
	const struct governor_policy policy = policy_of(engine, run->host);
	struct host_memory *memory = run->host->memory;
	int64_t now = engine_now(engine);
	enum breaker_state was = governor_breaker(&memory->governor, now);
	int err = 0;

	if (governor_ended(&memory->governor, &policy, ticket, answer, run->job_id, now)) {
		err = keep_governor(engine, memory);
		host_log_breaker(engine, memory, was, governor_breaker(&memory->governor, now));
	}
	return err;
}

int host_ended(struct engine *engine, struct run *run, enum governor_answer answer)
{
	int err;

	if (!run->governed)
		return 0;
	run->governed = false;
	err = tell_end(engine, run, &run->ticket, answer);
	host_settle(engine, run->host);
	return err;
}

void host_claim_undone(struct engine *engine, struct run *run)
{
	const struct governor_policy policy = policy_of(engine, run->host);
	struct host *host = run->host;
	struct store_origin row;
	int err;

	if (run->governed && host->memory)
		(void)governor_ended(&host->memory->governor, &policy, &run->ticket, GOVERNOR_NONE,
			run->job_id, engine_now(engine));
	run->governed = false;
	err = store_origin_get(engine->store, host->origin_id, &row);
	if (!err)
		store_origin_done(&row);
	if (err == -ENOENT) {
		memory_free(engine, host->memory);
		host->memory = NULL;
	}
	host_settle(engine, host);
}

void host_note(struct host *host, const char *code)
{
	struct host_memory *memory = host->memory;

	if (!memory) /* see host_progress() */
		return;
	if (!code) {
		memory->n_done++;
		return;
	}
	memory->n_failed++;
	host_note_code(host, code);
}

void host_note_code(struct host *host, const char *code)
{
	host->memory->last_code = code;
	host->memory->last_usec = clock_wall_usec();
}

void host_progress(struct engine *engine, struct run *run, int64_t bytes)
{
	const struct governor_policy policy = policy_of(engine, run->host);
	struct host_memory *memory = run->host->memory;

	/* One whose end was told before may have lost it: its turn was undone, and many idle hosts came
	 * after. */
	if (memory && bytes > 0 && governor_bytes(&memory->governor, &policy, bytes, engine_now(engine)))
		host_settle(engine, run->host);
}

void host_connected(struct engine *engine, struct run *run)
{
	const struct governor_policy policy = policy_of(engine, run->host);
	struct host *host = run->host;

	run->tickets = xreallocarray(run->tickets, run->extra + 1, sizeof(*run->tickets));
	host->active++;
	governor_started(&host->memory->governor, &policy, host->active, engine_now(engine),
		&run->tickets[run->extra++]);
	host_settle(engine, host);
}

int host_disconnected(struct engine *engine, struct run *run, enum governor_answer answer)
{
	const struct governor_ticket *ticket = &run->tickets[--run->extra];
	struct host *host = run->host;
	int err = 0;

	host->active--;
	if (answer != GOVERNOR_NONE)
		err = tell_end(engine, run, ticket, answer);
	else
		governor_left(&host->memory->governor);
	host_settle(engine, host);
	return err;
}

int host_retry(struct engine *engine, int64_t origin_id, int64_t *ret_usec)
{
	struct host *host = host_need(engine, origin_id);
	int err = host_remember(engine, host);
	struct governor_policy policy;

	if (err)
		return err;
	policy = policy_of(engine, host);
	*ret_usec = governor_retry(&host->memory->governor, &policy, engine_now(engine));
	host_settle(engine, host);
	return 0;
}

/* ---- what is remembered */

int host_hold(struct engine *engine, struct host *host, const char *code, int64_t job_id, int64_t until_usec)
{
	int err = host_remember(engine, host);
	struct store_origin *row = err ? NULL : &host->memory->row;
	bool first;

	if (err || until_usec <= row->hold_until_usec)
		return err;
	first = row->hold_until_usec == 0;
	row->hold_until_usec = until_usec;
	row->hold_job = job_id;
	str_set(&row->hold_code, code);
	if (first)
		host_log_mark(
			engine, host->memory, MESSAGE_HOST_HELD, "the server asks to wait: held", until_usec);
	host_settle(engine, host);
	return store_origin_put(engine->store, row);
}

int host_avoid_http2(struct engine *engine, struct host *host)
{
	int err = host_remember(engine, host);
	struct store_origin *row = err ? NULL : &host->memory->row;
	bool first = row && row->http1_until_usec == 0;

	if (err)
		return err;
	row->http1_until_usec = usec_add(engine_now(engine), HTTP1_USEC);
	if (first)
		host_log_mark(engine, host->memory, MESSAGE_HOST_HTTP1, "HTTP/2 went wrong twice: HTTP/1.1",
			row->http1_until_usec);
	host_settle(engine, host);
	return store_origin_put(engine->store, row);
}

/* Frees the host when nothing else holds it. */
static int wake(struct engine *engine, struct host_memory *memory, int64_t now)
{
	struct store_origin *row = &memory->row;
	bool held = row->hold_until_usec > 0 && row->hold_until_usec <= now;
	bool http1 = row->http1_until_usec > 0 && row->http1_until_usec <= now;
	int err = 0;

	if (held) {
		host_log_release(memory, MESSAGE_HOST_RELEASED, "held no longer");
		row->hold_until_usec = row->hold_job = 0;
		str_set(&row->hold_code, NULL);
	}
	if (http1) {
		row->http1_until_usec = 0;
		host_log_release(memory, NULL, "HTTP/2 is tried again");
	}
	if (held || http1)
		err = store_origin_put(engine->store, row);
	host_settle(engine, memory->host);
	return err;
}

int hosts_release(struct engine *engine)
{
	int64_t now = engine_now(engine);
	struct heap_node *first;
	int err = 0;

	while (!err && (first = heap_first(&engine->wakes)) && (int64_t)first->key <= now)
		err = wake(engine, (struct host_memory *)first, now);
	forget_idle(engine);
	return err;
}

int hosts_load_marks(struct engine *engine)
{
	int64_t now = engine_now(engine);
	struct store_origin row = {0};
	int err;

	while ((err = store_next_marked_origin(engine->store, row.id, &row)) == 0) {
		struct host *host = host_need(engine, row.id);

		row.hold_until_usec =
			earlier(row.hold_until_usec, usec_add(now, engine->config->max_retry_after_usec));
		row.http1_until_usec = earlier(row.http1_until_usec, now + HTTP1_USEC);
		memory_new(engine, host, &row);
		if (row.hold_until_usec > now)
			host_log_mark(engine, host->memory, MESSAGE_HOST_HELD,
				"the server asked to wait: held", row.hold_until_usec);
		if (governor_breaker(&host->memory->governor, now) == BREAKER_OPEN)
			host_log_mark(engine, host->memory, MESSAGE_BREAKER_OPENED,
				"it failed again and again: left alone",
				host->memory->governor.breaker.until_usec);
		/* What has passed is taken from the row by hosts_release(). */
		set_wake(engine, host->memory, 1);
	}
	return err == -ENOENT ? hosts_release(engine) : err;
}

/* ---- all */

void hosts_tune(struct engine *engine)
{
	struct host *host, *next;

	HASH_ITER(hh, engine->hosts, host, next) {
		if (host->memory) {
			const struct governor_policy policy = policy_of(engine, host);

			governor_tune(&host->memory->governor, &policy, engine_now(engine));
		}
		host_settle(engine, host);
	}
}

void hosts_free(struct engine *engine)
{
	struct host *host, *next;

	HASH_ITER(hh, engine->hosts, host, next)
		host_free(engine, host);
	heap_done(&engine->wakes);
}
