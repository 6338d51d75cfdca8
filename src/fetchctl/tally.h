/* Tally: what is known of the jobs that are waited for, and their sums. Pure; no clock, no output. */
#ifndef FETCHCTL_TALLY_H
#define FETCHCTL_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "job/job.h"

struct tally_job {
	int64_t id;
	enum job_state state;
	bool known; /* the daemon has told of it */
	bool told;  /* its end was told to the user */
	bool removed;
	bool shown; /* has a line of its own in the present frame (notable.c) */
	int64_t size;
	int64_t received;
	int64_t speed;
	char *name;  /* escaped; while active or waiting */
	char *error; /* code of the last attempt's; while waiting */
	enum job_wait waiting_for;
	int64_t due_usec;
	int64_t moved_usec;	     /* when its bytes or its state last changed */
	TAILQ_ENTRY(tally_job) link; /* in one of the lists */
};
TAILQ_HEAD(tally_list, tally_job);

struct tally {
	struct tally_job **slots; /* open addressing by id; power of two */
	size_t n_slots;
	size_t n_jobs;
	size_t by_state[JOB_STATE_N]; /* of known jobs */
	size_t n_known;
	int64_t received; /* of all */
	int64_t size;	  /* of those whose size is known */
	size_t n_sized;	  /* how many that are */
	int64_t fetched;  /* bytes that came while we looked; never less than before */
	size_t n_ends;	  /* and jobs that ended */
	/* in the order in which they became so */
	struct tally_list active;
	struct tally_list retrying; /* waiting after an error */
	struct tally_list waiting;
};

enum tally_kind {
	TALLY_STATE, /* where a job stands */
	TALLY_EVENT, /* it has just come so */
};

struct tally_news {
	enum tally_kind kind;
	const struct job *job;
	int64_t speed;
	int64_t now_usec; /* clock_boot_usec() */
};

void tally_init(struct tally *tally);
void tally_done(struct tally *tally);
/* NULL when it is not there. */
struct tally_job *tally_find(const struct tally *tally, int64_t id);
/* The one that is there, or a new one that is not known yet. */
struct tally_job *tally_add(struct tally *tally, int64_t id);
/* Brings entry and sums up to date. */
void tally_update(struct tally *tally, struct tally_job *entry, const struct tally_news *news);
/* The record is gone: as cancelled, unless it had ended before. */
void tally_remove(struct tally *tally, struct tally_job *entry);
/* Jobs that have ended: done, failed, cancelled or removed. */
size_t tally_ended(const struct tally *tally);
/* Jobs that ended otherwise than done. */
size_t tally_unsuccessful(const struct tally *tally);

#endif
