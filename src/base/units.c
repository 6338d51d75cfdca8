/* Sizes, rates and spans as people write and read them. Owns nothing; any thread. Must never take half a text
 * for the whole.
 */
#include "config.h"

#include "base/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR	(60 * USEC_PER_MINUTE)
#define USEC_PER_DAY	(24 * USEC_PER_HOUR)

static const char *skip_space(const char *s)
{
	return s + strspn(s, " \t\n\r\f\v");
}

/* "12" or "12.345": a whole part and millionths; more digits are dropped. */
struct decimal {
	int64_t whole;
	int64_t micro;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Millionths after the point; ends behind the last digit. */
static const char *parse_fraction(const char *s, int64_t *ret_micro)
{
	int64_t micro = 0, unit = 100000;

	for (; is_digit(*s); s++) {
		micro += (*s - '0') * unit;
		unit /= 10;
	}
	*ret_micro = micro;
	return s;
}

/* Sets *s behind the number. */
static int parse_decimal(const char **s, struct decimal *ret)
{
	const char *p = *s;

	if (!is_digit(*p))
		return -EINVAL;
	ret->whole = 0;
	ret->micro = 0;
	for (; is_digit(*p); p++) {
		if (__builtin_mul_overflow(ret->whole, 10, &ret->whole) ||
			__builtin_add_overflow(ret->whole, *p - '0', &ret->whole))
			return -ERANGE;
	}
	if (*p == '.') {
		if (!is_digit(p[1]))
			return -EINVAL;
		p = parse_fraction(p + 1, &ret->micro);
	}
	*s = p;
	return 0;
}

static int scale(const struct decimal *number, int64_t factor, int64_t *ret)
{
	__int128 value = (__int128)number->whole * factor + (__int128)number->micro * factor / 1000000;

	if (value >= INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)value;
	return 0;
}

/* "K", "Ki", "KB", "KiB", "B" or nothing. */
static const char *parse_size_suffix(const char *s, int64_t *ret_factor)
{
	static const char letters[] = "KMGT";
	const char *letter = *s ? strchr(letters, *s >= 'a' && *s <= 'z' ? *s - ('a' - 'A') : *s) : NULL;

	*ret_factor = 1;
	if (letter) {
		*ret_factor = (int64_t)1024 << (10 * (letter - letters));
		s++;
		if (*s == 'i')
			s++;
	}
	if (*s == 'B')
		s++;
	return s;
}

static int parse_amount(const char *text, const char *optional_tail, int64_t *ret)
{
	struct decimal number;
	int64_t factor, value;
	const char *s = skip_space(text);
	int r = parse_decimal(&s, &number);

	if (r < 0)
		return r;
	s = parse_size_suffix(skip_space(s), &factor);
	if (text_starts(s, optional_tail))
		s += strlen(optional_tail);
	if (*skip_space(s))
		return -EINVAL;
	r = scale(&number, factor, &value);
	if (r == 0)
		*ret = value;
	return r;
}

int units_parse_size(const char *text, int64_t *ret_bytes)
{
	return parse_amount(text, "", ret_bytes);
}

int units_parse_rate(const char *text, int64_t *ret_bytes)
{
	return parse_amount(text, "/s", ret_bytes);
}

/* systemd.time(7), "Parsing time spans"; a month is 30.44 days, a year 365.25. */
static const struct span_unit {
	const char *name;
	int64_t usec;
} span_units[] = {
	{"usec", 1},
	{"us", 1},
	{"\xc2\xb5s", 1}, /* micro sign */
	{"\xce\xbcs", 1}, /* Greek mu */
	{"msec", USEC_PER_MSEC},
	{"ms", USEC_PER_MSEC},
	{"seconds", USEC_PER_SEC},
	{"second", USEC_PER_SEC},
	{"sec", USEC_PER_SEC},
	{"s", USEC_PER_SEC},
	{"minutes", USEC_PER_MINUTE},
	{"minute", USEC_PER_MINUTE},
	{"min", USEC_PER_MINUTE},
	{"m", USEC_PER_MINUTE},
	{"hours", USEC_PER_HOUR},
	{"hour", USEC_PER_HOUR},
	{"hr", USEC_PER_HOUR},
	{"h", USEC_PER_HOUR},
	{"days", USEC_PER_DAY},
	{"day", USEC_PER_DAY},
	{"d", USEC_PER_DAY},
	{"weeks", 7 * USEC_PER_DAY},
	{"week", 7 * USEC_PER_DAY},
	{"w", 7 * USEC_PER_DAY},
	{"months", 3044 * (USEC_PER_DAY / 100)},
	{"month", 3044 * (USEC_PER_DAY / 100)},
	{"M", 3044 * (USEC_PER_DAY / 100)},
	{"years", 36525 * (USEC_PER_DAY / 100)},
	{"year", 36525 * (USEC_PER_DAY / 100)},
	{"y", 36525 * (USEC_PER_DAY / 100)},
};

/* The word at *s, up to a digit, space or the end; *s moves behind it. No word: seconds. */
static int parse_span_unit(const char **s, int64_t *ret_usec)
{
	size_t len = strcspn(*s, " \t\n\r\f\v0123456789.");

	*ret_usec = USEC_PER_SEC;
	if (len == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(span_units); i++) {
		if (strlen(span_units[i].name) == len && strncmp(*s, span_units[i].name, len) == 0) {
			*ret_usec = span_units[i].usec;
			*s += len;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_span_part(const char **s, int64_t *ret_usec)
{
	struct decimal number;
	int64_t unit_usec;
	int r = parse_decimal(s, &number);

	if (r < 0)
		return r;
	*s = skip_space(*s);
	r = parse_span_unit(s, &unit_usec);
	if (r < 0)
		return r;
	return scale(&number, unit_usec, ret_usec);
}

static bool is_infinity(const char *s)
{
	static const char word[] = "infinity";

	return text_starts(s, word) && !*skip_space(s + sizeof(word) - 1);
}

int units_parse_span(const char *text, int64_t *ret_usec)
{
	const char *s = skip_space(text);
	int64_t sum = 0;

	if (is_infinity(s)) {
		*ret_usec = USEC_INFINITY;
		return 0;
	}
	do {
		int64_t part;
		int r = parse_span_part(&s, &part);

		if (r < 0)
			return r;
		sum = usec_add(sum, part);
		if (sum == USEC_INFINITY)
			return -ERANGE;
		s = skip_space(s);
	} while (*s);
	*ret_usec = sum;
	return 0;
}

int units_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *s = skip_space(text);
	char *end;

	if (!is_digit(*s) && !((*s == '-' || *s == '+') && is_digit(s[1])))
		return -EINVAL;
	errno = 0;
	long long value = strtoll(s, &end, 10);

	if (*skip_space(end))
		return -EINVAL;
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

int units_parse_bool(const char *text, int *ret)
{
	static const char *const words[][2] = {
		{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}, {"n", "y"}, {"f", "t"}};
	const char *s = skip_space(text);
	CLEANUP_FREE char *word = xstrndup(s, strcspn(s, " \t\n\r\f\v"));

	if (*skip_space(s + strlen(word)))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (int value = 0; value <= 1; value++) {
			if (text_ieq(word, words[i][value])) {
				*ret = value;
				return 0;
			}
		}
	}
	return -EINVAL;
}

char *units_format_size(char buf[UNITS_MAX], int64_t bytes)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(buf, UNITS_MAX, "%dB", (int)bytes);
		return buf;
	}
	/* 1023.95 would be shown as "1024.0". */
	for (value /= 1024; value >= 1023.95 && i < sizeof(units) - 2; i++)
		value /= 1024;
	snprintf(buf, UNITS_MAX, value < 999.95 ? "%.1f%ciB" : "%.0f%ciB", value, units[i]);
	return buf;
}

char *units_format_rate(char buf[UNITS_MAX], int64_t bytes_per_sec)
{
	char size[UNITS_MAX];

	/* A size has at most 8 columns. */
	snprintf(buf, UNITS_MAX, "%.*s/s", UNITS_MAX - 3, units_format_size(size, bytes_per_sec));
	return buf;
}

/* Below a minute one unit is enough. */
static void format_short_span(char buf[UNITS_MAX], int64_t usec)
{
	int64_t sec = usec / USEC_PER_SEC, tenth = usec % USEC_PER_SEC / (USEC_PER_SEC / 10);

	if (usec == 0)
		snprintf(buf, UNITS_MAX, "0s");
	else if (usec < USEC_PER_MSEC)
		snprintf(buf, UNITS_MAX, "%dus", (int)usec);
	else if (usec < USEC_PER_SEC)
		snprintf(buf, UNITS_MAX, "%dms", (int)(usec / USEC_PER_MSEC));
	else if (tenth > 0)
		snprintf(buf, UNITS_MAX, "%d.%ds", (int)sec, (int)tenth);
	else
		snprintf(buf, UNITS_MAX, "%ds", (int)sec);
}

static void format_pair(
	char buf[UNITS_MAX], int64_t large, const char *large_name, int64_t small, const char *small_name)
{
	if (small > 0)
		snprintf(buf, UNITS_MAX, "%lld%s %lld%s", (long long)large, large_name, (long long)small,
			small_name);
	else
		snprintf(buf, UNITS_MAX, "%lld%s", (long long)large, large_name);
}

char *units_format_span(char buf[UNITS_MAX], int64_t usec)
{
	int64_t minutes = usec / USEC_PER_MINUTE;

	if (usec == USEC_INFINITY)
		snprintf(buf, UNITS_MAX, "infinity");
	else if (minutes == 0)
		format_short_span(buf, usec);
	else if (minutes < 60)
		format_pair(buf, minutes, "min", usec / USEC_PER_SEC % 60, "s");
	else if (minutes < 24 * 60)
		format_pair(buf, minutes / 60, "h", minutes % 60, "min");
	else
		format_pair(buf, minutes / (24 * 60), "d", minutes / 60 % 24, "h");
	return buf;
}

char *units_format_eta(char buf[UNITS_MAX], int64_t usec)
{
	int64_t sec = usec > 0 ? usec / USEC_PER_SEC : 0;
	int s = (int)(sec % 60), m = (int)(sec / 60 % 60), h = (int)(sec / 3600 % 24);

	if (usec == USEC_INFINITY)
		snprintf(buf, UNITS_MAX, "-:--");
	else if (sec < 3600)
		snprintf(buf, UNITS_MAX, "%d:%02d", m, s);
	else if (sec < 24 * 3600)
		snprintf(buf, UNITS_MAX, "%d:%02d:%02d", h, m, s);
	else
		snprintf(buf, UNITS_MAX, "%lldd %02dh", (long long)(sec / (24 * 3600)), h);
	return buf;
}

char *units_format_time(char buf[UNITS_MAX], int64_t wall_usec)
{
	time_t sec = (time_t)(wall_usec / USEC_PER_SEC);
	struct tm tm;

	/* A year that does not fit an int: show the raw seconds, as date(1) takes them. */
	if (!localtime_r(&sec, &tm) || strftime(buf, UNITS_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, UNITS_MAX, "@%lld", (long long)sec);
	return buf;
}
