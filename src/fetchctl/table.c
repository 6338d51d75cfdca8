/* Table: rows to lines. What a terminal gets is drawn by libsmartcols, which only this file knows. */
#include "config.h"

#include "fetchctl/table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/cell.h"
#include "fetchctl/line.h"
#include "fetchctl/term.h"

/* Rows that share their widths. */
#define PART_ROWS 500

struct table {
	const struct view *view;
	struct columns columns;
	bool chosen; /* by the user: then all of them are shown */
	size_t terminal;
	bool color;
	bool legend; /* headings are still to be written */
	struct line line;

	/* of a terminal only */
	struct libscols_table *part; /* what is gathered, or NULL; the text below a line is its user data */
	struct libscols_line *lines[PART_ROWS]; /* the library looks for them from the first */
	size_t n_rows;
	json_t *before; /* the last row, where the view wants it */
	size_t *widths; /* of the part before; 0: none, or it was not shown */
};

struct table *table_new(const struct shape *shape, size_t terminal, bool color, bool legend)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->view = shape->view;
	table->columns = shape_columns(shape, terminal);
	table->chosen = shape->chosen.n > 0;
	table->terminal = terminal;
	table->color = color;
	table->legend = legend;
	table->widths = xcalloc(table->columns.n, sizeof(*table->widths));
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

/* ---- a part of rows ------------------------------------------------------------------------------ */

static void part_begin(struct table *table)
{
	struct libscols_table *part = scols_new_table();

	if (!part)
		abort();
	scols_table_enable_colors(part, table->color);
	/* What is shown is escaped already, by one function for all output. */
	scols_table_enable_noencoding(part, 1);
	scols_table_enable_minout(part, 1);
	scols_table_enable_nowrap(part, 1);
	scols_table_set_termforce(part, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(part, table->terminal);
	for (size_t i = 0; i < table->columns.n; i++) {
		const struct column *form = table->columns.at[i];
		int flags = (column_is_number(form) ? SCOLS_FL_RIGHT : 0) |
			    (form->share > 0 ? SCOLS_FL_TRUNC : 0);
		struct libscols_column *column =
			scols_table_new_column(part, form->heading, form->share, flags);

		if (!column || scols_cell_set_color(scols_column_get_header(column), "\033[1m") < 0)
			abort();
	}
	table->part = part;
	table->n_rows = 0;
}

static void put_cell(struct table *table, struct libscols_line *line, size_t i, const json_t *row)
{
	const struct column *form = table->columns.at[i];
	char *text = cell_words(form, row);
	const char *color = form->kind == COLUMN_STATE ? cell_color(text) : "";

	if (scols_line_refer_data(line, i, text) < 0)
		abort();
	if (*color && scols_cell_set_color(scols_line_get_cell(line, i), color) < 0)
		abort();
}

static void gather(struct table *table, const json_t *row)
{
	struct libscols_line *line;

	if (!table->part)
		part_begin(table);
	line = scols_table_new_line(table->part, NULL);
	if (!line)
		abort();
	table->lines[table->n_rows++] = line;
	for (size_t i = 0; i < table->columns.n; i++)
		put_cell(table, line, i, row);
	if (table->view->below && !table->chosen) {
		scols_line_set_userdata(line, table->view->below(row, table->before));
		json_decref(table->before);
		table->before = json_incref((json_t *)row);
	}
}

/* ---- widths -------------------------------------------------------------------------------------- */

static const char *cell_text(const struct table *table, size_t row, size_t i)
{
	return scols_cell_get_data(scols_line_get_cell(table->lines[row], i));
}

static void hide_empty(struct table *table)
{
	for (size_t i = 0; i < table->columns.n; i++) {
		struct libscols_column *column = scols_table_get_column(table->part, i);
		bool empty = table->columns.at[i]->needed && !table->chosen && table->widths[i] == 0;

		for (size_t row = 0; empty && row < table->n_rows; row++)
			empty = *cell_text(table, row, i) == '\0';
		if (empty)
			scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
	}
}

/* The library counts widths only when it prints. */
static void measure(struct table *table)
{
	struct libscols_line *first = table->lines[0];
	char *drawn = NULL;

	if (scols_table_print_range_to_string(table->part, first, first, &drawn) < 0)
		abort();
	free(drawn);
}

static size_t width_of(const struct table *table, size_t i)
{
	struct libscols_column *column = scols_table_get_column(table->part, i);

	return scols_column_is_hidden(column) ? 0 : scols_column_get_width(column);
}

/* Whether some were too long. The library cuts cells too, but shows no sign of it: "E_HTTP_404" would become
 * "E_HTTP_4". */
static bool cut_cells(struct table *table, size_t i, size_t width)
{
	bool cut = false;

	for (size_t row = 0; width > 0 && row < table->n_rows; row++) {
		const char *text = cell_text(table, row, i);

		if (strlen(text) <= width || text_width(text) <= width)
			continue;
		if (scols_line_refer_data(table->lines[row], i, text_ellipsize(text, width)) < 0)
			abort();
		cut = true;
	}
	return cut;
}

static void set_width(struct table *table, size_t i, size_t width)
{
	if (scols_column_set_whint(scols_table_get_column(table->part, i), (double)width) < 0)
		abort();
}

/* The last column has what is left, and is not filled up. */
static bool takes_rest(const struct table *table, size_t i)
{
	return i + 1 == table->columns.n && !column_is_number(table->columns.at[i]);
}

/* First this part by itself, by the shares of its columns; then with none narrower than in the part before,
 * but those that have too little room anyway. */
static void fit(struct table *table)
{
	hide_empty(table);
	measure(table);
	for (size_t i = 0; i < table->columns.n; i++) {
		size_t width = width_of(table, i);

		if (!cut_cells(table, i, width) && width < table->widths[i])
			set_width(table, i, table->widths[i]);
	}
	measure(table);
	for (size_t i = 0; i < table->columns.n; i++) {
		size_t width = width_of(table, i);

		cut_cells(table, i, width);
		set_width(table, i, width);
		table->widths[i] = takes_rest(table, i) ? 0 : width;
	}
}

/* ---- on a terminal ------------------------------------------------------------------------------- */

/* Indented, so that rows can still be told apart, and whole: they may wrap. */
static void put_below(struct table *table, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		CLEANUP_FREE char *one = xstrndup(text, n);

		line_put_blanks(&table->line, table->widths[0] + 1);
		line_put(&table->line, one);
		line_end(&table->line);
		text += n + (text[n] == '\n');
	}
}

/* Takes the text below it. */
static void put_drawn(struct table *table, const char *drawn, char *below)
{
	line_put(&table->line, drawn);
	line_end(&table->line);
	if (below)
		put_below(table, below);
	free(below);
}

static void write_part(struct table *table)
{
	CLEANUP_FREE char *drawn = NULL;
	char *rest, *row;

	fit(table);
	scols_table_enable_noheadings(table->part, !table->legend);
	if (scols_print_table_to_string(table->part, &drawn) < 0)
		abort();
	rest = drawn;
	if (table->legend)
		put_drawn(table, strsep(&rest, "\n"), NULL);
	table->legend = false;
	for (size_t i = 0; i < table->n_rows; i++) {
		row = strsep(&rest, "\n");
		put_drawn(table, row ? row : "", scols_line_get_userdata(table->lines[i]));
	}
	scols_unref_table(table->part);
	table->part = NULL;
}

void table_row(struct table *table, const json_t *row)
{
	if (table->terminal > 0) {
		gather(table, row);
		if (table->n_rows >= PART_ROWS)
			write_part(table);
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
	if (table->part)
		write_part(table);
	json_decref(table->before);
	free(table->widths);
	free(table->columns.at);
	free(table->line.text);
	free(table);
}

const char *table_library_version(void)
{
	const char *version = NULL;

	scols_get_library_version(&version);
	return version;
}
