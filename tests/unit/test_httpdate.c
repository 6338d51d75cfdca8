/* job/httpdate */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <time.h>

#include "base/rng.h"
#include "job/httpdate.h"

static void test_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} rows[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Sun Nov 16 08:49:37 1994", 784975777},
		{"  Sun, 06 Nov 1994 08:49:37 GMT ", 784111777},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Wed, 31 Dec 1969 23:59:59 GMT", -1},
		{"Tue, 29 Feb 2000 12:00:00 GMT", 951825600},
		{"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228799}, /* leap second */
		{"Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799)},
		{"Monday, 01-Jan-68 00:00:00 GMT", INT64_C(3092601600)},
		{"Monday, 01-Jan-69 00:00:00 GMT", -31536000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t sec = -77;

		CHECK_INT(rows[i].text, httpdate_parse(rows[i].text, &sec), 0);
		CHECK_INT(rows[i].text, sec, rows[i].want);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"", " ", "0", "1994", "Sun", "Sun,", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT+1",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 2023 08:49:37 GMT", "Sun, 29 Feb 1900 08:49:37 GMT",
		"Sun, 06 Nov 0000 08:49:37 GMT", "So, 06 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov -994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 19940 08:49:37 GMT"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int64_t sec = -77;

		CHECK_INT(texts[i], httpdate_parse(texts[i], &sec), -EINVAL);
		CHECK_INT(texts[i], sec, -77);
	}
}

/* The C library is the second opinion on the calendar. */
static void test_calendar(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3);
	for (int n = 0; n < 20000; n++) {
		time_t want = (time_t)rng_upto(&rng, INT64_C(253402300799));
		struct tm tm;
		char text[64];
		int64_t sec = -77;

		gmtime_r(&want, &tm);
		assert_true(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
		CHECK_INT(text, httpdate_parse(text, &sec), 0);
		CHECK_INT(text, sec, want);
		assert_true(strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm) > 0);
		CHECK_INT(text, httpdate_parse(text, &sec), 0);
		CHECK_INT(text, sec, want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
