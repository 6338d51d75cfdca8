/* Splits: slots for the further connections of large files. They have what nobody else wants: one is given
 * when there is room and no job to start there, and taken back when a job waits for it, or when there are
 * more than a bound, or what the host is thought to take, lets. A slot counts until the worker says that its
 * connection is gone. Rows know nothing of it. Engine's thread.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include "base/alloc.h"

/* ---- slots */

static void count(struct engine *engine, struct run *run, int by)
{
	engine->n_extra += (size_t)by;
	engine->n_active += (size_t)by;
	run->user->active += (size_t)by;
	user_settle(engine, run->user);
}

static void set_revoking(struct engine *engine, struct run *run, unsigned n)
{
	engine->n_revoking += (size_t)n - run->revoking;
	run->host->revoking += n - run->revoking;
	run->user->revoking += (size_t)n - run->revoking;
	run->revoking = n;
}

static void connect_one(struct engine *engine, struct run *run)
{
	host_connected(engine, run);
	count(engine, run, 1);
}

static int disconnect_one(struct engine *engine, struct run *run, enum governor_answer answer)
{
	int err = host_disconnected(engine, run, answer);

	if (run->revoking > run->extra)
		set_revoking(engine, run, run->extra);
	count(engine, run, -1);
	return err;
}

/* Down to n, of which nothing is known but that they are gone. */
static void disconnect_to(struct engine *engine, struct run *run, unsigned n)
{
	while (run->extra > n)
		(void)disconnect_one(engine, run, GOVERNOR_NONE);
}

static void enlist(struct engine *engine, struct run *run)
{
	bool on = run->extra > 0 || run->wanted > 0;

	if (on && !run->splits)
		TAILQ_INSERT_TAIL(&engine->splits, run, split_link);
	if (!on && run->splits)
		TAILQ_REMOVE(&engine->splits, run, split_link);
	run->splits = on;
	on = run->wanted > run->extra;
	if (on != run->wanting)
		run->host->wanting += on ? 1 : (unsigned)-1;
	run->wanting = on;
}

void split_end(struct engine *engine, struct run *run)
{
	run->wanted = 0;
	disconnect_to(engine, run, 0);
	enlist(engine, run);
}

/* Not with the turn: no row depends on it, and a turn that is undone takes its messages back. */
static void tell(struct engine *engine, struct run *run, unsigned n)
{
	struct worker_split *msg = xcalloc(1, sizeof(*msg));

	msg->msg.kind = WORKER_SPLIT;
	msg->job_id = run->job_id;
	msg->attempt = run->attempt;
	msg->n = n;
	msg->seq = ++run->split_seq;
	run->split_told = true;
	mailbox_post(worker_mailbox(engine->workers[run->worker_index]), &msg->msg);
}

/* The job goes on without it; but the host is judged as by the end of an attempt. */
static int lose_one(struct engine *engine, struct run *run, const struct verdict *v)
{
	int err = disconnect_one(engine, run, blame_connection(engine, run, v));

	return err || run->edited ? err : blame_hold(engine, run->job, v);
}

int splits_report(struct engine *engine, const struct parts_report *report)
{
	struct run *run = run_find(engine, report->job_id);
	int err = 0;

	if (!run || run->attempt != report->attempt || run->finishing)
		return 0;
	if (report->failure.class != VERDICT_OK && run->extra > 0)
		err = lose_one(engine, run, &report->failure);
	run->wanted = report->wanted;
	/* Else a newer word is on its way, and will be answered. */
	if (report->seq == run->split_seq) {
		run->split_told = false;
		set_revoking(engine, run, 0);
		disconnect_to(engine, run, report->used);
	}
	enlist(engine, run);
	host_settle(engine, run->host);
	return err;
}

/* ---- who gives one back */

static size_t over(size_t n, size_t max)
{
	return n > max ? n - max : 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* More than a bound lets, or the host's own limit now, and not yet on their way back. */
static size_t excess(const struct engine *engine, const struct run *run)
{
	const struct host *host = run->host;
	const struct user *user = run->user;
	int64_t per_user = engine->limits.max_active_per_user;
	size_t n = over(engine->n_active - engine->n_revoking, (size_t)engine->limits.max_active);
	size_t of_user = per_user > 0 ? over(user->active - user->revoking, (size_t)per_user) : 0, at_host;
	struct host_limits limits;

	host_limits(engine, host, &limits);
	at_host = over(host->active - host->revoking, limits.limit);
	n = at_host > n ? at_host : n;
	return of_user > n ? of_user : n;
}

/* Jobs that the bound of one user keeps from starting. */
static bool user_waits(const struct engine *engine, const struct run *run)
{
	return engine->limits.max_active_per_user > 0 && !TAILQ_EMPTY(&run->user->fair.shares);
}

/* A job could start if it were not for this one. */
static bool is_in_the_way(struct engine *engine, const struct run *run)
{
	int64_t until;

	if (engine->n_revoking == 0 && sched_free_slots(engine) == 0 && fair_any(&engine->fair))
		return true;
	if (run->host->revoking == 0 && run->host->fair.n_lanes > 0) {
		enum host_block block = host_block(engine, run->host, engine_now(engine), &until);

		if (block == HOST_FULL || block == HOST_LIMITED)
			return true;
	}
	return run->user->revoking == 0 && user_waits(engine, run) && user_room(engine, run->user) == 0;
}

static void take_back(struct engine *engine, struct run *run)
{
	size_t n = least(excess(engine, run), run->extra);

	if (n == 0 && is_in_the_way(engine, run))
		n = 1;
	if (n == 0)
		return;
	set_revoking(engine, run, (unsigned)n);
	tell(engine, run, run->extra - (unsigned)n);
}

/* ---- who gets one */

/* Not where jobs wait, for whatever reason: else what is given would be taken back at once. */
static bool has_room(const struct engine *engine, const struct run *run)
{
	struct host_limits limits;
	int64_t until;

	if (run->host->fair.n_lanes > 0 || user_waits(engine, run))
		return false;
	/* The one that asks whether it lives again is a job's own. */
	if (sched_free_slots(engine) == 0 || user_room(engine, run->user) == 0 ||
		host_is_shut(engine, run->host) ||
		host_block(engine, run->host, engine_now(engine), &until) != HOST_FREE)
		return false;
	/* Where starts are counted, jobs have them. */
	host_limits(engine, run->host, &limits);
	return limits.interval_usec == 0;
}

static void give(struct engine *engine, struct run *run)
{
	unsigned n = 0;

	while (run->extra < run->wanted && has_room(engine, run)) {
		connect_one(engine, run);
		n++;
	}
	if (n > 0)
		tell(engine, run, run->extra);
	enlist(engine, run);
}

void splits_work(struct engine *engine, bool give_more)
{
	struct run *run, *next;
	size_t n = 0;

	/* Who has got some is last in the next round. */
	TAILQ_FOREACH(run, &engine->splits, split_link)
		n++;
	for (run = TAILQ_FIRST(&engine->splits); run && n > 0; run = next, n--) {
		next = TAILQ_NEXT(run, split_link);
		if (run->split_told || run->cancelling)
			continue;
		if (run->extra > 0)
			take_back(engine, run);
		if (run->split_told || !give_more || run->wanted <= run->extra)
			continue;
		give(engine, run);
		if (run->split_told) {
			TAILQ_REMOVE(&engine->splits, run, split_link);
			TAILQ_INSERT_TAIL(&engine->splits, run, split_link);
		}
	}
}
