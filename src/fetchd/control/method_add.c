/* io.fetchd.Manager.Add: every job is checked before the engine hears of any. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/control/session.h"
#include "fetchd/control/spec.h"
#include "fetchd/hook_names.h"
#include "wire/groupjson.h"

struct add_params {
	json_t *jobs;
	bool check;
	int64_t total;
	const char *policy;
	const char *part;
};

static const struct param add_params[] = {
	{"jobs", PARAM_ARRAY, offsetof(struct add_params, jobs), true},
	{"check", PARAM_BOOL, offsetof(struct add_params, check), false},
	{"total", PARAM_INT, offsetof(struct add_params, total), false},
	{"policy", PARAM_STRING, offsetof(struct add_params, policy), false},
	{"part", PARAM_STRING, offsetof(struct add_params, part), false},
};

/* -1 for another word. */
static int part_parse(const char *word)
{
	static const char *const words[] = {"first", "more", "last"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(word, words[i]))
			return ADD_FIRST + (int)i;
	return -1;
}

/* One spec into the request. False after an answer. */
static bool take_spec(struct call *call, struct request *request, const json_t *spec, const char *own_dir)
{
	const char *field = NULL;
	char *message = NULL;
	size_t index = request->n_jobs;
	struct job *job = job_new();

	request->jobs[request->n_jobs++] = job;
	if (wire_spec_from_json(spec, job, &field)) {
		CLEANUP_FREE char *parameter = json_is_object(spec) ? xasprintf("jobs[%zu].%s", index, field)
								    : xasprintf("jobs[%zu]", index);
		call_invalid_parameter(call, parameter);
		return false;
	}
	const char *code = spec_complete(job, call->control->config, &call->peer, own_dir, &message);
	if (!code)
		code = spec_check_hooks(job, call->control->config, &message);
	if (code)
		call_refused(call, code, message, (int64_t)index);
	else if (!job->hooks)
		job->hooks = hook_names_default(call->control->config, job->dir);
	return !code;
}

/* False after an answer. */
static bool take_specs(struct call *call, struct request *request, const json_t *specs)
{
	CLEANUP_FREE char *own_dir = spec_default_directory(call->control->config, call->peer.uid);
	size_t i;
	json_t *spec;

	request->jobs = xcalloc(json_array_size(specs), sizeof(*request->jobs));
	json_array_foreach(specs, i, spec) if (!take_spec(call, request, spec, own_dir)) return false;
	return true;
}

/* The jobs of a part are of one group. */
static bool same_group(const struct request *request)
{
	const char *group = request->jobs[0]->group;

	for (size_t i = 0; i < request->n_jobs; i++)
		if (!group || !request->jobs[i]->group || strcmp(request->jobs[i]->group, group) != 0)
			return false;
	return true;
}

/* NULL, or the parameter that is wrong. */
static const char *check_params(const struct add_params *params)
{
	int64_t n = (int64_t)json_array_size(params->jobs);

	if (n == 0)
		return "jobs";
	if (params->total != 0 && params->total < n)
		return "total";
	if (params->policy && wire_policy_parse(params->policy) < 0)
		return "policy";
	return params->part && part_parse(params->part) < 0 ? "part" : NULL;
}

/* False after an answer. */
static bool ask(struct call *call, struct request *request)
{
	if (request->part != ADD_WHOLE && !same_group(request)) {
		request_free(request);
		call_invalid_parameter(call, "part");
		return false;
	}
	call->session->adds_parts |= request->part != ADD_WHOLE;
	/* The request has its own: many calls may be waiting. */
	json_decref(call->message);
	call->message = NULL;
	call_request(call, request);
	return true;
}

static struct request *request_of(const struct add_params *params)
{
	struct request *request = request_new(REQUEST_ADD);

	request->check_only = params->check;
	request->total_jobs = params->total ? params->total : (int64_t)json_array_size(params->jobs);
	request->policy = params->policy ? wire_policy_parse(params->policy) : -1;
	request->part = params->part ? (enum add_part)part_parse(params->part) : ADD_WHOLE;
	return request;
}

/* False after an answer. */
static bool start(struct call *call, json_t *parameters)
{
	struct add_params params = {.total = 0};

	if (!call_read_params(call, parameters, add_params, ARRAY_LEN(add_params), &params))
		return false;
	const char *bad = check_params(&params);
	if (bad) {
		call_invalid_parameter(call, bad);
		return false;
	}
	if (json_array_size(params.jobs) > CALL_LIST_MAX) {
		call_refused(call, "E_TOOBIG", xasprintf("more than %d jobs in a call", CALL_LIST_MAX), -1);
		return false;
	}
	struct request *request = request_of(&params);
	if (take_specs(call, request, params.jobs))
		return ask(call, request);
	request_free(request);
	return false;
}

void method_add_start(struct call *call, json_t *parameters)
{
	struct session *session = call->session;
	bool part = json_is_string(json_object_get(parameters, "part"));

	/* A list without one of its parts is none. */
	if (!start(call, parameters) && part)
		session_abandon_list(session);
}

void method_add_reply(struct call *call, struct request *request)
{
	json_t *ids = json_array();
	for (size_t i = 0; request->ids && i < request->n_jobs; i++)
		json_array_append_new(ids, json_integer(request->ids[i]));
	json_t *reply = json_pack("{s:o}", "ids", ids);
	if (request->pending_list)
		json_object_set_new(reply, "pending", json_true());
	call_reply(call, reply, false);
}
