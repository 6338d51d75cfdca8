/* Notable: which jobs get a line of their own when not all fit. Pure.
 *
 * The most interesting first: transfers that stall, jobs that wait after an error (the next attempt soonest),
 * transfers with the most to come, jobs that wait for something else. Trouble takes at most half of the lines
 * when others need them. On the screen each kind stands in the order of ids, so that lines stay where they
 * are.
 */
#ifndef FETCHCTL_NOTABLE_H
#define FETCHCTL_NOTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/tally.h"

/* Whether a transfer has brought nothing for ten seconds, though there is more to come. */
bool notable_stalled(const struct tally_job *entry, int64_t now_usec);
/* All bytes are there, and the disk has work left. */
bool notable_settling(const struct tally_job *entry);
/* At most max entries, in the order of the screen, to ret; which these are is noted in tally for the next
 * time, since equals change places only for a reason. Returns how many. */
size_t notable_pick(struct tally *tally, int64_t now_usec, struct tally_job **ret, size_t max);

#endif
