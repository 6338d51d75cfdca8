/* Top: the queue on a full screen, live, with keys that change it. */
#ifndef FETCHCTL_TOP_TOP_H
#define FETCHCTL_TOP_TOP_H

#include "fetchctl/ctl.h"

/* Only the jobs of this group, and of this host (NULL: all). Returns the exit status: 0 after q, 128 and the
 * signal's number after a signal, or another after a message. */
int top_run(struct ctl *ctl, const char *group, const char *host);
/* "ncurses 6.4.20221231" */
const char *top_library_version(void);

#endif
