/* Groups in text: rows, and the sum of one. group: the protocol's type Group. */
#ifndef FETCHCTL_OUT_GROUP_H
#define FETCHCTL_OUT_GROUP_H

#include <jansson.h>

#include "fetchctl/grid.h"

/* For a terminal. */
struct grid *group_grid(void);
void group_grid_add(struct grid *grid, const json_t *group);
/* For a pipe: with tabs between, and each number by itself. */
void group_heading(void);
void group_row(const json_t *group);
/* "books: 3 done, 1 failed" */
void group_sum(const json_t *group);

#endif
