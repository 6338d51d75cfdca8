/* io.fetchd.Manager.Pause, Resume, Cancel, Retry, Remove: one request, five verbs. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"

struct change_params {
	json_t *selection;
	bool files, hooks;
};

static const struct param change_params[] = {
	{"selection", PARAM_OBJECT, offsetof(struct change_params, selection), true},
};

static const struct param retry_params[] = {
	{"selection", PARAM_OBJECT, offsetof(struct change_params, selection), true},
	{"hooks", PARAM_BOOL, offsetof(struct change_params, hooks), false},
};

static const struct param remove_params[] = {
	{"selection", PARAM_OBJECT, offsetof(struct change_params, selection), true},
	{"files", PARAM_BOOL, offsetof(struct change_params, files), false},
};

static void change(
	struct call *call, json_t *parameters, enum request_verb verb, const struct param *table, size_t n)
{
	struct change_params params = {.files = false};
	struct job_filter filter;

	if (!call_read_params(call, parameters, table, n, &params) ||
		!call_read_selection(call, params.selection, true, &filter))
		return;
	struct request *request = request_new(REQUEST_CHANGE);
	job_filter_done(&request->filter);
	request->filter = filter;
	request->verb = verb;
	request->remove_files = params.files;
	request->hooks_only = params.hooks;
	call_request(call, request);
}

void method_pause_start(struct call *call, json_t *parameters)
{
	change(call, parameters, VERB_PAUSE, change_params, ARRAY_LEN(change_params));
}

void method_resume_start(struct call *call, json_t *parameters)
{
	change(call, parameters, VERB_RESUME, change_params, ARRAY_LEN(change_params));
}

void method_cancel_start(struct call *call, json_t *parameters)
{
	change(call, parameters, VERB_CANCEL, change_params, ARRAY_LEN(change_params));
}

void method_retry_start(struct call *call, json_t *parameters)
{
	change(call, parameters, VERB_RETRY, retry_params, ARRAY_LEN(retry_params));
}

void method_remove_start(struct call *call, json_t *parameters)
{
	change(call, parameters, VERB_REMOVE, remove_params, ARRAY_LEN(remove_params));
}

void method_change_reply(struct call *call, struct request *request)
{
	call_reply(call, json_pack("{s:I}", "changed", (json_int_t)request->n_changed), false);
}
