/* base/rng */
#include "config.h"

#include "unit.h"

#include "base/rng.h"

static void test_known_numbers(void **state)
{
	/* splitmix64 from seed 1234567, as published with other implementations. */
	static const uint64_t want[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423), UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1234567);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_true(rng_next(&rng) == want[i]);
}

static void test_upto_stays_inside(void **state)
{
	static const int64_t limits[] = {0, 1, 2, 9, 1000, INT64_C(1) << 40, INT64_MAX - 1, INT64_MAX};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		for (int n = 0; n < 1000; n++) {
			int64_t draw = rng_upto(&rng, limits[i]);

			assert_true(draw >= 0 && draw <= limits[i]);
		}
	}
}

static void test_upto_is_even(void **state)
{
	enum { SIDES = 7, DRAWS = 70000 };
	int counts[SIDES] = {0};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2);
	for (int n = 0; n < DRAWS; n++)
		counts[rng_upto(&rng, SIDES - 1)]++;
	/* Five standard deviations of about 93. */
	for (int i = 0; i < SIDES; i++)
		assert_in_range(counts[i], DRAWS / SIDES - 465, DRAWS / SIDES + 465);
}

static void test_init_differs(void **state)
{
	struct rng a, b;

	(void)state;
	rng_init(&a);
	rng_init(&b);
	assert_true(rng_next(&a) != rng_next(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_numbers),
		cmocka_unit_test(test_upto_stays_inside),
		cmocka_unit_test(test_upto_is_even),
		cmocka_unit_test(test_init_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
