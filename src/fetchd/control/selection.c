/* type Selection, and how a job is shown: what several methods share. Main thread. */
#include <config.h>

#include "fetchd/control/internal.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/control/live.h"
#include "job/origin.h"
#include "wire/frame.h"
#include "wire/jobjson.h"

struct selection {
	json_t *ids;
	const char *group;
	json_t *states;
	const char *host;
	json_t *hooks;
	bool all;
};

static const struct param selection_params[] = {
	{"ids", PARAM_ARRAY, offsetof(struct selection, ids), false},
	{"group", PARAM_STRING, offsetof(struct selection, group), false},
	{"states", PARAM_ARRAY, offsetof(struct selection, states), false},
	{"host", PARAM_STRING, offsetof(struct selection, host), false},
	{"hooks", PARAM_ARRAY, offsetof(struct selection, hooks), false},
	{"all", PARAM_BOOL, offsetof(struct selection, all), false},
};

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void sort_unique(int64_t *ids, size_t *n)
{
	size_t kept = 0;
	qsort(ids, *n, sizeof(*ids), by_id);
	for (size_t i = 0; i < *n; i++)
		if (i == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	*n = kept;
}

static bool read_ids(json_t *array, struct job_filter *filter)
{
	size_t i;
	json_t *value;
	filter->ids = xcalloc(json_array_size(array) + 1, sizeof(*filter->ids));
	json_array_foreach(array, i, value)
	{
		if (!json_is_integer(value))
			return false;
		filter->ids[filter->n_ids++] = json_integer_value(value);
	}
	sort_unique(filter->ids, &filter->n_ids);
	return filter->n_ids > 0;
}

static bool read_states(json_t *array, struct job_filter *filter)
{
	size_t i;
	json_t *value;
	json_array_foreach(array, i, value)
	{
		int state = json_is_string(value) ? job_state_parse(json_string_value(value)) : -1;
		if (state < 0)
			return false;
		filter->states |= JOB_STATE_BIT(state);
	}
	return filter->states != 0;
}

static bool read_hooks(json_t *array, struct job_filter *filter)
{
	size_t i;
	json_t *value;
	json_array_foreach(array, i, value)
	{
		int state = json_is_string(value) ? job_hook_state_parse(json_string_value(value)) : -1;
		if (state < JOB_HOOK_PENDING)
			return false;
		filter->hooks |= JOB_HOOK_STATE_BIT(state);
	}
	return filter->hooks != 0;
}

/* NULL, or what is wrong. */
static const char *fill_filter(const struct selection *selection, struct job_filter *filter)
{
	if (selection->ids && !read_ids(selection->ids, filter))
		return "selection.ids";
	if (selection->states && !read_states(selection->states, filter))
		return "selection.states";
	if (selection->hooks && !read_hooks(selection->hooks, filter))
		return "selection.hooks";
	if (selection->group && !*selection->group)
		return "selection.group";
	if (selection->host && !*selection->host)
		return "selection.host";
	filter->group = xstrdup_null(selection->group);
	filter->host = xstrdup_null(selection->host);
	/* Nothing is not everything: everything is said with "all". */
	if (!selection->ids && !selection->states && !selection->group && !selection->host &&
		!selection->hooks && !selection->all)
		return "selection";
	return NULL;
}

bool call_read_selection(struct call *call, json_t *json, bool all_users, struct job_filter *filter)
{
	struct selection selection = {.all = false};
	const char *bad = NULL;

	job_filter_init(filter);
	if (json) {
		if (!call_read_params(call, json, selection_params, ARRAY_LEN(selection_params), &selection))
			return false;
		if (selection.ids && json_array_size(selection.ids) > CALL_LIST_MAX) {
			call_refused(
				call, "E_TOOBIG", xasprintf("more than %d ids in a call", CALL_LIST_MAX), -1);
			return false;
		}
		bad = fill_filter(&selection, filter);
	}
	if (bad) {
		job_filter_done(filter);
		call_invalid_parameter(call, bad);
		return false;
	}
	/* Those who may see all jobs mean whomever's job they name by id. */
	filter->all_owners = call->peer.privileged && (all_users || filter->n_ids > 0);
	filter->one_group = filter->all_owners && filter->group;
	filter->owner = call->peer.uid;
	return true;
}

bool call_read_scope(
	struct call *call, json_t *parameters, json_t *selection, bool all_users, struct job_filter *filter)
{
	bool said = json_object_get(parameters, "all_users") != NULL;

	if (!call_read_selection(call, selection, all_users || !said, filter))
		return false;
	if (said)
		filter->one_group = false;
	else if (!filter->group && filter->n_ids == 0)
		filter->all_owners = false;
	return true;
}

json_t *call_job_json(const struct control *control, const struct job *job)
{
	const struct live_job *live = job->state == JOB_ACTIVE ? live_find(control->live, job->id) : NULL;
	CLEANUP_FREE char *url = origin_redact(job->url);
	CLEANUP_FREE char *effective_url = job->effective_url ? origin_redact(job->effective_url) : NULL;
	struct job shown = *job;

	shown.url = url;
	shown.effective_url = effective_url;
	if (!live)
		return wire_job_to_json(&shown, -1, -1);
	if (live->job->size >= 0)
		shown.size = live->job->size;
	return wire_job_to_json(
		&shown, live->received > job->received ? live->received : job->received, live->speed);
}

static size_t length(const char *s)
{
	return s ? strlen(s) : 0;
}

size_t call_job_size(const struct job *job)
{
	/* Names of keys, numbers, punctuation; then what can be long. */
	/* Mirrors twice: those that have failed are named again. */
	return 600 + length(job->url) + 2 * length(job->mirrors) + length(job->effective_url) +
	       length(job->dir) + 2 * length(job->name) + 2 * length(job->hooks) + length(job->group) +
	       length(job->error_message);
}
