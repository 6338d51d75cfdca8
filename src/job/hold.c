/* Hold: what a failure is worth when this machine is the cause, and how long a hold lasts. Owns nothing; any
 * thread.
 */
#include "config.h"

#include "job/hold.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

/* Certificates that are valid today were made after it: a clock that shows an earlier time was never set.
 * 2026-01-01 00:00 UTC. */
#define CLOCK_LEAST_USEC (INT64_C(1767225600) * USEC_PER_SEC)
#define SLOW_GROWTH	 6

static bool is_one_of(const char *code, const char *const *codes, size_t n)
{
	for (size_t i = 0; code && i < n; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

bool hold_explains_network(const struct verdict *v)
{
	static const char *const codes[] = {"E_DNS", "E_CONNECT", "E_TIMEOUT", "E_STALL", "E_RECV", "E_SEND",
		"E_TLS", "E_TRUNCATED", "E_PROXY", "E_HTTP2", "E_HTTP3"};

	return v->class == VERDICT_TRANSIENT && is_one_of(v->code, codes, ARRAY_LEN(codes));
}

bool hold_explains_clock(const struct verdict *v, int64_t wall_usec)
{
	static const char *const codes[] = {"E_TLS_VERIFY"};

	return v->class == VERDICT_TRANSIENT && is_one_of(v->code, codes, ARRAY_LEN(codes)) &&
	       wall_usec < CLOCK_LEAST_USEC;
}

int64_t hold_usec(int64_t interval_usec, const struct verdict *v, struct rng *rng)
{
	int64_t wait = usec_add(interval_usec, rng_upto(rng, interval_usec / 10));

	return v->retry_after_usec > wait ? v->retry_after_usec : wait;
}

int64_t hold_floor_usec(const struct verdict *v, int failures)
{
	int64_t floor = v->retry_after_usec;

	assert(failures >= 1);
	if (!v->slow_growth || floor <= 0)
		return floor;
	for (int i = 1; i < failures && floor < USEC_INFINITY; i++)
		floor = floor > USEC_INFINITY / SLOW_GROWTH ? USEC_INFINITY : floor * SLOW_GROWTH;
	return floor;
}
