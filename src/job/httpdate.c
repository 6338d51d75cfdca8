/* HTTP dates. Owns nothing; any thread. Knows no locale: strptime(3) would read the day's name in the user's.
 */
#include "config.h"

#include "job/httpdate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct date {
	int year, month, day; /* month from 1 */
	int hour, minute, second;
};

/* Days since 1970-01-01 in the Gregorian calendar: years are counted from March, so that the leap day comes
 * last, in eras of 400 years (146097 days). */
static int64_t days_since_epoch(const struct date *d)
{
	int year = d->month <= 2 ? d->year - 1 : d->year;
	int era = year / 400, year_of_era = year % 400;
	int month_from_march = (d->month + 9) % 12;
	int day_of_year = (153 * month_from_march + 2) / 5 + d->day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * 146097 + day_of_era - 719468;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* A leap second is read as the second before it. */
static bool in_range(const struct date *d)
{
	return d->year >= 1 && d->month >= 1 && d->day >= 1 && d->day <= days_in_month(d->year, d->month) &&
	       d->hour <= 23 && d->minute <= 59 && d->second <= 60;
}

/* A reader walks over the text; once something did not fit, nothing does. */
struct reader {
	const char *s;
	bool bad;
};

static void expect(struct reader *r, const char *literal)
{
	size_t len = strlen(literal);

	if (r->bad || strncmp(r->s, literal, len) != 0)
		r->bad = true;
	else
		r->s += len;
}

static int digits(struct reader *r, int n)
{
	int value = 0;

	for (; !r->bad && n > 0; n--) {
		if (*r->s < '0' || *r->s > '9')
			r->bad = true;
		else
			value = value * 10 + (*r->s++ - '0');
	}
	return value;
}

/* Index of the word that stands here among n, or bad. Longer words must come before their prefixes. */
static int word(struct reader *r, const char *const words[], int n)
{
	for (int i = 0; !r->bad && i < n; i++) {
		size_t len = strlen(words[i]);

		if (strncmp(r->s, words[i], len) == 0) {
			r->s += len;
			return i;
		}
	}
	r->bad = true;
	return 0;
}

static void read_weekday(struct reader *r)
{
	static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
		"Saturday", "Sunday", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

	word(r, names, 14);
}

static int read_month(struct reader *r)
{
	static const char *const names[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

	return word(r, names, 12) + 1;
}

static void read_time(struct reader *r, struct date *d)
{
	d->hour = digits(r, 2);
	expect(r, ":");
	d->minute = digits(r, 2);
	expect(r, ":");
	d->second = digits(r, 2);
}

/* "06 Nov 1994 08:49:37 GMT" */
static void read_imf(struct reader *r, struct date *d)
{
	d->day = digits(r, 2);
	expect(r, " ");
	d->month = read_month(r);
	expect(r, " ");
	d->year = digits(r, 4);
	expect(r, " ");
	read_time(r, d);
	expect(r, " GMT");
}

/* "06-Nov-94 08:49:37 GMT". The century is POSIX's (69…99: 19xx): without a clock "not 50 years ahead" can't
 * be told, and who still writes this form is old. */
static void read_rfc850(struct reader *r, struct date *d)
{
	d->day = digits(r, 2);
	expect(r, "-");
	d->month = read_month(r);
	expect(r, "-");
	int year = digits(r, 2);
	d->year = year + (year < 69 ? 2000 : 1900);
	expect(r, " ");
	read_time(r, d);
	expect(r, " GMT");
}

/* "Nov  6 08:49:37 1994" */
static void read_asctime(struct reader *r, struct date *d)
{
	d->month = read_month(r);
	expect(r, " ");
	if (!r->bad && *r->s == ' ') {
		r->s++;
		d->day = digits(r, 1);
	} else {
		d->day = digits(r, 2);
	}
	expect(r, " ");
	read_time(r, d);
	expect(r, " ");
	d->year = digits(r, 4);
}

static void read_date(struct reader *r, struct date *d)
{
	read_weekday(r);
	if (!r->bad && *r->s == ' ') {
		r->s++;
		read_asctime(r, d);
		return;
	}
	expect(r, ", ");
	if (!r->bad && strlen(r->s) > 2 && r->s[2] == '-')
		read_rfc850(r, d);
	else
		read_imf(r, d);
}

int httpdate_parse(const char *text, int64_t *ret_sec)
{
	struct reader r = {.s = text + strspn(text, " \t")};
	struct date d = {0};

	read_date(&r, &d);
	if (r.bad || r.s[strspn(r.s, " \t")] != '\0' || !in_range(&d))
		return -EINVAL;
	*ret_sec = days_since_epoch(&d) * 86400 + d.hour * 3600 + d.minute * 60 +
		   (d.second < 60 ? d.second : 59);
	return 0;
}

char *httpdate_format(char buf[HTTPDATE_MAX], int64_t sec)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	const int64_t first = -62167219200, last = 253402300799; /* years 0 and 9999 */
	time_t t = (time_t)(sec < first ? first : sec > last ? last : sec);
	struct tm tm;

	gmtime_r(&t, &tm);
	snprintf(buf, HTTPDATE_MAX, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
		(unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
		(unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
	return buf;
}
