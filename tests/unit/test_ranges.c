/* job/ranges: intervals that grow together, and their text. */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <string.h>

#include "job/ranges.h"

static void assert_ranges(const struct ranges *ranges, const char *want)
{
	CLEANUP_FREE char *text = ranges_text(ranges);

	assert_string_equal(text, want);
}

static void test_grow_together(void **state)
{
	struct ranges r = {0};

	(void)state;
	assert_ranges(&r, "");
	ranges_add(&r, 20, 30);
	ranges_add(&r, 0, 10);
	ranges_add(&r, 40, 50);
	assert_ranges(&r, "0-10,20-30,40-50");
	ranges_add(&r, 5, 5);
	assert_ranges(&r, "0-10,20-30,40-50");
	ranges_add(&r, 30, 31);
	assert_ranges(&r, "0-10,20-31,40-50");
	ranges_add(&r, 12, 13);
	assert_ranges(&r, "0-10,12-13,20-31,40-50");
	ranges_add(&r, 10, 40);
	assert_ranges(&r, "0-50");
	ranges_add(&r, 7, 8);
	assert_ranges(&r, "0-50");
	ranges_done(&r);
}

static void test_gaps(void **state)
{
	struct ranges r = {0};
	struct range gap;

	(void)state;
	assert_true(ranges_gap(&r, 100, &gap));
	assert_int_equal(gap.from, 0);
	assert_int_equal(gap.to, 100);
	assert_int_equal(ranges_prefix(&r), 0);
	ranges_add(&r, 20, 30);
	assert_true(ranges_gap(&r, 100, &gap));
	assert_int_equal(gap.from, 0);
	assert_int_equal(gap.to, 20);
	assert_int_equal(ranges_prefix(&r), -1);
	assert_int_equal(ranges_bytes(&r), 10);
	assert_int_equal(ranges_end(&r), 30);
	ranges_add(&r, 0, 20);
	assert_int_equal(ranges_prefix(&r), 30);
	assert_true(ranges_gap(&r, 100, &gap));
	assert_int_equal(gap.from, 30);
	assert_int_equal(gap.to, 100);
	ranges_add(&r, 90, 100);
	assert_true(ranges_gap(&r, 100, &gap));
	assert_int_equal(gap.to, 90);
	ranges_add(&r, 30, 90);
	assert_false(ranges_gap(&r, 100, &gap));
	assert_int_equal(ranges_prefix(&r), 100);
	ranges_done(&r);
}

/* Against a map of single bytes. */
static void test_any_order(void **state)
{
	enum { SIZE = 64 };
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 500; round++) {
		bool there[SIZE] = {false};
		struct ranges r = {0};
		struct ranges again;

		for (int i = 0; i < 12; i++) {
			unsigned from = (seed = seed * 1103515245 + 12345) >> 16 & (SIZE - 1);
			unsigned n = (seed = seed * 1103515245 + 12345) >> 16 & 7;
			unsigned to = from + n > SIZE ? SIZE : from + n;

			ranges_add(&r, from, to);
			memset(there + from, true, to - from);
		}
		int64_t bytes = 0, end = 0;
		for (int i = 0; i < SIZE; i++) {
			bool in = false;

			for (size_t k = 0; k < r.n; k++)
				in = in || (r.of[k].from <= i && i < r.of[k].to);
			assert_int_equal(in, there[i]);
			bytes += there[i];
			end = there[i] ? i + 1 : end;
		}
		assert_int_equal(ranges_bytes(&r), bytes);
		assert_int_equal(ranges_end(&r), end);
		if (r.n) {
			CLEANUP_FREE char *text = ranges_text(&r);

			assert_int_equal(ranges_parse(text, &again), 0);
			assert_ranges(&again, text);
			ranges_done(&again);
		}
		ranges_done(&r);
	}
}

static void test_bad_text(void **state)
{
	static const char *const bad[] = {"", "1", "1-", "-1", "5-5", "5-4", "0-1,", ",0-1", "0-1,1-2",
		"4-5,0-1", "0-1 ", " 0-1", "a-b", "0-9223372036854775808", "+0-1", "0--1", "0-1;3-4"};
	struct ranges r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(ranges_parse(bad[i], &r), -EINVAL);
		assert_int_equal(r.n, 0);
		assert_null(r.of);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow_together),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_bad_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
