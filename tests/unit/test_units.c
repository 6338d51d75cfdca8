/* base/units */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <time.h>

#include "base/units.h"

#define UNTOUCHED (-77)
#define SEC	  USEC_PER_SEC
#define KIB	  ((int64_t)1 << 10)
#define MIB	  ((int64_t)1 << 20)
#define GIB	  ((int64_t)1 << 30)
#define TIB	  ((int64_t)1 << 40)

struct parse_row {
	const char *text;
	int want_error; /* 0 or negative errno */
	int64_t want;
};

static void check_parser(int (*parse)(const char *, int64_t *), const struct parse_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value = UNTOUCHED;

		CHECK_INT(rows[i].text, parse(rows[i].text, &value), rows[i].want_error);
		CHECK_INT(rows[i].text, value, rows[i].want_error ? UNTOUCHED : rows[i].want);
	}
}

static void test_parse_size(void **state)
{
	static const struct parse_row rows[] = {
		{"0", 0, 0},
		{"1", 0, 1},
		{"512B", 0, 512},
		{"4K", 0, 4 * KIB},
		{"4k", 0, 4 * KIB},
		{"4KiB", 0, 4 * KIB},
		{"4KB", 0, 4 * KIB},
		{"4Ki", 0, 4 * KIB},
		{"16M", 0, 16 * MIB},
		{"2G", 0, 2 * GIB},
		{"3T", 0, 3 * TIB},
		{"1.5K", 0, 1536},
		{"0.5M", 0, MIB / 2},
		{"1.0000009K", 0, KIB}, /* less than a byte */
		{"  7 K  ", 0, 7 * KIB},
		{"9223372036854775806", 0, INT64_MAX - 1},
		{"", -EINVAL, 0},
		{" ", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"4Q", -EINVAL, 0},
		{"4KiBB", -EINVAL, 0},
		{"4iB", -EINVAL, 0},
		{"4K 4K", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{".5K", -EINVAL, 0},
		{"1.5.5K", -EINVAL, 0},
		{"4K/s", -EINVAL, 0},
		{"infinity", -EINVAL, 0},
		{"9223372036854775808", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"8388608T", -ERANGE, 0},
	};

	(void)state;
	check_parser(units_parse_size, rows, ARRAY_LEN(rows));
}

static void test_parse_rate(void **state)
{
	static const struct parse_row rows[] = {
		{"10M", 0, 10 * MIB},
		{"10M/s", 0, 10 * MIB},
		{"1.5MiB/s", 0, MIB + MIB / 2},
		{"100/s", 0, 100},
		{"0", 0, 0},
		{"10M/sec", -EINVAL, 0},
		{"/s", -EINVAL, 0},
		{"10M/s/s", -EINVAL, 0},
	};

	(void)state;
	check_parser(units_parse_rate, rows, ARRAY_LEN(rows));
}

static void test_parse_span(void **state)
{
	static const struct parse_row rows[] = {
		{"0", 0, 0},
		{"5", 0, 5 * SEC},
		{"30s", 0, 30 * SEC},
		{"30 sec", 0, 30 * SEC},
		{"1h 30min", 0, 5400 * SEC},
		{"1h30min", 0, 5400 * SEC},
		{"90m", 0, 5400 * SEC},
		{"500ms", 0, SEC / 2},
		{"20us", 0, 20},
		{"20\xc2\xb5s", 0, 20},
		{"20\xce\xbcs", 0, 20},
		{"1.5h", 0, 5400 * SEC},
		{"0.1s", 0, SEC / 10},
		{"1day 2hours 3minutes 4seconds", 0, 93784 * SEC},
		{"1d 2hr 3m 4s 5msec 6usec", 0, 93784 * SEC + 5006},
		{"2weeks", 0, 1209600 * SEC},
		{"1w", 0, 604800 * SEC},
		{"1M", 0, 2630016 * SEC},
		{"1month", 0, 2630016 * SEC},
		{"1y", 0, 31557600 * SEC},
		{"infinity", 0, USEC_INFINITY},
		{" infinity ", 0, USEC_INFINITY},
		{"  1s  ", 0, SEC},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"1 fortnight", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1s,", -EINVAL, 0},
		{"1s infinity", -EINVAL, 0},
		{"infinity 1s", -EINVAL, 0},
		{"infinitys", -EINVAL, 0},
		{"1.s", -EINVAL, 0},
		{"300000y", -ERANGE, 0},
		{"200000y 200000y", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
	};

	(void)state;
	check_parser(units_parse_span, rows, ARRAY_LEN(rows));
}

static void test_parse_int(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int want_error;
		int64_t want;
	} rows[] = {
		{"5", 1, 10, 0, 5},
		{"1", 1, 10, 0, 1},
		{"10", 1, 10, 0, 10},
		{" 7 ", 1, 10, 0, 7},
		{"+7", 1, 10, 0, 7},
		{"-3", -10, 10, 0, -3},
		{"010", 0, 100, 0, 10},
		{"9223372036854775807", 0, INT64_MAX, 0, INT64_MAX},
		{"-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN},
		{"0", 1, 10, -ERANGE, 0},
		{"11", 1, 10, -ERANGE, 0},
		{"9223372036854775808", 0, INT64_MAX, -ERANGE, 0},
		{"", 0, 10, -EINVAL, 0},
		{"-", 0, 10, -EINVAL, 0},
		{"+-1", -5, 10, -EINVAL, 0},
		{"- 1", -5, 10, -EINVAL, 0},
		{"1x", 0, 10, -EINVAL, 0},
		{"1.0", 0, 10, -EINVAL, 0},
		{"0x1", 0, 10, -EINVAL, 0},
		{"1 1", 0, 10, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = UNTOUCHED;

		CHECK_INT(rows[i].text, units_parse_int(rows[i].text, rows[i].min, rows[i].max, &value),
			rows[i].want_error);
		CHECK_INT(rows[i].text, value, rows[i].want_error ? UNTOUCHED : rows[i].want);
	}
}

static void test_parse_bool(void **state)
{
	static const struct {
		const char *text;
		int want_error, want;
	} rows[] = {{"yes", 0, 1}, {"YES", 0, 1}, {"true", 0, 1}, {"on", 0, 1}, {"1", 0, 1}, {"y", 0, 1},
		{"t", 0, 1}, {"no", 0, 0}, {"False", 0, 0}, {"off", 0, 0}, {"0", 0, 0}, {" no ", 0, 0},
		{"", -EINVAL, 0}, {"2", -EINVAL, 0}, {"ye", -EINVAL, 0}, {"yes no", -EINVAL, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int value = UNTOUCHED;

		CHECK_INT(rows[i].text, units_parse_bool(rows[i].text, &value), rows[i].want_error);
		CHECK_INT(rows[i].text, value, rows[i].want_error ? UNTOUCHED : rows[i].want);
	}
}

static void test_format_size(void **state)
{
	static const struct {
		int64_t bytes;
		const char *want;
	} rows[] = {
		{0, "0B"},
		{512, "512B"},
		{1023, "1023B"},
		{1024, "1.0KiB"},
		{1536, "1.5KiB"},
		{20 * MIB, "20.0MiB"},
		{1000 * KIB - 60, "999.9KiB"},
		{1000 * KIB - 1, "1000KiB"},
		{1000 * KIB, "1000KiB"},
		{1023 * KIB, "1023KiB"},
		{MIB - 1, "1.0MiB"},
		{MIB, "1.0MiB"},
		{GIB - 1, "1.0GiB"},
		{5 * TIB / 2, "2.5TiB"},
		{INT64_MAX, "8.0EiB"},
	};
	char buf[UNITS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_STR(rows[i].want, units_format_size(buf, rows[i].bytes), rows[i].want);
		assert_true(strlen(buf) <= 8);
	}
	CHECK_STR("rate", units_format_rate(buf, MIB + MIB / 2), "1.5MiB/s");
}

static void test_size_is_never_wide(void **state)
{
	char buf[UNITS_MAX];

	(void)state;
	for (int64_t bytes = 1; bytes < INT64_MAX / 2; bytes += bytes / 50 + 1)
		assert_true(strlen(units_format_size(buf, bytes)) <= 8);
}

static void test_format_span(void **state)
{
	static const struct {
		int64_t usec;
		const char *want;
	} rows[] = {
		{0, "0s"},
		{20, "20us"},
		{999, "999us"},
		{300 * USEC_PER_MSEC, "300ms"},
		{SEC - 1, "999ms"},
		{SEC, "1s"},
		{5 * SEC / 2, "2.5s"},
		{30 * SEC, "30s"},
		{60 * SEC - 1, "59.9s"},
		{60 * SEC, "1min"},
		{90 * SEC, "1min 30s"},
		{3600 * SEC, "1h"},
		{5400 * SEC, "1h 30min"},
		{86400 * SEC, "1d"},
		{90000 * SEC, "1d 1h"},
		{30 * 86400 * SEC, "30d"},
		{USEC_INFINITY - 1, "106751991d 4h"},
		{USEC_INFINITY, "infinity"},
	};
	char buf[UNITS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(rows[i].want, units_format_span(buf, rows[i].usec), rows[i].want);
}

/* What is written of a span of one or two units is read as the same. */
static void test_span_round_trip(void **state)
{
	static const int64_t spans[] = {0, 7, 300 * USEC_PER_MSEC, SEC, 5 * SEC / 2, 90 * SEC, 5400 * SEC,
		90000 * SEC, 180 * 86400 * SEC, USEC_INFINITY};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		char buf[UNITS_MAX];
		int64_t back;

		units_format_span(buf, spans[i]);
		CHECK_INT(buf, units_parse_span(buf, &back), 0);
		CHECK_INT(buf, back, spans[i]);
	}
}

static void test_format_eta(void **state)
{
	static const struct {
		int64_t usec;
		const char *want;
	} rows[] = {{-5, "0:00"}, {0, "0:00"}, {7 * SEC, "0:07"}, {754 * SEC, "12:34"},
		{3723 * SEC, "1:02:03"}, {86399 * SEC, "23:59:59"}, {(3 * 24 + 4) * 3600 * SEC, "3d 04h"},
		{USEC_INFINITY, "-:--"}};
	char buf[UNITS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(rows[i].want, units_format_eta(buf, rows[i].usec), rows[i].want);
}

static void test_format_time(void **state)
{
	char buf[UNITS_MAX];

	(void)state;
	setenv("TZ", "UTC0", 1);
	tzset();
	CHECK_STR("epoch", units_format_time(buf, 0), "1970-01-01 00:00:00");
	CHECK_STR("utc", units_format_time(buf, INT64_C(1795340726) * SEC + 999999), "2026-11-22 09:45:26");
	setenv("TZ", "XYZ-2", 1);
	tzset();
	CHECK_STR("local", units_format_time(buf, INT64_C(1795340726) * SEC), "2026-11-22 11:45:26");
	CHECK_STR("farthest", units_format_time(buf, INT64_MAX), "294247-01-10 06:00:54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_rate),
		cmocka_unit_test(test_parse_span),
		cmocka_unit_test(test_parse_int),
		cmocka_unit_test(test_parse_bool),
		cmocka_unit_test(test_format_size),
		cmocka_unit_test(test_size_is_never_wide),
		cmocka_unit_test(test_format_span),
		cmocka_unit_test(test_span_round_trip),
		cmocka_unit_test(test_format_eta),
		cmocka_unit_test(test_format_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
