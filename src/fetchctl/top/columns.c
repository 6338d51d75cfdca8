/* Columns: one entry is one column. */
#include "config.h"

#include "fetchctl/top/columns.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchctl/words.h"

/* ---- cells --------------------------------------------------------------------------------------- */

static void cell_set(struct cell *ret, char *text, enum style style)
{
	*ret = (struct cell){.text = text, .style = style};
}

static void cell_number(struct cell *ret, int64_t n, enum style style)
{
	cell_set(ret, xasprintf("%lld", (long long)n), style);
}

static void cell_id(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_number(ret, row->id, STYLE_DIM);
}

static void cell_name(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->name), STYLE_PLAIN);
}

static void cell_host(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->host), STYLE_DIM);
}

static void cell_group(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->group), STYLE_DIM);
}

static void cell_size(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	char buf[UNITS_MAX];

	(void)context;
	cell_set(ret, xstrdup(row->size >= 0 ? units_format_size(buf, row->size) : ""), STYLE_PLAIN);
}

/* How much has come of a file whose size is not known. */
static void cell_bar(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	double part = row_part(row);
	char buf[UNITS_MAX];
	size_t full;

	if (part < 0) {
		cell_set(ret, xstrdup(units_format_size(buf, row->received)), STYLE_DIM);
		return;
	}
	ret->text = glyphs_bar(context->glyphs, part, context->width, &full);
	ret->style = full > 0 ? STYLE_ACCENT : STYLE_DIM;
	ret->split = full;
}

static void cell_part(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	double part = row_part(row);

	(void)context;
	cell_set(ret, part >= 0 ? xasprintf("%d%%", (int)(part * 100)) : xstrdup(""), STYLE_PLAIN);
}

static void cell_speed(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	char buf[UNITS_MAX];

	(void)context;
	if (row->code && strcmp(row->code, "E_IO_STALL") == 0)
		cell_set(ret, xstrdup("disk stalls"), STYLE_BAD);
	else
		cell_set(ret, xstrdup(units_format_rate(buf, row->speed)),
			row->speed > 0 ? STYLE_PLAIN : STYLE_DIM);
}

static void cell_left(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	int64_t left = words_eta_usec(row->size, row->received, row->speed);
	char buf[UNITS_MAX];

	(void)context;
	cell_set(ret, xstrdup(left < USEC_INFINITY ? units_format_eta(buf, left) : ""), STYLE_PLAIN);
}

static enum style state_style(enum job_state state)
{
	switch (state) {
	case JOB_QUEUED: return STYLE_PLAIN;
	case JOB_WAITING: return STYLE_WARN;
	case JOB_ACTIVE: return STYLE_ACCENT;
	case JOB_PAUSED:
	case JOB_CANCELLED: return STYLE_DIM;
	case JOB_DONE: return STYLE_GOOD;
	case JOB_FAILED: return STYLE_BAD;
	}
	return STYLE_PLAIN;
}

static void cell_state(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(job_state_name(row->state)), state_style(row->state));
}

static void cell_priority(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_number(ret, row->priority, row->priority == 0 ? STYLE_DIM : STYLE_STRONG);
}

/* What it waits for. */
static void cell_note(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret,
		row->state == JOB_WAITING
			? words_waiting(row->waiting_for, row->due_usec, *row->code ? row->code : NULL)
			: xstrdup(""),
		STYLE_DIM);
}

static void cell_code(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->code), STYLE_BAD);
}

static void cell_message(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->message), STYLE_DIM);
}

/* "5min ago": one unit, since nobody needs more. */
static void cell_when(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	int64_t sec = (context->wall_usec - row->finished_usec) / USEC_PER_SEC;
	char *text = row->finished_usec <= 0 ? xstrdup("")
		     : sec < 60		     ? xstrdup("just now")
		     : sec < 3600	     ? xasprintf("%lldmin ago", (long long)sec / 60)
		     : sec < 48 * 3600	     ? xasprintf("%lldh ago", (long long)sec / 3600)
					     : xasprintf("%lldd ago", (long long)sec / 86400);

	cell_set(ret, text, STYLE_DIM);
}

/* ---- cells of hosts ------------------------------------------------------------------------------ */

static void cell_host_state(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->word),
		row->held			 ? STYLE_BAD
		: strcmp(row->word, "open") == 0 ? STYLE_GOOD
						 : STYLE_WARN);
}

/* What runs, of how many at once the host was found to take. */
static void cell_host_active(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xasprintf("%lld/%lld", (long long)row->active, (long long)row->limit),
		row->active > 0 ? STYLE_ACCENT : STYLE_DIM);
}

static void cell_host_max(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_number(ret, row->max, STYLE_DIM);
}

static void cell_host_until(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	int64_t left = row->until_usec - context->wall_usec;
	char buf[UNITS_MAX];

	cell_set(ret,
		row->until_usec > 0 && left > 0 ? xasprintf("in %s", units_format_eta(buf, left))
						: xstrdup(""),
		STYLE_WARN);
}

static void cell_host_done(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_number(ret, row->done, row->done > 0 ? STYLE_PLAIN : STYLE_DIM);
}

static void cell_host_failed(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_number(ret, row->failed, row->failed > 0 ? STYLE_BAD : STYLE_DIM);
}

static void cell_host_error(const struct row *row, const struct cell_context *context, struct cell *ret)
{
	(void)context;
	cell_set(ret, xstrdup(row->code), row->held ? STYLE_BAD : STYLE_DIM);
}

/* ---- comparing ----------------------------------------------------------------------------------- */

#define COMPARE_NUMBER(name, value)                                                                          \
	static int name(const struct row *a, const struct row *b)                                            \
	{                                                                                                    \
		return ((a->value) > (b->value)) - ((a->value) < (b->value));                                \
	}
#define COMPARE_STRING(name, value)                                                                          \
	static int name(const struct row *a, const struct row *b)                                            \
	{                                                                                                    \
		return strcasecmp(a->value, b->value);                                                       \
	}
COMPARE_NUMBER(by_id, id)
COMPARE_NUMBER(by_size, size)
COMPARE_NUMBER(by_speed, speed)
COMPARE_NUMBER(by_priority, priority)
COMPARE_NUMBER(by_when, finished_usec)
COMPARE_NUMBER(by_state, state)
COMPARE_NUMBER(by_active, active)
COMPARE_NUMBER(by_host_done, done)
COMPARE_NUMBER(by_host_failed, failed)
COMPARE_STRING(by_name, name)
COMPARE_STRING(by_host, host)
COMPARE_STRING(by_group, group)
COMPARE_STRING(by_code, code)
COMPARE_STRING(by_word, word)

static int by_part(const struct row *a, const struct row *b)
{
	double x = row_part(a), y = row_part(b);

	return (x > y) - (x < y);
}

static int by_left(const struct row *a, const struct row *b)
{
	int64_t x = words_eta_usec(a->size, a->received, a->speed);
	int64_t y = words_eta_usec(b->size, b->received, b->speed);

	return (x > y) - (x < y);
}

/* ---- tables -------------------------------------------------------------------------------------- */

static const struct column transfers[] = {
	{"ID", .width = 6, .right = true, .from = 50, .cell = cell_id, .compare = by_id},
	{"NAME", .weight = 3, .cell = cell_name, .compare = by_name},
	{"HOST", .weight = 2, .from = 110, .cell = cell_host, .compare = by_host},
	{"GROUP", .width = 14, .from = 140, .cell = cell_group, .compare = by_group},
	{"PRIO", .width = 4, .right = true, .from = 130, .descends = true, .cell = cell_priority,
		.compare = by_priority},
	{"SIZE", .width = 9, .right = true, .from = 90, .descends = true, .cell = cell_size,
		.compare = by_size},
	{"PROGRESS", .width = 14, .from = 70, .cell = cell_bar, .descends = true, .compare = by_part},
	{"", .width = 4, .right = true, .cell = cell_part},
	{"SPEED", .width = 11, .right = true, .descends = true, .cell = cell_speed, .compare = by_speed},
	{"LEFT", .width = 7, .right = true, .from = 60, .cell = cell_left, .compare = by_left},
};

static const struct column hosts[] = {
	{"HOST", .weight = 3, .cell = cell_name, .compare = by_name},
	{"STATE", .width = 7, .cell = cell_host_state, .compare = by_word},
	{"ACTIVE", .width = 7, .right = true, .descends = true, .cell = cell_host_active,
		.compare = by_active},
	{"MAX", .width = 5, .right = true, .from = 60, .cell = cell_host_max},
	{"OPENS", .width = 11, .right = true, .from = 40, .cell = cell_host_until},
	{"DONE", .width = 7, .right = true, .from = 70, .descends = true, .cell = cell_host_done,
		.compare = by_host_done},
	{"FAILED", .width = 7, .right = true, .from = 70, .descends = true, .cell = cell_host_failed,
		.compare = by_host_failed},
	{"LAST ERROR", .weight = 1, .from = 80, .cell = cell_host_error, .compare = by_code},
};

static const struct column queue[] = {
	{"ID", .width = 6, .right = true, .cell = cell_id, .compare = by_id},
	{"NAME", .weight = 3, .cell = cell_name, .compare = by_name},
	{"HOST", .weight = 1, .from = 90, .cell = cell_host, .compare = by_host},
	{"GROUP", .width = 14, .from = 120, .cell = cell_group, .compare = by_group},
	{"PRIO", .width = 4, .right = true, .from = 50, .descends = true, .cell = cell_priority,
		.compare = by_priority},
	{"SIZE", .width = 9, .right = true, .from = 100, .descends = true, .cell = cell_size,
		.compare = by_size},
	{"STATE", .width = 7, .cell = cell_state, .compare = by_state},
	{"WAITS FOR", .weight = 2, .from = 70, .cell = cell_note},
};

static const struct column failures[] = {
	{"ID", .width = 6, .right = true, .from = 60, .cell = cell_id, .compare = by_id},
	{"NAME", .weight = 2, .cell = cell_name, .compare = by_name},
	{"HOST", .weight = 1, .from = 140, .cell = cell_host, .compare = by_host},
	{"ERROR", .width = 16, .cell = cell_code, .compare = by_code},
	{"", .weight = 3, .from = 90, .cell = cell_message},
	{"WHEN", .width = 9, .right = true, .from = 50, .descends = true, .cell = cell_when,
		.compare = by_when},
};

#define TABLE(table) .columns = table, .n_columns = ARRAY_LEN(table)
static_assert(ARRAY_LEN(transfers) <= COLUMNS_MAX, "columns_fit() has room for them");

static const struct view_info infos[] = {
	[VIEW_TRANSFERS] = {"Transfers", "Nothing is being fetched.", TABLE(transfers), .sort = 0},
	[VIEW_HOSTS] = {"Hosts", "No host has anything to do.", TABLE(hosts), .sort = 2},
	[VIEW_QUEUE] = {"Queue", "Nothing waits.", TABLE(queue), .sort = 0},
	[VIEW_FAILURES] = {"Failures", "Nothing has failed.", TABLE(failures), .sort = 5},
};

const struct view_info *view_info(enum view view)
{
	return &infos[view];
}

/* ---- widths -------------------------------------------------------------------------------------- */

void columns_fit(enum view view, size_t columns, size_t ret_widths[COLUMNS_MAX])
{
	const struct view_info *info = view_info(view);
	size_t taken = 0, weights = 0, left;

	for (size_t i = 0; i < info->n_columns; i++) {
		const struct column *column = &info->columns[i];

		ret_widths[i] = column->from <= columns ? column->width : 0;
		weights += column->from <= columns ? column->weight : 0;
		/* Every column has a space before it. */
		taken += column->from <= columns ? column->width + 1 : 0;
	}
	left = columns > taken ? columns - taken : 0;
	for (size_t i = 0; i < info->n_columns; i++) {
		const struct column *column = &info->columns[i];

		if (column->weight == 0 || column->from > columns)
			continue;
		ret_widths[i] = left * column->weight / weights;
		left -= ret_widths[i];
		weights -= column->weight;
	}
}
