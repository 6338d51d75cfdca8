/* Act: from a key to the model, to a question, or to a method of the daemon. What cannot be taken back is
 * asked first, and means what was marked when it was asked.
 */
#include "config.h"

#include "fetchctl/top/act.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/select.h"

/* ---- what is meant ------------------------------------------------------------------------------- */

static const struct row *find_row(const struct pane *pane, int64_t id)
{
	for (size_t i = 0; i < pane->n_shown; i++)
		if (pane->shown[i]->id == id)
			return pane->shown[i];
	return NULL;
}

/* An array of Selections: one of all jobs by their ids, or one for each host. NULL: there is nothing. */
static json_t *targets(struct top *top)
{
	size_t n;
	CLEANUP_FREE int64_t *ids = model_targets(&top->model, &n);
	json_t *array = n > 0 ? json_array() : NULL;

	if (n > 0 && top->model.view != VIEW_HOSTS)
		json_array_append_new(array, select_ids(ids, n));
	for (size_t i = 0; top->model.view == VIEW_HOSTS && i < n; i++)
		json_array_append_new(
			array, json_pack("{s:s}", "host", find_row(model_pane(&top->model), ids[i])->origin));
	return array;
}

/* "job 12 (name)", "3 jobs", "example.org", "2 hosts". Caller frees. */
static char *words_for(struct top *top)
{
	size_t n;
	CLEANUP_FREE int64_t *ids = model_targets(&top->model, &n);
	const struct row *row = find_row(model_pane(&top->model), ids[0]);

	if (n > 1)
		return xasprintf("%zu %s", n, top->model.view == VIEW_HOSTS ? "hosts" : "jobs");
	return row->origin ? xstrdup(row->name) : xasprintf("job %lld (%s)", (long long)row->id, row->name);
}

/* ---- calls --------------------------------------------------------------------------------------- */

static const struct verb {
	enum action action;
	const char *method, *done;
	const char *ask; /* NULL: it is done at once */
} verbs[] = {
	{ACTION_PAUSE, "Pause", "paused", NULL},
	{ACTION_RESUME, "Resume", "resumed", NULL},
	{ACTION_CANCEL, "Cancel", "cancelled", "Cancel"},
	{ACTION_RETRY, "Retry", "begun again", NULL},
	{ACTION_REMOVE, "Remove", "forgotten", "Forget"},
};

static const struct verb *verb_of(enum action action)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (verbs[i].action == action)
			return &verbs[i];
	return NULL;
}

static void call_verb(struct top *top, const struct verb *verb, const json_t *selections)
{
	json_t *selection;
	size_t i;

	json_array_foreach(selections, i, selection)
		feed_change(top->feed, verb->method, json_pack("{s:O}", "selection", selection), verb->done);
	model_unmark(&top->model);
}

/* Jobs that one call of Edit may name. */
#define EDIT_MAX 256

/* Takes changes (type JobChanges). */
static void call_edit(struct top *top, const int64_t *ids, size_t n, json_t *changes)
{
	for (size_t at = 0; at < n; at += EDIT_MAX) {
		json_t *selection = select_ids(ids + at, n - at < EDIT_MAX ? n - at : EDIT_MAX);

		feed_change(top->feed, "Edit",
			json_pack("{s:O, s:O}", "ids", json_object_get(selection, "ids"), "changes", changes),
			"changed");
		json_decref(selection);
	}
	json_decref(changes);
}

static void edit_targets(struct top *top, json_t *changes)
{
	const json_t *array = json_object_get(json_array_get(top->prompt.targets, 0), "ids");
	size_t n = json_array_size(array);
	CLEANUP_FREE int64_t *ids = xcalloc(n + 1, sizeof(*ids));

	for (size_t i = 0; i < n; i++)
		ids[i] = json_integer_value(json_array_get(array, i));
	call_edit(top, ids, n, changes);
}

/* host: NULL for the daemon's own. */
static void call_limit(struct top *top, const char *name, int64_t value, const char *host)
{
	json_t *params =
		json_pack("{s:s, s:I, s:s*}", "name", name, "value", (json_int_t)value, "host", host);

	feed_change(top->feed, "SetLimit", params, "limit set");
}

static void call_host_limits(struct top *top, const char *name, int64_t value, const json_t *selections)
{
	json_t *selection;
	size_t i;

	json_array_foreach(selections, i, selection)
		call_limit(top, name, value, json_string_value(json_object_get(selection, "host")));
	model_unmark(&top->model);
}

/* By one from what each has; those that have the same go together. */
static void change_priority(struct top *top, int by)
{
	const struct pane *pane = model_pane(&top->model);
	size_t left;
	CLEANUP_FREE int64_t *ids = model_targets(&top->model, &left);

	while (left > 0) {
		int64_t priority = find_row(pane, ids[0])->priority;
		CLEANUP_FREE int64_t *same = xcalloc(left, sizeof(*same));
		size_t n = 0, others = 0;

		for (size_t i = 0; i < left; i++)
			if (find_row(pane, ids[i])->priority == priority)
				same[n++] = ids[i];
			else
				ids[others++] = ids[i];
		call_edit(top, same, n, json_pack("{s:I}", "priority", (json_int_t)(priority + by)));
		left = others;
	}
}

/* ---- questions ----------------------------------------------------------------------------------- */

static void ask_verb(struct top *top, const struct verb *verb)
{
	json_t *selections = targets(top);

	if (!selections)
		return;
	if (verb->ask) {
		CLEANUP_FREE char *words = words_for(top);

		prompt_ask(&top->prompt, verb->action, true,
			xasprintf("%s %s%s? (y/N) ", verb->ask,
				top->model.view == VIEW_HOSTS ? "all jobs of " : "", words),
			json_incref(selections), "");
	} else {
		call_verb(top, verb, selections);
	}
	json_decref(selections);
}

/* A value for what is meant. */
static void ask_value(struct top *top, enum action action, const char *what)
{
	json_t *selections = targets(top);

	if (selections) {
		CLEANUP_FREE char *words = words_for(top);

		prompt_ask(&top->prompt, action, false, xasprintf("%s of %s: ", what, words), selections, "");
	}
}

static void refuse_value(struct top *top, const char *what)
{
	CLEANUP_FREE char *text = text_escape(top->prompt.text);

	top_notice(top, true, xasprintf("\"%s\" is no %s", text, what));
}

static bool read_rate(struct top *top, int64_t *ret)
{
	if (units_parse_rate(top->prompt.text, ret) == 0)
		return true;
	refuse_value(top, "rate (bytes a second: 500K, 2M; 0 for none)");
	return false;
}

static bool read_number(struct top *top, int64_t least, int64_t *ret)
{
	if (units_parse_int(top->prompt.text, least, INT32_MAX, ret) == 0)
		return true;
	refuse_value(top, "number for this");
	return false;
}

static void answer_rate(struct top *top)
{
	const json_t *selections = top->prompt.targets;
	int64_t rate;

	if (!read_rate(top, &rate))
		return;
	if (json_object_get(json_array_get(selections, 0), "host"))
		call_host_limits(top, "limit-rate", rate, selections);
	else
		edit_targets(top, json_pack("{s:I}", "limit_rate", (json_int_t)rate));
}

/* What was typed is what is wanted. */
static void answer(struct top *top)
{
	const struct verb *verb = verb_of(top->prompt.action);
	const json_t *selections = top->prompt.targets;
	int64_t n;

	if (verb)
		call_verb(top, verb, selections);
	else if (top->prompt.action == ACTION_RATE)
		answer_rate(top);
	else if (top->prompt.action == ACTION_PRIORITY && read_number(top, INT32_MIN, &n))
		edit_targets(top, json_pack("{s:I}", "priority", (json_int_t)n));
	else if (top->prompt.action == ACTION_ACTIVE && read_number(top, 0, &n))
		call_host_limits(top, "max-active", n, selections);
	else if (top->prompt.action == ACTION_ALL_RATE && read_rate(top, &n))
		call_limit(top, "limit-rate", n, NULL);
	else if (top->prompt.action == ACTION_ALL_ACTIVE && read_number(top, 1, &n))
		call_limit(top, "max-active", n, NULL);
}

static void answer_key(struct top *top, int key)
{
	bool filters = top->prompt.action == ACTION_FILTER;
	enum prompt_step step = prompt_key(&top->prompt, key);

	if (filters)
		model_filter(&top->model, step == PROMPT_DROPPED ? "" : top->prompt.text);
	if (step == PROMPT_ANSWERED && !filters && (top->prompt.yes_no || top->prompt.len > 0))
		answer(top);
	if (step != PROMPT_GOES_ON)
		prompt_close(&top->prompt);
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static void show_view(struct top *top, enum view view)
{
	top->model.view = view;
	feed_refresh(top->feed);
}

static void clear(struct top *top)
{
	model_filter(&top->model, "");
	model_unmark(&top->model);
}

static void act(struct top *top, enum action action)
{
	struct model *model = &top->model;
	int64_t page = top->list_rows > 1 ? (int64_t)top->list_rows : 1;

	switch (action) {
	case ACTION_NONE: break;
	case ACTION_QUIT: top->leave = true; break;
	case ACTION_HELP: top->help = true; break;
	case ACTION_TRANSFERS:
	case ACTION_HOSTS:
	case ACTION_QUEUE:
	case ACTION_FAILURES: show_view(top, (enum view)(action - ACTION_TRANSFERS)); break;
	case ACTION_NEXT_VIEW: show_view(top, (model->view + 1) % VIEW_N); break;
	case ACTION_PREVIOUS_VIEW: show_view(top, (model->view + VIEW_N - 1) % VIEW_N); break;
	case ACTION_UP: model_move(model, -1); break;
	case ACTION_DOWN: model_move(model, 1); break;
	case ACTION_PAGE_UP: model_move(model, -page); break;
	case ACTION_PAGE_DOWN: model_move(model, page); break;
	case ACTION_FIRST: model_move(model, INT32_MIN); break;
	case ACTION_LAST: model_move(model, INT32_MAX); break;
	case ACTION_MARK: model_mark(model); break;
	case ACTION_MARK_ALL: model_mark_all(model); break;
	case ACTION_FILTER:
		prompt_ask(&top->prompt, action, false, xstrdup("Filter: "), NULL, model->filter);
		break;
	case ACTION_SORT: model_sort_next(model); break;
	case ACTION_REVERSE: model_reverse(model); break;
	case ACTION_CLEAR: clear(top); break;
	case ACTION_PAUSE:
	case ACTION_RESUME:
	case ACTION_CANCEL:
	case ACTION_RETRY:
	case ACTION_REMOVE: ask_verb(top, verb_of(action)); break;
	case ACTION_RAISE: change_priority(top, 1); break;
	case ACTION_LOWER: change_priority(top, -1); break;
	case ACTION_PRIORITY: ask_value(top, action, "Priority"); break;
	case ACTION_RATE: ask_value(top, action, "Limit-rate"); break;
	case ACTION_ACTIVE: ask_value(top, action, "Max-active"); break;
	case ACTION_ALL_RATE:
		prompt_ask(&top->prompt, action, false, xstrdup("Limit-rate of all: "), NULL, "");
		break;
	case ACTION_ALL_ACTIVE:
		prompt_ask(&top->prompt, action, false, xstrdup("Max-active of all: "), NULL, "");
		break;
	case ACTION_REDRAW: screen_redraw(top->screen); break;
	}
}

void act_key(struct top *top, int key)
{
	top_notice(top, false, NULL);
	if (top->prompt.question)
		answer_key(top, key);
	else if (top->help)
		/* Any key closes it; q does not mean more. */
		top->help = false;
	else
		act(top, keys_action(key, top->model.view));
}
