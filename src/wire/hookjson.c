/* Hook and JSON: the type Hook, read and written in one place for both programs. Owns nothing; any thread.
 */
#include "config.h"

#include "wire/hookjson.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "wire/fields.h"

#define AT(member) offsetof(struct job_hook, member)

/* "status" is there for those that have one. */
static const struct field fields[] = {
	{"id", FIELD_INT64, AT(id), 1, INT64_MAX, true},
	{"name", FIELD_STRING, AT(name), .required = true},
	{"on", FIELD_HOOK_ON, AT(on), .required = true},
	{"state", FIELD_HOOK, AT(state), .required = true},
	{"attempts", FIELD_INT, AT(attempts), 0, INT32_MAX, true},
	{"end", FIELD_HOOK_END, AT(end)},
	{"error", FIELD_STRING, AT(error)},
	{"run_usec", FIELD_INT64, AT(run_usec), 0, INT64_MAX},
	{"cpu_usec", FIELD_INT64, AT(cpu_usec), 0, INT64_MAX},
	{"peak_bytes", FIELD_INT64, AT(peak_bytes), 0, INT64_MAX},
	{"output", FIELD_STRING, AT(output)},
	{"output_cut", FIELD_BOOL, AT(output_cut)},
};

/* Absent when 0, or apart for another reason. */
static const struct field others[] = {
	{"max_attempts", FIELD_INT, AT(max_attempts), 1, INT32_MAX},
	{"status", FIELD_INT, AT(status), 0, INT32_MAX},
	{"next_attempt_usec", FIELD_INT64, AT(due_usec), 0, INT64_MAX},
	{"created_usec", FIELD_INT64, AT(created_usec), 0, INT64_MAX, true},
	{"started_usec", FIELD_INT64, AT(started_usec), 0, INT64_MAX},
	{"finished_usec", FIELD_INT64, AT(finished_usec), 0, INT64_MAX},
};

json_t *wire_hook_to_json(const struct job_hook *hook)
{
	json_t *object = object_new();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		field_put(object, &fields[i], hook);
	object_put_above(object, "max_attempts", 0, hook->max_attempts);
	if (hook->end == JOB_HOOK_END_EXITED || hook->end == JOB_HOOK_END_SIGNALED)
		object_put_int(object, "status", hook->status);
	if (hook->state == JOB_HOOK_PENDING && hook->due_usec != USEC_INFINITY)
		object_put_above(object, "next_attempt_usec", 0, hook->due_usec);
	object_put_int(object, "created_usec", hook->created_usec);
	object_put_above(object, "started_usec", 0, hook->started_usec);
	object_put_above(object, "finished_usec", 0, hook->finished_usec);
	return object;
}

int wire_hook_from_json(const json_t *json, struct job_hook *hook)
{
	job_hook_init(hook);
	return json_is_object(json) && !fields_read(fields, ARRAY_LEN(fields), hook, json) &&
			       !fields_read(others, ARRAY_LEN(others), hook, json)
		       ? 0
		       : -EINVAL;
}

json_t *wire_hooks_to_json(const struct job_hook *hooks, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, wire_hook_to_json(&hooks[i])) < 0)
			abort();
	return array;
}

bool wire_hook_names_read(char **names, const json_t *json)
{
	const struct field field = {"hooks", FIELD_HOOKS, 0};
	json_t *object = object_new();
	bool fine;

	object_put(object, "hooks", json_incref((json_t *)json));
	fine = !fields_read(&field, 1, names, object);
	json_decref(object);
	return fine;
}
