/* Job and JSON: the types Job, JobSpec and Event of the interface, read and written in one place for both
 * programs.
 *
 * Owns nothing; any thread. Secrets must never pass from a struct job into type Job: URLs go out without
 * userinfo, and headers do not go out at all.
 */
#include "config.h"

#include "wire/jobjson.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "job/origin.h"
#include "wire/frame.h"

/* ---- writing ------------------------------------------------------------------------------------- */

static json_t *object_new(void)
{
	json_t *object = json_object();

	if (!object)
		abort();
	return object;
}

/* Takes the reference. Names are ours, so they need no check. */
static void put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new_nocheck(object, name, value) < 0)
		abort();
}

static void put_int(json_t *object, const char *name, int64_t value)
{
	put(object, name, json_integer(value));
}

/* Absent when NULL. */
static void put_string(json_t *object, const char *name, const char *value)
{
	if (value)
		put(object, name, wire_string(value));
}

/* Absent when not above the bound: 0 for times, -1 for sizes and options. */
static void put_above(json_t *object, const char *name, int64_t bound, int64_t value)
{
	if (value > bound)
		put_int(object, name, value);
}

static void put_url(json_t *object, const char *name, const char *url)
{
	CLEANUP_FREE char *shown = url ? origin_redact(url) : NULL;

	put_string(object, name, shown);
}

static void put_error(json_t *object, const struct job *job)
{
	json_t *error;

	if (!job->error_code)
		return;
	error = object_new();
	put_string(error, "code", job->error_code);
	put_string(error, "message", job->error_message ? job->error_message : job->error_code);
	put(object, "error", error);
}

static void put_place(json_t *object, const struct job *job)
{
	CLEANUP_FREE char *path = job->state == JOB_DONE ? job_path(job) : NULL;

	put_string(object, "host", job->origin ? job->origin : "");
	put_string(object, "dir", job->dir ? job->dir : "");
	put_string(object, "name", job->name ? job->name : "");
	put_string(object, "path", path);
}

static void put_times(json_t *object, const struct job *job)
{
	if (job->state == JOB_WAITING)
		put_above(object, "next_attempt_usec", 0, job->due_usec);
	put_int(object, "created_usec", job->created_usec);
	put_above(object, "started_usec", 0, job->started_usec);
	put_above(object, "finished_usec", 0, job->finished_usec);
}

json_t *wire_job_to_json(const struct job *job, int64_t received, int64_t speed)
{
	json_t *object = object_new();

	put_int(object, "id", job->id);
	put_url(object, "url", job->url);
	put_string(object, "state", job_state_name(job->state));
	if (job->state == JOB_WAITING && job->waiting_for != JOB_WAIT_NONE)
		put_string(object, "waiting_for", job_wait_name(job->waiting_for));
	put_string(object, "group", job->group);
	put_int(object, "priority", job->priority);
	put_int(object, "owner", job->owner);
	put_place(object, job);
	put_above(object, "size", -1, job->size);
	put_int(object, "received", received >= 0 ? received : job->received);
	if (job->state == JOB_ACTIVE)
		put_above(object, "speed", -1, speed);
	put_int(object, "attempts", job->attempts);
	put_int(object, "max_attempts", job->max_attempts);
	put_times(object, job);
	put_error(object, job);
	put_string(object, "checksum", job->options.checksum);
	put_above(object, "http_status", 0, job->http_status);
	put_url(object, "effective_url", job->effective_url);
	return object;
}

json_t *wire_event_to_json(const struct event *event, const struct job *job)
{
	json_t *object = object_new();

	put_above(object, "id", 0, event->id);
	put_int(object, "time_usec", event->time_usec);
	put_string(object, "kind", event_kind_name(event->kind));
	put_int(object, "job_id", event->job_id);
	if (job)
		put(object, "job", wire_job_to_json(job, -1, -1));
	return object;
}

/* ---- fields, as a table -------------------------------------------------------------------------- */

enum field_type {
	FIELD_STRING, /* char * */
	FIELD_INT64,
	FIELD_INT, /* int, also int32_t and uid_t */
	FIELD_STATE,
	FIELD_WAIT,
	FIELD_CONFLICT,
	FIELD_HEADERS, /* array of strings → char *, each line ended by '\n' */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;	  /* in struct job */
	int64_t min, max; /* of integers */
	bool required;
};

#define AT(member) offsetof(struct job, member)

/* Type Job; "error" and "speed" are read apart, "path" follows from dir and name. */
static const struct field job_fields[] = {
	{"id", FIELD_INT64, AT(id), 1, INT64_MAX, true},
	{"url", FIELD_STRING, AT(url), .required = true},
	{"state", FIELD_STATE, AT(state), .required = true},
	{"waiting_for", FIELD_WAIT, AT(waiting_for)},
	{"group", FIELD_STRING, AT(group)},
	{"priority", FIELD_INT, AT(priority), INT32_MIN, INT32_MAX, true},
	{"owner", FIELD_INT, AT(owner), 0, UINT32_MAX, true},
	{"host", FIELD_STRING, AT(origin), .required = true},
	{"dir", FIELD_STRING, AT(dir), .required = true},
	{"name", FIELD_STRING, AT(name), .required = true},
	{"size", FIELD_INT64, AT(size), 0, INT64_MAX},
	{"received", FIELD_INT64, AT(received), 0, INT64_MAX, true},
	{"attempts", FIELD_INT, AT(attempts), 0, INT32_MAX, true},
	{"max_attempts", FIELD_INT, AT(max_attempts), 0, INT32_MAX, true},
	{"next_attempt_usec", FIELD_INT64, AT(due_usec), 0, INT64_MAX},
	{"created_usec", FIELD_INT64, AT(created_usec), 0, INT64_MAX, true},
	{"started_usec", FIELD_INT64, AT(started_usec), 0, INT64_MAX},
	{"finished_usec", FIELD_INT64, AT(finished_usec), 0, INT64_MAX},
	{"checksum", FIELD_STRING, AT(options.checksum)},
	{"http_status", FIELD_INT, AT(http_status), 0, INT32_MAX},
	{"effective_url", FIELD_STRING, AT(effective_url)},
};

/* Type JobSpec. */
static const struct field spec_fields[] = {
	{"url", FIELD_STRING, AT(url), .required = true},
	{"dir", FIELD_STRING, AT(dir)},
	{"name", FIELD_STRING, AT(name)},
	{"group", FIELD_STRING, AT(group)},
	{"priority", FIELD_INT, AT(priority), INT32_MIN, INT32_MAX},
	{"key", FIELD_STRING, AT(key)},
	{"checksum", FIELD_STRING, AT(options.checksum)},
	{"headers", FIELD_HEADERS, AT(options.headers)},
	{"user_agent", FIELD_STRING, AT(options.user_agent)},
	{"referer", FIELD_STRING, AT(options.referer)},
	{"limit_rate", FIELD_INT64, AT(options.limit_rate), 0, INT64_MAX},
	{"max_filesize", FIELD_INT64, AT(options.max_filesize), 0, INT64_MAX},
	{"max_attempts", FIELD_INT, AT(options.max_attempts), 1, INT32_MAX},
	{"retry_delay_usec", FIELD_INT64, AT(options.retry_delay_usec), 0, INT64_MAX},
	{"max_time_usec", FIELD_INT64, AT(options.max_time_usec), 1, INT64_MAX},
	{"connect_timeout_usec", FIELD_INT64, AT(options.connect_timeout_usec), 1, INT64_MAX},
	{"deadline_usec", FIELD_INT64, AT(options.deadline_usec), 1, INT64_MAX},
	{"on_conflict", FIELD_CONFLICT, AT(options.on_conflict)},
};

static_assert(sizeof(int32_t) == sizeof(int) && sizeof(uid_t) == sizeof(int), "FIELD_INT fits them all");
static_assert(
	sizeof(enum job_state) == sizeof(int) && sizeof(enum job_wait) == sizeof(int), "enums are ints");

/* ---- reading ------------------------------------------------------------------------------------- */

static bool read_string(char **slot, const json_t *value)
{
	if (!json_is_string(value))
		return false;
	str_set(slot, json_string_value(value));
	return true;
}

static bool read_integer(const struct field *field, void *slot, const json_t *value)
{
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < field->min || number > field->max)
		return false;
	if (field->type == FIELD_INT64)
		*(int64_t *)slot = number;
	else
		*(int *)slot = (int)number;
	return true;
}

static bool read_word(int *slot, const json_t *value, int (*parse)(const char *word))
{
	int found = json_is_string(value) ? parse(json_string_value(value)) : -1;

	if (found < 0)
		return false;
	*slot = found;
	return true;
}

/* A line break inside an element would make two lines of one: refused here, where elements are still apart.
 */
static bool read_headers(char **slot, const json_t *value)
{
	size_t i, total = 0;
	const json_t *line;
	char *to;

	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, line)
	{
		if (!json_is_string(line) || strchr(json_string_value(line), '\n'))
			return false;
		total += json_string_length(line) + 1;
	}
	free(*slot);
	*slot = NULL;
	if (total == 0)
		return true;
	to = *slot = xmalloc(total + 1);
	json_array_foreach(value, i, line) to = stpcpy(stpcpy(to, json_string_value(line)), "\n");
	return true;
}

static bool read_field(const struct field *field, struct job *job, const json_t *value)
{
	void *slot = (char *)job + field->offset;

	switch (field->type) {
	case FIELD_STRING: return read_string(slot, value);
	case FIELD_INT64:
	case FIELD_INT: return read_integer(field, slot, value);
	case FIELD_STATE: return read_word(slot, value, job_state_parse);
	case FIELD_WAIT: return read_word(slot, value, job_wait_parse);
	case FIELD_CONFLICT: return read_word(slot, value, job_conflict_parse);
	case FIELD_HEADERS: return read_headers(slot, value);
	}
	return false;
}

/* NULL, or the name of the first field that is missing or wrong. A null stands for absent, as Varlink has it.
 */
static const char *read_fields(const struct field *fields, size_t n, struct job *job, const json_t *json)
{
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(json, fields[i].name);

		if (json_is_null(value))
			value = NULL;
		if (value ? !read_field(&fields[i], job, value) : fields[i].required)
			return fields[i].name;
	}
	return NULL;
}

static bool read_error(struct job *job, const json_t *json)
{
	const json_t *error = json_object_get(json, "error");

	if (!error || json_is_null(error))
		return true;
	return read_string(&job->error_code, json_object_get(error, "code")) &&
	       read_string(&job->error_message, json_object_get(error, "message"));
}

int wire_job_from_json(const json_t *json, struct job *job, int64_t *ret_speed)
{
	const json_t *speed = json_object_get(json, "speed");

	job_init(job);
	*ret_speed = json_is_integer(speed) ? json_integer_value(speed) : -1;
	if (!json_is_object(json) || read_fields(job_fields, ARRAY_LEN(job_fields), job, json))
		return -EINVAL;
	return read_error(job, json) ? 0 : -EINVAL;
}

static const char *unknown_spec_field(const json_t *json)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)json, key, value)
	{
		size_t i = 0;

		while (i < ARRAY_LEN(spec_fields) && strcmp(spec_fields[i].name, key) != 0)
			i++;
		if (i == ARRAY_LEN(spec_fields))
			return key;
	}
	return NULL;
}

int wire_spec_from_json(const json_t *json, struct job *job, const char **ret_field)
{
	job_init(job);
	*ret_field = "jobs";
	if (!json_is_object(json))
		return -EINVAL;
	*ret_field = unknown_spec_field(json);
	if (!*ret_field)
		*ret_field = read_fields(spec_fields, ARRAY_LEN(spec_fields), job, json);
	return *ret_field ? -EINVAL : 0;
}

/* ---- writing a spec ------------------------------------------------------------------------------ */

static void put_headers(json_t *object, const char *lines)
{
	json_t *array = json_array();

	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");
		CLEANUP_FREE char *line = xstrndup(lines, n);

		if (json_array_append_new(array, wire_string(line)) < 0)
			abort();
		lines += n + (lines[n] == '\n');
	}
	put(object, "headers", array);
}

static void put_field(json_t *object, const struct field *field, const struct job *job)
{
	const void *slot = (const char *)job + field->offset;

	switch (field->type) {
	case FIELD_STRING: put_string(object, field->name, *(char *const *)slot); return;
	case FIELD_INT64: put_above(object, field->name, -1, *(const int64_t *)slot); return;
	case FIELD_INT: put_above(object, field->name, -1, *(const int *)slot); return;
	case FIELD_CONFLICT:
		if (*(const int *)slot >= 0)
			put_string(object, field->name, job_conflict_name(*(const int *)slot));
		return;
	case FIELD_HEADERS:
		if (*(char *const *)slot)
			put_headers(object, *(char *const *)slot);
		return;
	case FIELD_STATE:
	case FIELD_WAIT: return;
	}
}

json_t *wire_spec_to_json(const struct job *job)
{
	json_t *object = object_new();

	for (size_t i = 0; i < ARRAY_LEN(spec_fields); i++)
		if (spec_fields[i].offset != AT(priority))
			put_field(object, &spec_fields[i], job);
	/* Unlike the rest it may be negative, and 0 is what an absent one means. */
	if (job->priority != 0)
		put_int(object, "priority", job->priority);
	return object;
}
