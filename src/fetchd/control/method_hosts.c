/* io.fetchd.Manager.Hosts: origins with something to do, or held; page by page. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "wire/fields.h"

struct hosts_params {
	int64_t after;
};

static const struct param hosts_params[] = {
	{"after", PARAM_INT, offsetof(struct hosts_params, after), false},
};

static void ask_page(struct call *call, int64_t after)
{
	struct request *request = request_new(REQUEST_HOSTS);

	request->after_id = after;
	request->limit = CALL_PAGE;
	call_request(call, request);
}

void method_hosts_start(struct call *call, json_t *parameters)
{
	struct hosts_params params = {.after = 0};

	if (!call_read_params(call, parameters, hosts_params, ARRAY_LEN(hosts_params), &params))
		return;
	if (params.after < 0) {
		call_invalid_parameter(call, "after");
		return;
	}
	ask_page(call, params.after);
}

static const char *block_word(enum host_block block)
{
	switch (block) {
	case HOST_FREE: return "open";
	case HOST_FULL:
	case HOST_LIMITED: return "full";
	case HOST_PACED: return "paced";
	case HOST_BROKEN: return "broken";
	case HOST_HELD: return "held";
	}
	return "?";
}

static void put_int(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static json_t *host_json(const struct host_report *host)
{
	json_t *json = json_object();

	json_object_set_new(json, "host", wire_string(host->origin ? host->origin : ""));
	json_object_set_new(json, "state", json_string(block_word(host->block)));
	put_int(json, "active", host->active);
	put_int(json, "limit", host->limit);
	put_int(json, "max_per_host", host->max);
	json_object_set_new(json, "ready", json_boolean(host->ready));
	if (host->until_usec > 0)
		put_int(json, "until_usec", host->until_usec);
	if (host->hold_code)
		json_object_set_new(json, "hold_error", wire_string(host->hold_code));
	if (host->interval_usec > 0)
		put_int(json, "start_interval_usec", host->interval_usec);
	put_int(json, "done", host->n_done);
	put_int(json, "failed", host->n_failed);
	put_int(json, "failures", host->failures);
	if (host->last_code) {
		json_object_set_new(json, "last_error", wire_string(host->last_code));
		put_int(json, "last_error_usec", host->last_usec);
	}
	return json;
}

void method_hosts_reply(struct call *call, struct request *request)
{
	json_t *hosts = json_array(), *reply;
	int64_t last = request->n_hosts ? request->hosts[request->n_hosts - 1].id : 0;

	for (size_t i = 0; i < request->n_hosts; i++)
		json_array_append_new(hosts, host_json(&request->hosts[i]));
	reply = json_pack("{s:o}", "hosts", hosts);
	if (request->more)
		put_int(reply, "next", last);
	if (call->more && request->more) {
		call_reply(call, reply, true);
		ask_page(call, last);
		return;
	}
	call_reply(call, reply, false);
}
