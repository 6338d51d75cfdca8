/* View, rows: the table of a view. */
#include "config.h"

#include "fetchctl/top/view.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

/* Where the table stands. */
struct table {
	struct screen *screen;
	enum view view;
	size_t column, end;
	size_t widths[COLUMNS_MAX];
	struct cell_context context;
};

/* sort: the column that is told apart; COLUMNS_MAX: none. */
static void put_heading(const struct table *table, size_t row, size_t sort)
{
	const struct view_info *info = view_info(table->view);
	size_t at = table->column;

	for (size_t i = 0; i < info->n_columns; i++) {
		const struct column *column = &info->columns[i];

		if (table->widths[i] == 0)
			continue;
		screen_put(table->screen, row, at + 1, table->widths[i],
			(sort == i ? STYLE_STRONG : STYLE_HEADING) | (column->right ? SCREEN_AT_END : 0),
			column->title);
		at += table->widths[i] + 1;
	}
}

/* Over the dim whole comes its first part; text is cut there. A glyph is a column. */
static void put_first_part(
	const struct table *table, size_t row, size_t at, const struct cell *cell, int look)
{
	char *end = cell->text;

	for (size_t n = 0; n < cell->split && *end; n++)
		do
			end++;
		while (((unsigned char)*end & 0xc0) == 0x80);
	*end = '\0';
	screen_put(table->screen, row, at, cell->split, (int)cell->style | look, cell->text);
}

/* look: SCREEN_CURSOR, or 0. */
static void put_cell(const struct table *table, size_t row, size_t at, size_t width, const struct cell *cell,
	bool right, int look)
{
	int style = (int)(cell->split > 0 ? STYLE_DIM : cell->style);

	screen_put(table->screen, row, at, width, style | look | (right ? SCREEN_AT_END : 0), cell->text);
	if (cell->split > 0)
		put_first_part(table, row, at, cell, look);
}

static void put_row(struct table *table, size_t row, const struct row *from, bool marked, int look)
{
	const struct view_info *info = view_info(table->view);
	size_t at = table->column;

	/* What lies between the cells. */
	screen_put(table->screen, row, at, table->end - at, STYLE_PLAIN | look, "");
	if (marked)
		screen_put(table->screen, row, at, 1, STYLE_WARN | look, "*");
	for (size_t i = 0; i < info->n_columns; i++) {
		struct cell cell = {.text = NULL};

		if (table->widths[i] == 0)
			continue;
		table->context.width = table->widths[i];
		info->columns[i].cell(from, &table->context, &cell);
		put_cell(table, row, at + 1, table->widths[i], &cell, info->columns[i].right, look);
		free(cell.text);
		at += table->widths[i] + 1;
	}
}

static void put_none(const struct table *table, const struct top *top, size_t row)
{
	const char *text = *top->model.filter ? "Nothing fits the filter." : view_info(table->view)->none;

	if (top->model.daemon.at_usec > 0)
		screen_put(table->screen, row, table->column + 1, table->end - table->column - 1, STYLE_DIM,
			text);
}

/* How many more there are than the daemon was asked for. */
static void put_more(const struct table *table, const struct top *top, size_t row)
{
	const struct model *model = &top->model;
	int64_t more = model_count(model, table->view) - (int64_t)model->panes[table->view].rows.n;
	CLEANUP_FREE char *text = xasprintf("… and %lld more", (long long)more);

	if (more > 0 && !model->only.group && !model->only.host)
		screen_put(table->screen, row, table->column + 1, table->end - table->column - 1, STYLE_DIM,
			text);
}

void view_rows(struct top *top, enum view view, struct band band, size_t column, size_t columns, bool cursor)
{
	struct pane *pane = &top->model.panes[view];
	size_t rows = band.n > 0 ? band.n - 1 : 0, first;
	struct table table = {
		.screen = top->screen,
		.view = view,
		.column = column,
		.end = column + columns,
		.context = {.glyphs = screen_glyphs(top->screen), .wall_usec = clock_wall_usec()},
	};

	/* A space before each column, and one behind the last. */
	columns_fit(view, columns - 1, table.widths);
	if (rows == 0)
		return;
	put_heading(&table, band.top, cursor ? pane->sort : COLUMNS_MAX);
	if (cursor)
		model_scroll(&top->model, rows);
	first = cursor ? pane->first : 0;
	for (size_t i = 0; i < rows && first + i < pane->n_shown; i++) {
		const struct row *row = pane->shown[first + i];
		bool here = cursor && first + i == pane->cursor;

		put_row(&table, band.top + 1 + i, row, cursor && pane_marked(pane, row->id),
			here ? SCREEN_CURSOR : 0);
	}
	if (pane->n_shown == 0)
		put_none(&table, top, band.top + 1);
	else if (cursor && pane->n_shown - first < rows)
		put_more(&table, top, band.top + 1 + pane->n_shown - first);
}
