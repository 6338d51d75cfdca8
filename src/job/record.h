/* Record: what the journal is told of a job, whichever thread tells it. Pure. */
#ifndef JOB_RECORD_H
#define JOB_RECORD_H

#include "base/log.h"
#include "job/job.h"

/* Adds FETCHD_JOB_ID, FETCHD_URL without its secrets, and what else is known of the job, to a line. */
void record_job(struct log_record *record, const struct job *job);

#endif
