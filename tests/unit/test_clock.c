/* base/clock */
#include "config.h"

#include "unit.h"

#include <time.h>

static void test_add_saturates(void **state)
{
	static const struct {
		const char *row;
		int64_t a, b, want;
	} rows[] = {
		{"plain", 2, 3, 5},
		{"zero", 0, 0, 0},
		{"infinity stays", USEC_INFINITY, 0, USEC_INFINITY},
		{"infinity and more", USEC_INFINITY, 1, USEC_INFINITY},
		{"both infinite", USEC_INFINITY, USEC_INFINITY, USEC_INFINITY},
		{"just fits", USEC_INFINITY - 1, 1, USEC_INFINITY},
		{"overflows", USEC_INFINITY - 1, 2, USEC_INFINITY},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].row, usec_add(rows[i].a, rows[i].b), rows[i].want);
}

static void test_boot_clock_is_the_kernels(void **state)
{
	struct timespec ts;

	(void)state;
	int64_t before = clock_boot_usec();
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
	int64_t kernel = ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
	int64_t after = clock_boot_usec();

	assert_true(before <= kernel && kernel <= after);
}

static void test_wall_clock_is_the_kernels(void **state)
{
	(void)state;
	int64_t difference = clock_wall_usec() / USEC_PER_SEC - (int64_t)time(NULL);

	assert_true(difference >= -1 && difference <= 1);
}

static void test_fake_and_back(void **state)
{
	fake_clock_setup(state);
	fake_boot_usec = 42;
	fake_wall_usec = 43;
	assert_int_equal(clock_boot_usec(), 42);
	assert_int_equal(clock_wall_usec(), 43);
	fake_clock_teardown(state);
	assert_int_not_equal(clock_wall_usec(), 43);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_saturates),
		cmocka_unit_test(test_boot_clock_is_the_kernels),
		cmocka_unit_test(test_wall_clock_is_the_kernels),
		cmocka_unit_test(test_fake_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
