/* Group and JSON: the type Group, written in one place. Owns nothing; any thread. */
#include "config.h"

#include "wire/groupjson.h"

#include <string.h>

#include "base/alloc.h"
#include "wire/fields.h"

const char *wire_policy_name(enum group_policy policy)
{
	switch (policy) {
	case GROUP_COLLECT: return "collect";
	case GROUP_FAIL_FAST: return "fail_fast";
	}
	return "?";
}

int wire_policy_parse(const char *word)
{
	for (int policy = 0; policy <= GROUP_POLICY_LAST; policy++)
		if (strcmp(word, wire_policy_name((enum group_policy)policy)) == 0)
			return policy;
	return -1;
}

const char *wire_group_state(const struct job_group *group)
{
	if (group->filling)
		return "filling";
	if (job_group_open(group) > 0)
		return group->fate == GROUP_FATE_NONE ? "running" : "ending";
	if (group->by_state[JOB_FAILED] + group->by_state[JOB_CANCELLED] > 0 ||
		group->fate != GROUP_FATE_NONE)
		return "failed";
	return job_group_size(group) > 0 ? "done" : "empty";
}

static json_t *counts_json(const struct job_group *group)
{
	json_t *counts = object_new();

	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		object_put_int(counts, job_state_name((enum job_state)state), group->by_state[state]);
	return counts;
}

static void put_fate(json_t *object, const struct job_group *group)
{
	CLEANUP_FREE char *message = NULL;

	switch (group->fate) {
	case GROUP_FATE_NONE: break;
	case GROUP_FATE_CANCEL:
		message = xasprintf("job %lld failed", (long long)group->fate_job);
		object_put_error(object, "E_GROUP", message);
		break;
	case GROUP_FATE_EXPIRE: object_put_error(object, "E_DEADLINE", "its deadline has passed"); break;
	}
}

static void put_hooks(json_t *object, const struct job_group *group)
{
	static const struct field names = {"hooks", FIELD_HOOKS, offsetof(struct job_group, hooks)};
	static const struct field state = {"hook", FIELD_HOOK, offsetof(struct job_group, hook)};

	if (group->hooks && *group->hooks)
		field_put(object, &names, group);
	field_put(object, &state, group);
}

json_t *wire_group_to_json(const struct job_group *group)
{
	json_t *object = object_new();

	object_put_string(object, "name", group->name);
	object_put_int(object, "owner", group->owner);
	object_put_string(object, "policy", wire_policy_name(group->policy));
	object_put_string(object, "state", wire_group_state(group));
	object_put(object, "counts", counts_json(group));
	object_put_int(object, "created_usec", group->created_usec);
	object_put_above(object, "finished_usec", 0, group->finished_usec);
	object_put_above(object, "deadline_usec", -1, group->deadline_usec);
	object_put_above(object, "limit_rate", 0, group->limit_rate);
	put_hooks(object, group);
	put_fate(object, group);
	return object;
}
