/* job/ramp: few at first, more with each step, never more than the most */
#include "config.h"

#include "unit.h"

#include "job/ramp.h"

static void test_it_rises_by_one(void **state)
{
	struct ramp ramp = {0};
	struct rng rng;
	int64_t now = 1;

	(void)state;
	rng_seed(&rng, 4);
	for (size_t want = RAMP_FIRST; want < RAMP_MOST + 3; want++) {
		int64_t before = now;

		assert_int_equal(ramp_take(&ramp, now, &rng), want < RAMP_MOST ? want : RAMP_MOST);
		assert_int_equal(ramp_take(&ramp, now, &rng), 0);
		assert_int_equal(ramp_take(&ramp, ramp.next_usec - 1, &rng), 0);
		now = ramp.next_usec;
		assert_in_range(now - before, RAMP_STEP_USEC, 2 * RAMP_STEP_USEC);
	}
}

/* Whoever was flooded knows before it hurts: so many in the first second, so many in the first minute. */
static void test_how_many_in_a_time(void **state)
{
	struct ramp ramp = {0};
	struct rng rng;
	size_t second = 0, minute = 0;

	(void)state;
	rng_seed(&rng, 4);
	for (int64_t now = 0; now < 60 * USEC_PER_SEC; now = ramp.next_usec) {
		size_t n = ramp_take(&ramp, now, &rng);

		minute += n;
		second += now < USEC_PER_SEC ? n : 0;
	}
	assert_in_range(second, 4 + 5 + 6 + 7 + 8, 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12 + 13);
	assert_in_range(minute, 50000, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_rises_by_one),
		cmocka_unit_test(test_how_many_in_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
