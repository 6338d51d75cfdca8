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
#include "fetchd/transfer/worker.h"
#include "job/classify.h"
#include "job/httpdate.h"

#define CHECKPOINT_BYTES ((int64_t)16 << 20)
#define CHECKPOINT_USEC	 (5 * USEC_PER_SEC)
/* So little may come as it likes: it is here before another request would be answered. */
#define HTTP2_LEFT_BYTES ((int64_t)1 << 20)
/* A partly filled buffer of a slow transfer goes to the disk after this long, and its room back to the
 * budget. */
#define BUFFER_AGE_USEC USEC_PER_SEC

/* ---- birth and death */

struct transfer *transfer_new(struct worker *worker, struct worker_start *start)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->magic = TRANSFER_MAGIC;
	t->worker = worker;
	t->job = start->job;
	start->job = NULL;
	t->attempt = start->attempt;
	pace_init(&t->limits, start->rates);
	t->url = xstrdup(t->job->url);
	t->http1 = start->http1;
	t->most_bytes = start->most_bytes;
	t->begun_usec = t->last_byte_usec = clock_boot_usec();
	t->durable = t->started_at = t->job->received;
	t->mtime_sec = t->have_modified_sec = -1;
	t->record = attempt_new();
	t->record->started_usec = clock_wall_usec();
	t->speed = -1;
	verdict_init(&t->verdict);
	response_init(&t->response);
	return t;
}

static void transfer_free(struct transfer *t)
{
	disk_buffer_free(worker_disk(t->worker), t->buffer);
	disk_file_free(t->file);
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
	if (t->hops)
		str_set(&job->effective_url, t->url);
	return job;
}

/* The end: exactly one FINISHED, as soon as the disk is through; an older part may take longer to be removed
 * than a new file to be finished. Whoever calls this is done with t. */
static void tell(struct transfer *t)
{
	struct outcome *o;

	assert(t->phase == TRANSFER_SETTLE);
	if (t->tasks > 0)
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
static bool worth_keeping(const struct transfer *t, int64_t bytes)
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
	t->offset = t->posted = t->durable = t->sync_posted = 0;
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

/* ---- look: at the room, the name, the part, in this order */

static void look_for_part(struct transfer *t)
{
	struct disk_task *task;

	if (t->job->received == 0) {
		hop_start(t);
		return;
	}
	if (!worth_keeping(t, t->job->received)) {
		transfer_start_over(t);
		hop_start(t);
		return;
	}
	if (!transfer_need_file(t, false)) {
		transfer_settle(t);
		return;
	}
	task = disk_task_new(DISK_RESUME, NULL, t, t->file);
	task->offset = t->job->received;
	task->tail = t->job->validator == JOB_VALIDATOR_NONE ? (size_t)GATE_OVERLAP : 0;
	transfer_post(t, task);
}

static enum job_conflict conflict_of(const struct transfer *t)
{
	int own = t->job->options.on_conflict;

	if (t->job->options.conditional)
		return JOB_CONFLICT_OVERWRITE;
	return (enum job_conflict)(own >= 0 ? own : (int)worker_config(t->worker)->on_conflict);
}

static void look_with(struct transfer *t, enum disk_kind kind)
{
	struct disk_task *task;

	if (!transfer_need_file(t, false)) {
		transfer_settle(t);
		return;
	}
	task = disk_task_new(kind, NULL, t, t->file);
	task->name = t->job->name;
	task->expect_size = t->job->size;
	transfer_post(t, task);
}

static void look_for_name(struct transfer *t)
{
	enum job_conflict conflict = conflict_of(t);

	/* Better known before the bytes are fetched; the rename at the end is what decides. */
	if (conflict == JOB_CONFLICT_FAIL || conflict == JOB_CONFLICT_SKIP || t->job->options.conditional)
		look_with(t, DISK_EXISTS);
	else
		look_for_part(t);
}

/* The disk held it the last time: its host is not asked before there is room. */
static bool was_held_by_disk(const struct job *job)
{
	static const char *const codes[] = {"E_NO_SPACE", "E_QUOTA", "E_READONLY", "E_DEST_GONE"};

	for (size_t i = 0; job->error_code && i < ARRAY_LEN(codes); i++)
		if (strcmp(job->error_code, codes[i]) == 0)
			return true;
	return false;
}

void transfer_begin(struct transfer *t)
{
	t->phase = TRANSFER_LOOK;
	if (was_held_by_disk(t->job))
		look_with(t, DISK_ROOM);
	else
		look_for_name(t);
}

/* The next file knows its kind better. */
static void forget_file(struct transfer *t)
{
	disk_file_free(t->file);
	t->file = NULL;
}

static void looked_for_name(struct transfer *t, const struct disk_task *task)
{
	bool exists = task->result > 0;

	if (exists && conflict_of(t) == JOB_CONFLICT_SKIP) {
		t->phase = TRANSFER_SETTLE;
		/* What an earlier attempt brought is wanted no more. */
		if (t->job->received > 0)
			transfer_start_over(t);
		tell(t);
		return;
	}
	if (exists && conflict_of(t) == JOB_CONFLICT_FAIL) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_EXISTS", "the file %s is already there",
			t->job->name);
		transfer_settle(t);
		return;
	}
	if (exists && t->job->received == 0) {
		t->conditional = true;
		str_set(&t->have_etag, task->ret_etag);
		t->have_modified_sec = task->ret_mtime_sec;
	}
	forget_file(t);
	look_for_part(t);
}

static void looked_for_part(struct transfer *t, struct disk_task *task)
{
	int64_t trusted = task->result;

	if (trusted == 0) {
		transfer_note(t, "the partial file was lost or changed; begun anew");
		transfer_start_over(t);
		hop_start(t);
		return;
	}
	t->offset = t->posted = t->durable = t->sync_posted = trusted;
	t->record->offset = trusted;
	t->tail = task->ret_tail;
	t->tail_n = task->ret_tail_n;
	task->ret_tail = NULL;
	if (t->job->size != trusted) {
		hop_start(t);
		return;
	}
	/* An earlier attempt got all of it, and could not finish. */
	if (!t->job->last_modified || httpdate_parse(t->job->last_modified, &t->mtime_sec) != 0)
		t->mtime_sec = -1;
	transfer_settle(t);
}

static void looked(struct transfer *t, enum disk_kind kind, struct disk_task *task)
{
	if (t->cancelled)
		verdict_set(&t->verdict, VERDICT_ABORTED, NULL, "stopped");
	if (t->verdict.class != VERDICT_OK) {
		transfer_settle(t);
	} else if (kind == DISK_ROOM) {
		forget_file(t);
		look_for_name(t);
	} else if (kind == DISK_EXISTS) {
		looked_for_name(t, task);
	} else if (kind == DISK_RESUME) {
		looked_for_part(t, task);
	}
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
	task->conflict = conflict_of(t);
	task->mtime_sec = t->mtime_sec;
	task->etag = t->job->etag;
	task->digest = t->part_digest;
	t->part_digest = NULL;
	transfer_post(t, task);
	mailbox_post(worker_engine(t->worker), &outcome_new(t, OUTCOME_RECEIVED)->msg);
}

/* Bytes are kept when a later request can prove that they belong to the same file. An answer that is final
 * for this URL leaves what earlier attempts brought, as does none at all; a body that is refused itself takes
 * it along. */
static bool keeps_bytes(const struct transfer *t)
{
	if (t->discard || !worth_keeping(t, t->offset > t->durable ? t->offset : t->durable))
		return false;
	if (t->verdict.class == VERDICT_PERMANENT)
		return t->durable > 0 && t->offset == t->durable &&
		       (!t->judged || t->answer == GATE_REFUSE || t->answer == GATE_REDIRECT);
	return t->verdict.class != VERDICT_RESTART;
}

/* What the reader has is as new as what the server has. */
static void settle_unchanged(struct transfer *t)
{
	transfer_note(t, "not modified; nothing was fetched");
	forget_file(t);
	tell(t);
}

void transfer_settle(struct transfer *t)
{
	t->phase = TRANSFER_SETTLE;
	hop_leave(t);
	if (t->verdict.class == VERDICT_OK && t->judged && t->answer == GATE_UNCHANGED) {
		settle_unchanged(t);
		return;
	}
	if (t->verdict.class == VERDICT_OK) {
		post_finish(t);
		return;
	}
	if (keeps_bytes(t)) {
		body_flush(t);
		if (t->file)
			post_simple(t, DISK_CLOSE);
	} else {
		transfer_start_over(t);
	}
	tell(t);
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
		if (task->ret_integrity > t->job->integrity)
			t->job->integrity = task->ret_integrity;
		if (task->ret_digest)
			str_set(&t->job->digest, task->ret_digest);
		if (task->ret_note)
			transfer_note(t, task->ret_note);
		tell(t);
		return;
	}
	/* The lane closed the file, and says what of it is on disk. */
	if (t->verdict.class != VERDICT_PERMANENT && task->result > t->durable)
		t->durable = task->result;
	if (t->verdict.class == VERDICT_RESTART || !worth_keeping(t, t->durable))
		transfer_start_over(t);
	tell(t);
}

void transfer_disk_done(struct transfer *t, struct disk_task *task)
{
	enum disk_kind kind = (enum disk_kind)task->msg.kind;
	bool current = task->file == t->file;
	int64_t result = task->result;
	struct disk *disk = worker_disk(t->worker);

	assert(t->magic == TRANSFER_MAGIC && t->tasks > 0);
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
	if (kind == DISK_DISCARD)
		disk_file_free(task->file);
	if (t->phase == TRANSFER_LOOK) {
		looked(t, kind, task);
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
		return;
	case TRANSFER_SETTLE: tell(t); return;
	}
}

/* ---- the tick */

static void maybe_checkpoint(struct transfer *t, int64_t now)
{
	if (t->syncing || !worth_keeping(t, t->offset) || t->offset == t->sync_posted)
		return;
	if (t->offset - t->sync_posted < CHECKPOINT_BYTES && now - t->sync_usec < CHECKPOINT_USEC)
		return;
	body_flush(t);
	if (!t->file)
		return;
	t->syncing = true;
	t->sync_posted = t->posted;
	t->sync_usec = now;
	post_simple(t, DISK_SYNC);
}

static void measure(struct transfer *t, int64_t dt_usec)
{
	int64_t now_speed = dt_usec > 0 ? (t->offset - t->report_offset) * USEC_PER_SEC / dt_usec : 0;

	t->report_offset = t->offset;
	t->speed = t->speed < 0 ? now_speed : (t->speed * 7 + now_speed * 3) / 10;
}

static bool sending_done(const struct transfer *t)
{
	curl_off_t connected = 0;

	return curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected) == CURLE_OK &&
	       connected > 0;
}

static void judge_stall(struct transfer *t, int64_t now)
{
	int64_t limit = worker_config(t->worker)->stall_timeout_usec, quiet;

	if (t->pause || limit == USEC_INFINITY)
		return;
	/* Until the request is out, the connect time-out counts. */
	if (!sending_done(t))
		t->last_byte_usec = now;
	quiet = now - t->last_byte_usec;
	if (quiet <= limit)
		return;
	if (t->response.lines == 0)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TIMEOUT", "no answer for %lld s",
			(long long)(quiet / USEC_PER_SEC));
	else
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_STALL", "no data for %lld s",
			(long long)(quiet / USEC_PER_SEC));
}

/* libcurl judges a time-out by what is set now, but wakes for the one that was set when it began. */
static void judge_times(struct transfer *t, int64_t now)
{
	const struct config *cfg = worker_config(t->worker);
	const struct job_options *o = &t->job->options;
	int64_t connect = o->connect_timeout_usec >= 0 ? o->connect_timeout_usec : cfg->connect_timeout_usec;
	int64_t most = o->max_time_usec >= 0 ? o->max_time_usec : cfg->max_time_usec;

	if (!t->retimed)
		return;
	if ((most > 0 && now - t->begun_usec > most) || (now - t->hop_usec > connect && !sending_done(t)))
		classify_curl(&t->verdict, CURLE_OPERATION_TIMEDOUT, NULL);
}

void transfer_tune(struct transfer *t)
{
	if (t->phase != TRANSFER_RUN || !t->easy)
		return;
	request_set_times(t, worker_config(t->worker));
	t->retimed = true;
}

/* A trickle that never stalls would hold its slot for ever. A pause is ours, not the server's. */
static void judge_trickle(struct transfer *t, int64_t now)
{
	const struct config *cfg = worker_config(t->worker);
	int64_t got = t->offset - t->slow_offset, span = now - t->slow_since_usec;

	if (cfg->min_rate == 0 || t->pause || t->slow_since_usec == 0 || t->resume_usec > now) {
		t->slow_since_usec = now;
		t->slow_offset = t->offset;
		return;
	}
	if (span < cfg->min_rate_time_usec)
		return;
	if ((double)got * USEC_PER_SEC < (double)cfg->min_rate * (double)span)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_STALL",
			"only %lld bytes in %lld s, which is under MinRate", (long long)got,
			(long long)(span / USEC_PER_SEC));
	t->slow_since_usec = now;
	t->slow_offset = t->offset;
}

/* A limit that came when it ran already, over a protocol that does not bear one (see set_protocol() of
 * request.c). It begins anew where it is, unless that would cost more than it is worth. */
static bool must_leave_http2(const struct transfer *t)
{
	long version = 0;

	if (!t->easy || !pace_limits(&t->limits) ||
		curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version) != CURLE_OK ||
		version <= CURL_HTTP_VERSION_1_1)
		return false;
	if (t->job->size >= 0 && t->job->size - t->offset <= HTTP2_LEFT_BYTES)
		return false;
	return t->offset == 0 || transfer_resumable(t);
}

static void leave_http2(struct transfer *t)
{
	t->shed = true;
	verdict_set(&t->verdict, VERDICT_ABORTED, NULL, "stopped");
}

void transfer_tick(struct transfer *t, int64_t now_usec, int64_t dt_usec)
{
	if (t->phase != TRANSFER_RUN)
		return;
	measure(t, dt_usec);
	judge_stall(t, now_usec);
	judge_times(t, now_usec);
	judge_trickle(t, now_usec);
	if (t->verdict.class == VERDICT_OK && must_leave_http2(t))
		leave_http2(t);
	if (t->verdict.class != VERDICT_OK) {
		transfer_settle(t);
		return;
	}
	if (t->buffer && t->buffer->used && now_usec - t->buffer_usec > BUFFER_AGE_USEC)
		body_flush(t);
	maybe_checkpoint(t, now_usec);
}

void transfer_network_changed(struct transfer *t)
{
	char *ip = NULL;

	if (t->phase != TRANSFER_RUN || curl_easy_getinfo(t->easy, CURLINFO_LOCAL_IP, &ip) != CURLE_OK ||
		!ip || !*ip || netif_is_here(ip))
		return;
	t->verdict.held_for = JOB_WAIT_NETWORK;
	t->verdict.retry_after_usec = 0;
	verdict_set(
		&t->verdict, VERDICT_HELD, "E_NETWORK", "the network changed: the address %s is gone", ip);
	transfer_settle(t);
}

void transfer_unpause(struct transfer *t, int64_t now_usec)
{
	if (t->resume_usec > now_usec && (t->pause & PAUSE_RATE))
		return;
	worker_unpaused(t->worker, t);
	t->pause = 0;
	t->last_byte_usec = now_usec;
	/* May deliver bytes at once, and pause again. */
	curl_easy_pause(t->easy, CURLPAUSE_CONT);
}
