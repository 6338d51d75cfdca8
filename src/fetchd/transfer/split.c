/* Split: who fetches which range of a file, and when all of them are there. Owns the parts of a transfer.
 * Runs in the worker, never inside libcurl but for split_posted() and split_free().
 */
#include "config.h"

#include "fetchd/transfer/split.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchd/transfer/worker.h"

int64_t transfer_received(const struct transfer *t)
{
	return t->split ? t->split->received : t->offset;
}

static struct split *split_new(struct transfer *t)
{
	struct split *s = xcalloc(1, sizeof(*s));

	TAILQ_INIT(&s->parts);
	verdict_init(&s->failure);
	t->split = s;
	return s;
}

void split_free(struct transfer *t)
{
	struct split *s = t->split;

	if (!s)
		return;
	assert(TAILQ_EMPTY(&s->parts));
	split_start_over(t);
	verdict_done(&s->failure);
	free(s);
	t->split = NULL;
}

void split_start_over(struct transfer *t)
{
	struct split *s = t->split;

	if (!s)
		return;
	ranges_done(&s->there);
	ranges_done(&s->written);
	ranges_done(&s->durable);
	ranges_done(&s->syncing);
	s->received = 0;
}

void split_resume(struct transfer *t, struct ranges *have)
{
	struct split *s = split_new(t);

	s->there = *have;
	ranges_copy(&s->written, have);
	ranges_copy(&s->durable, have);
	s->received = t->sync_posted = ranges_bytes(have);
}

/* ---- whether */

static unsigned most_extra(const struct transfer *t)
{
	int own = t->job->options.split;
	int64_t most = own > 0 ? own : worker_config(t->worker)->split;

	return (unsigned)most - 1;
}

/* What is fetched may be joined from several answers, and the server has shown that it gives parts. Where one
 * made no sense, or was of another version, one answer may well bring all. */
static bool may_split(const struct transfer *t)
{
	const struct job *job = t->job;

	return t->phase == TRANSFER_RUN && t->accepted && most_extra(t) > 0 && job->size >= 0 &&
	       job->validator != JOB_VALIDATOR_NONE && !job->no_ranges && job->range_faults == 0 &&
	       job->changes == 0 && !job->encoded && t->ranged && !ftp_is(t->url);
}

/* ---- the next range */

static void set_range(struct transfer *t, const struct range *range)
{
	t->offset = t->posted = range->from;
	t->until = range->to;
}

bool split_take(struct transfer *t)
{
	struct range range;

	t->split->idle = true;
	if (t->split->own_failed || !split_next_range(t, &range))
		return false;
	t->split->idle = false;
	set_range(t, &range);
	return true;
}

/* ---- what the engine is told */

/* Connections beyond the first that would have something to do. */
static unsigned wanted(struct transfer *t)
{
	struct split *s = t->split;
	unsigned n = s->n_running, most = most_extra(t);
	struct ranges all;
	struct range gap;
	struct transfer *part;

	if (s->refused || !may_split(t))
		return n;
	n += s->idle ? 0 : split_pieces(t);
	TAILQ_FOREACH(part, &s->parts, part_link) {
		n += split_is_running(part) ? split_pieces(part) : 0;
	}
	split_covered(t, &all);
	for (; n < most && ranges_gap(&all, t->job->size, &gap); n++)
		ranges_add(&all, gap.from, gap.to);
	ranges_done(&all);
	return n < most ? n : most > s->n_running ? most : s->n_running;
}

/* The file's own transfer is through: one of the parts has its slot. */
static unsigned lead(const struct split *s)
{
	return s->own_failed && s->n_running > 0;
}

static void report(struct transfer *t, bool must)
{
	struct split *s = t->split;
	unsigned want = wanted(t);
	struct parts_report *msg;

	if (!must && !s->untold && s->allowed == s->n_running && want == s->told_wanted)
		return;
	s->allowed = s->n_running;
	s->told_wanted = want;
	msg = xcalloc(1, sizeof(*msg));
	msg->msg.kind = OUTCOME_PARTS;
	msg->job_id = t->job->id;
	msg->attempt = t->attempt;
	msg->used = s->n_running - lead(s);
	msg->wanted = want - lead(s);
	msg->seq = s->seq;
	verdict_init(&msg->failure);
	if (s->untold) {
		msg->failure = s->failure;
		msg->failure.message = NULL;
		s->untold = false;
	}
	mailbox_post(worker_engine(t->worker), &msg->msg);
}

/* ---- parts */

static void part_free(struct transfer *part)
{
	TAILQ_REMOVE(&part->whole->split->parts, part, part_link);
	part->file = NULL;
	transfer_free(part);
}

static struct curl_slist *slist_dup(const struct curl_slist *list)
{
	struct curl_slist *copy = NULL;

	for (; list; list = list->next) {
		struct curl_slist *longer = curl_slist_append(copy, list->data);

		if (!longer)
			abort();
		copy = longer;
	}
	return copy;
}

static void note_most(struct transfer *t)
{
	struct split *s = t->split;
	unsigned n = s->n_running + !s->idle;

	s->most = n > s->most ? n : s->most;
}

/* Where the first answer came from; over a connection of its own, which HTTP/2 would not make. */
static void part_start(struct transfer *t, const struct range *range)
{
	struct transfer *part = transfer_make(t->worker, job_dup(t->job), t->attempt);

	part->whole = t;
	part->url = xstrdup(t->url);
	part->hops = t->hops;
	part->foreign = t->foreign;
	part->cookies = slist_dup(t->cookies);
	part->http1 = true;
	part->begun_usec = t->begun_usec;
	part->file = t->file;
	set_range(part, range);
	TAILQ_INSERT_TAIL(&t->split->parts, part, part_link);
	t->split->n_running++;
	note_most(t);
	hop_start(part);
}

static void start_parts(struct transfer *t)
{
	struct split *s = t->split;
	struct range range;

	while (may_split(t) && !s->refused && s->n_running < s->allowed && s->n_running < most_extra(t) &&
		transfer_need_file(t, false) && split_next_range(t, &range))
		part_start(t, &range);
}

/* The part's connection is needed elsewhere: its range goes back to all. */
static void part_retire(struct transfer *part)
{
	verdict_set(&part->verdict, VERDICT_ABORTED, NULL, "stopped");
	transfer_settle(part);
}

static void retire_parts(struct transfer *t, unsigned most)
{
	struct split *s = t->split;

	while (t->phase == TRANSFER_RUN && s->n_running > most) {
		struct transfer *part = TAILQ_LAST(&s->parts, transfer_parts);

		while (!split_is_running(part))
			part = TAILQ_PREV(part, transfer_parts, part_link);
		part_retire(part);
	}
}

void split_allow(struct transfer *t, unsigned n, unsigned seq)
{
	if (!t->split)
		return;
	t->split->seq = seq;
	t->split->allowed = n + lead(t->split);
	retire_parts(t, t->split->allowed);
	start_parts(t);
	/* It may have ended by that: then FINISHED gives everything back. */
	if (t->phase == TRANSFER_RUN)
		report(t, true);
}

/* ---- ends */

/* The file is another one, or this machine cannot take it: there is no use in going on elsewhere. */
static bool ends_all(const struct verdict *v)
{
	return v->class == VERDICT_RESTART || v->class == VERDICT_HELD ||
	       (v->code && strcmp(v->code, "E_CHANGED") == 0);
}

static void take_failure(struct transfer *from, struct verdict *to)
{
	verdict_done(to);
	*to = from->verdict;
	verdict_init(&from->verdict);
}

/* Others go on. What another host said, after a redirect, is not put on the job's. */
static void keep_failure(struct transfer *from)
{
	struct split *s = transfer_whole(from)->split;

	take_failure(from, &s->failure);
	s->untold = !from->foreign;
}

/* Nobody fetches anything: the file's own transfer takes what is left, or it is the end. */
static void look_on(struct transfer *t)
{
	struct split *s = t->split;
	struct ranges all;
	struct range gap;
	bool whole;

	if (t->phase != TRANSFER_RUN || !s->idle || s->n_running > 0)
		return;
	if (split_take(t)) {
		note_most(t);
		hop_start(t);
		return;
	}
	split_covered(t, &all);
	whole = !ranges_gap(&all, t->job->size, &gap);
	ranges_done(&all);
	if (!whole) {
		t->verdict = s->failure;
		verdict_init(&s->failure);
	}
	transfer_settle(t);
}

/* Its slot is good for another range, also of one that has failed. */
static bool part_goes_on(struct transfer *part)
{
	struct transfer *t = part->whole;
	struct split *s = t->split;
	struct range range;

	if (s->n_running >= s->allowed || s->n_running >= most_extra(t) || !may_split(t) ||
		!split_next_range(t, &range))
		return false;
	part->phase = TRANSFER_RUN;
	part->slow_since_usec = 0;
	set_range(part, &range);
	s->n_running++;
	hop_start(part);
	return true;
}

void split_part_ended(struct transfer *part)
{
	struct transfer *t = part->whole;
	struct split *s = t->split;
	bool well = part->verdict.class == VERDICT_OK, fatal = ends_all(&part->verdict);

	part->phase = TRANSFER_SETTLE;
	hop_leave(part);
	s->n_running--;
	if (!fatal)
		body_flush(part);
	if (!well && !fatal)
		split_give_back(part);
	if (!well && part->verdict.class != VERDICT_ABORTED) {
		s->refused = true;
		transfer_note(t, "a further connection was refused or failed");
	}
	if (t->phase == TRANSFER_RUN && fatal) {
		take_failure(part, &t->verdict);
		transfer_settle(t);
	} else if (t->phase == TRANSFER_RUN && !well) {
		if (part->verdict.class != VERDICT_ABORTED)
			keep_failure(part);
	} else if (t->phase == TRANSFER_RUN && part_goes_on(part)) {
		return;
	}
	if (part->tasks == 0)
		part_free(part);
	look_on(t);
	if (t->phase == TRANSFER_RUN)
		report(t, false);
}

bool split_own_ended(struct transfer *t)
{
	struct split *s = t->split;

	if (!s || !t->accepted || ends_all(&t->verdict) || t->verdict.class == VERDICT_ABORTED)
		return false;
	if (t->verdict.class != VERDICT_OK) {
		if (s->n_running == 0)
			return false;
		s->own_failed = s->refused = true;
		keep_failure(t);
		split_give_back(t);
		report(t, false);
	}
	body_flush(t);
	if (split_take(t)) {
		hop_start(t);
		return true;
	}
	return s->n_running > 0;
}

static bool all_is_written(const struct transfer *t)
{
	return t->tasks == 0 && TAILQ_EMPTY(&t->split->parts);
}

bool split_finish(struct transfer *t)
{
	struct split *s = t->split;

	if (!all_is_written(t))
		return false;
	if (!s->rehashed && (t->job->options.checksum || t->job->digest)) {
		s->rehashed = true;
		transfer_post(t, disk_task_new(DISK_REHASH, NULL, t, t->file));
		return false;
	}
	t->offset = t->posted = t->job->size;
	return true;
}

void split_stop(struct transfer *t, bool keep)
{
	struct transfer *part, *next;

	if (keep)
		body_flush(t);
	for (part = TAILQ_FIRST(&t->split->parts); part; part = next) {
		next = TAILQ_NEXT(part, part_link);
		if (!split_is_running(part))
			continue;
		if (!keep) {
			disk_buffer_free(worker_disk(t->worker), part->buffer);
			part->buffer = NULL;
		}
		part_retire(part);
	}
	if (t->split->most > 1) {
		CLEANUP_FREE char *note = xasprintf("over %u connections", t->split->most);

		transfer_note(t, note);
	}
	/* The disk may take its time. */
	report(t, false);
}

bool split_busy(const struct transfer *t)
{
	return t->split && !TAILQ_EMPTY(&t->split->parts);
}

/* ---- the disk */

void split_posted(struct transfer *t, int64_t offset, int64_t bytes)
{
	struct transfer *whole = transfer_whole(t);

	if (whole->split)
		ranges_add(&whole->split->there, offset, offset + bytes);
}

void split_written(struct transfer *t, const struct disk_task *task, bool well)
{
	if (well)
		ranges_add(&t->split->written, task->offset, task->offset + task->result);
	else
		t->split->broken = true;
}

void split_sync(struct transfer *t)
{
	struct transfer *part;

	TAILQ_FOREACH(part, &t->split->parts, part_link) {
		if (split_is_running(part))
			body_flush(part);
	}
	t->sync_posted = t->split->received;
	ranges_copy(&t->split->syncing, &t->split->there);
}

int64_t split_synced(struct transfer *t, enum disk_kind kind, bool well)
{
	struct split *s = t->split;

	/* Nothing is written after a CLOSE; after a SYNC, what it does not cover. */
	if (well && kind == DISK_CLOSE)
		ranges_copy(&s->durable, &s->written);
	else if (well && !s->broken)
		ranges_copy(&s->durable, &s->syncing);
	return ranges_bytes(&s->durable);
}

void split_disk_done(struct transfer *part, struct disk_task *task)
{
	struct transfer *t = part->whole;
	bool well = task->verdict.class == VERDICT_OK;

	part->tasks--;
	part->writes--;
	if (task->file == t->file)
		split_written(t, task, well);
	if (!well && t->verdict.class == VERDICT_OK && task->file == t->file) {
		verdict_done(&t->verdict);
		t->verdict = task->verdict;
		verdict_init(&task->verdict);
	}
	disk_task_free(worker_disk(t->worker), task);
	if (part->tasks == 0 && !split_is_running(part))
		part_free(part);
	if (t->verdict.class != VERDICT_OK && t->phase == TRANSFER_RUN)
		transfer_settle(t);
	else if (t->phase == TRANSFER_SETTLE)
		transfer_settled(t);
}

/* ---- while it runs */

/* Bytes begin to be counted by where they are. */
static void begin(struct transfer *t)
{
	struct split *s = split_new(t);

	ranges_add(&s->there, 0, t->posted);
	ranges_add(&s->written, 0, t->written);
	ranges_add(&s->durable, 0, t->durable);
	if (t->syncing)
		ranges_add(&s->syncing, 0, t->sync_posted);
	s->received = t->offset;
	s->most = 1;
}

static void tick_parts(struct transfer *t, int64_t now_usec, int64_t dt_usec)
{
	struct transfer *part, *next;

	for (part = TAILQ_FIRST(&t->split->parts); part && t->phase == TRANSFER_RUN; part = next) {
		next = TAILQ_NEXT(part, part_link);
		transfer_tick(part, now_usec, dt_usec);
	}
}

void split_tick(struct transfer *t, int64_t now_usec, int64_t dt_usec)
{
	if (t->split)
		tick_parts(t, now_usec, dt_usec);
	if (t->split && t->phase == TRANSFER_RUN)
		report(t, false);
}

void split_offer(struct transfer *t)
{
	if (t->split || !may_split(t) || split_pieces(t) == 0)
		return;
	begin(t);
	report(t, false);
}

void split_network_changed(struct transfer *t)
{
	struct transfer *part, *next;

	if (!t->split)
		return;
	for (part = TAILQ_FIRST(&t->split->parts); part && t->phase == TRANSFER_RUN; part = next) {
		next = TAILQ_NEXT(part, part_link);
		transfer_network_changed(part);
	}
}

void split_tune(struct transfer *t)
{
	struct transfer *part;

	if (!t->split)
		return;
	retire_parts(t, most_extra(t) + lead(t->split));
	TAILQ_FOREACH(part, &t->split->parts, part_link)
		transfer_tune(part);
}
