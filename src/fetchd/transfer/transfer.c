/* Transfer: one attempt's way through look, run and settle. Runs in its worker, never inside libcurl; every
 * step that waits for the disk comes back by transfer_disk_done().
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/netif.h"
#include "fetchd/transfer/gate.h"
#include "fetchd/transfer/split.h"
#include "fetchd/transfer/worker.h"
#include "job/classify.h"

#define CHECKPOINT_BYTES ((int64_t)16 << 20)
#define CHECKPOINT_USEC	 (5 * USEC_PER_SEC)

/* ---- birth and death */

struct transfer *transfer_make(struct worker *worker, struct job *job, int64_t attempt)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->magic = TRANSFER_MAGIC;
	t->worker = worker;
	t->job = job;
	t->attempt = attempt;
	t->most_bytes = t->until = t->asked_until = INT64_MAX;
	t->begun_usec = t->last_byte_usec = clock_boot_usec();
	t->mtime_sec = t->have_modified_sec = -1;
	t->record = attempt_new();
	t->record->started_usec = clock_wall_usec();
	t->speed = -1;
	verdict_init(&t->verdict);
	response_init(&t->response);
	return t;
}

struct transfer *transfer_new(struct worker *worker, struct worker_start *start)
{
	struct transfer *t = transfer_make(worker, start->job, start->attempt);

	start->job = NULL;
	pace_init(&t->limits, start->rates);
	t->url = xstrdup(t->job->url);
	t->http1 = start->http1;
	t->most_bytes = start->most_bytes;
	t->durable = t->started_at = t->job->received;
	return t;
}

void transfer_free(struct transfer *t)
{
	disk_buffer_free(worker_disk(t->worker), t->buffer);
	if (!t->whole)
		disk_file_free(t->file);
	split_free(t);
	verdict_done(&t->verdict);
	response_done(&t->response);
	pace_done(&t->limits);
	job_free(t->job);
	attempt_free(t->record);
	curl_slist_free_all(t->cookies);
	free(t->have_etag);
	free(t->taken);
	free(t->tail);
	free(t->part_digest);
	free(t->url);
	t->magic = 0;
	free(t);
}

void transfer_note(struct transfer *t, const char *note)
{
	struct attempt *record = t->record;
	char *both;

	if (record->note && strstr(record->note, note))
		return;
	both = record->note ? xasprintf("%s; %s", record->note, note) : xstrdup(note);
	free(record->note);
	record->note = both;
}

static struct outcome *outcome_new(const struct transfer *t, enum outcome_kind kind)
{
	struct outcome *o = xcalloc(1, sizeof(*o));

	o->msg.kind = kind;
	o->job_id = t->job->id;
	o->attempt = t->attempt;
	o->progress = t->durable > t->started_at ? t->durable - t->started_at : 0;
	o->span_usec = clock_boot_usec() - t->begun_usec;
	verdict_init(&o->verdict);
	return o;
}

static struct job *facts(const struct transfer *t)
{
	struct job *job = job_dup(t->job);

	job->received = t->durable;
	if (t->split) {
		job->received = ranges_bytes(&t->split->durable);
		free(job->ranges);
		job->ranges = ranges_prefix(&t->split->durable) < 0 ? ranges_text(&t->split->durable) : NULL;
	}
	if (t->hops)
		str_set(&job->effective_url, t->url);
	return job;
}

/* The end: exactly one FINISHED, as soon as the disk is through; an older part may take longer to be removed
 * than a new file to be finished. Whoever calls this is done with t. */
void transfer_tell(struct transfer *t)
{
	struct outcome *o;

	assert(t->phase == TRANSFER_SETTLE);
	if (t->tasks > 0 || split_busy(t))
		return;
	o = outcome_new(t, OUTCOME_FINISHED);
	o->verdict = t->verdict;
	verdict_init(&t->verdict);
	o->job = facts(t);
	o->shed = t->shed;
	if (t->taken)
		str_set(&o->job->name, t->taken);
	if (t->asked) {
		o->record = t->record;
		o->record->ended_usec = clock_wall_usec();
		t->record = NULL;
	}
	worker_forget(t->worker, t);
	mailbox_post(worker_engine(t->worker), &o->msg);
	transfer_free(t);
}

/* ---- the disk */

void transfer_post(struct transfer *t, struct disk_task *task)
{
	task->reply = worker_mailbox(t->worker);
	t->tasks++;
	disk_post(worker_disk(t->worker), task);
}

static void post_simple(struct transfer *t, enum disk_kind kind)
{
	transfer_post(t, disk_task_new(kind, NULL, t, t->file));
}

static enum job_resume resume_of(const struct transfer *t)
{
	int own = t->job->options.resume;

	return (enum job_resume)(own >= 0 ? own : (int)worker_config(t->worker)->resume);
}

bool transfer_resumable(const struct transfer *t)
{
	if (t->job->no_ranges || t->job->encoded)
		return false;
	return t->job->validator != JOB_VALIDATOR_NONE || resume_of(t) == JOB_RESUME_AUTO;
}

/* Without a validator the last bytes are compared: fewer than that are not worth keeping. */
bool transfer_worth_keeping(const struct transfer *t, int64_t bytes)
{
	return transfer_resumable(t) && bytes > (t->job->validator == JOB_VALIDATOR_NONE ? GATE_OVERLAP : 0);
}

void transfer_start_over(struct transfer *t)
{
	bool had_part = t->file || t->job->received > 0;

	disk_buffer_free(worker_disk(t->worker), t->buffer);
	t->buffer = NULL;
	if (had_part) {
		if (transfer_need_file(t, false))
			post_simple(t, DISK_DISCARD);
		t->file = NULL; /* the task frees it when it is back */
		t->job->generation++;
	}
	free(t->tail);
	t->tail = NULL;
	t->tail_n = t->tail_seen = 0;
	t->job->received = 0;
	str_set(&t->job->ranges, NULL);
	t->offset = t->posted = t->written = t->durable = t->sync_posted = 0;
	t->until = INT64_MAX;
	split_start_over(t);
	/* A job that the disk holds: so much room is looked for before the host is asked again. */
	if (t->verdict.class != VERDICT_HELD)
		t->job->size = -1;
	t->job->validator = JOB_VALIDATOR_NONE;
	t->job->integrity = JOB_INTEGRITY_NONE;
	str_set(&t->job->etag, NULL);
	str_set(&t->job->last_modified, NULL);
	str_set(&t->job->digest, NULL);
	str_set(&t->job->encoded, NULL);
}

void transfer_cancel(struct transfer *t, bool discard)
{
	t->cancelled = true;
	t->discard = t->discard || discard;
	if (t->phase != TRANSFER_RUN)
		return; /* what is under way at the disk comes back first, and a finish that has begun wins */
	verdict_set(&t->verdict, VERDICT_ABORTED, NULL, "stopped");
	transfer_settle(t);
}

/* ---- settle */

static void tell_received(const struct transfer *t)
{
	mailbox_post(worker_engine(t->worker), &outcome_new(t, OUTCOME_RECEIVED)->msg);
}

static void post_finish(struct transfer *t)
{
	bool small = !t->file;
	struct disk_task *task;

	if (!transfer_need_file(t, small)) {
		transfer_settle(t);
		return;
	}
	task = disk_task_new(DISK_FINISH, NULL, t, t->file);
	task->offset = t->posted;
	task->expect_size = -1;
	task->buffer = t->buffer;
	t->buffer = NULL;
	t->posted = t->offset;
	task->name = t->job->name;
	task->conflict = transfer_conflict(t);
	task->mtime_sec = t->mtime_sec;
	task->etag = t->job->etag;
	task->digest = t->part_digest;
	t->part_digest = NULL;
	transfer_post(t, task);
	if (!t->split)
		tell_received(t);
}

/* Bytes are kept when a later request can prove that they belong to the same file. An answer that is final
 * for this URL leaves what earlier attempts brought, as does none at all; a body that is refused itself takes
 * it along. */
static bool keeps_bytes(const struct transfer *t)
{
	int64_t received = transfer_received(t);

	if (t->discard || !transfer_worth_keeping(t, received > t->durable ? received : t->durable))
		return false;
	/* Of several answers others have brought them. */
	if (t->verdict.class == VERDICT_PERMANENT && t->split && t->accepted)
		return strcmp(t->verdict.code, "E_CHANGED") != 0;
	if (t->verdict.class == VERDICT_PERMANENT)
		return t->durable > 0 && received == t->durable &&
		       (!t->judged || t->answer == GATE_REFUSE || t->answer == GATE_REDIRECT);
	return t->verdict.class != VERDICT_RESTART;
}

/* What the reader has is as new as what the server has. */
static void settle_unchanged(struct transfer *t)
{
	transfer_note(t, "not modified; nothing was fetched");
	transfer_forget_file(t);
	transfer_tell(t);
}

/* Over one connection the last bytes go with FINISH; over several they are on the disk before. */
static void settle_whole(struct transfer *t)
{
	if (t->split && !t->split->finishing) {
		split_stop(t, true);
		t->split->finishing = true;
		tell_received(t);
	}
	if (!t->split || split_finish(t))
		post_finish(t);
}

static void settle_part(struct transfer *t)
{
	bool keep = keeps_bytes(t);

	if (t->split)
		split_stop(t, keep);
	if (!keep) {
		transfer_start_over(t);
		return;
	}
	body_flush(t);
	if (t->file)
		post_simple(t, DISK_CLOSE);
}

void transfer_settle(struct transfer *t)
{
	if (t->whole) {
		split_part_ended(t);
		return;
	}
	t->phase = TRANSFER_SETTLE;
	hop_leave(t);
	if (t->verdict.class == VERDICT_OK && t->judged && t->answer == GATE_UNCHANGED) {
		settle_unchanged(t);
		return;
	}
	if (t->verdict.class == VERDICT_OK) {
		settle_whole(t);
		return;
	}
	settle_part(t);
	transfer_tell(t);
}

static void take_verdict(struct transfer *t, struct disk_task *task)
{
	if (task->verdict.class == VERDICT_OK || t->verdict.class != VERDICT_OK)
		return;
	verdict_done(&t->verdict);
	t->verdict = task->verdict;
	verdict_init(&task->verdict);
}

static void checkpoint(struct transfer *t, int64_t durable)
{
	struct outcome *o;

	if (durable <= t->durable)
		return;
	t->durable = durable;
	o = outcome_new(t, OUTCOME_CHECKPOINT);
	o->job = facts(t);
	mailbox_post(worker_engine(t->worker), &o->msg);
}

/* The FINISH has come back: the one way to success. */
static void finished(struct transfer *t, struct disk_task *task)
{
	if (t->verdict.class == VERDICT_OK) {
		t->taken = task->ret_name;
		task->ret_name = NULL;
		t->durable = t->offset;
		t->job->size = t->offset;
		if (t->split)
			ranges_add(&t->split->durable, 0, t->offset);
		if (task->ret_integrity > t->job->integrity)
			t->job->integrity = task->ret_integrity;
		if (task->ret_digest)
			str_set(&t->job->digest, task->ret_digest);
		if (task->ret_note)
			transfer_note(t, task->ret_note);
		transfer_tell(t);
		return;
	}
	/* The lane closed the file, and says what of it is on disk. */
	if (t->verdict.class != VERDICT_PERMANENT && task->result > t->durable &&
		(!t->split || task->result == t->job->size)) {
		t->durable = task->result;
		if (t->split)
			ranges_add(&t->split->durable, 0, task->result);
	}
	if (t->verdict.class == VERDICT_RESTART || !transfer_worth_keeping(t, t->durable))
		transfer_start_over(t);
	transfer_tell(t);
}

/* Another task is back. */
void transfer_settled(struct transfer *t)
{
	if (t->split && t->split->finishing) {
		t->split->finishing = t->verdict.class == VERDICT_OK;
		transfer_settle(t);
	} else {
		transfer_tell(t);
	}
}

void transfer_disk_done(struct transfer *t, struct disk_task *task)
{
	enum disk_kind kind = (enum disk_kind)task->msg.kind;
	bool current = task->file == t->file, well = task->verdict.class == VERDICT_OK;
	int64_t result = task->result;
	struct disk *disk = worker_disk(t->worker);

	assert(t->magic == TRANSFER_MAGIC && t->tasks > 0);
	if (t->whole) {
		split_disk_done(t, task);
		return;
	}
	t->tasks--;
	if (kind == DISK_WRITE)
		t->writes--;
	if (kind == DISK_SYNC)
		t->syncing = false;
	if (current)
		take_verdict(t, task);
	if (kind == DISK_FINISH) {
		finished(t, task);
		disk_task_free(disk, task);
		return;
	}
	if (current && kind == DISK_WRITE)
		t->written += result;
	if (t->split && current && kind == DISK_WRITE)
		split_written(t, task, well);
	if (t->split && current && (kind == DISK_SYNC || kind == DISK_CLOSE))
		result = split_synced(t, kind, well);
	if (kind == DISK_DISCARD)
		disk_file_free(task->file);
	if (t->phase == TRANSFER_LOOK) {
		transfer_looked(t, kind, task);
		disk_task_free(disk, task);
		return;
	}
	disk_task_free(disk, task);
	if (current && (kind == DISK_SYNC || kind == DISK_CLOSE) && t->verdict.class != VERDICT_RESTART)
		checkpoint(t, result);
	switch (t->phase) {
	case TRANSFER_LOOK: return;
	case TRANSFER_RUN:
		if (t->verdict.class != VERDICT_OK)
			transfer_settle(t);
		else if (kind == DISK_WRITE)
			split_offer(t);
		return;
	case TRANSFER_SETTLE: transfer_settled(t); return;
	}
}

/* ---- while it runs */

void transfer_checkpoint(struct transfer *t, int64_t now_usec)
{
	int64_t received = transfer_received(t);

	if (t->syncing || !transfer_worth_keeping(t, received) || received == t->sync_posted)
		return;
	if (received - t->sync_posted < CHECKPOINT_BYTES && now_usec - t->sync_usec < CHECKPOINT_USEC)
		return;
	body_flush(t);
	if (!t->file)
		return;
	t->syncing = true;
	t->sync_posted = t->posted;
	if (t->split)
		split_sync(t);
	t->sync_usec = now_usec;
	post_simple(t, DISK_SYNC);
}

void transfer_network_changed(struct transfer *t)
{
	char *ip = NULL;

	split_network_changed(t);
	if (t->phase != TRANSFER_RUN || !t->easy ||
		curl_easy_getinfo(t->easy, CURLINFO_LOCAL_IP, &ip) != CURLE_OK || !ip || !*ip ||
		netif_is_here(ip))
		return;
	t->verdict.held_for = JOB_WAIT_NETWORK;
	t->verdict.retry_after_usec = 0;
	verdict_set(
		&t->verdict, VERDICT_HELD, "E_NETWORK", "the network changed: the address %s is gone", ip);
	transfer_settle(t);
}

bool transfer_limited(const struct transfer *t)
{
	return pace_limits(t->whole ? &t->whole->limits : &t->limits);
}

void transfer_unpause(struct transfer *t, int64_t now_usec)
{
	if (t->resume_usec > now_usec && (t->pause & PAUSE_RATE))
		return;
	worker_unpaused(t->worker, t);
	t->pause = 0;
	t->last_byte_usec = now_usec;
	/* May deliver bytes at once, and pause again; or be the end, of which libcurl (7.88) says nothing
	 * more. */
	CURLcode result = curl_easy_pause(t->easy, CURLPAUSE_CONT);
	if (result != CURLE_OK)
		hop_end(t, result);
}
