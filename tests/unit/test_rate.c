/* base/rate, on a clock that is moved by hand */
#include "config.h"

#include "unit.h"

#include "base/rate.h"

#define MIB ((int64_t)1 << 20)

static void test_no_limit_never_waits(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 0);
	assert_false(rate_limits(&rate));
	rate_set(&rate, 1);
	assert_true(rate_limits(&rate));
	rate_set(&rate, 0);
	assert_false(rate_limits(&rate));
	for (int i = 0; i < 100; i++)
		assert_int_equal(rate_take(&rate, INT64_C(1) << 40, clock_boot_usec()), 0);
	rate_done(&rate);
}

static void test_burst_then_wait(void **state)
{
	static const struct {
		const char *row;
		int64_t limit, take, want_least, want_most;
	} rows[] = {
		{"a tenth of a second is free", 10 * MIB, MIB, 0, 0},
		{"one byte more waits", 10 * MIB, MIB + 1, 1, 2},
		{"a second's worth more", 10 * MIB, 11 * MIB, USEC_PER_SEC, USEC_PER_SEC + 1},
		{"low limits let one curl buffer pass", 100, 16 * 1024, 0, 0},
		{"and wait for what is beyond", 100, 16 * 1024 + 100, USEC_PER_SEC, USEC_PER_SEC + 1},
		{"nothing taken, nothing owed", 100, 0, 0, 0},
		{"a debt beyond all time", 1, INT64_MAX, USEC_INFINITY / 2, USEC_INFINITY},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rate rate;

		rate_init(&rate, rows[i].limit);
		int64_t wait = rate_take(&rate, rows[i].take, clock_boot_usec());

		if (wait < rows[i].want_least || wait > rows[i].want_most)
			fail_msg("%s: waits %lld", rows[i].row, (long long)wait);
		rate_done(&rate);
	}
}

/* Whoever waits as told gets the limit on average, however small the pieces. */
static void check_average(int64_t limit, int64_t piece)
{
	struct rate rate;
	int64_t start = fake_boot_usec, taken = 0;

	rate_init(&rate, limit);
	while (fake_boot_usec - start < 100 * USEC_PER_SEC) {
		taken += piece;
		fake_boot_usec += rate_take(&rate, piece, fake_boot_usec) + 7;
	}
	rate_done(&rate);
	int64_t burst = limit / 10 > 16 * 1024 ? limit / 10 : 16 * 1024;
	int64_t most = 100 * limit + burst + piece;

	if (taken > most || taken < 98 * limit)
		fail_msg("limit %lld in pieces of %lld: %lld bytes in 100 s", (long long)limit,
			(long long)piece, (long long)taken);
}

static void test_average_is_the_limit(void **state)
{
	static const int64_t limits[] = {1000, 100000, 3 * MIB + 1};
	static const int64_t pieces[] = {100, 1460, 16 * 1024};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		for (size_t j = 0; j < ARRAY_LEN(pieces); j++)
			check_average(limits[i], pieces[j]);
	}
}

static void test_idle_time_saves_one_burst_only(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 10 * MIB);
	fake_boot_usec += 3600 * USEC_PER_SEC;
	assert_int_equal(rate_take(&rate, MIB, fake_boot_usec), 0);
	assert_true(rate_take(&rate, MIB, fake_boot_usec) >= USEC_PER_SEC / 10);
	rate_done(&rate);
}

static void test_clock_seen_out_of_order(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000);
	rate_take(&rate, 16 * 1024 + 1000, fake_boot_usec);
	/* Another thread read the clock earlier and comes later: no bytes are given or taken for it. */
	int64_t wait = rate_take(&rate, 0, fake_boot_usec - 5 * USEC_PER_SEC);

	assert_in_range(wait, USEC_PER_SEC, USEC_PER_SEC + 1);
	rate_done(&rate);
}

static void test_limit_changes(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000);
	assert_in_range(rate_take(&rate, 16 * 1024 + 10000, fake_boot_usec), 10 * USEC_PER_SEC,
		10 * USEC_PER_SEC + 1);
	rate_set(&rate, 10000);
	assert_in_range(rate_take(&rate, 0, fake_boot_usec), USEC_PER_SEC, USEC_PER_SEC + 1);
	rate_set(&rate, 0);
	assert_int_equal(rate_take(&rate, MIB, fake_boot_usec), 0);
	/* A new limit starts with its burst, not with what the time without one would have brought. */
	fake_boot_usec += 1000 * USEC_PER_SEC;
	rate_set(&rate, 1000);
	assert_int_equal(rate_take(&rate, 16 * 1024, fake_boot_usec), 0);
	assert_true(rate_take(&rate, 1000, fake_boot_usec) >= USEC_PER_SEC);
	rate_done(&rate);
}

#define WITH_CLOCK(test) cmocka_unit_test_setup_teardown(test, fake_clock_setup, fake_clock_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CLOCK(test_no_limit_never_waits),
		WITH_CLOCK(test_burst_then_wait),
		WITH_CLOCK(test_average_is_the_limit),
		WITH_CLOCK(test_idle_time_saves_one_burst_only),
		WITH_CLOCK(test_clock_seen_out_of_order),
		WITH_CLOCK(test_limit_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
