/* Pulse: whether the threads that the watchdog stands for still go round. Main thread.
 *
 * A thread that waits in poll looks like one that hangs: so each is nudged, and has until the next look to
 * answer, which its loop does by the mere taking of its mail. The disk's lanes are not among them: a file
 * system that hangs is told of, and no restart would mend it.
 */
#ifndef FETCHD_PULSE_H
#define FETCHD_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mailbox.h"

struct pulse;

struct pulse *pulse_new(void);
/* NULL is fine. */
void pulse_free(struct pulse *pulse);
/* mailbox is the thread's and outlives pulse; name is for the log. */
void pulse_watch(struct pulse *pulse, const char *name, struct mailbox *mailbox);
/* True: all have answered since the last look. Logs who falls silent, and who answers again. */
bool pulse_look(struct pulse *pulse);

#endif
