/* io.fetchd.Manager.Limits and SetLimit. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <stdint.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "fetchd/control/internal.h"
#include "job/message.h"
#include "job/origin.h"

/* ---- tell */

static const char *source_name(enum limit_source source)
{
	switch (source) {
	case LIMIT_FROM_DEFAULT: return "default";
	case LIMIT_FROM_FILE: return "file";
	case LIMIT_FROM_SAVED: return "saved";
	case LIMIT_FROM_OVERRIDE: return "override";
	case LIMIT_FROM_COMMAND: return "command";
	case LIMIT_FROM_WINDOW: return "window";
	}
	abort();
}

void method_limits_start(struct call *call, json_t *parameters)
{
	if (call_read_params(call, parameters, NULL, 0, NULL))
		call_request(call, request_new(REQUEST_LIMITS));
}

void method_limits_reply(struct call *call, struct request *request)
{
	json_t *list = json_array();

	for (int i = 0; i < LIMITS_N; i++) {
		const struct limit_told *told = &request->limits[i];
		json_t *limit = json_pack("{s:s, s:I, s:s}", "name", limit_info((enum limit)i)->name, "value",
			(json_int_t)told->value, "source", source_name(told->source));

		if (told->saved >= 0)
			json_object_set_new(limit, "saved", json_integer(told->saved));
		if (told->window)
			json_object_set_new(limit, "window", wire_string(told->window));
		json_array_append_new(list, limit);
	}
	call_reply(call, json_pack("{s:o}", "limits", list), false);
}

/* ---- set */

struct set_params {
	const char *name, *group, *host;
	int64_t value;
	bool save;
};

static const struct param set_params[] = {
	{"name", PARAM_STRING, offsetof(struct set_params, name), true},
	{"value", PARAM_INT, offsetof(struct set_params, value), false},
	{"group", PARAM_STRING, offsetof(struct set_params, group), false},
	{"host", PARAM_STRING, offsetof(struct set_params, host), false},
	{"save", PARAM_BOOL, offsetof(struct set_params, save), false},
};

/* What a group or an origin can have of its own. */
static bool has_limit(const struct set_params *params, int limit)
{
	if (params->group)
		return limit == LIMIT_LIMIT_RATE;
	if (params->host)
		return limit == LIMIT_LIMIT_RATE || limit == LIMIT_MAX_ACTIVE;
	return true;
}

/* False after an answer. */
static bool check_name(struct call *call, const struct set_params *params, int limit)
{
	if (limit < 0) {
		CLEANUP_FREE char *shown = text_escape(params->name);

		call_refused(call, "E_NO_LIMIT", xasprintf("there is no limit %s", shown), -1);
		return false;
	}
	if (!has_limit(params, limit)) {
		call_refused(call, "E_NO_LIMIT",
			xasprintf("%s has no %s of its own", params->group ? "a group" : "an origin",
				params->name),
			-1);
		return false;
	}
	return true;
}

/* given: it is not to be taken back. False after an answer. */
static bool check_value(struct call *call, const struct set_params *params, enum limit limit, bool given)
{
	const struct limit_info *info = limit_info(limit);
	int64_t least = params->group || params->host ? 0 : info->least;

	if (!given || (params->value >= least && params->value <= info->most))
		return true;
	call_refused(call, "E_LIMIT_RANGE",
		xasprintf("%s is out of range: %lld to %lld", info->name, (long long)least,
			(long long)info->most),
		-1);
	return false;
}

/* "https://example.org/" and "https://example.org:443" are one. NULL after an answer; caller frees. */
static char *read_origin(struct call *call, const char *url)
{
	struct origin origin;
	char *text;

	if (origin_parse(url, &origin) != ORIGIN_OK) {
		call_refused(call, "E_NO_HOST", xstrdup("an origin is written scheme://host:port"), -1);
		return NULL;
	}
	text = origin_scheme_in(origin.scheme, call->control->config->protocols) ? origin_text(&origin)
										 : NULL;
	if (!text)
		call_refused(call, "E_NO_HOST",
			xasprintf("the scheme %s is not among the allowed protocols (%s)", origin.scheme,
				call->control->config->protocols),
			-1);
	origin_done(&origin);
	return text;
}

void method_set_limit_start(struct call *call, json_t *parameters)
{
	struct set_params params = {.value = 0};
	bool given = json_is_integer(json_object_get(parameters, "value"));
	char *origin = NULL;
	int limit;

	if (!call_read_params(call, parameters, set_params, ARRAY_LEN(set_params), &params))
		return;
	if (params.group && params.host) {
		call_invalid_parameter(call, "host");
		return;
	}
	if (!params.group && !call->peer.privileged) {
		call_not_permitted(
			call, "only root, the daemon's own user and its administrators may change limits");
		return;
	}
	limit = limit_parse(params.name);
	if (!check_name(call, &params, limit) || !check_value(call, &params, (enum limit)limit, given))
		return;
	if (params.host && !(origin = read_origin(call, params.host)))
		return;
	struct request *request = request_new(REQUEST_SET_LIMIT);
	request->limit_name = (enum limit)limit;
	request->limit_value = given ? params.value : -1;
	request->limit_group = xstrdup_null(params.group);
	request->limit_host = origin;
	request->save = params.save;
	call_request(call, request);
}

void method_set_limit_reply(struct call *call, struct request *request)
{
	const char *whose = request->limit_group ? request->limit_group : request->limit_host;
	CLEANUP_FREE char *shown = whose ? text_escape(whose) : NULL;
	const char *name = limit_info(request->limit_name)->name;

	if (request->limit_value < 0)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_LIMIT_SET, "limit %s%s%s: reset (uid %u)", name,
			shown ? " of " : "", shown ? shown : "", (unsigned)request->uid);
	else
		log_message(LOG_LEVEL_NOTICE, MESSAGE_LIMIT_SET, "limit %s%s%s: %lld (uid %u)", name,
			shown ? " of " : "", shown ? shown : "", (long long)request->limit_value,
			(unsigned)request->uid);
	call_reply(call, NULL, false);
}
