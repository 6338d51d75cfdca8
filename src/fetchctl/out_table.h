/* Tables on a terminal: rows are gathered by the hundred, so that a long list needs no more memory than a
 * short one. */
#ifndef FETCHCTL_OUT_TABLE_H
#define FETCHCTL_OUT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/job.h"

struct table;

/* The first part written has column headings when legend is set. */
struct table *table_new(size_t columns, bool color, bool legend);
/* Takes what it needs of job, and writes a part when enough rows are there. */
void table_add(struct table *table, const struct job *job, int64_t speed);
/* Writes the rest. */
void table_flush(struct table *table);
/* NULL is fine. */
void table_free(struct table *table);
/* Of libsmartcols. */
const char *table_library_version(void);

#endif
