/* base/rate, on a clock that is moved by hand */
#include "config.h"

#include "unit.h"

#include "base/rate.h"

#define MIB ((int64_t)1 << 20)

/* Usec until bytes taken now may be read. */
static int64_t take(struct rate *rate, int64_t bytes)
{
	return rate_wait(rate, rate_take(rate, bytes, fake_boot_usec), fake_boot_usec);
}

static void test_no_limit_never_waits(void **state)
{
	struct rate *rate = rate_new(0);

	(void)state;
	assert_int_equal(rate_get(rate), 0);
	rate_set(rate, 1);
	assert_int_equal(rate_get(rate), 1);
	rate_set(rate, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(take(rate, INT64_C(1) << 40), 0);
	assert_int_equal(rate_share(rate), 0);
	rate_unref(rate);
}

static void test_burst_then_wait(void **state)
{
	static const struct {
		const char *row;
		int64_t limit, take, want_least, want_most;
	} rows[] = {
		{"a fiftieth of a second is free", 50 * MIB, MIB, 0, 0},
		{"one byte more waits", 50 * MIB, MIB + 1, 1, 2},
		{"a second's worth more", 50 * MIB, 51 * MIB, USEC_PER_SEC, USEC_PER_SEC + 1},
		{"low limits let a KiB pass", 100, 1024, 0, 0},
		{"and wait for what is beyond", 100, 1024 + 100, USEC_PER_SEC, USEC_PER_SEC + 1},
		{"nothing taken, nothing owed", 100, 0, 0, 0},
		{"a debt beyond all time", 1, INT64_MAX, USEC_INFINITY / 2, USEC_INFINITY},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rate *rate = rate_new(rows[i].limit);
		int64_t wait = take(rate, rows[i].take);

		if (wait < rows[i].want_least || wait > rows[i].want_most)
			fail_msg("%s: waits %lld", rows[i].row, (long long)wait);
		rate_unref(rate);
	}
}

/* Whoever waits as told gets the limit on average, however small the pieces. */
static void check_average(int64_t limit, int64_t piece)
{
	struct rate *rate = rate_new(limit);
	int64_t start = fake_boot_usec, taken = 0;

	while (fake_boot_usec - start < 100 * USEC_PER_SEC) {
		taken += piece;
		fake_boot_usec += take(rate, piece) + 7;
	}
	rate_unref(rate);
	int64_t burst = limit / 50 > 1024 ? limit / 50 : 1024;
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
	struct rate *rate = rate_new(50 * MIB);

	(void)state;
	fake_boot_usec += 3600 * USEC_PER_SEC;
	assert_int_equal(take(rate, MIB), 0);
	assert_true(take(rate, MIB) >= USEC_PER_SEC / 50);
	rate_unref(rate);
}

static void test_clock_seen_out_of_order(void **state)
{
	struct rate *rate = rate_new(1000);

	(void)state;
	int64_t ticket = rate_take(rate, 1024 + 1000, fake_boot_usec);
	/* Another thread read the clock earlier and comes later: no bytes are given or taken for it. */
	int64_t wait = rate_wait(rate, ticket, fake_boot_usec - 5 * USEC_PER_SEC);

	assert_in_range(wait, USEC_PER_SEC, USEC_PER_SEC + 1);
	rate_unref(rate);
}

static void test_tickets_are_served_in_turn(void **state)
{
	struct rate *rate = rate_new(1024);
	int64_t first = rate_take(rate, 1024, fake_boot_usec);
	int64_t second = rate_take(rate, 1024, fake_boot_usec);
	int64_t third = rate_take(rate, 2048, fake_boot_usec);

	(void)state;
	assert_int_equal(rate_wait(rate, first, fake_boot_usec), 0);
	assert_int_equal(rate_wait(rate, second, fake_boot_usec), USEC_PER_SEC);
	assert_int_equal(rate_wait(rate, third, fake_boot_usec), 3 * USEC_PER_SEC);
	fake_boot_usec += USEC_PER_SEC;
	assert_int_equal(rate_wait(rate, second, fake_boot_usec), 0);
	assert_int_equal(rate_wait(rate, third, fake_boot_usec), 2 * USEC_PER_SEC);
	/* One of them will not read: the others come sooner. */
	rate_give(rate, 1024);
	assert_int_equal(rate_wait(rate, third, fake_boot_usec), USEC_PER_SEC);
	rate_unref(rate);
}

static void test_what_is_given_back_is_no_more_than_a_burst(void **state)
{
	struct rate *rate = rate_new(1000);

	(void)state;
	rate_give(rate, INT64_MAX);
	rate_give(rate, MIB);
	assert_int_equal(take(rate, 1024), 0);
	assert_in_range(take(rate, 1000), USEC_PER_SEC, USEC_PER_SEC + 1);
	rate_unref(rate);
}

static void test_limit_changes_for_who_waits(void **state)
{
	struct rate *rate = rate_new(1000);
	int64_t ticket = rate_take(rate, 1024 + 10000, fake_boot_usec);

	(void)state;
	assert_int_equal(rate_wait(rate, ticket, fake_boot_usec), 10 * USEC_PER_SEC);
	fake_boot_usec += 5 * USEC_PER_SEC;
	rate_set(rate, 10000);
	assert_int_equal(rate_wait(rate, ticket, fake_boot_usec), USEC_PER_SEC / 2);
	rate_set(rate, 100);
	assert_int_equal(rate_wait(rate, ticket, fake_boot_usec), 50 * USEC_PER_SEC);
	rate_set(rate, 0);
	assert_int_equal(rate_wait(rate, ticket, fake_boot_usec), 0);
	/* A new limit starts with its burst, not with what the time without one would have brought. */
	fake_boot_usec += 1000 * USEC_PER_SEC;
	rate_set(rate, 1000);
	assert_int_equal(take(rate, 1024), 0);
	assert_true(take(rate, 1000) >= USEC_PER_SEC);
	rate_unref(rate);
}

static void test_share(void **state)
{
	struct rate *rate = rate_new(1000);

	(void)state;
	assert_int_equal(rate_share(rate), 1000);
	for (int i = 0; i < 4; i++)
		rate_join(rate);
	assert_int_equal(rate_share(rate), 250);
	rate_set(rate, 3);
	assert_int_equal(rate_share(rate), 1);
	for (int i = 0; i < 4; i++)
		rate_leave(rate);
	assert_int_equal(rate_share(rate), 3);
	rate_unref(rate);
	rate_unref(NULL);
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
		WITH_CLOCK(test_tickets_are_served_in_turn),
		WITH_CLOCK(test_what_is_given_back_is_no_more_than_a_burst),
		WITH_CLOCK(test_limit_changes_for_who_waits),
		WITH_CLOCK(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
