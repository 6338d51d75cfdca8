/* io.fetchd.Manager.List: jobs by id, page by page; the next page is asked for when the client has taken the
 * last. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"

struct list_params {
	json_t *selection;
	bool all_users, reverse;
	int64_t after, limit;
};

static const struct param list_params[] = {
	{"selection", PARAM_OBJECT, offsetof(struct list_params, selection), false},
	{"all_users", PARAM_BOOL, offsetof(struct list_params, all_users), false},
	{"reverse", PARAM_BOOL, offsetof(struct list_params, reverse), false},
	{"after", PARAM_INT, offsetof(struct list_params, after), false},
	{"limit", PARAM_INT, offsetof(struct list_params, limit), false},
};

struct list {
	struct job_filter filter;
	bool reverse;
	int64_t after;
	int64_t left;	 /* jobs that may still be told */
	bool wants_page; /* as soon as the client has taken what is written */
};

static void ask_page(struct call *call)
{
	struct list *list = call->state;
	struct request *request = request_new(REQUEST_LIST);

	list->wants_page = false;
	job_filter_copy(&request->filter, &list->filter);
	request->after_id = list->after;
	request->reverse = list->reverse;
	request->limit = list->left < CALL_PAGE ? (size_t)list->left : CALL_PAGE;
	call_request(call, request);
}

void method_list_start(struct call *call, json_t *parameters)
{
	struct list_params params = {.limit = INT64_MAX};
	struct job_filter filter;

	if (!call_read_params(call, parameters, list_params, ARRAY_LEN(list_params), &params))
		return;
	if (params.after < 0 || params.limit < 1) {
		call_invalid_parameter(call, params.after < 0 ? "after" : "limit");
		return;
	}
	if (!call_read_scope(call, parameters, params.selection, params.all_users, &filter))
		return;
	struct list *list = xcalloc(1, sizeof(*list));
	list->filter = filter;
	list->reverse = params.reverse;
	list->after = params.after;
	list->left = params.limit;
	call->state = list;
	ask_page(call);
}

/* Some of the page from *from on, as many as fit into one message; moves *from. */
static json_t *take_jobs(struct call *call, const struct request *page, size_t *from)
{
	struct list *list = call->state;
	json_t *jobs = json_array();
	size_t size = 0;

	while (*from < page->n_found && size < CALL_REPLY_SIZE) {
		const struct job *job = page->found[(*from)++];
		json_array_append_new(jobs, call_job_json(call->control, job));
		size += call_job_size(job);
		list->after = job->id;
		list->left--;
	}
	return jobs;
}

void method_list_reply(struct call *call, struct request *page)
{
	struct list *list = call->state;
	size_t from = 0;

	/* Whose group it is does not change from page to page. */
	list->filter.all_owners = page->filter.all_owners;
	list->filter.one_group = page->filter.one_group;
	list->filter.owner = page->filter.owner;

	for (;;) {
		json_t *jobs = take_jobs(call, page, &from);
		bool rest = from < page->n_found;
		if (!rest)
			list->after = page->looked_id;
		bool beyond = rest || page->more;
		bool continues = call->more && beyond && list->left > 0;
		json_t *parameters = json_pack("{s:o}", "jobs", jobs);
		if (beyond)
			json_object_set_new(parameters, "next", json_integer(list->after));
		call_reply(call, parameters, continues);
		if (!continues)
			return; /* the call is gone */
		if (!rest)
			break;
	}
	if (call_output_low(call))
		ask_page(call);
	else
		list->wants_page = true;
}

void method_list_drained(struct call *call)
{
	struct list *list = call->state;
	if (list && list->wants_page && call_output_low(call))
		ask_page(call);
}

void method_list_end(struct call *call)
{
	struct list *list = call->state;
	if (!list)
		return;
	job_filter_done(&list->filter);
	free(list);
}
