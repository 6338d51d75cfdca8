/* Moments: the forms of HTTP, of ISO 8601 and of systemd.time(7). */
#include "config.h"

#include "fetchctl/timecond.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "job/httpdate.h"

/* ---- ISO 8601 ------------------------------------------------------------------------------------ */

/* Two digits behind c (0: nothing before them) into *to; moves *at. */
static bool take_pair(const char **at, char c, int *to)
{
	const char *s = *at;

	if (c && *s++ != c)
		return false;
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*to = (s[0] - '0') * 10 + (s[1] - '0');
	*at = s + 2;
	return true;
}

/* "Z", " UTC", "+01:00", "+0100", "+01" or nothing. False for anything else. */
static bool take_zone(const char *at, bool *ret_given, int *ret_minutes)
{
	int hours = 0, minutes = 0, sign = *at == '-' ? -1 : 1;

	*ret_given = *at != '\0';
	*ret_minutes = 0;
	if (!*at || strcmp(at, "Z") == 0 || strcmp(at, " UTC") == 0)
		return true;
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (!take_pair(&at, 0, &hours) || (*at && !take_pair(&at, *at == ':' ? ':' : 0, &minutes)) || *at)
		return false;
	*ret_minutes = sign * (hours * 60 + minutes);
	return hours <= 14 && minutes <= 59;
}

static bool take_clock(const char **at, struct tm *tm)
{
	if (**at != ' ' && **at != 'T')
		return true;
	/* " UTC" may follow a date alone. */
	if (strcmp(*at, " UTC") == 0)
		return true;
	(*at)++;
	if (!take_pair(at, 0, &tm->tm_hour) || !take_pair(at, ':', &tm->tm_min))
		return false;
	return **at != ':' || take_pair(at, ':', &tm->tm_sec);
}

static int parse_iso(const char *text, int64_t *ret_sec)
{
	struct tm tm = {.tm_isdst = -1}, day;
	int century, year, zone_minutes;
	bool zoned;

	if (!take_pair(&text, 0, &century) || !take_pair(&text, 0, &year) ||
		!take_pair(&text, '-', &tm.tm_mon) || !take_pair(&text, '-', &tm.tm_mday) ||
		!take_clock(&text, &tm) || !take_zone(text, &zoned, &zone_minutes))
		return -EINVAL;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	/* A day that the month does not have becomes one of the next month. */
	day = tm;
	timegm(&day);
	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59 || day.tm_mon != tm.tm_mon ||
		day.tm_mday != tm.tm_mday)
		return -EINVAL;
	*ret_sec = zoned ? timegm(&tm) - (int64_t)zone_minutes * 60 : mktime(&tm);
	return 0;
}

/* ---- words --------------------------------------------------------------------------------------- */

static int64_t midnight(int64_t now_usec, int days_ago)
{
	time_t now = now_usec / USEC_PER_SEC;
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday -= days_ago;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * USEC_PER_SEC;
}

/* "3h ago" */
static int parse_ago(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	static const char ago[] = " ago";
	size_t n = strlen(text), m = strlen(ago);
	int64_t span;

	if (n <= m || strcmp(text + n - m, ago) != 0)
		return -EINVAL;
	CLEANUP_FREE char *number = xstrndup(text, n - m);

	if (units_parse_span(number, &span) < 0 || span == USEC_INFINITY)
		return -EINVAL;
	*ret_usec = now_usec - span;
	return 0;
}

static int parse_word(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	if (strcmp(text, "now") == 0)
		*ret_usec = now_usec;
	else if (strcmp(text, "today") == 0)
		*ret_usec = midnight(now_usec, 0);
	else if (strcmp(text, "yesterday") == 0)
		*ret_usec = midnight(now_usec, 1);
	else
		return parse_ago(text, now_usec, ret_usec);
	return 0;
}

int timecond_parse(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	int64_t sec, usec;

	if (httpdate_parse(text, &sec) == 0 || parse_iso(text, &sec) == 0 ||
		(*text == '@' && units_parse_int(text + 1, 0, INT64_MAX / USEC_PER_SEC, &sec) == 0))
		usec = sec * USEC_PER_SEC;
	else if (parse_word(text, now_usec, &usec) < 0)
		return -EINVAL;
	if (usec < 0)
		return -ERANGE;
	*ret_usec = usec;
	return 0;
}

/* ---- ahead --------------------------------------------------------------------------------------- */

/* "2h", "+2h" */
static int parse_span_ahead(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	int64_t span;

	if (units_parse_span(text + (*text == '+'), &span) < 0 || span == USEC_INFINITY)
		return -EINVAL;
	*ret_usec = usec_add(now_usec, span);
	return 0;
}

static bool begins_with(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) != 0 || ((*at)[n] != '\0' && (*at)[n] != ' '))
		return false;
	*at += n;
	return true;
}

/* "tomorrow", "today 18:00", "06:00" */
static int parse_day(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	time_t now = now_usec / USEC_PER_SEC;
	bool word = true;
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	if (begins_with(&text, "tomorrow"))
		tm.tm_mday++;
	else
		word = begins_with(&text, "today");
	text += word && *text == ' ';
	if ((*text || !word) && (!take_pair(&text, 0, &tm.tm_hour) || !take_pair(&text, ':', &tm.tm_min) ||
					(*text == ':' && !take_pair(&text, ':', &tm.tm_sec)) || *text))
		return -EINVAL;
	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
		return -EINVAL;
	*ret_usec = (int64_t)mktime(&tm) * USEC_PER_SEC;
	return 0;
}

int timecond_parse_ahead(const char *text, int64_t now_usec, int64_t *ret_usec)
{
	int err = timecond_parse(text, now_usec, ret_usec);

	if (err == -EINVAL)
		err = parse_span_ahead(text, now_usec, ret_usec);
	return err == -EINVAL ? parse_day(text, now_usec, ret_usec) : err;
}
