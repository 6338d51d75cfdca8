/* job/retry */
#include "config.h"

#include "unit.h"

#include "job/retry.h"

#define SEC USEC_PER_SEC

static const struct retry_policy defaults = {
	.delay_usec = SEC,
	.max_delay_usec = 3600 * SEC,
	.max_retry_after_usec = 86400 * SEC,
	.jitter = 0,
	.max_attempts = 10,
};

static void test_backoff_without_jitter(void **state)
{
	static const struct {
		const char *row;
		int failures;
		int64_t retry_after_usec, want;
	} rows[] = {
		{"first", 1, -1, SEC},
		{"second", 2, -1, 2 * SEC},
		{"third", 3, -1, 4 * SEC},
		{"twelfth", 12, -1, 2048 * SEC},
		{"at the cap", 13, -1, 3600 * SEC},
		{"far beyond", 1000000000, -1, 3600 * SEC},
		{"retry-after is a floor", 1, 30 * SEC, 30 * SEC},
		{"a lower one does nothing", 5, 3 * SEC, 16 * SEC},
		{"zero does nothing", 1, 0, SEC},
		{"it may exceed the longest delay", 1, 7200 * SEC, 7200 * SEC},
		{"but not its own cap", 1, USEC_INFINITY / 2, 86400 * SEC},
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].row,
			retry_delay_usec(&defaults, rows[i].failures, rows[i].retry_after_usec, &rng),
			rows[i].want);
}

static void test_odd_policies(void **state)
{
	static const struct {
		const char *row;
		struct retry_policy policy;
		int failures;
		int64_t want;
	} rows[] = {
		{"no delay", {.delay_usec = 0, .max_delay_usec = SEC}, 1000000000, 0},
		{"delay over its maximum", {.delay_usec = 10 * SEC, .max_delay_usec = SEC}, 1, SEC},
		{"no maximum", {.delay_usec = SEC, .max_delay_usec = USEC_INFINITY}, 100, USEC_INFINITY},
		{"for ever, with jitter", {.delay_usec = SEC, .max_delay_usec = USEC_INFINITY, .jitter = 0.5},
			100, USEC_INFINITY},
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].row, retry_delay_usec(&rows[i].policy, rows[i].failures, -1, &rng),
			rows[i].want);
}

/* d + U(0, d * jitter): never less than d, at most d * 1.5, and both ends are met. */
static void test_jitter(void **state)
{
	struct retry_policy policy = defaults;
	struct rng rng;

	(void)state;
	policy.jitter = 0.5;
	rng_seed(&rng, 1);
	for (int failures = 1; failures <= 4; failures++) {
		int64_t d = SEC << (failures - 1), least = INT64_MAX, most = 0;

		for (int n = 0; n < 2000; n++) {
			int64_t wait = retry_delay_usec(&policy, failures, -1, &rng);

			least = wait < least ? wait : least;
			most = wait > most ? wait : most;
		}
		assert_in_range(least, d, d + d / 100);
		assert_in_range(most, d + d / 2 - d / 100, d + d / 2);
	}
}

static void test_same_seed_same_wait(void **state)
{
	struct retry_policy policy = defaults;
	struct rng a, b;

	(void)state;
	policy.jitter = 0.5;
	rng_seed(&a, 9);
	rng_seed(&b, 9);
	for (int failures = 1; failures < 20; failures++)
		CHECK_INT("wait", retry_delay_usec(&policy, failures, -1, &a),
			retry_delay_usec(&policy, failures, -1, &b));
}

/* ---- Retry-After */

#define NOW  (INT64_C(784111777) * SEC) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

static void test_retry_after(void **state)
{
	static const struct {
		const char *value, *date;
		int64_t want;
	} rows[] = {
		{"0", NULL, 0},
		{"5", NULL, 5 * SEC},
		{" 120 ", NULL, 120 * SEC},
		{"007", NULL, 7 * SEC},
		{"Sun, 06 Nov 1994 08:50:37 GMT", NULL, 60 * SEC},
		{"Sun, 06 Nov 1994 08:50:37 GMT", DATE, 60 * SEC},
		{"Sunday, 06-Nov-94 08:50:37 GMT", DATE, 60 * SEC},
		{"Sun, 06 Nov 1994 08:49:37 GMT", DATE, 0},
		{"Sun, 06 Nov 1994 08:00:00 GMT", DATE, 0}, /* past */
		/* The server's clock is years off: its own Date counts, not ours. */
		{"Fri, 01 Jan 2099 00:01:00 GMT", "Fri, 01 Jan 2099 00:00:00 GMT", 60 * SEC},
		{"Thu, 01 Jan 1970 00:01:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", 60 * SEC},
		{"Sun, 06 Nov 1994 08:50:37 GMT", "garbage", 60 * SEC},
		{"Sun, 06 Nov 1994 08:50:37 GMT", "", 60 * SEC},
		{"", NULL, -1},
		{" ", NULL, -1},
		{"-5", NULL, -1},
		{"+5", NULL, -1},
		{"1e30", NULL, -1},
		{"1.5", NULL, -1},
		{"\xc2\xb2", NULL, -1}, /* superscript two */
		{"5 s", NULL, -1},
		{"5,10", NULL, -1},
		{"0x10", NULL, -1},
		{"soon", NULL, -1},
		{"Sun, 31 Nov 1994 08:50:37 GMT", DATE, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].value, retry_after_parse(rows[i].value, rows[i].date, NOW), rows[i].want);
}

/* However long, a number is a number: it stays positive and can be added to a time. */
static void test_retry_after_saturates(void **state)
{
	static const char *const values[] = {"9223372036854775807", "9223372036854775808",
		"18446744073709551616", "9223372036855", "1000000000000000000000000000000",
		"999999999999999999999999999999999999999999999999999"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		int64_t span = retry_after_parse(values[i], NULL, NOW);

		if (span < INT64_C(1000000) * 365 * 86400 || usec_add(NOW, span) == USEC_INFINITY)
			fail_msg("%s: %lld", values[i], (long long)span);
	}
	CHECK_INT("farthest date",
		retry_after_parse("Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", NOW),
		INT64_C(315537897599) * SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff_without_jitter),
		cmocka_unit_test(test_odd_policies),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_same_seed_same_wait),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_retry_after_saturates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
