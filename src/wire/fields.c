/* Fields: tables that say what of a struct is what of an object. Owns nothing; any thread. A type of a field
 * is checked and converted here and nowhere else.
 */
#include "config.h"

#include "wire/fields.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "job/attempt.h"
#include "job/job.h"
#include "job/source.h"
#include "wire/frame.h"

/* ---- one value ----------------------------------------------------------------------------------- */

json_t *object_new(void)
{
	json_t *object = json_object();

	if (!object)
		abort();
	return object;
}

void object_put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new_nocheck(object, name, value) < 0)
		abort();
}

void object_put_int(json_t *object, const char *name, int64_t value)
{
	object_put(object, name, json_integer(value));
}

void object_put_string(json_t *object, const char *name, const char *value)
{
	if (value)
		object_put(object, name, wire_string(value));
}

void object_put_above(json_t *object, const char *name, int64_t bound, int64_t value)
{
	if (value > bound)
		object_put_int(object, name, value);
}

void object_put_error(json_t *object, const char *code, const char *message)
{
	json_t *error;

	if (!code)
		return;
	error = object_new();
	object_put_string(error, "code", code);
	object_put_string(error, "message", message ? message : code);
	object_put(object, "error", error);
}

/* ---- reading ------------------------------------------------------------------------------------- */

static_assert(sizeof(int32_t) == sizeof(int) && sizeof(uid_t) == sizeof(int), "FIELD_INT fits them all");
static_assert(sizeof(enum job_state) == sizeof(int) && sizeof(enum job_wait) == sizeof(int) &&
		      sizeof(enum job_integrity) == sizeof(int) &&
		      sizeof(enum attempt_outcome) == sizeof(int) &&
		      sizeof(enum job_hook_state) == sizeof(int) && sizeof(enum job_hook_on) == sizeof(int) &&
		      sizeof(enum job_hook_end) == sizeof(int),
	"enums are ints");

static bool read_string(char **slot, const json_t *value)
{
	if (!json_is_string(value))
		return false;
	str_set(slot, json_string_value(value));
	return true;
}

bool object_read_error(const json_t *object, char **code, char **message)
{
	const json_t *error = json_object_get(object, "error");

	if (!error || json_is_null(error))
		return true;
	return read_string(code, json_object_get(error, "code")) &&
	       read_string(message, json_object_get(error, "message"));
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

static bool read_bool(bool *slot, const json_t *value)
{
	*slot = json_is_true(value);
	return json_is_boolean(value);
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

/* What is marked is none that came in. */
static bool read_mirrors(char **slot, const json_t *value)
{
	struct source source;
	const char *at;

	if (!read_headers(slot, value))
		return false;
	at = *slot;
	while (source_line(&at, &source))
		if (source.first || source.out || source.n == 0)
			return false;
	return true;
}

static bool read_hooks(char **slot, const json_t *value)
{
	const json_t *name;
	char *names;
	size_t i;

	if (!json_is_array(value))
		return false;
	names = xstrdup("");
	json_array_foreach(value, i, name)
	{
		const char *word = json_is_string(name) ? json_string_value(name) : "";

		if (!*word || strchr(word, ',')) {
			free(names);
			return false;
		}
		job_hook_names_add(&names, word);
	}
	free(*slot);
	*slot = names;
	return true;
}

static bool read_after(struct job *job, bool any, const json_t *value)
{
	const json_t *id;
	size_t i;

	if (!json_is_array(value))
		return false;
	json_array_foreach(value, i, id)
	{
		if (!json_is_integer(id) || json_integer_value(id) < 1)
			return false;
		job->after = xreallocarray(job->after, job->n_after + 1, sizeof(*job->after));
		job->after[job->n_after++] =
			(struct job_dependency){.id = json_integer_value(id), .any = any};
	}
	return true;
}

static bool read_secret(struct job *job, size_t offset, const json_t *value)
{
	return read_string((char **)(void *)((char *)job_need_secrets(job) + offset), value);
}

static bool read_field(const struct field *field, void *base, const json_t *value)
{
	void *slot = (char *)base + field->offset;

	switch (field->type) {
	case FIELD_STRING: return read_string(slot, value);
	case FIELD_INT64:
	case FIELD_INT: return read_integer(field, slot, value);
	case FIELD_BOOL: return read_bool(slot, value);
	case FIELD_STATE: return read_word(slot, value, job_state_parse);
	case FIELD_WAIT: return read_word(slot, value, job_wait_parse);
	case FIELD_CONFLICT: return read_word(slot, value, job_conflict_parse);
	case FIELD_RESUME: return read_word(slot, value, job_resume_parse);
	case FIELD_INTEGRITY: return read_word(slot, value, job_integrity_parse);
	case FIELD_AUTH: return read_word(slot, value, job_auth_parse);
	case FIELD_OUTCOME: return read_word(slot, value, attempt_outcome_parse);
	case FIELD_HEADERS: return read_headers(slot, value);
	case FIELD_MIRRORS: return read_mirrors(slot, value);
	case FIELD_HOOK: return read_word(slot, value, job_hook_state_parse);
	case FIELD_HOOK_ON: return read_word(slot, value, job_hook_on_parse);
	case FIELD_HOOK_END: return read_word(slot, value, job_hook_end_parse);
	case FIELD_HOOKS: return read_hooks(slot, value);
	case FIELD_AFTER: return read_after(base, false, value);
	case FIELD_AFTER_ANY: return read_after(base, true, value);
	case FIELD_SECRET: return read_secret(base, field->offset, value);
	}
	return false;
}

const char *fields_read(const struct field *fields, size_t n, void *base, const json_t *json)
{
	/* Most objects have few of many fields: once all are found, nobody is asked for the rest. */
	size_t unread = json_object_size(json);

	for (size_t i = 0; i < n; i++) {
		const json_t *value = unread > 0 ? json_object_get(json, fields[i].name) : NULL;

		if (value)
			unread--;
		if (json_is_null(value))
			value = NULL;
		if (value ? !read_field(&fields[i], base, value) : fields[i].required)
			return fields[i].name;
	}
	return NULL;
}

const char *fields_unknown(const struct field *fields, size_t n, const json_t *json)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)json, key, value)
	{
		size_t i = 0;

		while (i < n && strcmp(fields[i].name, key) != 0)
			i++;
		if (i == n)
			return key;
	}
	return NULL;
}

/* ---- writing ------------------------------------------------------------------------------------- */

static void put_headers(json_t *object, const char *name, const char *lines)
{
	json_t *array = json_array();

	while (*lines) {
		size_t n = strcspn(lines, "\n");
		CLEANUP_FREE char *line = xstrndup(lines, n);

		if (json_array_append_new(array, wire_string(line)) < 0)
			abort();
		lines += n + (lines[n] == '\n');
	}
	object_put(object, name, array);
}

static void put_hooks(json_t *object, const char *name, const char *names)
{
	json_t *array = json_array();
	const char *one;
	size_t n;

	while (job_hook_next_name(&names, &one, &n)) {
		CLEANUP_FREE char *word = xstrndup(one, n);

		if (json_array_append_new(array, wire_string(word)) < 0)
			abort();
	}
	object_put(object, name, array);
}

static void put_after(json_t *object, const char *name, const struct job *job, bool any)
{
	json_t *array = json_array();

	for (size_t i = 0; i < job->n_after; i++)
		if (job->after[i].any == any &&
			json_array_append_new(array, json_integer(job->after[i].id)) < 0)
			abort();
	if (json_array_size(array) > 0)
		object_put(object, name, array);
	else
		json_decref(array);
}

static void put_secret(json_t *object, const struct field *field, const struct job *job)
{
	if (job->secrets)
		object_put_string(object, field->name,
			*(char *const *)(const void *)((const char *)job->secrets + field->offset));
}

void field_put(json_t *object, const struct field *field, const void *base)
{
	const void *slot = (const char *)base + field->offset;
	const char *word = NULL;

	switch (field->type) {
	case FIELD_STRING: word = *(char *const *)slot; break;
	case FIELD_INT64: object_put_above(object, field->name, -1, *(const int64_t *)slot); break;
	case FIELD_INT: object_put_above(object, field->name, -1, *(const int *)slot); break;
	case FIELD_BOOL:
		if (*(const bool *)slot)
			object_put(object, field->name, json_true());
		break;
	case FIELD_CONFLICT:
		word = *(const int *)slot >= 0 ? job_conflict_name(*(const enum job_conflict *)slot) : NULL;
		break;
	case FIELD_RESUME:
		word = *(const int *)slot >= 0 ? job_resume_name(*(const enum job_resume *)slot) : NULL;
		break;
	case FIELD_INTEGRITY:
		word = *(const int *)slot > 0 ? job_integrity_name(*(const enum job_integrity *)slot) : NULL;
		break;
	case FIELD_AUTH:
		word = *(const int *)slot > 0 ? job_auth_name(*(const enum job_auth *)slot) : NULL;
		break;
	case FIELD_OUTCOME: word = attempt_outcome_name(*(const enum attempt_outcome *)slot); break;
	case FIELD_HEADERS:
	case FIELD_MIRRORS:
		if (*(char *const *)slot)
			put_headers(object, field->name, *(char *const *)slot);
		break;
	case FIELD_HOOK:
		word = *(const int *)slot > 0 ? job_hook_state_name(*(const enum job_hook_state *)slot)
					      : NULL;
		break;
	case FIELD_HOOK_ON: word = job_hook_on_name(*(const enum job_hook_on *)slot); break;
	case FIELD_HOOK_END:
		word = *(const int *)slot > 0 ? job_hook_end_name(*(const enum job_hook_end *)slot) : NULL;
		break;
	case FIELD_HOOKS:
		if (*(char *const *)slot)
			put_hooks(object, field->name, *(char *const *)slot);
		break;
	case FIELD_AFTER: put_after(object, field->name, base, false); break;
	case FIELD_AFTER_ANY: put_after(object, field->name, base, true); break;
	case FIELD_SECRET: put_secret(object, field, base); break;
	case FIELD_STATE:
	case FIELD_WAIT: break;
	}
	object_put_string(object, field->name, word);
}
