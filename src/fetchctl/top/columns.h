/* Columns: the four views, what stands in the columns of each, how wide these are, and how rows compare by
 * them. Pure. */
#ifndef FETCHCTL_TOP_COLUMNS_H
#define FETCHCTL_TOP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/top/glyphs.h"
#include "fetchctl/top/rows.h"
#include "fetchctl/top/style.h"

enum view {
	VIEW_TRANSFERS,
	VIEW_HOSTS,
	VIEW_QUEUE,
	VIEW_FAILURES,
};
#define VIEW_N (VIEW_FAILURES + 1)

/* What a cell shows; the first split columns (0: all) in this style, the rest dim. */
struct cell {
	char *text; /* escaped; freed by who asked for it */
	enum style style;
	size_t split;
};

/* What cells are made with. */
struct cell_context {
	enum glyphs glyphs;
	int64_t wall_usec;
	size_t width; /* of the column */
};

struct column {
	const char *title;
	size_t width;  /* columns; 0: shares what is left */
	size_t weight; /* its share */
	size_t from;   /* shown on terminals so wide and wider */
	bool right;    /* its text stands at the right edge */
	bool descends; /* sorting by it begins with the largest */
	void (*cell)(const struct row *row, const struct cell_context *context, struct cell *ret);
	int (*compare)(const struct row *a, const struct row *b); /* NULL: not to be sorted by */
};

struct view_info {
	const char *name;
	const char *none; /* what is said where nothing is to show */
	const struct column *columns;
	size_t n_columns;
	size_t sort; /* the column that it is sorted by at first */
};
const struct view_info *view_info(enum view view);

#define COLUMNS_MAX 12
/* Widths of a view's columns in so many columns of the screen, a space before each; 0: it is not shown. */
void columns_fit(enum view view, size_t columns, size_t ret_widths[COLUMNS_MAX]);

#endif
