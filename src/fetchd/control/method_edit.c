/* io.fetchd.Manager.Edit: what the changes come to is judged by the engine, which has the jobs. Main thread.
 */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "fetchd/control/internal.h"
#include "fetchd/control/spec.h"

/* All of them are changed in one turn. */
#define EDIT_MAX 256

/* Different for each job. */
#define OWN_FIELDS                                                                                           \
	(EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_MIRRORS) | EDIT_BIT(EDIT_NAME) | EDIT_BIT(EDIT_CHECKSUM))

struct edit_params {
	json_t *ids;
	json_t *selection;
	json_t *changes;
};

static const struct param edit_params[] = {
	{"ids", PARAM_ARRAY, offsetof(struct edit_params, ids), false},
	{"selection", PARAM_OBJECT, offsetof(struct edit_params, selection), false},
	{"changes", PARAM_OBJECT, offsetof(struct edit_params, changes), true},
};

/* False after an answer. */
static bool take_changes(struct call *call, struct request *request, const json_t *changes)
{
	const char *field;

	request->edit = xcalloc(1, sizeof(*request->edit));
	if (wire_edit_from_json(changes, request->edit, &field)) {
		CLEANUP_FREE char *parameter = xasprintf("changes.%s", field);
		call_invalid_parameter(call, parameter);
		return false;
	}
	if (request->edit->fields == 0 && request->edit->values.n_after == 0) {
		call_invalid_parameter(call, "changes");
		return false;
	}
	return true;
}

/* Whose a directory may be depends on who asks: the engine only knows the jobs. False after an answer. */
static bool take_dir(struct call *call, struct job_edit *edit)
{
	const char *code;
	char *message;

	if (!(edit->fields & EDIT_BIT(EDIT_DIR)))
		return true;
	code = spec_check_dir(&edit->values, call->control->config, &call->peer, &message);
	if (code)
		call_refused(call, code, message, -1);
	return !code;
}

/* False after an answer. */
static bool take_ids(struct call *call, struct request *request, json_t *ids)
{
	json_t *selection;
	bool fine;

	if (json_array_size(ids) > EDIT_MAX) {
		call_refused(call, "E_TOOBIG", xasprintf("more than %d ids in a call", EDIT_MAX), -1);
		return false;
	}
	selection = json_pack("{s:O}", "ids", ids);
	fine = call_read_selection(call, selection, true, &request->filter);
	json_decref(selection);
	return fine;
}

/* False after an answer. */
static bool take_selection(struct call *call, struct request *request, json_t *selection)
{
	if (request->edit->fields & OWN_FIELDS) {
		call_invalid_parameter(call, "selection");
		return false;
	}
	return call_read_selection(call, selection, true, &request->filter);
}

/* False after an answer. */
static bool take_jobs(struct call *call, struct request *request, const struct edit_params *params)
{
	if (!params->ids == !params->selection) {
		call_invalid_parameter(call, params->ids ? "selection" : "ids");
		return false;
	}
	return params->ids ? take_ids(call, request, params->ids)
			   : take_selection(call, request, params->selection);
}

void method_edit_start(struct call *call, json_t *parameters)
{
	struct edit_params params = {.ids = NULL};

	if (!call_read_params(call, parameters, edit_params, ARRAY_LEN(edit_params), &params))
		return;
	struct request *request = request_new(REQUEST_EDIT);
	request->check = spec_recheck;
	if (take_changes(call, request, params.changes) && take_dir(call, request->edit) &&
		take_jobs(call, request, &params))
		call_request(call, request);
	else
		request_free(request);
}
