/* Tables on a terminal, drawn by libsmartcols; the only file that knows it. */
#include "config.h"

#include "fetchctl/out_table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"

/* Rows that share their column widths. */
#define PART_ROWS 500

enum column {
	COLUMN_ID,
	COLUMN_STATE,
	COLUMN_DONE,
	COLUMN_SIZE,
	COLUMN_NAME,
	COLUMN_HOST,
	COLUMN_GROUP,
	COLUMN_NOTE
};
#define COLUMN_N (COLUMN_NOTE + 1)

static const struct column_form {
	const char *heading;
	int flags;
	size_t least;  /* columns that it keeps when the terminal is narrow; 0: all that it needs */
	size_t wanted; /* not shown on terminals narrower than this */
} column_forms[COLUMN_N] = {
	[COLUMN_ID] = {"ID", SCOLS_FL_RIGHT},
	[COLUMN_STATE] = {"STATE"},
	[COLUMN_DONE] = {"DONE", SCOLS_FL_RIGHT},
	[COLUMN_SIZE] = {"SIZE", SCOLS_FL_RIGHT, .wanted = 50},
	[COLUMN_NAME] = {"NAME", .least = 12},
	[COLUMN_HOST] = {"HOST", .least = 8, .wanted = 60},
	[COLUMN_GROUP] = {"GROUP", .least = 5, .wanted = 60},
	[COLUMN_NOTE] = {"NOTE", .least = 8},
};

struct table {
	struct libscols_table *part;
	size_t columns;
	bool color;
	bool legend;
	size_t n_rows;
	bool groups; /* a row of this part has one */
};

static void part_begin(struct table *table)
{
	struct libscols_table *part = scols_new_table();

	if (!part)
		abort();
	scols_table_enable_noheadings(part, !table->legend);
	scols_table_enable_colors(part, table->color);
	/* What is shown is escaped already, by one function for all output. */
	scols_table_enable_noencoding(part, 1);
	scols_table_set_termforce(part, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(part, table->columns);
	for (size_t i = 0; i < COLUMN_N; i++)
		if (!scols_table_new_column(part, column_forms[i].heading, 0, column_forms[i].flags))
			abort();
	table->part = part;
	table->n_rows = 0;
	table->groups = false;
}

struct table *table_new(size_t columns, bool color, bool legend)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->columns = columns;
	table->color = color;
	table->legend = legend;
	part_begin(table);
	return table;
}

/* Takes data. */
static void set_cell(struct libscols_line *line, size_t column, char *data)
{
	if (scols_line_refer_data(line, column, data) < 0)
		abort();
}

static bool is_shown(const struct table *table, size_t column)
{
	return table->columns >= column_forms[column].wanted && (column != COLUMN_GROUP || table->groups);
}

static const char *cell_text(struct libscols_line *line, size_t column)
{
	const char *text = scols_cell_get_data(scols_line_get_cell(line, column));

	return text ? text : "";
}

/* What each column needs for its longest cell. Returns the width of the whole table. */
static size_t measure(const struct table *table, size_t widths[COLUMN_N])
{
	size_t total = 0;

	for (size_t i = 0; i < COLUMN_N; i++) {
		widths[i] = table->legend ? text_width(column_forms[i].heading) : 0;
		for (size_t row = 0; row < table->n_rows; row++) {
			size_t width = text_width(cell_text(scols_table_get_line(table->part, row), i));

			widths[i] = width > widths[i] ? width : widths[i];
		}
		total += is_shown(table, i) ? widths[i] + 1 : 0;
	}
	return total - 1;
}

/* A column of a name or note is worth two of the rest. */
static size_t weight(const size_t widths[COLUMN_N], size_t column)
{
	return column == COLUMN_NAME || column == COLUMN_NOTE ? widths[column] : 2 * widths[column];
}

/* The widest column that may still lose something, or COLUMN_N. */
static size_t widest(const struct table *table, const size_t widths[COLUMN_N])
{
	size_t found = COLUMN_N;

	for (size_t i = 0; i < COLUMN_N; i++) {
		if (!is_shown(table, i) || column_forms[i].least == 0 || widths[i] <= column_forms[i].least)
			continue;
		if (found == COLUMN_N || weight(widths, i) > weight(widths, found))
			found = i;
	}
	return found;
}

static void cut_column(struct table *table, size_t column, size_t width)
{
	for (size_t row = 0; row < table->n_rows; row++) {
		struct libscols_line *line = scols_table_get_line(table->part, row);

		if (text_width(cell_text(line, column)) > width)
			set_cell(line, column, text_ellipsize(cell_text(line, column), width));
	}
}

/* Cuts cells until the table fits. libsmartcols could, but shows no sign of it: "12.3MiB/s" became "12.3M".
 */
static void fit(struct table *table)
{
	size_t widths[COLUMN_N], column;
	size_t total = measure(table, widths);
	bool cut[COLUMN_N] = {false};

	while (total > table->columns && (column = widest(table, widths)) < COLUMN_N) {
		widths[column]--;
		total--;
		cut[column] = true;
	}
	for (column = 0; column < COLUMN_N; column++)
		if (cut[column])
			cut_column(table, column, widths[column]);
}

static void part_write(struct table *table)
{
	for (size_t i = 0; i < COLUMN_N; i++)
		if (!is_shown(table, i))
			scols_column_set_flags(scols_table_get_column(table->part, i),
				column_forms[i].flags | SCOLS_FL_HIDDEN);
	fit(table);
	scols_table_set_stream(table->part, stdout);
	if (table->n_rows > 0 && scols_print_table(table->part) < 0)
		abort();
	scols_unref_table(table->part);
	table->part = NULL;
}

static void set_color(struct libscols_line *line, enum job_state state)
{
	const char *color = term_state_color(state, true);

	if (*color && scols_cell_set_color(scols_line_get_cell(line, COLUMN_STATE), color) < 0)
		abort();
}

static char *size_text(int64_t size)
{
	char buf[UNITS_MAX];

	return xstrdup(size >= 0 ? units_format_size(buf, size) : "");
}

void table_add(struct table *table, const struct job *job, int64_t speed)
{
	struct libscols_line *line = scols_table_new_line(table->part, NULL);

	if (!line)
		abort();
	set_cell(line, COLUMN_ID, xasprintf("%lld", (long long)job->id));
	set_cell(line, COLUMN_STATE, xstrdup(job_state_name(job->state)));
	set_cell(line, COLUMN_DONE, words_progress(job));
	set_cell(line, COLUMN_SIZE, size_text(job->size));
	set_cell(line, COLUMN_NAME, words_name(job));
	set_cell(line, COLUMN_HOST, words_host(job->origin));
	set_cell(line, COLUMN_GROUP, words_group(job));
	set_cell(line, COLUMN_NOTE, words_note(job, speed));
	set_color(line, job->state);
	table->groups |= job->group != NULL;
	if (++table->n_rows >= PART_ROWS)
		table_flush(table);
}

void table_flush(struct table *table)
{
	bool written = table->n_rows > 0;

	part_write(table);
	table->legend &= !written;
	part_begin(table);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	scols_unref_table(table->part);
	free(table);
}

const char *table_library_version(void)
{
	const char *version = NULL;

	scols_get_library_version(&version);
	return version;
}
