/* Absence: the daemon has gone away in the middle of a stream, and is given time to come back. Its jobs are
 * not lost. */
#ifndef FETCHCTL_ABSENCE_H
#define FETCHCTL_ABSENCE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "fetchctl/ctl.h"

struct absence {
	int64_t since_usec; /* clock_boot_usec(); 0: it is there */
};

/* Hangs up. True when this is news, not one more failure of the same absence. */
bool absence_begin(struct absence *absence, struct ctl *ctl);
/* Something sensible was heard again. */
void absence_end(struct absence *absence);
/* Whether it has lasted too long. */
bool absence_too_long(const struct absence *absence);
/* Pauses for a moment (mask: signal mask meanwhile, NULL for the present one), then tries to connect: see
 * ctl->link. */
void absence_try(struct ctl *ctl, const sigset_t *mask);
/* Tells that it has lasted too long. Returns the exit status. */
int absence_complain(const struct ctl *ctl);

#define ABSENCE_NOTICE "The connection is lost; waiting for fetchd to come back."

#endif
