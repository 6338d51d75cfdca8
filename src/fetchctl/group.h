/* Groups, as commands need them. */
#ifndef FETCHCTL_GROUP_H
#define FETCHCTL_GROUP_H

#include <stdbool.h>

#include "fetchctl/ctl.h"
#include "fetchctl/option.h"

/* --policy; *ret is left alone when it is absent. 0, or the exit status after a message. */
int group_policy_option(const struct args *args, int *ret);
/* What became of a group, and every failure in it. whole: all that is known of it, too. 0, or the exit status
 * after a message. */
int group_tell(struct ctl *ctl, const char *name, bool whole);

#endif
