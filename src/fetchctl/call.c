/* Call: request and reply on the link; error replies become sentences and exit statuses. */
#include "config.h"

#include "fetchctl/call.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchctl/link.h"
#include "fetchctl/place.h"
#include "wire/frame.h"

static const char *string_of(const json_t *parameters, const char *name)
{
	const char *value = json_string_value(json_object_get(parameters, name));

	return value ? value : "";
}

static int64_t id_of(const json_t *parameters)
{
	return json_integer_value(json_object_get(parameters, "id"));
}

static char *say_no_such_job(const json_t *p)
{
	return xasprintf("there is no job %" JSON_INTEGER_FORMAT, (json_int_t)id_of(p));
}

static char *say_no_such_group(const json_t *p)
{
	return xasprintf("there is no group \"%s\"", string_of(p, "group"));
}

/* An error always has a reason, if only that there is none. */
static const char *message_of(const json_t *p)
{
	const char *message = string_of(p, "message");

	return *message ? message : "the daemon refused, and did not say why";
}

static char *say_message(const json_t *p)
{
	return xstrdup(message_of(p));
}

static char *say_try_again(const json_t *p)
{
	return xstrdup(*string_of(p, "message") ? string_of(p, "message")
						: "the daemon cannot do it just now; try again");
}

static char *say_refused(const json_t *p)
{
	return xasprintf("%s (%s)", message_of(p), string_of(p, "code"));
}

static char *say_invalid_parameter(const json_t *p)
{
	return xasprintf("the daemon does not take \"%s\" like this", string_of(p, "parameter"));
}

static char *say_unknown_method(const json_t *p)
{
	return xasprintf("the daemon does not know the method \"%s\"; is it older than fetchctl?",
		string_of(p, "method"));
}

static char *say_unknown_interface(const json_t *p)
{
	return xasprintf(
		"what listens there is not fetchd: it has no interface \"%s\"", string_of(p, "interface"));
}

static const struct error_reply {
	const char *name;
	enum exit_status status;
	char *(*say)(const json_t *parameters);
} error_replies[] = {
	{WIRE_INTERFACE ".NoSuchJob", STATUS_NOT_FOUND, say_no_such_job},
	{WIRE_INTERFACE ".NoSuchGroup", STATUS_NOT_FOUND, say_no_such_group},
	{WIRE_INTERFACE ".WrongState", STATUS_REFUSED, say_message},
	{WIRE_INTERFACE ".NotPermitted", STATUS_NOT_PERMITTED, say_message},
	{WIRE_INTERFACE ".Refused", STATUS_REFUSED, say_refused},
	{WIRE_INTERFACE ".TryAgain", STATUS_TRY_AGAIN, say_try_again},
	{"org.varlink.service.InvalidParameter", STATUS_REFUSED, say_invalid_parameter},
	{"org.varlink.service.MethodNotFound", STATUS_REFUSED, say_unknown_method},
	{"org.varlink.service.MethodNotImplemented", STATUS_REFUSED, say_unknown_method},
	{"org.varlink.service.InterfaceNotFound", STATUS_UNREACHABLE, say_unknown_interface},
};

void problem_done(struct problem *problem)
{
	free(problem->message);
	problem->message = NULL;
}

bool reply_problem(const json_t *reply, struct problem *problem)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	const json_t *p = json_object_get(reply, "parameters");
	const json_t *index = json_object_get(p, "index");

	*problem = (struct problem){.status = STATUS_OK, .index = -1};
	if (!error)
		return false;
	if (json_is_integer(index))
		problem->index = json_integer_value(index);
	problem->status = STATUS_REFUSED;
	for (size_t i = 0; i < ARRAY_LEN(error_replies); i++) {
		if (strcmp(error_replies[i].name, error) != 0)
			continue;
		problem->status = error_replies[i].status;
		problem->message = error_replies[i].say(p);
	}
	if (!problem->message)
		problem->message = xasprintf("the daemon answered %s", error);
	return true;
}

int reply_check(const json_t *reply)
{
	struct problem problem;

	if (!reply_problem(reply, &problem))
		return 0;
	complain(problem.status, "%s", problem.message);
	problem_done(&problem);
	return problem.status;
}

const json_t *reply_parameters(const json_t *reply)
{
	return json_object_get(reply, "parameters");
}

bool reply_continues(const json_t *reply)
{
	return json_is_true(json_object_get(reply, "continues"));
}

int ctl_lost(const struct ctl *ctl)
{
	return complain(STATUS_UNREACHABLE, "the connection to fetchd at %s broke", ctl->place->socket);
}

int ctl_receive(struct ctl *ctl, json_t **ret_reply)
{
	for (;;) {
		switch (link_next(ctl->link, USEC_INFINITY, NULL, ret_reply)) {
		case LINK_REPLY: return 0;
		case LINK_GARBAGE:
			return complain(STATUS_UNREACHABLE, "what listens at %s does not speak Varlink",
				ctl->place->socket);
		case LINK_LOST: return ctl_lost(ctl);
		case LINK_TIMEOUT:
		case LINK_SIGNAL: break; /* stopped and continued by the shell */
		}
	}
}

static int send_call(struct ctl *ctl, const char *method, json_t *params, bool more)
{
	int status = ctl_link(ctl);

	if (!params)
		params = json_object();
	if (status != 0) {
		json_decref(params);
		return status;
	}
	return link_send_call(ctl->link, method, params, more) ? 0 : ctl_lost(ctl);
}

int ctl_call(struct ctl *ctl, const char *method, json_t *params, json_t **ret_reply)
{
	json_t *reply = NULL;
	int status = send_call(ctl, method, params, false);

	if (status == 0)
		status = ctl_receive(ctl, &reply);
	if (status == 0)
		status = reply_check(reply);
	if (status == 0 && ret_reply)
		*ret_reply = json_incref(reply);
	json_decref(reply);
	return status;
}

int ctl_stream(struct ctl *ctl, const char *method, json_t *params,
	bool (*take)(void *state, const json_t *parameters), void *state)
{
	int status = send_call(ctl, method, params, true);
	bool continues = true, enough = false;

	while (status == 0 && continues) {
		json_t *reply = NULL;

		status = ctl_receive(ctl, &reply);
		if (status == 0)
			status = reply_check(reply);
		if (status == 0)
			enough = !take(state, reply_parameters(reply));
		continues = reply_continues(reply);
		json_decref(reply);
		if (enough && continues) {
			/* Only hanging up ends a stream early. */
			link_close(ctl->link);
			ctl->link = NULL;
			break;
		}
	}
	return status;
}
