/* Fuzz: Retry-After, HTTP dates and the wait they make. First line: Retry-After; second: Date. */
#include "config.h"

#include "fuzz.h"

#include "base/clock.h"
#include "job/httpdate.h"
#include "job/retry.h"

#define NOW_USEC (INT64_C(1800000000) * USEC_PER_SEC)

static void check_date(const char *text)
{
	char buf[HTTPDATE_MAX];
	int64_t sec, again;

	if (httpdate_parse(text, &sec) != 0)
		return;
	assert(httpdate_parse(httpdate_format(buf, sec), &again) == 0);
	assert(again == sec);
}

/* The server's wish is a floor and has a cap; without one there is still a wait. */
static void check_wait(int64_t wish_usec, unsigned seed)
{
	struct rng rng;
	const struct retry_policy policy = {
		.delay_usec = (int64_t)(seed % 7) * USEC_PER_SEC,
		.max_delay_usec = 3600 * USEC_PER_SEC,
		.max_retry_after_usec = 86400 * USEC_PER_SEC,
		.jitter = 0.5,
	};
	int failures = 1 + (int)(seed % 100);

	rng_seed(&rng, seed);
	int64_t wait = retry_delay_usec(&policy, failures, wish_usec, &rng);
	int64_t floor = wish_usec < policy.max_retry_after_usec ? wish_usec : policy.max_retry_after_usec;

	assert(wait >= 0 && wait >= floor);
	assert(wait <= policy.max_retry_after_usec);
	if (wish_usec <= 0)
		assert(wait <= policy.max_delay_usec + policy.max_delay_usec / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *text = fuzz_text(data, n);
	char *date = strchr(text, '\n');

	if (date)
		*date++ = '\0';
	check_date(text);
	if (date)
		check_date(date);
	int64_t wish = retry_after_parse(text, date, NOW_USEC);

	assert(wish >= -1);
	/* Digits and blanks are seconds; a sign, a letter or a point makes it something else. */
	if (wish >= 0)
		assert(text[strspn(text, " \t0123456789")] == '\0' || strchr(text, ':'));
	check_wait(wish, n ? data[n - 1] : 0);
	return 0;
}
