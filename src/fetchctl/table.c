/* Table: rows to lines. */
#include "config.h"

#include "fetchctl/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/cell.h"
#include "fetchctl/line.h"
#include "fetchctl/term.h"

/* Rows that share their widths. */
#define PART_ROWS 500
/* Between columns, where there is room for it. */
#define WIDE_GAP 2

struct table {
	const struct view *view;
	struct columns columns;
	bool chosen; /* by the user: then all of them are shown */
	size_t terminal;
	size_t gap; /* blanks between columns */
	bool color;
	bool legend; /* headings are still to be written */
	struct line line;

	/* the part that is gathered; of a terminal only */
	char **cells; /* row after row */
	char **below;
	size_t n_rows;
	json_t *before; /* the last row, where the view wants it */
	size_t *widths; /* of the part before, then of this; 0: not shown */
};

struct table *table_new(const struct shape *shape, size_t terminal, bool color, bool legend)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->view = shape->view;
	table->columns = shape_columns(shape, terminal);
	table->chosen = shape->chosen.n > 0;
	table->terminal = terminal;
	table->gap = WIDE_GAP;
	table->color = color;
	table->legend = legend;
	return table;
}

/* ---- in a pipe ----------------------------------------------------------------------------------- */

static void put_plain(struct table *table, const json_t *row)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		if (i > 0)
			line_put_char(&table->line, '\t');
		cell_put_plain(&table->line, table->columns.at[i], row);
	}
	line_end(&table->line);
}

static void put_plain_heading(struct table *table)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		if (i > 0)
			line_put_char(&table->line, '\t');
		line_put(&table->line, table->columns.at[i]->heading);
	}
	line_end(&table->line);
}

/* ---- widths -------------------------------------------------------------------------------------- */

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns.n + column];
}

/* What a column would have; 0: it is not shown. Never less than in the part before. */
static size_t natural_width(const struct table *table, size_t column)
{
	const struct column *form = table->columns.at[column];
	size_t heading = table->legend ? text_width(form->heading) : 0, width = table->widths[column];

	for (size_t row = 0; row < table->n_rows; row++) {
		size_t own = text_width(cell_at(table, row, column));

		width = own > width ? own : width;
	}
	if (width == 0 && form->needed && !table->chosen)
		return 0;
	width = width > heading ? width : heading;
	return width > 0 ? width : 1;
}

/* The column that has most above what it shall keep, or columns.n. hard: it may be half of that. */
static size_t richest(const struct table *table, bool hard)
{
	size_t found = table->columns.n, most = 0;

	for (size_t i = 0; i < table->columns.n; i++) {
		size_t least = table->columns.at[i]->least / (hard ? 2 : 1);

		if (least > 0 && table->widths[i] > least && table->widths[i] - least > most) {
			most = table->widths[i] - least;
			found = i;
		}
	}
	return found;
}

/* Where even that is too much, the columns at the right give way: no line is longer than the terminal. */
static void drop_rest(struct table *table)
{
	size_t used = 0;

	for (size_t i = 0; i < table->columns.n; i++) {
		size_t gap = used > 0 ? table->gap : 0;
		size_t left = table->terminal > used + gap ? table->terminal - used - gap : 0;

		if (table->widths[i] > left)
			table->widths[i] = left;
		used += table->widths[i] > 0 ? gap + table->widths[i] : 0;
	}
}

static size_t total_width(const struct table *table)
{
	size_t total = 0;

	for (size_t i = 0; i < table->columns.n; i++)
		total += table->widths[i] > 0 ? table->widths[i] + (total > 0 ? table->gap : 0) : 0;
	return total;
}

static void shrink(struct table *table, bool hard)
{
	size_t total = total_width(table), column;

	for (; total > table->terminal && (column = richest(table, hard)) < table->columns.n; total--)
		table->widths[column]--;
}

static void fit(struct table *table)
{
	for (size_t i = 0; i < table->columns.n; i++)
		table->widths[i] = natural_width(table, i);
	if (total_width(table) > table->terminal)
		table->gap = 1;
	shrink(table, false);
	shrink(table, true);
	drop_rest(table);
}

/* ---- on a terminal ------------------------------------------------------------------------------- */

/* color: an escape sequence, or "". */
static void put_cell(struct table *table, size_t column, const char *text, const char *color)
{
	size_t width = table->widths[column];
	CLEANUP_FREE char *shown = text_ellipsize(text, width);
	size_t pad = width - text_width(shown);
	bool right = column_is_number(table->columns.at[column]);

	if (width == 0)
		return;
	if (table->line.len > 0)
		line_put_blanks(&table->line, table->gap);
	line_put_blanks(&table->line, right ? pad : 0);
	line_put(&table->line, color);
	line_put(&table->line, shown);
	line_put(&table->line, *color ? term_plain(true) : "");
	line_put_blanks(&table->line, right ? 0 : pad);
}

static void put_heading(struct table *table)
{
	for (size_t i = 0; i < table->columns.n; i++)
		put_cell(table, i, table->columns.at[i]->heading, table->color ? "\033[1m" : "");
	line_end(&table->line);
}

static void put_row(struct table *table, size_t row)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		const char *text = cell_at(table, row, i);
		bool state = table->columns.at[i]->kind == COLUMN_STATE;

		put_cell(table, i, text, table->color && state ? cell_color(text) : "");
	}
	line_end(&table->line);
}

/* Indented, so that rows can still be told apart, and whole: they may wrap. */
static void put_below(struct table *table, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		CLEANUP_FREE char *one = xstrndup(text, n);

		line_put_blanks(&table->line, table->widths[0] + table->gap);
		line_put(&table->line, one);
		line_end(&table->line);
		text += n + (text[n] == '\n');
	}
}

static void write_part(struct table *table)
{
	fit(table);
	if (table->legend)
		put_heading(table);
	table->legend = false;
	for (size_t row = 0; row < table->n_rows; row++) {
		put_row(table, row);
		if (table->below)
			put_below(table, table->below[row]);
	}
}

static void drop_part(struct table *table)
{
	for (size_t i = 0; i < table->n_rows * table->columns.n; i++)
		free(table->cells[i]);
	for (size_t row = 0; table->below && row < table->n_rows; row++)
		free(table->below[row]);
	table->n_rows = 0;
}

static void gather(struct table *table, const json_t *row)
{
	if (!table->cells) {
		table->cells = xcalloc(PART_ROWS * table->columns.n, sizeof(*table->cells));
		table->widths = xcalloc(table->columns.n, sizeof(*table->widths));
		if (table->view->below && !table->chosen)
			table->below = xcalloc(PART_ROWS, sizeof(*table->below));
	}
	for (size_t i = 0; i < table->columns.n; i++)
		table->cells[table->n_rows * table->columns.n + i] = cell_words(table->columns.at[i], row);
	if (table->below) {
		table->below[table->n_rows] = table->view->below(row, table->before);
		json_decref(table->before);
		table->before = json_incref((json_t *)row);
	}
	table->n_rows++;
}

void table_row(struct table *table, const json_t *row)
{
	if (table->terminal > 0) {
		gather(table, row);
		if (table->n_rows < PART_ROWS)
			return;
		write_part(table);
		drop_part(table);
		return;
	}
	if (table->legend)
		put_plain_heading(table);
	table->legend = false;
	put_plain(table, row);
}

void table_end(struct table *table)
{
	if (!table)
		return;
	if (table->n_rows > 0)
		write_part(table);
	drop_part(table);
	json_decref(table->before);
	free(table->cells);
	free(table->below);
	free(table->widths);
	free(table->columns.at);
	free(table->line.text);
	free(table);
}
