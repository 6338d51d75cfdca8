/* Model: takes answers, and keeps cursor and marks on the rows that they were on. */
#include "config.h"

#include "fetchctl/top/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

/* Nearer than that to the last one no sample is taken: the speed would be noise. */
#define SAMPLE_USEC (USEC_PER_SEC * 3 / 4)

void model_init(struct model *model, const char *group, const char *host)
{
	*model = (struct model){.view = VIEW_TRANSFERS, .filter = xstrdup("")};
	job_filter_init(&model->only);
	model->only.all_owners = true;
	str_set(&model->only.group, group);
	str_set(&model->only.host, host);
	for (enum view view = 0; view < VIEW_N; view++)
		model->panes[view].sort = view_info(view)->sort;
}

void model_done(struct model *model)
{
	for (enum view view = 0; view < VIEW_N; view++) {
		rows_done(&model->panes[view].rows);
		free(model->panes[view].shown);
		free(model->panes[view].marks);
	}
	job_filter_done(&model->only);
	free(model->filter);
	free(model->daemon.version);
	free(model->daemon.stopped_by);
}

/* ---- filter and order ---------------------------------------------------------------------------- */

static bool holds(const char *s, const char *text)
{
	return s && strcasestr(s, text);
}

static bool passes(const struct row *row, const char *text)
{
	return !*text || holds(row->name, text) || holds(row->host, text) || holds(row->group, text) ||
	       holds(row->code, text);
}

struct order {
	const struct column *column;
	bool reverse;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct row *left = *(const struct row *const *)a, *right = *(const struct row *const *)b;
	const struct order *order = arg;
	int by = order->column->compare(left, right);

	if (by == 0)
		return (left->id > right->id) - (left->id < right->id);
	return order->reverse ? -by : by;
}

/* Where the row under the cursor is now; when it is gone, what took its place. */
static void find_cursor(struct pane *pane)
{
	for (size_t i = 0; i < pane->n_shown; i++)
		if (pane->shown[i]->id == pane->cursor_id)
			pane->cursor = i;
	if (pane->cursor >= pane->n_shown)
		pane->cursor = pane->n_shown > 0 ? pane->n_shown - 1 : 0;
	pane->cursor_id = pane->n_shown > 0 ? pane->shown[pane->cursor]->id : 0;
}

static void arrange(struct model *model, enum view view)
{
	struct pane *pane = &model->panes[view];
	const struct column *column = &view_info(view)->columns[pane->sort];
	struct order order = {column, pane->reverse != column->descends};

	pane->n_shown = 0;
	pane->shown = xreallocarray(pane->shown, pane->rows.n + 1, sizeof(*pane->shown));
	for (size_t i = 0; i < pane->rows.n; i++)
		if (passes(&pane->rows.at[i], model->filter))
			pane->shown[pane->n_shown++] = &pane->rows.at[i];
	qsort_r(pane->shown, pane->n_shown, sizeof(*pane->shown), compare, &order);
	find_cursor(pane);
}

void model_filter(struct model *model, const char *text)
{
	str_set(&model->filter, text);
	for (enum view view = 0; view < VIEW_N; view++)
		arrange(model, view);
}

void model_sort_next(struct model *model)
{
	const struct view_info *info = view_info(model->view);
	struct pane *pane = model_pane(model);

	do {
		pane->sort = (pane->sort + 1) % info->n_columns;
	} while (!info->columns[pane->sort].compare);
	pane->reverse = false;
	arrange(model, model->view);
}

void model_reverse(struct model *model)
{
	struct pane *pane = model_pane(model);

	pane->reverse = !pane->reverse;
	arrange(model, model->view);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void take_sample(struct model *model, int64_t now_usec)
{
	int64_t span = now_usec - model->sampled_usec, bytes = model->daemon.received - model->sampled_bytes;

	if (model->sampled_usec > 0 && span < SAMPLE_USEC)
		return;
	/* What it began with, or a daemon that was started anew, is no speed. */
	if (model->sampled_usec > 0 && bytes >= 0)
		history_add(&model->history, (int64_t)((double)bytes * USEC_PER_SEC / (double)span));
	model->sampled_usec = now_usec;
	model->sampled_bytes = model->daemon.received;
}

static char *escaped_of(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? text_escape(value) : NULL;
}

static int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void model_take_status(struct model *model, const json_t *status, int64_t now_usec)
{
	const json_t *counts = json_object_get(status, "counts");
	struct rows active = {.n = 0};

	free(model->daemon.version);
	free(model->daemon.stopped_by);
	model->daemon = (struct daemon_state){
		.version = escaped_of(status, "version"),
		.stopped_by = escaped_of(status, "stopped_by"),
		.started_usec = int_of(status, "started_usec"),
		.max_active = int_of(status, "max_active"),
		.draining = json_is_true(json_object_get(status, "draining")),
		.received = int_of(status, "received"),
		.at_usec = now_usec,
	};
	for (enum job_state state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		model->daemon.counts[state] = int_of(counts, job_state_name(state));
	take_sample(model, now_usec);
	rows_add_jobs(&active, json_object_get(status, "active"), &model->only);
	model_take_rows(model, VIEW_TRANSFERS, &active);
}

/* Marks of what is there no more go. */
static void prune_marks(struct pane *pane)
{
	size_t n = 0;

	for (size_t i = 0; i < pane->n_marks; i++)
		for (size_t j = 0; j < pane->rows.n; j++)
			if (pane->rows.at[j].id == pane->marks[i]) {
				pane->marks[n++] = pane->marks[i];
				break;
			}
	pane->n_marks = n;
}

void model_take_rows(struct model *model, enum view view, struct rows *rows)
{
	struct pane *pane = &model->panes[view];

	rows_done(&pane->rows);
	pane->rows = *rows;
	*rows = (struct rows){.n = 0};
	prune_marks(pane);
	arrange(model, view);
}

void model_lost(struct model *model)
{
	model->sampled_usec = 0;
}

int64_t model_count(const struct model *model, enum view view)
{
	const int64_t *counts = model->daemon.counts;

	switch (view) {
	case VIEW_TRANSFERS: return counts[JOB_ACTIVE];
	case VIEW_QUEUE: return counts[JOB_QUEUED] + counts[JOB_WAITING] + counts[JOB_PAUSED];
	case VIEW_FAILURES: return counts[JOB_FAILED];
	case VIEW_HOSTS: break;
	}
	return (int64_t)model->panes[VIEW_HOSTS].rows.n;
}

/* ---- cursor -------------------------------------------------------------------------------------- */

struct pane *model_pane(struct model *model)
{
	return &model->panes[model->view];
}

const struct row *model_row(const struct model *model)
{
	const struct pane *pane = &model->panes[model->view];

	return pane->n_shown > 0 ? pane->shown[pane->cursor] : NULL;
}

void model_move(struct model *model, int64_t by)
{
	struct pane *pane = model_pane(model);
	int64_t last = (int64_t)pane->n_shown - 1, to = (int64_t)pane->cursor;

	if (last < 0)
		return;
	to = by > last - to ? last : by < -to ? 0 : to + by;
	pane->cursor = (size_t)to;
	pane->cursor_id = pane->shown[pane->cursor]->id;
}

void model_scroll(struct model *model, size_t rows)
{
	struct pane *pane = model_pane(model);

	if (pane->cursor < pane->first)
		pane->first = pane->cursor;
	else if (pane->cursor >= pane->first + rows)
		pane->first = pane->cursor + 1 - rows;
	/* No empty lines at the end while there is something above. */
	if (pane->first + rows > pane->n_shown)
		pane->first = pane->n_shown > rows ? pane->n_shown - rows : 0;
}

/* ---- marks --------------------------------------------------------------------------------------- */

/* Where id is among the marks, or would be. */
static size_t mark_place(const struct pane *pane, int64_t id)
{
	size_t low = 0, high = pane->n_marks;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (pane->marks[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool pane_marked(const struct pane *pane, int64_t id)
{
	size_t at = mark_place(pane, id);

	return at < pane->n_marks && pane->marks[at] == id;
}

static void toggle(struct pane *pane, int64_t id)
{
	size_t at = mark_place(pane, id), behind = pane->n_marks - at;

	if (pane_marked(pane, id)) {
		memmove(pane->marks + at, pane->marks + at + 1, (behind - 1) * sizeof(*pane->marks));
		pane->n_marks--;
		return;
	}
	pane->marks = xreallocarray(pane->marks, pane->n_marks + 1, sizeof(*pane->marks));
	memmove(pane->marks + at + 1, pane->marks + at, behind * sizeof(*pane->marks));
	pane->marks[at] = id;
	pane->n_marks++;
}

void model_mark(struct model *model)
{
	struct pane *pane = model_pane(model);

	if (pane->n_shown == 0)
		return;
	toggle(pane, pane->cursor_id);
	model_move(model, 1);
}

void model_mark_all(struct model *model)
{
	struct pane *pane = model_pane(model);
	bool all = true;

	for (size_t i = 0; i < pane->n_shown; i++)
		all = all && pane_marked(pane, pane->shown[i]->id);
	for (size_t i = 0; i < pane->n_shown; i++)
		if (pane_marked(pane, pane->shown[i]->id) == all)
			toggle(pane, pane->shown[i]->id);
}

void model_unmark(struct model *model)
{
	model_pane(model)->n_marks = 0;
}

int64_t *model_targets(const struct model *model, size_t *ret_n)
{
	const struct pane *pane = &model->panes[model->view];
	int64_t *ids = xcalloc(pane->n_shown + 1, sizeof(*ids));

	*ret_n = 0;
	for (size_t i = 0; i < pane->n_shown; i++)
		if (pane_marked(pane, pane->shown[i]->id))
			ids[(*ret_n)++] = pane->shown[i]->id;
	if (*ret_n == 0 && pane->n_shown > 0)
		ids[(*ret_n)++] = pane->cursor_id;
	return ids;
}
