/* A line that rises, not a doubling: whoever was flooded once knows after some seconds, not after one. */
#include "config.h"

#include "job/pace.h"

#include "base/clock.h"

size_t pace_take(struct pace *pace, int64_t now_usec, struct rng *rng)
{
	size_t n = pace->step ? pace->step : PACE_FIRST;

	if (now_usec < pace->next_usec)
		return 0;
	pace->step = n < PACE_MOST ? n + 1 : PACE_MOST;
	pace->next_usec = now_usec + PACE_STEP_USEC + rng_upto(rng, PACE_STEP_USEC);
	return n;
}
