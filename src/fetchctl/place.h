/* Place: which daemon is meant, where it listens, and how it is started. */
#ifndef FETCHCTL_PLACE_H
#define FETCHCTL_PLACE_H

#include "fetchctl/ctl.h"

enum place_kind {
	PLACE_GIVEN, /* -s or $FETCHD_SOCKET */
	PLACE_USER,
	PLACE_SYSTEM,
};

struct place {
	enum place_kind kind;
	char *socket;
	char *other; /* the user's socket that was looked for first and is not there, or NULL */
};

/* 0, or the exit status after a message. */
int place_choose(struct place *place, const struct settings *settings);
void place_done(struct place *place);
/* Tells on standard error that nobody answers there (error: errno of the attempt), and the command that
 * starts the daemon. Returns the exit status. */
int place_complain(const struct place *place, int error);

#endif
