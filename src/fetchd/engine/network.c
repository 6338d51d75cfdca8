/* Network: what the engine makes of the watcher's word. Jobs that failed without a network wait for it, and
 * are woken together when it is there.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/netif.h"
#include "job/hold.h"
#include "job/message.h"
#include "job/origin.h"

/* Jobs made due in one turn. */
#define WAKE_MAX 256
/* They begin spread over this. */
#define WAKE_SPREAD_USEC USEC_PER_SEC

static void wake(struct engine *engine)
{
	engine->waking = true;
	engine->wake_after = 0;
	engine->next_look_usec = 0;
}

void network_changed(struct engine *engine, bool up)
{
	if (up != engine->network_up)
		log_message(LOG_LEVEL_NOTICE, up ? MESSAGE_NETWORK_UP : MESSAGE_NETWORK_DOWN, "network: %s",
			up ? "up" : "down: no address but this machine's own");
	else
		log_info("network: addresses or routes have changed");
	engine->network_up = up;
	engine->next_probe_usec = 0;
	if (up)
		wake(engine);
	for (size_t i = 0; i < engine->n_workers; i++) {
		struct msg *msg = xcalloc(1, sizeof(*msg));

		msg->kind = WORKER_NETWORK;
		turn_to_worker(engine, i, msg);
	}
}

static bool is_here(const struct job *job)
{
	struct origin origin;
	bool here;

	if (origin_parse(job->origin, &origin) != ORIGIN_OK)
		return false;
	here = netif_is_here(origin.host);
	origin_done(&origin);
	return here;
}

bool network_excuses(const struct engine *engine, const struct job *job, const struct verdict *v)
{
	return !engine->network_up && hold_explains_network(v) && !is_here(job);
}

void network_answered(struct engine *engine, const struct job *job, const struct verdict *v)
{
	if (engine->network_up || (v->class != VERDICT_OK && v->http_status == 0) || is_here(job))
		return;
	log_message(LOG_LEVEL_NOTICE, MESSAGE_NETWORK_UP,
		"network: seemed to be down, but a server has answered");
	engine->network_up = true;
	wake(engine);
}

void network_lost(struct engine *engine)
{
	if (engine->network_up)
		wake(engine);
}

bool network_put_off(struct engine *engine, struct job *job, int64_t now_usec)
{
	const struct verdict again = {.retry_after_usec = -1};

	if (job->waiting_for != JOB_WAIT_NETWORK || engine->network_up)
		return false;
	/* Its claim fails it. */
	if (now_usec >= job_deadline(engine, job))
		return false;
	if (now_usec >= engine->next_probe_usec) {
		engine->next_probe_usec = usec_add(now_usec, engine->config->hold_interval_usec);
		return false;
	}
	job->due_usec = hold_until(engine, &again);
	return true;
}

int network_wake(struct engine *engine, bool *ret_more)
{
	int64_t first_usec;
	size_t n;
	int err;

	*ret_more = false;
	if (!engine->waking || engine->stopping)
		return 0;
	err = store_wake_network(engine->store, engine_now(engine), WAKE_SPREAD_USEC, &engine->wake_after,
		WAKE_MAX, &first_usec, &n);
	if (err)
		return err;
	if (first_usec < engine->next_due_usec)
		engine->next_due_usec = first_usec;
	*ret_more = engine->waking = n == WAKE_MAX;
	return 0;
}
