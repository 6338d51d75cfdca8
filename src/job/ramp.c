/* A line that rises, not a doubling: whoever was flooded once knows after some seconds, not after one. */
#include "config.h"

#include "job/ramp.h"

#include "base/clock.h"

size_t ramp_take(struct ramp *ramp, int64_t now_usec, struct rng *rng)
{
	size_t n = ramp->step ? ramp->step : RAMP_FIRST;

	if (now_usec < ramp->next_usec)
		return 0;
	ramp->step = n < RAMP_MOST ? n + 1 : RAMP_MOST;
	ramp->next_usec = now_usec + RAMP_STEP_USEC + rng_upto(rng, RAMP_STEP_USEC);
	return n;
}
