/* The disk pool: the shelf. Every file-system call on payload happens in its threads ("lanes").
 *
 * Roots on one file system share its lanes, so that a file system that hangs holds only its own transfers: a
 * lane for small files, which come whole (bytes and finish in one task) and are finished in batches: one
 * sync, one directory sync for many; lanes for streams, a file's tasks in order in one of them; a lane
 * that syncs and finishes streams, so that one file's fsync does not hold up another's bytes; and one that
 * reads finished files. The pool decides nothing: each task comes back to the mailbox named in it, with its
 * result.
 */
#ifndef DISK_DISK_H
#define DISK_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/mailbox.h"
#include "fetchd/config.h"
#include "job/job.h"
#include "job/verdict.h"

/* Payload on its way from the network to the disk, all transfers together. */
#define DISK_BUDGET_BYTES ((int64_t)64 << 20)
/* The largest buffer: measured best on 2 GiB files (bench/README.md). */
#define DISK_BUFFER_MAX ((size_t)256 * 1024)

struct disk;

/* Takes the roots: makes <root>/.fetchd (0700) and locks it for this daemon. store_uuid marks files as this
 * queue's. NULL with *ret_error naming the root, *ret_exit_code the daemon's exit status. Blocking; before
 * threads start. */
struct disk *disk_start(
	const struct config *config, const char *store_uuid, char **ret_error, int *ret_exit_code);
/* A new configuration: the reserve. Any thread. */
void disk_tune(struct disk *disk, const struct config *config);
/* The end is near: what reads for long (DISK_VERIFY) comes back soon, with VERDICT_ABORTED. Any thread. */
void disk_hurry(struct disk *disk);
/* After the last task came back: joins the lanes, closes the roots. Lanes stuck in the kernel for longer than
 * wait_usec are left behind (the process is about to end). NULL is fine. */
void disk_join(struct disk *disk, int64_t wait_usec);

/* ---- files */

/* One part file and the final file it becomes. Made and freed by a transfer's thread; between post and return
 * of a task it is the lane's. */
struct disk_file;

struct disk_file_spec {
	int64_t job_id;
	int64_t generation;
	int edits;	      /* job.h: of the request that the file is to answer */
	const char *dir;      /* absolute; inside a root */
	const char *checksum; /* the user's, normal form: hash the bytes; NULL none */
	const char *digest;   /* the server's for the whole file, as known before this attempt; NULL none */
	bool small;	      /* whole in one task: the batching lane */
};

/* NULL when dir is in no root any more (the configuration changed). */
struct disk_file *disk_file_new(struct disk *disk, const struct disk_file_spec *spec);
/* Whose it is. */
int64_t disk_file_job(const struct disk_file *file);
/* For how long the lanes of this file have been in one call of the file system, when for more than a second;
 * else 0. Never blocks; any thread. */
int64_t disk_stalled_usec(const struct disk_file *file);
/* So much is on its way to this file's system already that more would take from the others what the budget
 * has for them: wait until a task comes back. Never so when there is one file system only. */
bool disk_crowded(const struct disk_file *file);
/* No task may be out. Closes nothing on disk: send DISK_CLOSE first. NULL is fine. */
void disk_file_free(struct disk_file *file);

/* ---- tasks */

enum disk_kind {
	DISK_RESUME = 400, /* open the part with at least offset bytes; result: bytes that can be trusted, 0
			      when none; ret_tail: the last of them, as many as tail asks for */
	DISK_WRITE,	   /* buffer at offset; the part is made when it is not open */
	DISK_SYNC,	   /* all bytes written so far are on disk when this returns */
	DISK_FINISH,	   /* buffer (may be empty) at offset, then sync, name, rename, directory sync */
	DISK_CLOSE,	   /* sync and close; the part stays, unless no byte of it counts */
	DISK_DISCARD,	   /* close and remove the part; also of a file that was never opened */
	DISK_EXISTS,	   /* is the name taken? result: 1 or 0; for a plain file ret_mtime_sec, ret_etag */
	DISK_REMOVE, /* remove the finished file called name, if it is still the one this job finished */
	DISK_ROOM,   /* could a file of expect_size bytes (-1: any) be written there now? The verdict tells;
			for jobs that were held by the disk, before their host is asked again */
	DISK_REHASH, /* all bytes are written, and came in no order: read them, when a sum of the whole is to
			be made. In the lane of DISK_VERIFY; no other task of the file may be out */
	DISK_VERIFY, /* read the finished file called name against expect_size and digest (normal form;
			NULL: make a sha-256); result: 1 as it should be, 0 not; ret_digest, ret_size. In a
			lane of its own: it may take long */
};

struct disk_buffer {
	size_t size; /* room */
	size_t used;
	unsigned char bytes[];
};

struct disk_task {
	struct msg msg; /* kind; posted and returned under the same kind */
	struct mailbox *reply;
	void *owner; /* the poster's own */
	struct disk_file *file;
	int64_t offset; /* WRITE, FINISH: of the buffer; RESUME: bytes to trust; SYNC, CLOSE: set by the lane
			 */
	struct disk_buffer *buffer; /* freed and returned to the budget by the lane */
	int64_t expect_size;	    /* WRITE: of the whole file, to reserve room; -1 unknown */
	/* FINISH, EXISTS, REMOVE */
	const char *name; /* borrowed until the task returns */
	enum job_conflict conflict;
	int64_t mtime_sec; /* -1: leave */
	const char *etag;  /* FINISH: kept with the file for conditional requests; borrowed, NULL none */
	size_t tail;	   /* RESUME */
	bool holes;	   /* RESUME: not all bytes before offset count */
	/* WRITE, FINISH: from this buffer on the bytes hash to digest (one of the whole file when offset is
	 * 0, else of what this response brings); owned. VERIFY: see there. */
	char *digest;

	int64_t wrote; /* the lanes' own */

	/* result */
	/* RESUME, EXISTS, REMOVE, VERIFY: see there; WRITE: bytes of the buffer that are in the file; SYNC,
	 * CLOSE, and FINISH that failed (0: no more than before): bytes of the part that are durable, from
	 * its start; of one that was not written in order: past the last of them */
	int64_t result;
	struct verdict verdict;		  /* VERDICT_OK, or what went wrong */
	char *ret_name;			  /* FINISH: the name taken */
	enum job_integrity ret_integrity; /* FINISH: by what the bytes were checked */
	char *ret_note;			  /* FINISH: worth telling though it went well; NULL */
	unsigned char *ret_tail; /* RESUME: tail bytes before result, or fewer when there are fewer */
	size_t ret_tail_n;
	int64_t ret_mtime_sec; /* EXISTS: -1 none */
	char *ret_etag;	       /* EXISTS */
	char *ret_digest;      /* VERIFY: what the file hashes to, normal form; FINISH: the same when nobody
				* said what it must, and it came in one piece */
	int64_t ret_size;      /* VERIFY */
};

struct disk_task *disk_task_new(int kind, struct mailbox *reply, void *owner, struct disk_file *file);
/* With buffer and results. Not the file. */
void disk_task_free(struct disk *disk, struct disk_task *task);

void disk_post(struct disk *disk, struct disk_task *task);

/* What the pool has to do now, of all file systems together, for metrics. Any thread; never blocks. */
enum disk_lane_kind { DISK_SMALL, DISK_STREAM, DISK_SYNCS, DISK_VERIFIES };
#define DISK_LANES_N (DISK_VERIFIES + 1)
struct disk_figures {
	int64_t tasks[DISK_LANES_N]; /* that wait for a lane */
	int64_t buffer_bytes;	     /* taken from DISK_BUDGET_BYTES */
	int64_t dirty_bytes;	     /* of streams, written and not synced yet */
	int64_t stalled_usec; /* how long the longest call has taken so far, when for more than a second */
};
void disk_figures(struct disk *disk, struct disk_figures *ret);
/* "small", "stream", "sync", "verify" */
const char *disk_lane_name(enum disk_lane_kind kind);

/* A buffer from the budget, or NULL when it is spent; size 1…DISK_BUFFER_MAX. Any thread. */
struct disk_buffer *disk_buffer_new(struct disk *disk, size_t size);
void disk_buffer_free(struct disk *disk, struct disk_buffer *buffer);

/* Buffers kept for reuse go back to the system; called when transfers have ceased. Any thread. */
void disk_trim(struct disk *disk);

/* ---- start-up; blocking, before transfers */

/* Removes part files for which keep() says no. */
void disk_sweep(struct disk *disk, bool (*keep)(int64_t job_id, int64_t generation, void *arg), void *arg);
/* Was this job's file finished, though the queue does not know (a crash between rename and commit)? The mark
 * on the inode (extended attribute user.fetchd.job) tells whose file it is and, after an edit, of which
 * request; a file system without them answers no. On yes with *ret_name (caller frees) and *ret_size. */
bool disk_find_finished(struct disk *disk, const struct job *job, char **ret_name, int64_t *ret_size);

#endif
