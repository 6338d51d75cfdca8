/* Shape: how the user wants the rows of a view: --columns, --sort, --reverse, and how many. */
#ifndef FETCHCTL_SHAPE_H
#define FETCHCTL_SHAPE_H

#include <jansson.h>

#include "fetchctl/option.h"
#include "fetchctl/view.h"

struct columns {
	const struct column **at;
	size_t n;
};

struct shape {
	const struct view *view;
	struct columns chosen; /* none: what the view says */
	struct columns sort;   /* none: as they come */
	bool reverse;
	size_t most; /* rows; 0: all */
	bool bare;   /* one thing, asked for by its name: no headings in a pipe */
};

/* Whether any of these options is given. */
bool shape_wanted(const struct args *args);
/* 0, or the exit status after a message; shape_done() in either case. */
int shape_read(struct shape *shape, const struct view *view, const struct args *args, bool json);
void shape_done(struct shape *shape);

/* Whether all rows must be there before the first can be shown. */
bool shape_gathers(const struct shape *shape);
/* The rows of an array as they are to be shown. New reference. */
json_t *shape_sort(const struct shape *shape, const json_t *rows);
/* What stands side by side; shown on a terminal of so many columns, 0: in a pipe. Caller frees ->at. */
struct columns shape_columns(const struct shape *shape, size_t terminal);

#endif
