/* Table: the one writer of rows. In a pipe a line a row, at once, fields between tabs; on a terminal aligned,
 * coloured and cut to its width, some hundred rows at a time, so that a long list needs no more memory than a
 * short one. Rows are objects of the protocol, borrowed for the call. Everything is escaped here. */
#ifndef FETCHCTL_TABLE_H
#define FETCHCTL_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/shape.h"

struct table;

/* terminal: its columns, 0: a pipe. legend: headings before the first row. shape must outlive it. */
struct table *table_new(const struct shape *shape, size_t terminal, bool color, bool legend);
void table_row(struct table *table, const json_t *row);
/* Writes the rest and frees. NULL is fine. */
void table_end(struct table *table);
/* Of libsmartcols. */
const char *table_library_version(void);

#endif
