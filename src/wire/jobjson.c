/* Job and JSON: the types Job, JobSpec and Event of the interface, read and written in one place for both
 * programs.
 *
 * Owns nothing; any thread. Secrets must never pass from a struct job into type Job: URLs go out without
 * userinfo, headers and job->secrets do not go out at all.
 */
#include "config.h"

#include "wire/jobjson.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/origin.h"
#include "job/source.h"
#include "wire/fields.h"
#include "wire/frame.h"

/* ---- writing ------------------------------------------------------------------------------------- */

static void put_url(json_t *object, const char *name, const char *url)
{
	CLEANUP_FREE char *shown = url ? origin_redact(url) : NULL;

	object_put_string(object, name, shown);
}

static void put_place(json_t *object, const struct job *job)
{
	CLEANUP_FREE char *path = job_has_file(job) ? job_path(job) : NULL;

	object_put_string(object, "host", job->origin ? job->origin : "");
	object_put_string(object, "dir", job->dir ? job->dir : "");
	object_put_string(object, "name", job->name ? job->name : "");
	object_put_string(object, "path", path);
}

static void put_times(json_t *object, const struct job *job)
{
	if (job->state == JOB_WAITING && job->due_usec != USEC_INFINITY)
		object_put_above(object, "next_attempt_usec", 0, job->due_usec);
	object_put_above(object, "not_before_usec", -1, job->not_before_usec);
	object_put_int(object, "created_usec", job->created_usec);
	object_put_above(object, "started_usec", 0, job->started_usec);
	object_put_above(object, "finished_usec", 0, job->finished_usec);
}

static void put_after(json_t *object, const struct job *job)
{
	json_t *array;

	if (job->n_after == 0)
		return;
	array = json_array();
	for (size_t i = 0; i < job->n_after; i++)
		if (json_array_append_new(array, json_integer(job->after[i].id)) < 0)
			abort();
	object_put(object, "after", array);
}

/* The other sources, and those of them that are out. */
static void put_mirrors(json_t *object, const struct job *job)
{
	json_t *all, *failed;
	const char *at = job->mirrors;
	struct source source;

	if (!job->mirrors)
		return;
	all = json_array();
	failed = json_array();
	while (source_line(&at, &source)) {
		CLEANUP_FREE char *url = xstrndup(source.url, source.n);
		CLEANUP_FREE char *shown = origin_redact(url);

		if (json_array_append_new(all, wire_string(shown)) < 0 ||
			(source.out && json_array_append_new(failed, wire_string(shown)) < 0))
			abort();
	}
	object_put(object, "mirrors", all);
	if (json_array_size(failed) > 0)
		object_put(object, "mirrors_failed", json_incref(failed));
	json_decref(failed);
}

static void put_hooks(json_t *object, const struct job *job)
{
	static const struct field names = {"hooks", FIELD_HOOKS, offsetof(struct job, hooks)};
	static const struct field state = {"hook", FIELD_HOOK, offsetof(struct job, hook)};

	if (job->hooks && *job->hooks)
		field_put(object, &names, job);
	field_put(object, &state, job);
}

json_t *wire_job_to_json(const struct job *job, int64_t received, int64_t speed)
{
	json_t *object = object_new();

	object_put_int(object, "id", job->id);
	put_url(object, "url", job->url);
	put_mirrors(object, job);
	object_put_string(object, "state", job_state_name(job->state));
	if (job->state == JOB_WAITING && job->waiting_for != JOB_WAIT_NONE)
		object_put_string(object, "waiting_for", job_wait_name(job->waiting_for));
	put_after(object, job);
	object_put_string(object, "group", job->group);
	object_put_int(object, "priority", job->priority);
	object_put_int(object, "owner", job->owner);
	put_place(object, job);
	object_put_above(object, "size", -1, job->size);
	object_put_int(object, "received", received >= 0 ? received : job->received);
	if (job->state == JOB_ACTIVE)
		object_put_above(object, "speed", -1, speed);
	object_put_int(object, "attempts", job->attempts);
	object_put_int(object, "max_attempts", job->max_attempts);
	put_times(object, job);
	object_put_error(object, job->error_code, job->error_message);
	object_put_string(object, "checksum", job->options.checksum);
	object_put_above(object, "http_status", 0, job->http_status);
	put_url(object, "effective_url", job->effective_url);
	if (job->integrity != JOB_INTEGRITY_NONE)
		object_put_string(object, "integrity", job_integrity_name(job->integrity));
	object_put_string(object, "encoded", job->encoded);
	object_put_string(object, "digest", job->digest);
	put_hooks(object, job);
	return object;
}

json_t *wire_event_to_json(const struct event *event, const struct job *job)
{
	json_t *object = object_new();

	object_put_above(object, "id", 0, event->id);
	object_put_int(object, "time_usec", event->time_usec);
	object_put_string(object, "kind", event_kind_name(event->kind));
	object_put_int(object, "job_id", event->job_id);
	object_put_string(object, "hook", *event->hook ? event->hook : NULL);
	if (job)
		object_put(object, "job", wire_job_to_json(job, -1, -1));
	return object;
}

/* ---- fields, as tables --------------------------------------------------------------------------- */

#define AT(member)     offsetof(struct job, member)
#define SECRET(member) offsetof(struct job_secrets, member)

/* Type Job; "error" and "speed" are read apart, "path" follows from dir and name. */
static const struct field job_fields[] = {
	{"id", FIELD_INT64, AT(id), 1, INT64_MAX, true},
	{"url", FIELD_STRING, AT(url), .required = true},
	{"mirrors", FIELD_MIRRORS, AT(mirrors)},
	{"state", FIELD_STATE, AT(state), .required = true},
	{"waiting_for", FIELD_WAIT, AT(waiting_for)},
	{"after", FIELD_AFTER},
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
	{"not_before_usec", FIELD_INT64, AT(not_before_usec), 0, INT64_MAX},
	{"created_usec", FIELD_INT64, AT(created_usec), 0, INT64_MAX, true},
	{"started_usec", FIELD_INT64, AT(started_usec), 0, INT64_MAX},
	{"finished_usec", FIELD_INT64, AT(finished_usec), 0, INT64_MAX},
	{"checksum", FIELD_STRING, AT(options.checksum)},
	{"http_status", FIELD_INT, AT(http_status), 0, INT32_MAX},
	{"effective_url", FIELD_STRING, AT(effective_url)},
	{"integrity", FIELD_INTEGRITY, AT(integrity)},
	{"encoded", FIELD_STRING, AT(encoded)},
	{"digest", FIELD_STRING, AT(digest)},
	{"hooks", FIELD_HOOKS, AT(hooks)},
	{"hook", FIELD_HOOK, AT(hook)},
};

/* Type JobSpec. */
static const struct field spec_fields[] = {
	{"url", FIELD_STRING, AT(url), .required = true},
	{"mirrors", FIELD_MIRRORS, AT(mirrors)},
	{"dir", FIELD_STRING, AT(dir)},
	{"name", FIELD_STRING, AT(name)},
	{"group", FIELD_STRING, AT(group)},
	{"priority", FIELD_INT, AT(priority), INT32_MIN, INT32_MAX},
	{"key", FIELD_STRING, AT(key)},
	{"after", FIELD_AFTER},
	{"after_any", FIELD_AFTER_ANY},
	{"hooks", FIELD_HOOKS, AT(hooks)},
	{"checksum", FIELD_STRING, AT(options.checksum)},
	{"headers", FIELD_HEADERS, AT(options.headers)},
	{"user_agent", FIELD_STRING, AT(options.user_agent)},
	{"referer", FIELD_STRING, AT(options.referer)},
	{"limit_rate", FIELD_INT64, AT(options.limit_rate), 0, INT64_MAX},
	{"max_filesize", FIELD_INT64, AT(options.max_filesize), 0, INT64_MAX},
	{"max_attempts", FIELD_INT, AT(options.max_attempts), 1, INT32_MAX},
	{"split", FIELD_INT, AT(options.split), 1, JOB_SPLIT_MAX},
	{"retry_delay_usec", FIELD_INT64, AT(options.retry_delay_usec), 0, INT64_MAX},
	{"max_time_usec", FIELD_INT64, AT(options.max_time_usec), 1, INT64_MAX},
	{"connect_timeout_usec", FIELD_INT64, AT(options.connect_timeout_usec), 1, INT64_MAX},
	{"deadline_usec", FIELD_INT64, AT(options.deadline_usec), 1, INT64_MAX},
	{"not_before_usec", FIELD_INT64, AT(not_before_usec), 0, INT64_MAX},
	{"on_conflict", FIELD_CONFLICT, AT(options.on_conflict)},
	{"remote_name", FIELD_BOOL, AT(options.remote_name)},
	{"conditional", FIELD_BOOL, AT(options.conditional)},
	{"if_newer_usec", FIELD_INT64, AT(options.if_newer_usec), 0, INT64_MAX},
	{"resume", FIELD_RESUME, AT(options.resume)},
	{"insecure", FIELD_BOOL, AT(options.insecure)},
	{"auth", FIELD_AUTH, AT(options.auth)},
	{"user", FIELD_SECRET, SECRET(user)},
	{"password", FIELD_SECRET, SECRET(password)},
	{"bearer", FIELD_SECRET, SECRET(bearer)},
	{"cookies", FIELD_SECRET, SECRET(cookies)},
	{"cookie_jar", FIELD_SECRET, SECRET(cookie_jar)},
	{"proxy", FIELD_SECRET, SECRET(proxy)},
	{"ca_pem", FIELD_SECRET, SECRET(ca_pem)},
	{"cert_pem", FIELD_SECRET, SECRET(cert_pem)},
	{"key_pem", FIELD_SECRET, SECRET(key_pem)},
};

/* ---- reading ------------------------------------------------------------------------------------- */

static bool has_string(const json_t *array, const char *text, size_t n)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value) if (json_string_length(value) == n &&
						memcmp(json_string_value(value), text, n) == 0) return true;
	return false;
}

static void mark_failed(struct job *job, const json_t *failed)
{
	const char *at = job->mirrors;
	struct source source;
	char *lines = NULL;

	if (json_array_size(failed) == 0)
		return;
	while (source_line(&at, &source)) {
		char *longer = xasprintf("%s%s%.*s\n", lines ? lines : "",
			has_string(failed, source.url, source.n) ? "!" : "", (int)source.n, source.url);

		free(lines);
		lines = longer;
	}
	free(job->mirrors);
	job->mirrors = lines;
}

int wire_job_from_json(const json_t *json, struct job *job, int64_t *ret_speed)
{
	const json_t *speed = json_object_get(json, "speed");

	job_init(job);
	*ret_speed = json_is_integer(speed) ? json_integer_value(speed) : -1;
	if (!json_is_object(json) || fields_read(job_fields, ARRAY_LEN(job_fields), job, json))
		return -EINVAL;
	mark_failed(job, json_object_get(json, "mirrors_failed"));
	return object_read_error(json, &job->error_code, &job->error_message) ? 0 : -EINVAL;
}

int wire_spec_from_json(const json_t *json, struct job *job, const char **ret_field)
{
	job_init(job);
	*ret_field = "jobs";
	if (!json_is_object(json))
		return -EINVAL;
	*ret_field = fields_unknown(spec_fields, ARRAY_LEN(spec_fields), json);
	if (!*ret_field)
		*ret_field = fields_read(spec_fields, ARRAY_LEN(spec_fields), job, json);
	return *ret_field ? -EINVAL : 0;
}

/* ---- writing a spec ------------------------------------------------------------------------------ */

json_t *wire_spec_to_json(const struct job *job)
{
	json_t *object = object_new();

	for (size_t i = 0; i < ARRAY_LEN(spec_fields); i++)
		if (strcmp(spec_fields[i].name, "priority") != 0)
			field_put(object, &spec_fields[i], job);
	/* Unlike the rest it may be negative, and 0 is what an absent one means. */
	if (job->priority != 0)
		object_put_int(object, "priority", job->priority);
	return object;
}

/* ---- changes ------------------------------------------------------------------------------------- */

static const char *const edit_names[EDIT_FIELD_N] = {
	[EDIT_URL] = "url",
	[EDIT_NAME] = "name",
	[EDIT_PRIORITY] = "priority",
	[EDIT_CHECKSUM] = "checksum",
	[EDIT_HEADERS] = "headers",
	[EDIT_USER_AGENT] = "user_agent",
	[EDIT_REFERER] = "referer",
	[EDIT_LIMIT_RATE] = "limit_rate",
	[EDIT_MAX_FILESIZE] = "max_filesize",
	[EDIT_MAX_ATTEMPTS] = "max_attempts",
	[EDIT_RETRY_DELAY] = "retry_delay_usec",
	[EDIT_MAX_TIME] = "max_time_usec",
	[EDIT_CONNECT_TIMEOUT] = "connect_timeout_usec",
	[EDIT_DEADLINE] = "deadline_usec",
	[EDIT_ON_CONFLICT] = "on_conflict",
	[EDIT_RESUME] = "resume",
	[EDIT_INSECURE] = "insecure",
	[EDIT_AUTH] = "auth",
	[EDIT_USER] = "user",
	[EDIT_PASSWORD] = "password",
	[EDIT_BEARER] = "bearer",
	[EDIT_COOKIES] = "cookies",
	[EDIT_COOKIE_JAR] = "cookie_jar",
	[EDIT_PROXY] = "proxy",
	[EDIT_CA] = "ca_pem",
	[EDIT_CERT] = "cert_pem",
	[EDIT_KEY] = "key_pem",
	[EDIT_GROUP] = "group",
	[EDIT_DIR] = "dir",
	[EDIT_NOT_BEFORE] = "not_before_usec",
	[EDIT_MIRRORS] = "mirrors",
	[EDIT_SPLIT] = "split",
	[EDIT_HOOKS] = "hooks",
};

static int edit_field_of(const char *name)
{
	for (int field = 0; field < EDIT_FIELD_N; field++)
		if (strcmp(edit_names[field], name) == 0)
			return field;
	return -1;
}

static const struct field *spec_field_of(const char *name)
{
	size_t i = 0;

	while (strcmp(spec_fields[i].name, name) != 0)
		i++;
	return &spec_fields[i];
}

/* What every job has. */
#define KEPT (EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_NAME) | EDIT_BIT(EDIT_DIR))

/* What is cleared has its empty value. */
static bool read_clear(const json_t *clear, struct job_edit *edit)
{
	const json_t *name;
	size_t i;

	if (!clear || json_is_null(clear))
		return true;
	json_array_foreach(clear, i, name)
	{
		int field = json_is_string(name) ? edit_field_of(json_string_value(name)) : -1;

		if (field < 0 || (KEPT & EDIT_BIT(field)) || (edit->fields & EDIT_BIT(field)))
			return false;
		edit->fields |= EDIT_BIT(field);
	}
	return json_is_array(clear);
}

/* What is added to what the job waits for; no value of its own that could be set. */
static bool is_after(const char *key)
{
	return strcmp(key, "after") == 0 || strcmp(key, "after_any") == 0;
}

int wire_edit_from_json(const json_t *json, struct job_edit *edit, const char **ret_field)
{
	const json_t *value;
	const char *key;

	job_edit_init(edit);
	json_object_foreach((json_t *)json, key, value)
	{
		bool after = is_after(key);
		int field = after ? 0 : edit_field_of(key);

		*ret_field = key;
		if (strcmp(key, "clear") == 0 || json_is_null(value))
			continue;
		if (field < 0 || fields_read(spec_field_of(key), 1, &edit->values, json))
			return -EINVAL;
		edit->fields |= after ? 0 : EDIT_BIT(field);
	}
	*ret_field = "clear";
	return read_clear(json_object_get(json, "clear"), edit) ? 0 : -EINVAL;
}

json_t *wire_edit_to_json(const struct job_edit *edit)
{
	json_t *object = object_new(), *clear = json_array();

	for (int field = 0; field < EDIT_FIELD_N; field++) {
		const char *name = edit_names[field];

		if (!(edit->fields & EDIT_BIT(field)))
			continue;
		if (field == EDIT_PRIORITY)
			object_put_int(object, name, edit->values.priority);
		else
			field_put(object, spec_field_of(name), &edit->values);
		if (!json_object_get(object, name) && json_array_append_new(clear, json_string(name)) < 0)
			abort();
	}
	field_put(object, spec_field_of("after"), &edit->values);
	field_put(object, spec_field_of("after_any"), &edit->values);
	if (json_array_size(clear) > 0)
		object_put(object, "clear", json_incref(clear));
	json_decref(clear);
	return object;
}
