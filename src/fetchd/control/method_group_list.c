/* io.fetchd.Manager.GroupList: groups by number, page by page; the next page is asked for when the client has
 * taken the last. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "wire/groupjson.h"

struct list_params {
	bool all_users;
	int64_t after, limit;
};

static const struct param list_params[] = {
	{"all_users", PARAM_BOOL, offsetof(struct list_params, all_users), false},
	{"after", PARAM_INT, offsetof(struct list_params, after), false},
	{"limit", PARAM_INT, offsetof(struct list_params, limit), false},
};

struct list {
	bool all_owners;
	int64_t after;
	int64_t left;	 /* groups that may still be told */
	bool wants_page; /* as soon as the client has taken what is written */
};

static void ask_page(struct call *call)
{
	struct list *list = call->state;
	struct request *request = request_new(REQUEST_GROUPS);

	list->wants_page = false;
	request->filter.all_owners = list->all_owners;
	request->filter.owner = call->peer.uid;
	request->after_id = list->after;
	request->limit = list->left < CALL_PAGE ? (size_t)list->left : CALL_PAGE;
	call_request(call, request);
}

void method_group_list_start(struct call *call, json_t *parameters)
{
	struct list_params params = {.limit = INT64_MAX};

	if (!call_read_params(call, parameters, list_params, ARRAY_LEN(list_params), &params))
		return;
	if (params.after < 0 || params.limit < 1) {
		call_invalid_parameter(call, params.after < 0 ? "after" : "limit");
		return;
	}
	struct list *list = xcalloc(1, sizeof(*list));
	list->all_owners = params.all_users && call->peer.privileged;
	list->after = params.after;
	list->left = params.limit;
	call->state = list;
	ask_page(call);
}

void method_group_list_reply(struct call *call, struct request *page)
{
	struct list *list = call->state;
	json_t *groups = json_array();

	for (size_t i = 0; i < page->n_groups; i++) {
		json_array_append_new(groups, wire_group_to_json(&page->groups[i]));
		list->after = page->groups[i].id;
		list->left--;
	}
	bool continues = call->more && page->more && list->left > 0;
	json_t *parameters = json_pack("{s:o}", "groups", groups);
	if (page->more)
		json_object_set_new(parameters, "next", json_integer(list->after));
	call_reply(call, parameters, continues);
	if (!continues)
		return; /* the call is gone */
	if (call_output_low(call))
		ask_page(call);
	else
		list->wants_page = true;
}

void method_group_list_drained(struct call *call)
{
	struct list *list = call->state;
	if (list && list->wants_page && call_output_low(call))
		ask_page(call);
}

void method_group_list_end(struct call *call)
{
	free(call->state);
}
