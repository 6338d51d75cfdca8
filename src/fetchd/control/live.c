/* The live table. Owns copies of active jobs; a row comes with the event that a job is active, and goes with
 * the next that says otherwise. Main thread.
 */
#include "fetchd/control/live.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "job/message.h"
#include "job/record.h"

struct live_owner {
	uid_t uid;
	int64_t by_state[JOB_STATE_N];
	int64_t bytes;
	UT_hash_handle hh;
};

void live_init(struct live *live)
{
	memset(live, 0, sizeof(*live));
	TAILQ_INIT(&live->by_change);
}

static void remove_job(struct live *live, struct live_job *entry)
{
	live->stalled -= entry->stalled;
	HASH_DEL(live->jobs, entry);
	TAILQ_REMOVE(&live->by_change, entry, link);
	job_free(entry->job);
	free(entry);
}

void live_done(struct live *live)
{
	while (live->jobs)
		remove_job(live, live->jobs);
	while (live->owners) {
		struct live_owner *owner = live->owners;
		HASH_DEL(live->owners, owner);
		free(owner);
	}
}

static struct live_job *find(const struct live *live, int64_t id)
{
	struct live_job *entry;
	HASH_FIND(hh, live->jobs, &id, sizeof(id), entry);
	return entry;
}

const struct live_job *live_find(const struct live *live, int64_t job_id)
{
	return find(live, job_id);
}

static void mark_changed(struct live *live, struct live_job *entry)
{
	entry->change = ++live->change;
	TAILQ_REMOVE(&live->by_change, entry, link);
	TAILQ_INSERT_TAIL(&live->by_change, entry, link);
}

static void set_received(struct live *live, struct live_job *entry, int64_t received)
{
	if (received > entry->received)
		live->received += received - entry->received;
	entry->received = received;
}

static void put_job(struct live *live, const struct job *job)
{
	struct live_job *entry = find(live, job->id);
	if (!entry) {
		entry = xcalloc(1, sizeof(*entry));
		entry->id = job->id;
		entry->received = job->received;
		HASH_ADD(hh, live->jobs, id, sizeof(entry->id), entry);
		TAILQ_INSERT_TAIL(&live->by_change, entry, link);
	}
	job_free(entry->job);
	entry->job = job_dup(job);
	mark_changed(live, entry);
}

void live_event(struct live *live, const struct engine_event *event)
{
	struct live_job *entry = find(live, event->event.job_id);
	bool gone = event->event.kind == EVENT_REMOVED || !event->job;

	if (!gone && event->job->state == JOB_ACTIVE) {
		put_job(live, event->job);
	} else if (entry) {
		if (!gone)
			set_received(live, entry, event->job->received);
		remove_job(live, entry);
	}
}

void live_counters(struct live *live, const struct engine_counters *counters)
{
	for (size_t i = 0; i < counters->n; i++) {
		const struct engine_counter *counter = &counters->owners[i];
		struct live_owner *owner;
		HASH_FIND(hh, live->owners, &counter->owner, sizeof(counter->owner), owner);
		if (!owner) {
			owner = xcalloc(1, sizeof(*owner));
			owner->uid = counter->owner;
			HASH_ADD(hh, live->owners, uid, sizeof(owner->uid), owner);
		}
		memcpy(owner->by_state, counter->by_state, sizeof(owner->by_state));
		owner->bytes = counter->bytes;
	}
}

/* So long a call of the file system is worth telling. */
#define STALL_USEC (5 * USEC_PER_SEC)

/* An active job has no error of its own; this one lasts as long as its cause. */
static void log_stall(const struct live_job *entry, int64_t usec)
{
	struct log_record record = {0};

	log_record_text(&record, "MESSAGE_ID", entry->stalled ? MESSAGE_DISK_HUNG : MESSAGE_DISK_ANSWERS);
	record_job(&record, entry->job);
	if (entry->stalled)
		log_record_write(&record, LOG_LEVEL_WARNING,
			"job %lld: the disk has not responded for %lld s", (long long)entry->id,
			(long long)(usec / USEC_PER_SEC));
	else
		log_record_write(
			&record, LOG_LEVEL_NOTICE, "job %lld: the disk responds again", (long long)entry->id);
}

static void take_stall(struct live *live, struct live_job *entry, int64_t usec)
{
	bool was = entry->stalled;

	live->stalled += (usec >= STALL_USEC) - was;
	if (usec < STALL_USEC) {
		if (was)
			str_set(&entry->job->error_code, NULL);
		entry->stalled = false;
		if (was)
			log_stall(entry, usec);
		return;
	}
	entry->stalled = true;
	str_set(&entry->job->error_code, "E_IO_STALL");
	free(entry->job->error_message);
	entry->job->error_message =
		xasprintf("the disk has not responded for %lld s", (long long)(usec / USEC_PER_SEC));
	if (!was)
		log_stall(entry, usec);
}

static void take_entry(struct live *live, const struct progress_entry *from, unsigned worker)
{
	struct live_job *entry = find(live, from->job_id);
	if (!entry)
		return; /* it ended, or its event is still to come */
	bool changed = entry->received != from->received || entry->speed != from->speed;
	set_received(live, entry, from->received);
	entry->speed = from->speed;
	entry->worker = worker;
	entry->report = live->reports;
	if (from->size >= 0)
		entry->job->size = from->size;
	take_stall(live, entry, from->disk_stalled_usec);
	if (changed)
		mark_changed(live, entry);
}

void live_progress(struct live *live, const struct progress_report *report)
{
	live->reports++;
	for (size_t i = 0; i < report->n; i++)
		take_entry(live, &report->entries[i], report->worker);
	/* A report replaces the worker's last: what it leaves out has no speed any more. */
	for (struct live_job *entry = live->jobs; entry; entry = entry->hh.next)
		if (entry->report && entry->report != live->reports && entry->worker == report->worker)
			entry->speed = 0;
}

void live_count(const struct live *live, const struct peer *peer, int64_t ret_by_state[JOB_STATE_N])
{
	memset(ret_by_state, 0, JOB_STATE_N * sizeof(*ret_by_state));
	for (const struct live_owner *owner = live->owners; owner; owner = owner->hh.next)
		for (int state = 0; state < JOB_STATE_N && (!peer || peer_may_see(peer, owner->uid)); state++)
			ret_by_state[state] += owner->by_state[state];
}

int64_t live_bytes(const struct live *live)
{
	int64_t bytes = 0;

	for (const struct live_owner *owner = live->owners; owner; owner = owner->hh.next)
		bytes += owner->bytes;
	return bytes;
}

void live_usage(const struct live *live, uid_t uid, struct live_usage *ret)
{
	struct live_owner *owner;

	*ret = (struct live_usage){0};
	HASH_FIND(hh, live->owners, &uid, sizeof(uid), owner);
	if (!owner)
		return;
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		if (!job_state_ended((enum job_state)state))
			ret->jobs += owner->by_state[state];
	ret->active = owner->by_state[JOB_ACTIVE];
	ret->bytes = owner->bytes;
}

int64_t live_speed(const struct live *live, const struct peer *peer)
{
	int64_t speed = 0;
	for (const struct live_job *entry = live->jobs; entry; entry = entry->hh.next)
		if (!peer || peer_may_see(peer, entry->job->owner))
			speed += entry->speed > 0 ? entry->speed : 0;
	return speed;
}
