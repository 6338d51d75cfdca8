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
/* New reference. */
json_t *select_ids(const int64_t *ids, size_t n);

/* The verbs that change jobs: calls method for what args select. done: what was done then ("paused"). Returns
 * the exit status. */
int select_and_change(struct ctl *ctl, const struct args *args, const char *method, const char *done);

#endif
