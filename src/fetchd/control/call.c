/* Call: answers of a method, in Varlink's form, and its requests to the engine. Main thread. */
#include <config.h>

#include "fetchd/control/call.h"

#include <event2/buffer.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fetchd/control/session.h"
#include "wire/frame.h"

/* ---- answers */

static void answer(struct call *call, json_t *message, bool last)
{
	struct session *session = call->session;
	bool first = TAILQ_FIRST(&session->calls) == call;

	if (call->oneway) {
		json_decref(message);
		message = NULL;
	}
	if (!first)
		call->answer = message;
	else if (message)
		session_send(session, message);
	call->answered = last;
	if (first && last)
		session_call_done(session);
}

void call_reply(struct call *call, json_t *parameters, bool continues)
{
	json_t *message = json_pack("{s:o}", "parameters", parameters ? parameters : json_object());
	if (continues)
		json_object_set_new(message, "continues", json_true());
	answer(call, message, !continues);
}

void call_error(struct call *call, const char *error, json_t *parameters)
{
	log_debug("uid %u: %s: %s", (unsigned)call->peer.uid, call->method ? call->method->name : "call",
		error);
	answer(call, json_pack("{s:s, s:o}", "error", error, "parameters", parameters), true);
}

void call_invalid_parameter(struct call *call, const char *parameter)
{
	call_error(call, "org.varlink.service.InvalidParameter", json_pack("{s:s}", "parameter", parameter));
}

void call_refused(struct call *call, const char *code, char *message, int64_t index)
{
	json_t *parameters = json_pack("{s:s, s:o}", "code", code, "message", wire_string(message));
	if (index >= 0)
		json_object_set_new(parameters, "index", json_integer(index));
	free(message);
	call_error(call, WIRE_INTERFACE ".Refused", parameters);
}

void call_try_again(struct call *call, const char *message)
{
	call_error(call, WIRE_INTERFACE ".TryAgain", json_pack("{s:o}", "message", wire_string(message)));
}

void call_not_permitted(struct call *call, const char *message)
{
	call_error(call, WIRE_INTERFACE ".NotPermitted", json_pack("{s:s}", "message", message));
}

size_t call_output_length(const struct call *call)
{
	return evbuffer_get_length(bufferevent_get_output(call->session->bev));
}

bool call_output_low(const struct call *call)
{
	return call_output_length(call) <= SESSION_OUTPUT_LOW;
}

/* ---- the engine */

void call_request(struct call *call, struct request *request)
{
	if (call->control->stopping) {
		request_free(request);
		call_try_again(call, "the daemon is shutting down");
		return;
	}
	request->session_id = call->session->id;
	request->call_id = call->id;
	request->uid = call->peer.uid;
	request->privileged = call->peer.privileged;
	mailbox_post(call->control->setup.engine, &request->msg);
}

static const char *text_or(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

void call_take_reply(struct call *call, struct request *request)
{
	switch (request->error) {
	case REQUEST_OK: call->method->reply(call, request); break;
	case REQUEST_NO_SUCH_JOB:
		call_error(call, WIRE_INTERFACE ".NoSuchJob",
			json_pack("{s:I}", "id", (json_int_t)request->error_id));
		break;
	case REQUEST_NO_SUCH_GROUP:
		call_error(call, WIRE_INTERFACE ".NoSuchGroup",
			json_pack("{s:o}", "group", wire_string(text_or(request->filter.group, ""))));
		break;
	case REQUEST_WRONG_STATE:
		call_error(call, WIRE_INTERFACE ".WrongState",
			json_pack("{s:I, s:o}", "id", (json_int_t)request->error_id, "message",
				wire_string(text_or(
					request->error_message, "the job's state does not allow it"))));
		break;
	case REQUEST_REFUSED:
		call_refused(call, text_or(request->error_code, "E_REFUSED"),
			xstrdup(text_or(request->error_message, "refused")),
			request->n_jobs > 0 ? (int64_t)request->error_index : -1);
		break;
	case REQUEST_TRY_AGAIN:
		call_try_again(call, text_or(request->error_message, "the daemon cannot do it just now"));
		break;
	}
}

/* ---- parameters */

static bool has_type(const json_t *value, enum param_type type)
{
	switch (type) {
	case PARAM_BOOL: return json_is_boolean(value);
	case PARAM_INT: return json_is_integer(value);
	case PARAM_STRING: return json_is_string(value);
	case PARAM_OBJECT: return json_is_object(value);
	case PARAM_ARRAY: return json_is_array(value);
	}
	abort(); /* not a type */
}

static void put_param(json_t *value, const struct param *param, void *to)
{
	void *place = (char *)to + param->offset;
	switch (param->type) {
	case PARAM_BOOL: *(bool *)place = json_is_true(value); break;
	case PARAM_INT: *(int64_t *)place = json_integer_value(value); break;
	case PARAM_STRING: *(const char **)place = json_string_value(value); break;
	case PARAM_OBJECT:
	case PARAM_ARRAY: *(json_t **)place = value; break;
	}
}

static const struct param *find_param(const struct param *params, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(params[i].name, name))
			return &params[i];
	return NULL;
}

/* NULL, or the name of the parameter that is wrong. */
static const char *read_params(json_t *parameters, const struct param *params, size_t n, void *to)
{
	const char *key;
	json_t *value;
	json_object_foreach(parameters, key, value)
	{
		const struct param *param = find_param(params, n, key);
		if (!param)
			return key;
		if (json_is_null(value) && !param->required)
			continue;
		if (!has_type(value, param->type))
			return key;
		put_param(value, param, to);
	}
	for (size_t i = 0; i < n; i++)
		if (params[i].required && !json_object_get(parameters, params[i].name))
			return params[i].name;
	return NULL;
}

bool call_read_params(struct call *call, json_t *parameters, const struct param *params, size_t n, void *to)
{
	const char *bad = read_params(parameters, params, n, to);
	if (bad)
		call_invalid_parameter(call, bad);
	return !bad;
}
