/* Ramp: how fast what has piled up is let in: a few, then one more with each step. Pure; the caller gives the
 * time (usec on the boot clock) and the randomness.
 */
#ifndef JOB_RAMP_H
#define JOB_RAMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

/* A step is 100 ms, and up to as much again. */
#define RAMP_STEP_USEC (100 * USEC_PER_MSEC)
#define RAMP_FIRST     4
#define RAMP_MOST      256

struct ramp {
	int64_t next_usec; /* of the next step; 0: now */
	size_t step;	   /* how many it lets in; 0: RAMP_FIRST */
};

/* How many may enter now; 0: none before next_usec. What is taken is used up, needed or not. */
size_t ramp_take(struct ramp *ramp, int64_t now_usec, struct rng *rng);

#endif
