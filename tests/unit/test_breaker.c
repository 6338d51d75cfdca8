/* job/breaker: opens, waits, lets one through, closes; and what must not open it */
#include "config.h"

#include "unit.h"

#include "base/rng.h"
#include "job/breaker.h"

#define SEC USEC_PER_SEC
#define NOW (1000 * SEC)

static const struct breaker_policy policy = {
	.failures = 5, .span_usec = 30 * SEC, .max_span_usec = 1800 * SEC};

static bool end(struct breaker *b, bool probe, enum governor_answer answer, int64_t job, int64_t now_usec)
{
	return breaker_ended(b, &policy, probe, answer, job, now_usec);
}

static void fail_times(struct breaker *b, unsigned n, int64_t first_job, unsigned jobs, int64_t now_usec)
{
	for (unsigned i = 0; i < n; i++)
		end(b, false, GOVERNOR_FAILURE, first_job + i % jobs, now_usec);
}

static void open_it(struct breaker *b)
{
	breaker_init(b, NOW);
	fail_times(b, 5, 1, 2, NOW);
	CHECK_INT("open", breaker_state(b, NOW), BREAKER_OPEN);
}

static void test_five_in_a_row(void **state)
{
	struct breaker b;
	int64_t until;

	(void)state;
	breaker_init(&b, NOW);
	fail_times(&b, 4, 1, 2, NOW);
	CHECK_INT("four", breaker_state(&b, NOW), BREAKER_CLOSED);
	assert_true(end(&b, false, GOVERNOR_TIMEOUT, 3, NOW));
	CHECK_INT("five", breaker_state(&b, NOW), BREAKER_OPEN);
	assert_false(breaker_may_start(&b, NOW, &until));
	CHECK_INT("until", until, NOW + 30 * SEC);
	assert_false(breaker_may_start(&b, until - 1, &until));
	CHECK_INT("due", breaker_state(&b, until), BREAKER_HALF_OPEN);
	assert_true(breaker_may_start(&b, until, &until));
}

static void test_one_job_alone(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, NOW);
	fail_times(&b, 100, 7, 1, NOW);
	CHECK_INT("one job", breaker_state(&b, NOW), BREAKER_CLOSED);
	end(&b, false, GOVERNOR_FAILURE, 8, NOW);
	CHECK_INT("another one too", breaker_state(&b, NOW), BREAKER_OPEN);
}

static void test_proof_of_life(void **state)
{
	static const enum governor_answer proofs[] = {
		GOVERNOR_SUCCESS, GOVERNOR_ALIVE, GOVERNOR_OVERLOAD, GOVERNOR_BUSY};
	struct breaker b;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(proofs); i++) {
		breaker_init(&b, NOW);
		fail_times(&b, 4, 1, 4, NOW);
		assert_true(end(&b, false, proofs[i], 9, NOW));
		assert_false(end(&b, false, proofs[i], 9, NOW));
		fail_times(&b, 4, 1, 4, NOW);
		CHECK_INT("after a proof", breaker_state(&b, NOW), BREAKER_CLOSED);
	}
}

static void test_none_says_nothing(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, NOW);
	fail_times(&b, 4, 1, 2, NOW);
	assert_false(end(&b, false, GOVERNOR_NONE, 9, NOW));
	CHECK_INT("streak", b.streak, 4);
	end(&b, false, GOVERNOR_FAILURE, 1, NOW);
	CHECK_INT("still the fifth", breaker_state(&b, NOW), BREAKER_OPEN);
}

static void test_half_of_a_minute(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, NOW);
	for (int i = 0; i < 19; i++)
		end(&b, false, i % 2 ? GOVERNOR_SUCCESS : GOVERNOR_FAILURE, i, NOW + i * SEC);
	CHECK_INT("19 answers", breaker_state(&b, NOW + 19 * SEC), BREAKER_CLOSED);
	end(&b, false, GOVERNOR_FAILURE, 20, NOW + 20 * SEC);
	CHECK_INT("20 answers", breaker_state(&b, NOW + 20 * SEC), BREAKER_OPEN);
}

static void test_less_than_half(void **state)
{
	struct breaker b;

	(void)state;
	breaker_init(&b, NOW);
	for (int i = 0; i < 1000; i++)
		end(&b, false, i % 5 < 3 ? GOVERNOR_SUCCESS : GOVERNOR_FAILURE, i, NOW + i * SEC / 10);
	CHECK_INT("two of five", breaker_state(&b, NOW), BREAKER_CLOSED);
	/* as many, over an hour: no minute has twenty */
	breaker_init(&b, NOW);
	for (int i = 0; i < 1000; i++)
		end(&b, false, i % 2 ? GOVERNOR_SUCCESS : GOVERNOR_FAILURE, i, NOW + i * 4 * SEC);
	CHECK_INT("seldom", breaker_state(&b, NOW), BREAKER_CLOSED);
}

static void test_one_probe(void **state)
{
	struct breaker b;
	int64_t now = NOW + 30 * SEC, until;

	(void)state;
	open_it(&b);
	assert_true(breaker_started(&b, now));
	assert_false(breaker_may_start(&b, now, &until));
	CHECK_INT("until the probe ends", until, 0);
	assert_false(breaker_started(&b, now));
	assert_true(end(&b, true, GOVERNOR_SUCCESS, 1, now + SEC));
	CHECK_INT("closed", breaker_state(&b, now + SEC), BREAKER_CLOSED);
	fail_times(&b, 4, 1, 2, now + SEC);
	CHECK_INT("and forgotten", breaker_state(&b, now + SEC), BREAKER_CLOSED);
}

static void test_probe_without_answer(void **state)
{
	struct breaker b;
	int64_t now = NOW + 30 * SEC, until;

	(void)state;
	open_it(&b);
	assert_true(breaker_started(&b, now));
	assert_false(end(&b, true, GOVERNOR_NONE, 1, now));
	CHECK_INT("half-open", breaker_state(&b, now), BREAKER_HALF_OPEN);
	assert_true(breaker_may_start(&b, now, &until));
	assert_true(breaker_started(&b, now));
}

static void test_spans_double(void **state)
{
	static const int seconds[] = {60, 120, 240, 480, 960, 1800, 1800};
	struct breaker b;

	(void)state;
	open_it(&b);
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
		int64_t now = b.until_usec;

		assert_true(breaker_started(&b, now));
		assert_true(end(&b, true, GOVERNOR_TIMEOUT, 1, now));
		CHECK_INT("span", b.until_usec - now, seconds[i] * SEC);
	}
	assert_true(breaker_started(&b, b.until_usec));
	end(&b, true, GOVERNOR_ALIVE, 1, b.until_usec);
	fail_times(&b, 5, 1, 2, NOW);
	CHECK_INT("short again", b.span_usec, 30 * SEC);
}

/* What was on its way when it opened. */
static void test_stragglers(void **state)
{
	struct breaker b;

	(void)state;
	open_it(&b);
	assert_false(end(&b, false, GOVERNOR_FAILURE, 3, NOW + SEC));
	CHECK_INT("no longer", b.until_usec, NOW + 30 * SEC);
	assert_true(end(&b, false, GOVERNOR_SUCCESS, 4, NOW + 2 * SEC));
	CHECK_INT("a probe is worth it", breaker_state(&b, NOW + 2 * SEC), BREAKER_HALF_OPEN);
	assert_true(breaker_started(&b, NOW + 2 * SEC));
	end(&b, true, GOVERNOR_FAILURE, 5, NOW + 3 * SEC);
	CHECK_INT("and doubles when it fails", b.until_usec, NOW + 63 * SEC);
}

/* Whatever comes: a time to wait that is no longer than the longest, and a probe at its end. */
static void test_random(void **state)
{
	struct breaker b;
	struct rng rng;
	int64_t now = NOW, until;
	bool probing = false;

	(void)state;
	rng_seed(&rng, 1);
	breaker_init(&b, now);
	for (int i = 0; i < 200000; i++) {
		now += rng_upto(&rng, 20 * SEC);
		if (!probing)
			probing = breaker_started(&b, now);
		end(&b, probing && rng_upto(&rng, 1), (enum governor_answer)rng_upto(&rng, GOVERNOR_NONE),
			rng_upto(&rng, 5), now);
		probing = b.probing;
		assert_true(b.until_usec <= now + policy.max_span_usec);
		assert_true((b.until_usec == 0) == (b.span_usec == 0));
		if (!breaker_may_start(&b, now, &until))
			assert_true(until > now || b.probing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_five_in_a_row),
		cmocka_unit_test(test_one_job_alone),
		cmocka_unit_test(test_proof_of_life),
		cmocka_unit_test(test_none_says_nothing),
		cmocka_unit_test(test_half_of_a_minute),
		cmocka_unit_test(test_less_than_half),
		cmocka_unit_test(test_one_probe),
		cmocka_unit_test(test_probe_without_answer),
		cmocka_unit_test(test_spans_double),
		cmocka_unit_test(test_stragglers),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
