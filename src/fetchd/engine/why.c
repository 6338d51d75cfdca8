/* Why: the reason that a job does not run, from the places that decide it: the same questions in the same
 * order as sched.c asks them. Runs between turn_begin() and turn_end().
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <stdarg.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/source.h"

/* Counting on would hold up the others. */
#define AHEAD_MAX 10000

static void say(struct why *why, enum why_reason reason, int64_t until_usec, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct why *why, enum why_reason reason, int64_t until_usec, const char *fmt, ...)
{
	va_list ap;

	why->reason = reason;
	why->until_usec = until_usec;
	va_start(ap, fmt);
	free(why->message);
	why->message = xvasprintf(fmt, ap);
	va_end(ap);
}

/* ---- queued */

static void say_held(const struct host *host, int64_t until_usec, struct why *why)
{
	const struct store_origin *row = &host->memory->row;

	say(why, WHY_HOST_HOLD, until_usec, "%s asked to wait: it answered job %lld with %s", row->origin,
		(long long)row->hold_job, row->hold_code ? row->hold_code : "Retry-After");
}

static void say_broken(const struct host *host, int64_t until_usec, struct why *why)
{
	const char *origin = host->memory->row.origin;

	if (until_usec == 0)
		say(why, WHY_HOST_BREAKER, 0,
			"%s failed again and again; one job is asking whether it is back", origin);
	else
		say(why, WHY_HOST_BREAKER, until_usec,
			"%s failed %u times in a row and is left alone; then one job asks whether it is back",
			origin, governor_failures(&host->memory->governor));
}

/* True when the host is in its way. */
static bool blame_host(struct engine *engine, const struct host *host, struct why *why)
{
	int64_t until_usec;
	const char *origin = host->memory ? host->memory->row.origin : "the host";

	enum host_block block = host_block(engine, host, engine_now(engine), &until_usec);

	if (until_usec > 0)
		until_usec = engine_shown(engine, until_usec);
	switch (block) {
	case HOST_FREE: return false;
	case HOST_FULL:
		say(why, WHY_HOST_LIMIT, 0, "%u at once at %s, as many as max-per-host lets", host->active,
			origin);
		break;
	case HOST_LIMITED:
		say(why, WHY_HOST_LIMIT, 0, "%u at once at %s, as many as it was found to take", host->active,
			origin);
		break;
	case HOST_PACED:
		say(why, WHY_HOST_PACE, until_usec, "the last start at %s was a moment ago", origin);
		break;
	case HOST_BROKEN: say_broken(host, until_usec, why); break;
	case HOST_HELD: say_held(host, until_usec, why); break;
	}
	return true;
}

static bool blame_user(const struct engine *engine, const struct user *user, struct why *why)
{
	if (user_room(engine, user) > 0)
		return false;
	if (user_is_full(engine, (uid_t)user->uid)) {
		say(why, WHY_QUOTA, 0, "its user's jobs have %lld bytes on disk, and max-disk-per-user=%lld",
			(long long)store_bytes(engine->store, (uid_t)user->uid),
			(long long)user_disk_max(engine));
		return true;
	}
	say(why, WHY_USER_LIMIT, 0, "%zu jobs of the same user run, as many as max-active-per-user lets",
		user->active);
	return true;
}

static bool blame_slots(const struct engine *engine, struct why *why)
{
	if (sched_free_slots(engine) > 0)
		return false;
	say(why, WHY_SLOT, 0, "%zu transfer%s, as many as max-active lets", engine->n_active,
		engine->n_active == 1 ? " runs" : "s run");
	return true;
}

/* "; it takes turns with 2 more groups"; n counts its own. */
static char *peers_of(unsigned n, const char *what)
{
	return n > 1 ? xasprintf("; it takes turns with %u more %s%s", n - 1, what, n > 2 ? "s" : "")
		     : xstrdup("");
}

/* Who takes turns with it. Appended to what was said. */
static void add_peers(struct engine *engine, const struct lane *lane, struct why *why)
{
	struct fair_peers peers;
	CLEANUP_FREE char *said = why->message;

	fair_peers(&engine->fair, lane, &peers);
	CLEANUP_FREE char *users = peers_of(peers.owners, "user");
	CLEANUP_FREE char *groups = peers_of(peers.groups, "group");
	CLEANUP_FREE char *hosts = peers_of(peers.lanes, "host");

	why->message = xasprintf("%s%s%s%s%s", said,
		peers.higher ? "; jobs of higher priority come first" : "", users, groups, hosts);
}

/* Else it would not wait there. Appended to what was said. */
static void add_sources(const struct job *job, struct why *why)
{
	CLEANUP_FREE char *said = why->message;

	why->message =
		xasprintf("%s; no other of its sources is %s", said, source_is_last(job) ? "left" : "open");
}

static int count_ahead(struct engine *engine, const struct job *job, struct why *why)
{
	const struct store_lane lane = {
		.origin_id = job->origin_id, .group_id = job->group_id, .owner = job->owner};
	int err = store_lane_ahead(engine->store, &lane, job->priority, job->id, AHEAD_MAX, &why->ahead);

	why->ahead_more = why->ahead >= AHEAD_MAX;
	return err;
}

static void say_window(const struct engine *engine, struct why *why)
{
	int64_t until_usec = schedule_until_usec(engine);

	say(why, WHY_SCHEDULE, until_usec == USEC_INFINITY ? 0 : until_usec,
		"nothing is started in this window: %s", schedule_text(engine));
}

static int why_queued(struct engine *engine, const struct job *job, struct why *why)
{
	struct lane *lane = lane_of(engine, job);
	struct batch *batch = lane ? lane_batch(lane) : NULL;

	if (engine->draining || engine->stopping)
		say(why, WHY_DRAIN, 0, "%s: nothing new is started",
			engine->stopping ? "fetchd is shutting down" : "fetchd is draining");
	else if (schedule_now(engine)->stopped)
		say_window(engine, why);
	else if (!lane)
		say(why, WHY_NEXT, 0, "it starts with the next turn");
	else if (batch && batch->fair.gate.shut)
		say(why, WHY_GROUP, 0, "its group %s is not open: it is being added, or has failed",
			job->group);
	else if (!blame_host(engine, lane_host(lane), why) && !blame_user(engine, lane_user(lane), why) &&
		 !blame_slots(engine, why))
		say(why, WHY_NEXT, 0, "it starts with the next turn");
	if (lane &&
		(why->reason == WHY_SLOT || why->reason == WHY_HOST_LIMIT || why->reason == WHY_USER_LIMIT))
		add_peers(engine, lane, why);
	if (job->mirrors && (why->reason == WHY_HOST_HOLD || why->reason == WHY_HOST_BREAKER))
		add_sources(job, why);
	return count_ahead(engine, job, why);
}

/* ---- waiting */

static const char *last_words(const struct job *job)
{
	return job->error_message ? job->error_message : "no reason is known";
}

static void say_dependency(const struct job *job, struct why *why)
{
	if (job->n_after == 0)
		say(why, WHY_DEPENDENCY, 0, "other jobs must end first");
	else
		say(why, WHY_DEPENDENCY, 0, "job %lld%s must %s first", (long long)job->after[0].id,
			job->n_after > 1 ? " and others" : "", job->after[0].any ? "end" : "be done");
}

static void why_waiting(const struct engine *engine, const struct job *job, struct why *why)
{
	static const enum why_reason held[] = {
		[JOB_WAIT_HOST] = WHY_HOST,
		[JOB_WAIT_DISK] = WHY_DISK,
		[JOB_WAIT_NETWORK] = WHY_NETWORK,
		[JOB_WAIT_QUOTA] = WHY_QUOTA,
	};

	switch (job->waiting_for) {
	case JOB_WAIT_NONE:
	case JOB_WAIT_RETRY:
		say(why, WHY_RETRY, job->due_usec, "attempt %d of %d failed: %s", job->failures,
			job_most_attempts(engine, job), last_words(job));
		break;
	case JOB_WAIT_SCHEDULE:
		say(why, WHY_SCHEDULE, job->due_usec, "it is not to start before the time that was given");
		break;
	case JOB_WAIT_DEPENDENCY: say_dependency(job, why); break;
	case JOB_WAIT_HOST:
	case JOB_WAIT_DISK:
	case JOB_WAIT_NETWORK:
	case JOB_WAIT_QUOTA:
		say(why, held[job->waiting_for], job->due_usec, "held, no attempt is used: %s",
			last_words(job));
		break;
	}
}

/* ---- any state */

static void why_failed(const struct job *job, struct why *why)
{
	say(why, WHY_FAILED, 0, "%s: %s", job->error_code ? job->error_code : "E_INTERNAL", last_words(job));
}

int why_job(struct engine *engine, const struct job *job, struct why *why)
{
	*why = (struct why){.ahead = -1};
	switch (job->state) {
	case JOB_QUEUED: return why_queued(engine, job, why);
	case JOB_WAITING: why_waiting(engine, job, why); break;
	case JOB_ACTIVE: say(why, WHY_ACTIVE, 0, "it runs: attempt %d", job->attempts); break;
	case JOB_PAUSED:
		if (job->paused_by >= 0)
			say(why, WHY_PAUSED, 0, "paused by user %lld", (long long)job->paused_by);
		else
			say(why, WHY_PAUSED, 0, "paused");
		break;
	case JOB_DONE: say(why, WHY_DONE, 0, "it is done"); break;
	case JOB_FAILED: why_failed(job, why); break;
	case JOB_CANCELLED:
		if (job->error_message)
			say(why, WHY_CANCELLED, 0, "%s", job->error_message);
		else
			say(why, WHY_CANCELLED, 0, "a user has cancelled it");
		break;
	}
	return 0;
}
