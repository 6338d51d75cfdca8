/* View of groups (type Group). */
#include "config.h"

#include "base/alloc.h"
#include "fetchctl/out_detail.h"
#include "fetchctl/view.h"
#include "job/job.h"

static const json_t *counts_of(const json_t *row)
{
	return json_object_get(row, "counts");
}

static bool jobs_number(const json_t *row, int64_t *ret)
{
	*ret = 0;
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		*ret += json_integer_value(
			json_object_get(counts_of(row), job_state_name((enum job_state)state)));
	return true;
}

static char *counts_text(const json_t *row)
{
	return detail_counts(counts_of(row));
}

static const struct column columns[] = {
	{"name", "NAME", "the group's name", COLUMN_TEXT, "name", .share = 0.3},
	{"policy", "POLICY", "collect or fail-fast", COLUMN_TEXT, .text = detail_policy, .wanted = 50},
	{"state", "STATE", "filling, empty, running, ending, done or failed", COLUMN_STATE, "state"},
	{"jobs", "JOBS", "its jobs in all", COLUMN_NUMBER, .number = jobs_number},
	{"counts", "JOBS", "its jobs by state", COLUMN_TEXT, .text = counts_text, .share = 0.5},
	{"queued", "QUEUED", "jobs that are queued,", COLUMN_NUMBER, "queued", "counts"},
	{"waiting", "WAITING", "waiting,", COLUMN_NUMBER, "waiting", "counts"},
	{"active", "ACTIVE", "active,", COLUMN_NUMBER, "active", "counts"},
	{"paused", "PAUSED", "paused,", COLUMN_NUMBER, "paused", "counts"},
	{"done", "DONE", "done,", COLUMN_NUMBER, "done", "counts"},
	{"failed", "FAILED", "failed,", COLUMN_NUMBER, "failed", "counts"},
	{"cancelled", "CANCELLED", "cancelled", COLUMN_NUMBER, "cancelled", "counts"},
	{"owner", "OWNER", "the user's number", COLUMN_NUMBER, "owner"},
	{"created", "CREATED", "when it was made", COLUMN_TIME, "created_usec"},
	{"finished", "FINISHED", "when its last job ended", COLUMN_TIME, "finished_usec"},
	{"deadline", "DEADLINE", "when what has not ended fails", COLUMN_TIME, "deadline_usec"},
	{"limit-rate", "LIMIT-RATE", "bytes a second of all its jobs", COLUMN_RATE, "limit_rate"},
	{"error", "ERROR", "why all of its jobs were ended", COLUMN_TEXT, "code", .of = "error",
		.share = 0.2},
	{"message", "MESSAGE", "the same as a sentence", COLUMN_TEXT, "message", .of = "error",
		.share = 0.25},
};

const struct view view_groups = {
	.what = "groups",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "name,policy,state,queued,waiting,active,paused,done,failed,cancelled",
	.aligned = "name,policy,state,counts",
};
