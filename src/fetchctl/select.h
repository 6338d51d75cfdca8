/* Selection: which jobs a verb means, from the command line to the protocol's type Selection. */
#ifndef FETCHCTL_SELECT_H
#define FETCHCTL_SELECT_H

#include <jansson.h>
#include <stdbool.h>

#include "fetchctl/ctl.h"
#include "fetchctl/option.h"

/* From ids (words), -g (or group, if that is not NULL), --state, --failed, --all, --host. 0 with *ret a new
 * reference, or NULL when none of them is given; or the exit status after a message. */
int select_from_args(const struct args *args, const char *group, json_t **ret);
/* The exit status, after a message: nothing is selected. */
int select_nothing(void);
/* The words of a command that takes nothing but ids: one each, NULL when there are none. Caller frees. 0, or
 * the exit status after a message. */
int select_read_ids(const struct args *args, int64_t **ret);
/* Each of the words, which are ids, one after the other; STATUS_USAGE when there are none. Failures of single
 * jobs do not end it: the highest exit status of all is returned, but one of the connection or of the output
 * at once. */
int select_each(struct ctl *ctl, const struct args *args,
	int (*each)(struct ctl *ctl, int64_t id, const void *arg), const void *arg);
/* The same, for verbs that show: write gets the reply of Inspect for each. */
typedef void (*inspection_writer)(struct out *out, const json_t *inspection);
int select_and_show(struct ctl *ctl, const struct args *args, inspection_writer write);
/* New reference. */
json_t *select_ids(const int64_t *ids, size_t n);

/* The verbs that change jobs: calls method for what args select. done: what was done then ("paused"). Returns
 * the exit status. */
int select_and_change(struct ctl *ctl, const struct args *args, const char *method, const char *done);

#endif
