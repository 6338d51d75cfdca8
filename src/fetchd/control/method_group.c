/* io.fetchd.Manager.GroupInspect, GroupCreate and GroupRemove: one group by its name. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "fetchd/control/internal.h"
#include "fetchd/control/session.h"
#include "fetchd/control/spec.h"
#include "fetchd/hook_names.h"
#include "job/limit.h"
#include "wire/groupjson.h"
#include "wire/hookjson.h"

struct group_params {
	const char *group;
	const char *policy;
	int64_t deadline_usec, limit_rate;
	json_t *hooks;
	bool wait;
};

static const struct param group_params[] = {
	{"group", PARAM_STRING, offsetof(struct group_params, group), true},
	/* GroupCreate's alone */
	{"policy", PARAM_STRING, offsetof(struct group_params, policy), false},
	{"deadline_usec", PARAM_INT, offsetof(struct group_params, deadline_usec), false},
	{"limit_rate", PARAM_INT, offsetof(struct group_params, limit_rate), false},
	{"hooks", PARAM_ARRAY, offsetof(struct group_params, hooks), false},
};

static const struct param inspect_params[] = {
	{"group", PARAM_STRING, offsetof(struct group_params, group), true},
	{"wait", PARAM_BOOL, offsetof(struct group_params, wait), false},
};

/* ---- one that is there */

static void ask(struct call *call, json_t *parameters, enum request_kind kind)
{
	bool inspect = kind == REQUEST_GROUP;
	struct group_params params = {.group = NULL};

	if (!call_read_params(
		    call, parameters, inspect ? inspect_params : group_params, inspect ? 2 : 1, &params))
		return;
	struct request *request = request_new(kind);
	request->filter.group = xstrdup(params.group);
	request->filter.all_owners = call->peer.privileged;
	request->filter.owner = call->peer.uid;
	request->wait_hooks = params.wait;
	call->session->waits |= params.wait;
	call_request(call, request);
}

void method_group_inspect_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_GROUP);
}

void method_group_inspect_reply(struct call *call, struct request *request)
{
	call_reply(call,
		json_pack("{s:o, s:o}", "group", wire_group_to_json(&request->groups[0]), "hooks",
			wire_hooks_to_json(request->hooks, request->n_hooks)),
		false);
}

void method_group_remove_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_GROUP_REMOVE);
}

/* ---- a new one */

/* Takes hooks. */
static void create(struct call *call, const struct group_params *params, int policy, char *hooks)
{
	struct request *request = request_new(REQUEST_GROUP_CREATE);

	request->group.name = xstrdup(params->group);
	request->group.policy = (enum group_policy)policy;
	request->group.deadline_usec = params->deadline_usec;
	request->group.limit_rate = params->limit_rate;
	request->group.hooks = hooks;
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
	char *message, *hooks = NULL;
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
	else if (params.hooks && !wire_hook_names_read(&hooks, params.hooks))
		bad = "hooks";
	if (bad)
		call_invalid_parameter(call, bad);
	else if ((message = spec_group_refusal(params.group)))
		call_refused(call, "E_GROUP", message, -1);
	else if ((message = hook_names_refusal(call->control->config, hooks, HOOK_ON_GROUP_DONE)))
		call_refused(call, "E_HOOK", message, -1);
	else if (check_rate(call, params.limit_rate)) {
		create(call, &params, policy, hooks);
		return;
	}
	free(hooks);
}

void method_group_done_reply(struct call *call, struct request *request)
{
	(void)request;
	call_reply(call, NULL, false);
}
