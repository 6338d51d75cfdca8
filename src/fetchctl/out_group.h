/* Groups in text: rows, and the sum of one. group: the protocol's type Group. */
#ifndef FETCHCTL_OUT_GROUP_H
#define FETCHCTL_OUT_GROUP_H

#include <jansson.h>
#include <stdbool.h>

/* aligned: for a terminal; else tabs between. */
void group_heading(bool aligned);
void group_row(const json_t *group, bool aligned);
/* "books: 3 done, 1 failed" */
void group_sum(const json_t *group);

#endif
