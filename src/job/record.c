/* The fields of a job's line. Pure. */
#include "config.h"

#include "job/record.h"

#include "base/alloc.h"
#include "job/origin.h"

void record_job(struct log_record *record, const struct job *job)
{
	CLEANUP_FREE char *url = job->url ? origin_redact(job->url) : NULL;
	CLEANUP_FREE char *path = job_has_file(job) ? job_path(job) : NULL;

	log_record_int(record, "FETCHD_JOB_ID", job->id);
	log_record_text(record, "FETCHD_URL", url);
	log_record_text(record, "FETCHD_HOST", job->origin);
	log_record_text(record, "FETCHD_GROUP", job->group);
	log_record_int(record, "FETCHD_OWNER", job->owner);
	log_record_text(record, "FETCHD_STATE", job_state_name(job->state));
	log_record_int(record, "FETCHD_BYTES", job->received);
	log_record_int(record, "FETCHD_ATTEMPTS", job->attempts);
	log_record_text(record, "FETCHD_ERROR", job->error_code);
	log_record_text(record, "FETCHD_PATH", path);
	if (job->http_status > 0)
		log_record_int(record, "FETCHD_HTTP_STATUS", job->http_status);
	if (job->waiting_for != JOB_WAIT_NONE)
		log_record_text(record, "FETCHD_WAITING_FOR", job_wait_name(job->waiting_for));
}
