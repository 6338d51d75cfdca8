/* Asks: what the daemon is asked, with which parameters, and how often. Pure. */
#ifndef FETCHCTL_TOP_ASKS_H
#define FETCHCTL_TOP_ASKS_H

#include <jansson.h>
#include <stdint.h>

#include "fetchctl/top/model.h"

enum ask_kind {
	ASK_STATUS,
	ASK_HOSTS,
	ASK_QUEUE,
	ASK_FAILURES,
	ASK_CHANGE, /* whatever a key does; never due by itself */
};
#define ASK_N (ASK_CHANGE + 1)

const char *asks_method(enum ask_kind kind);
/* only: which jobs are of interest. New reference, or NULL for no parameters. */
json_t *asks_params(enum ask_kind kind, const struct job_filter *only);
/* From one to the next; USEC_INFINITY: nobody looks at it. failures_seen: how many there were at the last. */
int64_t asks_interval_usec(enum ask_kind kind, const struct model *model, int64_t failures_seen);

#endif
