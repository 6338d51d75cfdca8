/* View: draws a model. */
#ifndef FETCHCTL_TOP_VIEW_H
#define FETCHCTL_TOP_VIEW_H

#include "fetchctl/top/layout.h"
#include "fetchctl/top/state.h"

/* One frame. */
void view_draw(struct top *top);

/* For its parts: a heading and rows of a view in a band of the screen, from a column on. cursor: the rows
 * scroll to it, and it is shown. */
void view_rows(struct top *top, enum view view, struct band band, size_t column, size_t columns, bool cursor);
/* The keys, instead of everything else. */
void view_help(struct top *top);

#endif
