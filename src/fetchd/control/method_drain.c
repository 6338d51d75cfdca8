/* io.fetchd.Manager.Drain: finish what runs, start nothing new. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "base/log.h"
#include "fetchd/control/internal.h"
#include "job/message.h"

struct drain_params {
	bool exit, off;
};

static const struct param drain_params[] = {
	{"exit", PARAM_BOOL, offsetof(struct drain_params, exit), false},
	{"off", PARAM_BOOL, offsetof(struct drain_params, off), false},
};

void method_drain_start(struct call *call, json_t *parameters)
{
	struct drain_params params = {.exit = false};

	if (!call_read_params(call, parameters, drain_params, ARRAY_LEN(drain_params), &params))
		return;
	if (params.exit && params.off) {
		call_invalid_parameter(call, "off");
		return;
	}
	if (!call->peer.privileged) {
		call_not_permitted(
			call, "only root, the daemon's own user and its administrators may drain it");
		return;
	}
	struct request *request = request_new(REQUEST_DRAIN);
	request->drain_on = !params.off;
	request->drain_exit = params.exit;
	call_request(call, request);
}

void method_drain_reply(struct call *call, struct request *request)
{
	call->control->draining = request->drain_on;
	log_message(LOG_LEVEL_NOTICE, MESSAGE_DRAIN, "drain: %s",
		request->drain_exit ? "on, then stop"
		: request->drain_on ? "on"
				    : "off");
	call_reply(call, NULL, false);
}
