/* Selection: which jobs a verb means, from the command line to the protocol's type Selection. */
#ifndef FETCHCTL_SELECT_H
#define FETCHCTL_SELECT_H

#include <jansson.h>
#include <stdbool.h>

#include "fetchctl/ctl.h"
#include "fetchctl/option.h"

/* From ids (words), -g, --state, --failed, --all, --host. 0 with *ret a new reference, or NULL when none of
 * them is given; or the exit status after a message. */
int select_from_args(const struct args *args, json_t **ret);
/* The words of a command that takes nothing but ids: one each, NULL when there are none. Caller frees. 0, or
 * the exit status after a message. */
int select_read_ids(const struct args *args, int64_t **ret);
/* Each of them, one after the other. Failures of single jobs do not end it: the highest exit status of all is
 * returned, but one of the connection or of the output at once. */
int select_each(struct ctl *ctl, const int64_t *ids, size_t n, int (*each)(struct ctl *ctl, int64_t id));
/* New reference. */
json_t *select_ids(const int64_t *ids, size_t n);

/* The verbs that change jobs: calls method for what args select. done: what was done then ("paused"). Returns
 * the exit status. */
int select_and_change(struct ctl *ctl, const struct args *args, const char *method, const char *done);

#endif
