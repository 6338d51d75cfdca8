/* io.fetchd.Manager.GroupInspect, GroupCreate and GroupRemove: one group by its name. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "fetchd/control/spec.h"
#include "job/limit.h"
#include "wire/groupjson.h"

struct group_params {
	const char *group;
	const char *policy;
	int64_t deadline_usec, limit_rate;
};

static const struct param group_params[] = {
	{"group", PARAM_STRING, offsetof(struct group_params, group), true},
	/* GroupCreate's alone */
	{"policy", PARAM_STRING, offsetof(struct group_params, policy), false},
	{"deadline_usec", PARAM_INT, offsetof(struct group_params, deadline_usec), false},
	{"limit_rate", PARAM_INT, offsetof(struct group_params, limit_rate), false},
};

/* ---- one that is there */

static void ask(struct call *call, json_t *parameters, enum request_kind kind)
{
	struct group_params params = {.group = NULL};

	if (!call_read_params(call, parameters, group_params, 1, &params))
		return;
	struct request *request = request_new(kind);
	request->filter.group = xstrdup(params.group);
	request->filter.all_owners = call->peer.privileged;
	request->filter.owner = call->peer.uid;
	call_request(call, request);
}

void method_group_inspect_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_GROUP);
}

void method_group_inspect_reply(struct call *call, struct request *request)
{
	call_reply(call, json_pack("{s:o}", "group", wire_group_to_json(&request->groups[0])), false);
}

void method_group_remove_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_GROUP_REMOVE);
}

/* ---- a new one */

static void create(struct call *call, const struct group_params *params, int policy)
{
	struct request *request = request_new(REQUEST_GROUP_CREATE);

	request->group.name = xstrdup(params->group);
	request->group.policy = (enum group_policy)policy;
	request->group.deadline_usec = params->deadline_usec;
	request->group.limit_rate = params->limit_rate;
	call_request(call, request);
}

/* False after an answer. The same bounds as SetLimit's. */
static bool check_rate(struct call *call, int64_t rate)
{
	if (limit_check(LIMIT_LIMIT_RATE, rate) == 0)
		return true;
	call_refused(call, "E_LIMIT_RANGE",
		xasprintf("limit_rate is out of range: 0 to %lld",
			(long long)limit_info(LIMIT_LIMIT_RATE)->most),
		-1);
	return false;
}

void method_group_create_start(struct call *call, json_t *parameters)
{
	struct group_params params = {.deadline_usec = -1};
	const char *bad = NULL;
	char *message;
	int policy;

	if (!call_read_params(call, parameters, group_params, ARRAY_LEN(group_params), &params))
		return;
	policy = params.policy ? wire_policy_parse(params.policy) : GROUP_COLLECT;
	if (policy < 0)
		bad = "policy";
	else if (params.limit_rate < 0)
		bad = "limit_rate";
	else if (params.deadline_usec < 0 && json_is_integer(json_object_get(parameters, "deadline_usec")))
		bad = "deadline_usec";
	if (bad)
		call_invalid_parameter(call, bad);
	else if ((message = spec_group_refusal(params.group)))
		call_refused(call, "E_GROUP", message, -1);
	else if (check_rate(call, params.limit_rate))
		create(call, &params, policy);
}

void method_group_done_reply(struct call *call, struct request *request)
{
	(void)request;
	call_reply(call, NULL, false);
}
