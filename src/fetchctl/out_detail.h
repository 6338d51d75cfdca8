/* The whole of one thing as "key: value" lines, for the text writer. */
#ifndef FETCHCTL_OUT_DETAIL_H
#define FETCHCTL_OUT_DETAIL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "job/job.h"

/* aligned: values in one column, for a terminal. speed: -1 unknown. address: where it was fetched from last,
 * or NULL. */
void detail_job(const struct job *job, int64_t speed, const char *path, const char *address, bool aligned,
	bool color);
/* An array of type Hook: a line each, and one for each line of what the last attempt of one that is not ok
 * has written. width: of keys; 0: not aligned. */
void detail_hooks(const json_t *hooks, int width);
/* Address of the last attempt that came to a connection, escaped; NULL when there is none. Caller frees. */
char *detail_address(const json_t *attempts);
/* Why a job does not run: type Why. */
void detail_why(const struct job *job, const json_t *why, bool aligned, bool color);
/* Reply of Status, without what is active. */
void detail_status(const json_t *status, bool aligned);
/* "3 active, 12 queued, 7 done", of type Counts. Caller frees. */
char *detail_counts(const json_t *counts);
/* group: type Group. */
void detail_group(const json_t *group, bool aligned);
/* "fail-fast", as options have it. Caller frees. */
char *detail_policy(const json_t *group);

#endif
