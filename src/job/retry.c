/* Retry: how long until the next attempt. Owns nothing; any thread. Must never sleep or look at a clock.
 */
#include "config.h"

#include "job/retry.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "job/httpdate.h"

/* What a server may ask for at most: far beyond every cap, and sums with it still fit. */
#define RETRY_AFTER_LIMIT_USEC (USEC_INFINITY / 4)

/* delay * 2^doublings, at most max. */
static int64_t backoff(int64_t delay_usec, int64_t max_usec, int doublings)
{
	int64_t d = delay_usec;

	for (; doublings > 0 && d > 0 && d < max_usec; doublings--)
		d = usec_add(d, d);
	return d < max_usec ? d : max_usec;
}

static int64_t jitter_limit(int64_t d, double jitter)
{
	double limit = (double)d * jitter;

	return limit < (double)RETRY_AFTER_LIMIT_USEC ? (int64_t)limit : RETRY_AFTER_LIMIT_USEC;
}

int64_t retry_delay_usec(
	const struct retry_policy *policy, int failures, int64_t retry_after_usec, struct rng *rng)
{
	assert(failures >= 1);
	int64_t d = backoff(policy->delay_usec, policy->max_delay_usec, failures - 1);
	int64_t wait = usec_add(d, rng_upto(rng, jitter_limit(d, policy->jitter)));
	int64_t floor = retry_after_usec < policy->max_retry_after_usec ? retry_after_usec
									: policy->max_retry_after_usec;

	return wait > floor ? wait : floor;
}

/* Digits only, any number of them. */
static int64_t parse_seconds(const char *s, size_t n)
{
	int64_t usec = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t digit_usec = (s[i] - '0') * USEC_PER_SEC;

		if (usec > (RETRY_AFTER_LIMIT_USEC - digit_usec) / 10)
			return RETRY_AFTER_LIMIT_USEC;
		usec = usec * 10 + digit_usec;
	}
	return usec;
}

static int64_t until(int64_t then_sec, const char *date, int64_t now_wall_usec)
{
	int64_t date_sec;

	if (!date || httpdate_parse(date, &date_sec) < 0)
		date_sec = now_wall_usec / USEC_PER_SEC;
	/* Four-digit years: the product fits. */
	return then_sec > date_sec ? (then_sec - date_sec) * USEC_PER_SEC : 0;
}

int64_t retry_after_parse(const char *value, const char *date, int64_t now_wall_usec)
{
	int64_t then_sec;
	const char *s = value + strspn(value, " \t");
	size_t n = strspn(s, "0123456789");

	if (n > 0 && s[n + strspn(s + n, " \t")] == '\0')
		return parse_seconds(s, n);
	if (httpdate_parse(s, &then_sec) == 0)
		return until(then_sec, date, now_wall_usec);
	return -1;
}
