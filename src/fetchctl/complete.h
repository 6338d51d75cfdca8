/* Completion: what may stand next on a command line, for the shells' own completion (etc/completion). */
#ifndef FETCHCTL_COMPLETE_H
#define FETCHCTL_COMPLETE_H

#include <stddef.h>

#include "fetchctl/ctl.h"

/* words: what stands behind "fetchctl", the last of them unfinished. Tells candidates on standard output, a
 * line each, with what they are behind a tab; "<files>" or "<directories>" alone: the shell knows those. The
 * daemon is asked where jobs, groups or hosts are wanted; one that does not answer at once has none. */
void complete_words(struct ctl *ctl, char *const *words, size_t n);

#endif
