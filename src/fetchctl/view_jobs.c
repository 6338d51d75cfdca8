/* Views of jobs (type Job), and of failures, which are jobs. */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchctl/view.h"
#include "fetchctl/words.h"
#include "job/job.h"

static const char *string_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static int64_t number_of(const json_t *row, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(row, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* What words.h asks of a job. Its strings are the row's: never job_done() it. */
static struct job borrow(const json_t *row)
{
	const json_t *error = json_object_get(row, "error");
	const char *state = string_of(row, "state"), *waiting_for = string_of(row, "waiting_for");
	int parsed = state ? job_state_parse(state) : -1,
	    wait = waiting_for ? job_wait_parse(waiting_for) : -1;

	return (struct job){
		/* One that a newer daemon may know has nothing beside its name. */
		.state = parsed >= 0 ? (enum job_state)parsed : JOB_CANCELLED,
		.waiting_for = wait >= 0 ? (enum job_wait)wait : JOB_WAIT_NONE,
		.name = (char *)string_of(row, "name"),
		.url = (char *)(string_of(row, "url") ? string_of(row, "url") : ""),
		.size = number_of(row, "size", -1),
		.received = number_of(row, "received", 0),
		.priority = (int)number_of(row, "priority", 0),
		.due_usec = number_of(row, "next_attempt_usec", 0),
		.error_code = (char *)string_of(error, "code"),
		.error_message = (char *)string_of(error, "message"),
	};
}

static bool done_number(const json_t *row, int64_t *ret)
{
	struct job job = borrow(row);

	if (job.size <= 0 && job.state != JOB_DONE)
		return false;
	*ret = job.size > 0 && job.received < job.size
		       ? (int64_t)((double)job.received * 100 / (double)job.size)
		       : 100;
	return true;
}

static char *done_words(const json_t *row)
{
	struct job job = borrow(row);

	return words_progress(&job);
}

static bool left_number(const json_t *row, int64_t *ret)
{
	*ret = words_eta_usec(
		number_of(row, "size", -1), number_of(row, "received", 0), number_of(row, "speed", -1));
	return *ret != USEC_INFINITY;
}

static char *name_words(const json_t *row)
{
	struct job job = borrow(row);

	return words_name(&job);
}

static char *host_words(const json_t *row)
{
	return words_host(string_of(row, "host"));
}

static char *note_text(const json_t *row)
{
	const char *waiting_for = string_of(row, "waiting_for");

	return xstrdup_null(waiting_for ? waiting_for : string_of(json_object_get(row, "error"), "code"));
}

static char *note_words(const json_t *row)
{
	struct job job = borrow(row);

	return words_note(&job, number_of(row, "speed", -1));
}

static const struct column columns[] = {
	{"id", "ID", "the number it is called by", COLUMN_NUMBER, "id"},
	{"state", "STATE", "queued, waiting, active, paused, done, failed or cancelled", COLUMN_STATE,
		"state"},
	{"done", "DONE", "percent of its bytes that are here", COLUMN_NUMBER, .number = done_number,
		.words = done_words, .wanted = 45},
	{"received", "RECEIVED", "bytes that are here", COLUMN_SIZE, "received"},
	{"size", "SIZE", "bytes in all", COLUMN_SIZE, "size", .wanted = 50},
	{"speed", "SPEED", "bytes a second", COLUMN_RATE, "speed"},
	{"left", "LEFT", "time left at this speed", COLUMN_DURATION, .number = left_number},
	{"priority", "PRIORITY", "higher starts first", COLUMN_NUMBER, "priority"},
	{"group", "GROUP", "its group", COLUMN_TEXT, "group", .share = 0.08, .wanted = 60, .needed = true},
	{"host", "HOST", "where it is fetched from", COLUMN_TEXT, "host", .words = host_words, .share = 0.2,
		.wanted = 60},
	{"note", "NOTE", "what it waits for, or its error's code", COLUMN_TEXT, .text = note_text,
		.words = note_words, .share = 0.28},
	{"name", "NAME", "of the file", COLUMN_TEXT, "name", .words = name_words, .share = 0.3},
	{"url", "URL", "its URL", COLUMN_TEXT, "url", .share = 0.25},
	{"dir", "DIR", "directory of the file", COLUMN_TEXT, "dir", .share = 0.2},
	{"path", "PATH", "the finished file", COLUMN_TEXT, "path", .share = 0.3},
	{"owner", "OWNER", "the user's number", COLUMN_NUMBER, "owner"},
	{"attempts", "ATTEMPTS", "attempts so far that count", COLUMN_NUMBER, "attempts"},
	{"max-attempts", "MAX-ATTEMPTS", "how many there may be", COLUMN_NUMBER, "max_attempts"},
	{"waiting-for", "WAITING-FOR", "what it waits for", COLUMN_TEXT, "waiting_for"},
	{"next-attempt", "NEXT-ATTEMPT", "when it is tried again", COLUMN_TIME, "next_attempt_usec"},
	{"not-before", "NOT-BEFORE", "when it may begin", COLUMN_TIME, "not_before_usec"},
	{"created", "CREATED", "when it was added", COLUMN_TIME, "created_usec"},
	{"started", "STARTED", "when it was begun", COLUMN_TIME, "started_usec"},
	{"finished", "FINISHED", "when it ended", COLUMN_TIME, "finished_usec"},
	{"error", "ERROR", "code of its error", COLUMN_TEXT, "code", .of = "error", .share = 0.2},
	{"message", "MESSAGE", "its error as a sentence", COLUMN_TEXT, "message", .of = "error",
		.share = 0.25},
	{"http-status", "HTTP-STATUS", "of the last response", COLUMN_NUMBER, "http_status"},
	{"effective-url", "EFFECTIVE-URL", "where redirects led", COLUMN_TEXT, "effective_url",
		.share = 0.25},
	{"checksum", "CHECKSUM", "what it must hash to", COLUMN_TEXT, "checksum", .share = 0.2},
	{"digest", "DIGEST", "what it hashes to", COLUMN_TEXT, "digest", .share = 0.2},
	{"hook", "HOOK", "what has become of its hooks: pending, running, ok, failed", COLUMN_TEXT, "hook"},
	{"integrity", "INTEGRITY", "what is known of its bytes", COLUMN_TEXT, "integrity"},
};

const struct view view_jobs = {
	.what = "jobs",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "id,state,received,size,speed,priority,group,host,note,name,url",
	.aligned = "id,state,done,size,name,host,group,note",
};

const struct view view_failures = {
	.what = "jobs",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "id,error,message,name,url",
	.aligned = "id,error,message,name,url",
};
