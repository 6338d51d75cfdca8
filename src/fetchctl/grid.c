/* Grid: gathers rows, then writes them. */
#include "config.h"

#include "fetchctl/grid.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"

struct grid {
	const struct grid_column *columns;
	size_t n_columns;
	char **cells; /* row after row; never NULL */
	size_t n_rows;
};

struct grid *grid_new(const struct grid_column *columns, size_t n_columns)
{
	struct grid *grid = xcalloc(1, sizeof(*grid));

	grid->columns = columns;
	grid->n_columns = n_columns;
	return grid;
}

void grid_add(struct grid *grid, char **cells)
{
	grid->cells = xreallocarray(grid->cells, (grid->n_rows + 1) * grid->n_columns, sizeof(*grid->cells));
	for (size_t i = 0; i < grid->n_columns; i++) {
		grid->cells[grid->n_rows * grid->n_columns + i] =
			cells[i] && *cells[i] ? text_escape(cells[i]) : xstrdup("-");
		free(cells[i]);
	}
	grid->n_rows++;
}

static size_t width_of(const struct grid *grid, size_t column, bool legend)
{
	size_t width = legend ? text_width(grid->columns[column].heading) : 0;

	for (size_t row = 0; row < grid->n_rows; row++) {
		size_t own = text_width(grid->cells[row * grid->n_columns + column]);

		width = own > width ? own : width;
	}
	return width;
}

static void put_cell(const struct grid *grid, size_t column, const char *text, const size_t *widths)
{
	bool last = column + 1 == grid->n_columns;
	size_t own = text_width(text), pad = widths && widths[column] > own ? widths[column] - own : 0;

	if (grid->columns[column].right)
		printf("%*s%s", (int)pad, "", text);
	else
		printf("%s%*s", text, last ? 0 : (int)pad, "");
	fputs(last ? "\n" : widths ? "  " : "\t", stdout);
}

void grid_write(struct grid *grid, bool aligned, bool legend)
{
	CLEANUP_FREE size_t *widths = aligned ? xcalloc(grid->n_columns, sizeof(*widths)) : NULL;

	for (size_t i = 0; widths && i < grid->n_columns; i++)
		widths[i] = width_of(grid, i, legend);
	for (size_t i = 0; legend && i < grid->n_columns; i++)
		put_cell(grid, i, grid->columns[i].heading, widths);
	for (size_t i = 0; i < grid->n_rows * grid->n_columns; i++) {
		put_cell(grid, i % grid->n_columns, grid->cells[i], widths);
		free(grid->cells[i]);
	}
	free(grid->cells);
	free(grid);
}
