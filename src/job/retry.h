/* Retry: when the next attempt is due. Pure; the caller gives time and randomness. */
#ifndef JOB_RETRY_H
#define JOB_RETRY_H

#include <stdint.h>

#include "base/rng.h"

struct retry_policy {
	int64_t delay_usec;
	int64_t max_delay_usec;
	int64_t max_retry_after_usec;
	double jitter; /* >= 0 */
	int max_attempts;
};

/* The wait after the failures-th failure in a row (>= 1): d + U(0, d*jitter), d = min(max_delay, delay *
 * 2^(failures-1)). retry_after_usec is a floor, capped at max_retry_after_usec; -1: none. */
int64_t retry_delay_usec(
	const struct retry_policy *policy, int failures, int64_t retry_after_usec, struct rng *rng);

/* Retry-After (RFC 9110, 10.2.3): delay seconds, or a date taken relative to the response's own Date (date
 * may be NULL: then now_wall_usec). Returns the span in usec, >= 0 (a past date is 0), or -1 when it is
 * neither form. */
int64_t retry_after_parse(const char *value, const char *date, int64_t now_wall_usec);

#endif
