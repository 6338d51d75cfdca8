/* io.fetchd.Manager.Add: every job is checked before the engine hears of any. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "fetchd/control/internal.h"
#include "fetchd/control/spec.h"

struct add_params {
	json_t *jobs;
	bool check;
	int64_t total;
};

static const struct param add_params[] = {
	{"jobs", PARAM_ARRAY, offsetof(struct add_params, jobs), true},
	{"check", PARAM_BOOL, offsetof(struct add_params, check), false},
	{"total", PARAM_INT, offsetof(struct add_params, total), false},
};

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
	if (code)
		call_refused(call, code, message, (int64_t)index);
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

void method_add_start(struct call *call, json_t *parameters)
{
	struct add_params params = {.total = 0};

	if (!call_read_params(call, parameters, add_params, ARRAY_LEN(add_params), &params))
		return;
	int64_t n = (int64_t)json_array_size(params.jobs);
	if (n == 0 || (params.total != 0 && params.total < n)) {
		call_invalid_parameter(call, n == 0 ? "jobs" : "total");
		return;
	}
	if (n > CALL_LIST_MAX) {
		call_refused(call, "E_TOOBIG", xasprintf("more than %d jobs in a call", CALL_LIST_MAX), -1);
		return;
	}
	struct request *request = request_new(REQUEST_ADD);
	request->check_only = params.check;
	request->total_jobs = params.total ? params.total : n;
	if (take_specs(call, request, params.jobs))
		call_request(call, request);
	else
		request_free(request);
}

void method_add_reply(struct call *call, struct request *request)
{
	json_t *ids = json_array();
	for (size_t i = 0; request->ids && i < request->n_jobs; i++)
		json_array_append_new(ids, json_integer(request->ids[i]));
	call_reply(call, json_pack("{s:o}", "ids", ids), false);
}
