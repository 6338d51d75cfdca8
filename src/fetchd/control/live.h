/* The live table: what runs now, and how many jobs there are, from the engine's events and the workers'
 * reports. Answers Status without the engine. Main thread.
 */
#ifndef CONTROL_LIVE_H
#define CONTROL_LIVE_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "fetchd/control/peer.h"
#include "fetchd/engine/engine.h"
#include "fetchd/transfer/messages.h"

/* An active job. */
struct live_job {
	int64_t id;
	struct job *job;  /* as the last event had it; size as far as it is known */
	int64_t received; /* bytes of the file so far */
	int64_t speed;	  /* bytes/s */
	bool stalled;	  /* job's error tells that its disk does not answer */
	uint64_t change;  /* grows; which of two changed last */
	unsigned worker;  /* whose report it was in last */
	uint64_t report;  /* which report that was; 0: none yet */
	TAILQ_ENTRY(live_job) link;
	UT_hash_handle hh;
};
TAILQ_HEAD(live_job_list, live_job);

struct live {
	struct live_job *jobs;		/* hash, by id */
	struct live_job_list by_change; /* the same; last changed, last */
	uint64_t change;
	uint64_t reports;	   /* taken so far */
	int64_t received;	   /* bytes since the daemon started */
	int64_t stalled;	   /* of jobs */
	struct live_owner *owners; /* hash, by uid */
};

void live_init(struct live *live);
void live_done(struct live *live);
void live_event(struct live *live, const struct engine_event *event);
void live_counters(struct live *live, const struct engine_counters *counters);
void live_progress(struct live *live, const struct progress_report *report);
/* NULL when it is not active. */
const struct live_job *live_find(const struct live *live, int64_t job_id);
/* Adds up jobs that peer may see; NULL: all. */
void live_count(const struct live *live, const struct peer *peer, int64_t ret_by_state[JOB_STATE_N]);
/* On disk, of all users. */
int64_t live_bytes(const struct live *live);
/* What one user has: jobs that have not ended, active ones, bytes on disk. */
struct live_usage {
	int64_t jobs, active, bytes;
};
void live_usage(const struct live *live, uid_t uid, struct live_usage *ret);
int64_t live_speed(const struct live *live, const struct peer *peer);

#endif
