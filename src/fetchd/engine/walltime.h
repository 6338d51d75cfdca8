/* Wall time: tells when the wall clock is set, by hand, by NTP's first answer or after a suspend. Any thread;
 * a descriptor belongs to who opened it.
 */
#ifndef ENGINE_WALLTIME_H
#define ENGINE_WALLTIME_H

#include <stdbool.h>

/* A descriptor to poll for reading: it is ready when the wall clock was set. close() it. -errno. */
int walltime_open(void);
/* After poll(): whether it was set since the last call. Waits for the next time. */
bool walltime_stepped(int fd);

#endif
