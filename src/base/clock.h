/* Time, in microseconds (usec) everywhere. Any thread.
 *
 * Durations are measured on CLOCK_BOOTTIME, which no one can set and which counts suspend
 * (clock_gettime(2)); wall time is only for what users set or see.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define USEC_PER_MSEC ((int64_t)1000)
#define USEC_PER_SEC  ((int64_t)1000000)
/* "Never" and "infinity", for spans and points alike. Larger than any real value. */
#define USEC_INFINITY INT64_MAX

/* Since boot, suspend included. */
int64_t clock_boot_usec(void);
/* Since the epoch. */
int64_t clock_wall_usec(void);
/* a + b, staying at USEC_INFINITY; both >= 0. */
int64_t usec_add(int64_t a, int64_t b);

/* Tests put a fake in its place (both functions set), before threads start; NULL restores. */
struct clock_source {
	int64_t (*boot_usec)(void);
	int64_t (*wall_usec)(void);
};
void clock_set_source(const struct clock_source *source);

#endif
