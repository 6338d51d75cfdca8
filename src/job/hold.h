/* Hold: failures that are nobody's fault, and how long to wait for what cannot be waited for. Pure. */
#ifndef JOB_HOLD_H
#define JOB_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "job/verdict.h"

/* Whether a machine without a network explains it. */
bool hold_explains_network(const struct verdict *v);
/* Whether a clock that was never set explains it: no certificate is valid in 1970. */
bool hold_explains_clock(const struct verdict *v, int64_t wall_usec);
/* How long until a condition is looked at again: interval and up to a tenth more, or what the verdict asks
 * for when that is longer. */
int64_t hold_usec(int64_t interval_usec, const struct verdict *v, struct rng *rng);
/* The floor of the wait after the failures-th failure in a row (>= 1): retry_after_usec, sixfold with each
 * failure where the verdict says slow_growth; -1: none. */
int64_t hold_floor_usec(const struct verdict *v, int failures);

#endif
