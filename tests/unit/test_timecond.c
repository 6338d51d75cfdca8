/* fetchctl/timecond: moments in all their forms, in a time zone that is not the one of the machine */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <time.h>

#include "fetchctl/timecond.h"

/* 2026-11-22 09:45:26 UTC */
#define NOW_SEC	 INT64_C(1795340726)
#define NOW_USEC (NOW_SEC * USEC_PER_SEC)
#define DAY_SEC	 86400
/* The zone of the test is two hours east of UTC. */
#define ZONE_SEC 7200

static void test_taken(void **state)
{
	static const struct {
		const char *text;
		int64_t want_sec;
	} rows[] = {
		{"Sun, 22 Nov 2026 09:45:26 GMT", NOW_SEC},
		{"Sunday, 22-Nov-26 09:45:26 GMT", NOW_SEC},
		{"Sun Nov 22 09:45:26 2026", NOW_SEC},
		{"@1795340726", NOW_SEC},
		{"@0", 0},
		{"2026-11-22T09:45:26Z", NOW_SEC},
		{"2026-11-22 09:45:26 UTC", NOW_SEC},
		{"2026-11-22T10:45:26+01:00", NOW_SEC},
		{"2026-11-22T10:45:26+0100", NOW_SEC},
		{"2026-11-22T10:45:26+01", NOW_SEC},
		{"2026-11-22 04:15:26-05:30", NOW_SEC},
		{"2026-11-22 11:45:26", NOW_SEC},
		{"2026-11-22T11:45", NOW_SEC - 26},
		{"2026-11-22", NOW_SEC - 9 * 3600 - 45 * 60 - 26 - ZONE_SEC},
		{"2026-11-22 UTC", NOW_SEC - 9 * 3600 - 45 * 60 - 26},
		{"2024-02-29Z", 1709164800},
		{"today", NOW_SEC - 9 * 3600 - 45 * 60 - 26 - ZONE_SEC},
		{"yesterday", NOW_SEC - 9 * 3600 - 45 * 60 - 26 - ZONE_SEC - DAY_SEC},
		{"now", NOW_SEC},
		{"3h ago", NOW_SEC - 3 * 3600},
		{"1day 30min ago", NOW_SEC - DAY_SEC - 1800},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t usec = -1;

		CHECK_INT(rows[i].text, timecond_parse(rows[i].text, NOW_USEC, &usec), 0);
		CHECK_INT(rows[i].text, usec, rows[i].want_sec * USEC_PER_SEC);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
		{"", -EINVAL},
		{"soon", -EINVAL},
		{"ago", -EINVAL},
		{" ago", -EINVAL},
		{"infinity ago", -EINVAL},
		{"@", -EINVAL},
		{"@-1", -EINVAL},
		{"@99999999999999", -EINVAL},
		{"-2026-11-22", -EINVAL},
		{"2026", -EINVAL},
		{"2026-11", -EINVAL},
		{"2026-13-01", -EINVAL},
		{"2026-00-01", -EINVAL},
		{"2026-02-29", -EINVAL},
		{"2026-02-29Z", -EINVAL},
		{"2026-11-00", -EINVAL},
		{"2026-11-22T", -EINVAL},
		{"2026-11-22T24:00", -EINVAL},
		{"2026-11-22T09:60", -EINVAL},
		{"2026-11-22T09:45:60", -EINVAL},
		{"2026-11-22T09:45:26X", -EINVAL},
		{"2026-11-22T09:45:26+", -EINVAL},
		{"2026-11-22T09:45:26+15:00", -EINVAL},
		{"2026-11-22T09:45:26+01:60", -EINVAL},
		{"https://example.org/2026-11-22", -EINVAL},
		{"1969-12-31Z", -ERANGE},
		{"Wed, 31 Dec 1969 23:59:59 GMT", -ERANGE},
		{"100000days ago", -ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t usec = -1;

		CHECK_INT(rows[i].text, timecond_parse(rows[i].text, NOW_USEC, &usec), rows[i].want);
	}
}

static void test_ahead(void **state)
{
	const int64_t midnight = NOW_SEC - 9 * 3600 - 45 * 60 - 26 - ZONE_SEC;
	const struct {
		const char *text;
		int64_t want_sec;
	} rows[] = {
		{"2h", NOW_SEC + 7200},
		{"+2h", NOW_SEC + 7200},
		{"+1h 30min", NOW_SEC + 5400},
		{"90", NOW_SEC + 90},
		{"tomorrow", midnight + DAY_SEC},
		{"tomorrow 06:00", midnight + DAY_SEC + 6 * 3600},
		{"today 18:00", midnight + 18 * 3600},
		{"18:00:30", midnight + 18 * 3600 + 30},
		{"00:00", midnight},
		{"now", NOW_SEC},
		{"2026-12-24 18:00", midnight + INT64_C(32) * DAY_SEC + 18 * 3600},
	};
	static const char *const refused[] = {"", "+", "++2h", "infinity", "tomorrow06:00", "tomorrow 6",
		"tomorrow  06:00", "24:00", "12:60", "12:00:60", "12:00 ", "yesterday 06:00", "-2h", "soon"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t usec = -1;

		CHECK_INT(rows[i].text, timecond_parse_ahead(rows[i].text, NOW_USEC, &usec), 0);
		CHECK_INT(rows[i].text, usec, rows[i].want_sec * USEC_PER_SEC);
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		int64_t usec = -1;

		CHECK_INT(refused[i], timecond_parse_ahead(refused[i], NOW_USEC, &usec), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ahead),
	};

	setenv("TZ", "TEST-2", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
