/* Meter: bytes a second, and the time left, from what the tally has counted. Pure: the clock is the caller's.
 */
#ifndef FETCHCTL_METER_H
#define FETCHCTL_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/tally.h"

#define METER_SAMPLES 24

struct meter_sample {
	int64_t at_usec;
	int64_t fetched;
};

/* All zero before the first sample. */
struct meter {
	struct meter_sample samples[METER_SAMPLES]; /* a ring */
	size_t n_samples;
	double steady;	    /* bytes a second over the last tens of seconds; what the time left is of */
	int64_t begun_usec; /* when the first sample was */
	size_t begun_ends;  /* tally's n_ends then */
};

/* A sample; more than eight a second are one. */
void meter_note(struct meter *meter, const struct tally *tally, int64_t now_usec);
/* Bytes a second over the last three seconds or more; -1 when that is not known yet. */
int64_t meter_speed(const struct meter *meter);
/* Until all jobs have ended: by bytes where all sizes are known, else by how many jobs have ended since the
 * first sample. USEC_INFINITY when nothing says it. */
int64_t meter_left_usec(const struct meter *meter, const struct tally *tally, int64_t now_usec);

#endif
