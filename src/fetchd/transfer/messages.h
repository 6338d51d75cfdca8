/* What crosses between the engine and the workers. Ownership travels with the pointer; one START gets exactly
 * one FINISHED. */
#ifndef TRANSFER_MESSAGES_H
#define TRANSFER_MESSAGES_H

#include "base/mailbox.h"
#include "base/rate.h"
#include "fetchd/config.h"
#include "job/attempt.h"
#include "job/job.h"
#include "job/verdict.h"

/* ---- engine → worker */

enum worker_kind {
	WORKER_START = 200, /* struct worker_start */
	WORKER_CANCEL,	    /* struct worker_cancel */
	WORKER_TUNE,	    /* struct worker_tune */
	WORKER_LIMIT,	    /* struct worker_limit */
	WORKER_STOP,	    /* struct msg: cancel all, finish when the last transfer has */
	WORKER_SPLIT,	    /* struct worker_split */
	WORKER_NETWORK,	    /* struct msg: network changed: connections kept open may be dead */
};

/* What a transfer's bytes are counted against. */
enum { RATE_TOTAL, RATE_USER, RATE_GROUP, RATE_HOST, RATE_JOB, RATES_N };

struct worker_start {
	struct msg msg;
	struct job *job;    /* the worker's own copy */
	int64_t attempt;    /* names this attempt: (job id, attempt) is unique within one run of the daemon */
	int64_t most_bytes; /* a larger file than this is held: its user's disk is full */
	struct rate *rates[RATES_N]; /* references, passed over; NULL where there is none */
	bool http1;		     /* HTTP/2 went wrong with this origin: not now */
};

struct worker_cancel {
	struct msg msg;
	int64_t job_id;
	int64_t attempt;
	bool discard; /* the part file too */
};

/* The job's own limit is another now. */
struct worker_limit {
	struct msg msg;
	int64_t job_id;
	int64_t attempt;
	int64_t bytes_per_sec; /* 0: none */
};

/* Over so many connections beyond the first the file may be fetched now. Answered by PARTS. */
struct worker_split {
	struct msg msg;
	int64_t job_id;
	int64_t attempt;
	unsigned n;
	unsigned seq; /* of this word: the next is one more */
};

/* For a message that will not be sent. */
void worker_message_free(struct msg *msg);

struct worker_tune {
	struct msg msg;
	struct config *config; /* a reference, passed over */
};

/* ---- worker → engine */

enum outcome_kind {
	OUTCOME_RECEIVED =
		299, /* struct outcome: nothing more will be asked of the host; the disk finishes the file */
	OUTCOME_CHECKPOINT = 300, /* struct outcome */
	OUTCOME_FINISHED,	  /* struct outcome */
	OUTCOME_PARTS,		  /* struct parts_report */
};

/* A file could be fetched over more connections, or is over fewer. Until the engine says more, no more than
 * those that are used are made. One that was refused or failed while others go on is told at once, each in a
 * report of its own: the host is judged by it, the attempt is not. If it was the first, another is the first
 * from then on. */
struct parts_report {
	struct msg msg;
	int64_t job_id;
	int64_t attempt;
	unsigned used;	 /* beyond the first */
	unsigned wanted; /* at least used */
	unsigned seq;	 /* of the last WORKER_SPLIT; 0: there was none */
	/* Without a sentence. VERDICT_OK: none, or it was another host's than the job's. */
	struct verdict failure;
};

/* A durable fact: what the job's part has on disk. With FINISHED also the verdict and the record of the
 * attempt, and for VERDICT_OK the final name. */
struct outcome {
	struct msg msg;
	int64_t job_id;
	int64_t attempt;
	/* The worker's copy of the job: received (durable bytes), generation, size, etag, last_modified,
	 * validator, digest, encoded, integrity, no_ranges, range_faults, changes, http_status, effective_url
	 * and name are facts to be taken. NULL with RECEIVED. */
	struct job *job;
	int64_t progress;  /* durable bytes beyond what any earlier attempt had */
	int64_t span_usec; /* since START, on the boot clock */
	/* FINISHED */
	struct verdict verdict;
	struct attempt *record; /* NULL: nothing was asked of the host, so it is no attempt */
	bool shed; /* VERDICT_ABORTED: by the worker, for the sake of a limit: it is no attempt */
};

void outcome_free(struct outcome *outcome);
/* Any message of enum outcome_kind. */
void outcome_message_free(struct msg *msg);

/* ---- worker → control, volatile */

/* What all active transfers of one worker have now; replaces that worker's last report. Sent some times a
 * second while there are any, and once empty when there are none. */
struct progress_report {
	struct msg msg;	 /* CONTROL_PROGRESS */
	unsigned worker; /* index */
	size_t n;
	struct progress_entry {
		int64_t job_id;
		int64_t received;	   /* bytes of the file so far, kept ones included */
		int64_t size;		   /* -1 unknown */
		int64_t speed;		   /* bytes/s, smoothed */
		int64_t disk_stalled_usec; /* it waits for a file system that does not answer; 0: no */
	} entries[];
};

#endif
