/* One daemon a state directory. Main thread, before others start. */
#ifndef FETCHD_INSTANCE_H
#define FETCHD_INSTANCE_H

#include "fetchd/config.h"

/* Makes the state directory when it is missing, and locks it for the life of the process. A descriptor, or -1
 * with *ret_error (caller frees) and *ret_exit_code: 75 another fetchd holds it, 78 it cannot be used. */
int instance_lock(const struct config *config, char **ret_error, int *ret_exit_code);
/* Lets go; -1 is fine. The file stays: removing it could take away a lock that another daemon just got. */
void instance_unlock(int lock_fd);

#endif
