/* Look: what is there before the host is asked: room, where the disk held the job before; the name; the part.
 * In this order. Runs in the worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/transfer/split.h"
#include "job/httpdate.h"

/* Without a validator the last of the bytes from the start are compared, and the others are of no use. */
static void forget_holes(struct transfer *t)
{
	struct ranges have;

	if (!t->job->ranges || t->job->validator != JOB_VALIDATOR_NONE)
		return;
	if (ranges_parse(t->job->ranges, &have) == 0 && have.n > 0 && have.of[0].from == 0)
		t->job->received = have.of[0].to;
	else
		t->job->received = 1; /* not worth keeping */
	ranges_done(&have);
	str_set(&t->job->ranges, NULL);
	t->durable = t->job->received;
}

static void look_for_part(struct transfer *t)
{
	struct disk_task *task;
	struct ranges have;

	forget_holes(t);
	if (t->job->received == 0) {
		hop_start(t);
		return;
	}
	if (!transfer_worth_keeping(t, t->job->received)) {
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
	if (t->job->ranges && ranges_parse(t->job->ranges, &have) == 0) {
		task->offset = ranges_end(&have);
		task->holes = true;
		ranges_done(&have);
	}
	task->tail = t->job->validator == JOB_VALIDATOR_NONE ? (size_t)GATE_OVERLAP : 0;
	transfer_post(t, task);
}

enum job_conflict transfer_conflict(const struct transfer *t)
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
	enum job_conflict conflict = transfer_conflict(t);

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
void transfer_forget_file(struct transfer *t)
{
	disk_file_free(t->file);
	t->file = NULL;
}

static void looked_for_name(struct transfer *t, const struct disk_task *task)
{
	bool exists = task->result > 0;

	if (exists && transfer_conflict(t) == JOB_CONFLICT_SKIP) {
		t->phase = TRANSFER_SETTLE;
		/* What an earlier attempt brought is wanted no more. */
		if (t->job->received > 0)
			transfer_start_over(t);
		transfer_tell(t);
		return;
	}
	if (exists && transfer_conflict(t) == JOB_CONFLICT_FAIL) {
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
	transfer_forget_file(t);
	look_for_part(t);
}

/* Modified when, for a file that an earlier attempt got all of. */
static void recall_mtime(struct transfer *t)
{
	if (!t->job->last_modified || httpdate_parse(t->job->last_modified, &t->mtime_sec) != 0)
		t->mtime_sec = -1;
}

static void go_on_with_holes(struct transfer *t)
{
	if (split_take(t)) {
		hop_start(t);
		return;
	}
	recall_mtime(t);
	transfer_settle(t);
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
	t->record->offset = t->job->received;
	if (task->holes) {
		go_on_with_holes(t);
		return;
	}
	t->offset = t->posted = t->written = t->durable = t->sync_posted = trusted;
	t->tail = task->ret_tail;
	t->tail_n = task->ret_tail_n;
	task->ret_tail = NULL;
	if (t->job->size != trusted) {
		hop_start(t);
		return;
	}
	/* An earlier attempt got all of it, and could not finish. */
	recall_mtime(t);
	transfer_settle(t);
}

/* From here on it tells of them, even if it goes no further. */
static void recall_holes(struct transfer *t)
{
	struct ranges have = {0};

	(void)ranges_parse(t->job->ranges, &have);
	split_resume(t, &have);
}

void transfer_looked(struct transfer *t, enum disk_kind kind, struct disk_task *task)
{
	if (kind == DISK_RESUME && task->holes && task->result > 0)
		recall_holes(t);
	if (t->cancelled)
		verdict_set(&t->verdict, VERDICT_ABORTED, NULL, "stopped");
	if (t->verdict.class != VERDICT_OK) {
		transfer_settle(t);
	} else if (kind == DISK_ROOM) {
		transfer_forget_file(t);
		look_for_name(t);
	} else if (kind == DISK_EXISTS) {
		looked_for_name(t, task);
	} else if (kind == DISK_RESUME) {
		looked_for_part(t, task);
	}
}
