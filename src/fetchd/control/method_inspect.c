/* io.fetchd.Manager.Inspect and Verify: one job by its id, which is checked to be the caller's by the engine.
 * Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "wire/attemptjson.h"
#include "wire/hookjson.h"

struct id_params {
	int64_t id;
};

static const struct param id_params[] = {
	{"id", PARAM_INT, offsetof(struct id_params, id), true},
};

static void ask(struct call *call, json_t *parameters, enum request_kind kind)
{
	struct id_params params = {.id = 0};

	if (!call_read_params(call, parameters, id_params, ARRAY_LEN(id_params), &params))
		return;
	if (params.id < 1) {
		call_invalid_parameter(call, "id");
		return;
	}
	struct request *request = request_new(kind);
	request->job_id = params.id;
	call_request(call, request);
}

void method_inspect_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_INSPECT);
}

static json_t *why_json(const struct why *why)
{
	json_t *json = json_pack("{s:s, s:o}", "reason", why_reason_name(why->reason), "message",
		wire_string(why->message ? why->message : ""));

	if (why->until_usec > 0)
		json_object_set_new(json, "until_usec", json_integer(why->until_usec));
	if (why->ahead >= 0)
		json_object_set_new(json, "ahead", json_integer(why->ahead));
	return json;
}

void method_inspect_reply(struct call *call, struct request *request)
{
	json_t *attempts = json_array();
	for (size_t i = 0; i < request->n_attempts; i++)
		json_array_append_new(attempts, wire_attempt_to_json(request->attempts[i]));
	call_reply(call,
		json_pack("{s:o, s:o, s:o, s:o}", "job", call_job_json(call->control, request->found[0]),
			"why", why_json(&request->why), "attempts", attempts, "hooks",
			wire_hooks_to_json(request->hooks, request->n_hooks)),
		false);
}

void method_verify_start(struct call *call, json_t *parameters)
{
	ask(call, parameters, REQUEST_VERIFY);
}

void method_verify_reply(struct call *call, struct request *request)
{
	json_t *reply = json_pack("{s:b, s:o, s:I}", "verified", request->verified, "digest",
		wire_string(request->digest ? request->digest : ""), "size",
		(json_int_t)request->verify_size);
	if (request->verify_error)
		json_object_set_new(reply, "message", wire_string(request->verify_error));
	call_reply(call, reply, false);
}
