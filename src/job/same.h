/* Same: whether two jobs ask for one and the same file on disk, so that the second can be the first. Pure. */
#ifndef JOB_SAME_H
#define JOB_SAME_H

#include "job/job.h"

/* For struct job.same: equal for jobs that ask for the same. 0 with JOB_CONFLICT_RENAME, where each add is a
 * file of its own. conflict: what holds for the job. */
int64_t job_same_hash(const struct job *job, enum job_conflict conflict);
/* Whether they do, their secrets aside: owner, group, first URL, place, checksum, and all that a request is
 * made of. What is said of speed, time and attempts does not matter. */
bool job_same(const struct job *a, const struct job *b);

#endif
