/* The daemon: everything that runs, in the order in which it is built, and taken down in the same order
 * backwards. */
#ifndef FETCHD_DAEMON_H
#define FETCHD_DAEMON_H

#include "fetchd/config.h"

/* sysexits(3), as INTERFACE.md promises them. */
enum daemon_exit {
	DAEMON_EXIT_OK = 0,
	DAEMON_EXIT_FAILURE = 1,
	DAEMON_EXIT_USAGE = 2,
	DAEMON_EXIT_DATABASE = 65,
	DAEMON_EXIT_DATABASE_IO = 74,
	DAEMON_EXIT_BUSY = 75, /* another fetchd holds this state */
	DAEMON_EXIT_CONFIG = 78,
};

/* Runs until a signal, a drain or a failure ends it; returns the exit status. Takes the reference. source is
 * read again on SIGHUP and must stay. Main thread, which must be the only one yet. */
int daemon_run(struct config *config, const struct config_source *source);

#endif
