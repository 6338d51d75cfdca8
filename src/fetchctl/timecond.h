/* A moment as people write it, for --time-cond, --not-before and --deadline. Pure but for the time zone. */
#ifndef FETCHCTL_TIMECOND_H
#define FETCHCTL_TIMECOND_H

#include <stdint.h>

/* An HTTP date, "@SECONDS", "2026-11-22[ 09:45[:26]][Z|+01:00]" (local time where no zone is given), "now",
 * "today", "yesterday", "3h ago". usec since the epoch; 0, -EINVAL, or -ERANGE before the epoch. */
int timecond_parse(const char *text, int64_t now_usec, int64_t *ret_usec);
/* One that may be ahead: the same, and "2h", "+1h 30min", "tomorrow"; a time of day alone, or behind a word
 * for a day, "18:00", "tomorrow 06:00:30". */
int timecond_parse_ahead(const char *text, int64_t now_usec, int64_t *ret_usec);

#endif
