/* Grid: small tables of words (hosts, groups): aligned on a terminal, tabs in a pipe. Everything is escaped
 * here. Jobs have a table of their own (out_table.h), which fits thousands of rows to a width. */
#ifndef FETCHCTL_GRID_H
#define FETCHCTL_GRID_H

#include <stdbool.h>
#include <stddef.h>

struct grid;

struct grid_column {
	const char *heading;
	bool right; /* numbers */
};

/* columns must outlive it. */
struct grid *grid_new(const struct grid_column *columns, size_t n_columns);
/* Takes cells: malloc'd, NULL for nothing to say. */
void grid_add(struct grid *grid, char **cells);
/* Writes it to standard output and frees it. */
void grid_write(struct grid *grid, bool aligned, bool legend);

#endif
