/* job/calendar: windows of the week, also on the days on which the clocks change */
#include "config.h"

#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include "job/calendar.h"

static struct calendar *parse(const char *text)
{
	size_t line;
	char *why;
	struct calendar *calendar = calendar_parse(text, &line, &why);

	if (!calendar)
		fail_msg("%s: line %zu: %s", text, line, why);
	return calendar;
}

/* "2026-03-29 01:59:59Z" */
static int64_t utc(const char *text)
{
	struct tm tm = {0};

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%SZ", &tm));
	return (int64_t)timegm(&tm) * USEC_PER_SEC;
}

static int zone_setup(void **state)
{
	(void)state;
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return 0;
}

static void check_at(const struct calendar *calendar, const char *at, bool stopped, const char *until)
{
	struct calendar_state state;

	calendar_at(calendar, utc(at), &state);
	if (state.stopped != stopped)
		fail_msg("%s: %s", at, state.stopped ? "stopped" : "runs");
	if (until && state.until_usec != utc(until))
		fail_msg(
			"%s: until %lld, wanted %s", at, (long long)(state.until_usec / USEC_PER_SEC), until);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text, *why;
		size_t line;
	} rows[] = {
		{"Mon..Fri 08:00-18:00", "says when, but not what: stop, or NAME=VALUE", 0},
		{"stop\nMoo stop", "\"Moo\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE",
			1},
		{"8:00-9:00 stop",
			"\"8:00-9:00\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"08:00-25:00 stop",
			"\"08:00-25:00\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"24:00-06:00 stop",
			"\"24:00-06:00\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"08:60-09:00 stop",
			"\"08:60-09:00\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"08:00-09:00 Mon stop",
			"\"Mon\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"stop Mon", "\"Mon\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", 0},
		{"rate=1M", "there is no limit \"rate\"", 0},
		{"max-active=0", "max-active=0 is out of range: 1 to 100000", 0},
		{"limit-rate=-1", "limit-rate=-1 is no size", 0},
		{"max-active=many", "max-active=many is no number", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t line = 99;
		char *why = NULL;

		if (calendar_parse(rows[i].text, &line, &why))
			fail_msg("%s: taken", rows[i].text);
		assert_int_equal(line, rows[i].line);
		CHECK_STR_FREE(rows[i].text, why, rows[i].why);
	}
}

static void test_nothing_is_no_window(void **state)
{
	struct calendar *calendar = parse("\n  \n");
	struct calendar_state now;

	(void)state;
	assert_int_equal(calendar_length(calendar), 0);
	calendar_at(calendar, utc("2026-11-24 12:00:00Z"), &now);
	assert_false(now.stopped);
	assert_true(now.until_usec == USEC_INFINITY);
	assert_true(calendar_runs_at(calendar, 5) == 5);
	calendar_free(calendar);
	calendar_free(NULL);
}

static void test_first_line_has_the_say(void **state)
{
	struct calendar *calendar = parse("Mon..Fri 08:00-18:00 limit-rate=1M max-active=4\n"
					  "limit-rate=2M max-per-host=1\n"
					  "Fri..Mon stop");
	struct calendar_state now;

	(void)state;
	/* A Tuesday, 12:00 there. */
	calendar_at(calendar, utc("2026-11-24 11:00:00Z"), &now);
	assert_int_equal(now.values[LIMIT_LIMIT_RATE], 1 << 20);
	assert_int_equal(now.windows[LIMIT_LIMIT_RATE], 0);
	assert_int_equal(now.values[LIMIT_MAX_ACTIVE], 4);
	assert_int_equal(now.values[LIMIT_MAX_PER_HOST], 1);
	assert_int_equal(now.windows[LIMIT_MAX_PER_HOST], 1);
	assert_int_equal(now.values[LIMIT_LIMIT_RATE_PER_HOST], -1);
	assert_false(now.stopped);
	assert_true(now.until_usec == utc("2026-11-24 17:00:00Z"));
	calendar_at(calendar, utc("2026-11-24 17:00:00Z"), &now);
	assert_int_equal(now.values[LIMIT_LIMIT_RATE], 2 << 20);
	assert_int_equal(now.windows[LIMIT_LIMIT_RATE], 1);
	assert_int_equal(now.values[LIMIT_MAX_ACTIVE], -1);
	/* Friday to Monday, over the end of the week. */
	check_at(calendar, "2026-11-26 22:59:59Z", false, "2026-11-26 23:00:00Z");
	check_at(calendar, "2026-11-26 23:00:00Z", true, NULL);
	check_at(calendar, "2026-11-30 22:59:59Z", true, "2026-11-30 23:00:00Z");
	check_at(calendar, "2026-11-30 23:00:00Z", false, NULL);
	assert_string_equal(calendar_window(calendar, 2), "Fri..Mon stop");
	assert_true(calendar_runs_at(calendar, utc("2026-11-27 12:00:00Z")) == utc("2026-11-30 23:00:00Z"));
	calendar_free(calendar);
}

static void test_past_midnight(void **state)
{
	struct calendar *calendar = parse("Sat 22:00-06:00 stop");

	(void)state;
	/* It is Saturday's, also on Sunday morning, and not on Saturday morning. */
	check_at(calendar, "2026-11-21 04:00:00Z", false, "2026-11-21 21:00:00Z");
	check_at(calendar, "2026-11-21 21:00:00Z", true, "2026-11-22 05:00:00Z");
	check_at(calendar, "2026-11-22 04:59:59Z", true, "2026-11-22 05:00:00Z");
	check_at(calendar, "2026-11-22 05:00:00Z", false, "2026-11-28 21:00:00Z");
	calendar_free(calendar);
}

static void test_day_has_24_hours_by_name(void **state)
{
	struct calendar *calendar = parse("18:00-24:00 stop"), *same = parse("10:00-10:00 stop");

	(void)state;
	check_at(calendar, "2026-11-24 22:59:59Z", true, "2026-11-24 23:00:00Z");
	check_at(calendar, "2026-11-24 23:00:00Z", false, "2026-11-25 17:00:00Z");
	/* Its end is the next day's begin: always. */
	check_at(same, "2026-11-24 08:59:59Z", true, "2026-11-24 09:00:00Z");
	check_at(same, "2026-11-24 09:00:00Z", true, "2026-11-25 09:00:00Z");
	assert_true(calendar_runs_at(same, utc("2026-11-24 09:00:00Z")) == USEC_INFINITY);
	calendar_free(calendar);
	calendar_free(same);
}

/* 2026-03-29: 02:00 becomes 03:00 (01:00Z). */
static void test_clocks_put_forward(void **state)
{
	struct calendar *begins = parse("02:30-05:00 stop"), *ends = parse("00:30-02:30 stop"),
			*over = parse("Sat 22:00-06:00 stop"), *gone = parse("02:15-02:45 stop");

	(void)state;
	check_at(begins, "2026-03-29 00:59:59Z", false, "2026-03-29 01:00:00Z");
	check_at(begins, "2026-03-29 01:00:00Z", true, "2026-03-29 03:00:00Z");
	check_at(begins, "2026-03-29 03:00:00Z", false, "2026-03-30 00:30:00Z");
	check_at(ends, "2026-03-29 00:59:59Z", true, "2026-03-29 01:00:00Z");
	check_at(ends, "2026-03-29 01:00:00Z", false, "2026-03-29 22:30:00Z");
	/* Seven hours, not eight. */
	check_at(over, "2026-03-28 21:00:00Z", true, "2026-03-29 04:00:00Z");
	check_at(over, "2026-03-29 04:00:00Z", false, NULL);
	check_at(gone, "2026-03-29 01:00:00Z", false, "2026-03-30 00:15:00Z");
	calendar_free(begins);
	calendar_free(ends);
	calendar_free(over);
	calendar_free(gone);
}

/* 2026-10-25: 03:00 becomes 02:00 (01:00Z). */
static void test_clocks_put_back(void **state)
{
	struct calendar *begins = parse("02:30-05:00 stop"), *ends = parse("00:30-02:30 stop"),
			*over = parse("Sat 22:00-06:00 stop");

	(void)state;
	check_at(begins, "2026-10-25 00:29:59Z", false, "2026-10-25 00:30:00Z");
	check_at(begins, "2026-10-25 00:30:00Z", true, "2026-10-25 04:00:00Z");
	check_at(begins, "2026-10-25 01:15:00Z", true, "2026-10-25 04:00:00Z");
	check_at(ends, "2026-10-25 00:29:59Z", true, "2026-10-25 00:30:00Z");
	check_at(ends, "2026-10-25 00:30:00Z", false, "2026-10-25 23:30:00Z");
	/* Nine hours. */
	check_at(over, "2026-10-24 20:00:00Z", true, "2026-10-25 05:00:00Z");
	check_at(over, "2026-10-25 05:00:00Z", false, NULL);
	calendar_free(begins);
	calendar_free(ends);
	calendar_free(over);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_nothing_is_no_window),
		cmocka_unit_test(test_first_line_has_the_say),
		cmocka_unit_test(test_past_midnight),
		cmocka_unit_test(test_day_has_24_hours_by_name),
		cmocka_unit_test(test_clocks_put_forward),
		cmocka_unit_test(test_clocks_put_back),
	};

	return cmocka_run_group_tests(tests, zone_setup, NULL);
}
