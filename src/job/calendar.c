/* Calendar: parsing and looking up. A window's begin and end are made from a date and a time of the day,
 * never by adding seconds to another: so they are right on days that have 23 or 25 hours. Pure.
 */
#include "config.h"

#include "job/calendar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#define DAY_MINUTES 1440
#define ALL_DAYS    0x7fu
/* So far ahead an end of "stop" is looked for. */
#define LOOK_AHEAD_USEC (INT64_C(14) * 86400 * USEC_PER_SEC)

struct window {
	char *text;
	unsigned days; /* bit tm_wday */
	int from, to;  /* minutes of the day; to > DAY_MINUTES: on the next day */
	bool stop;
	int64_t values[LIMITS_N]; /* -1: none */
};

struct calendar {
	struct window *windows;
	size_t n;
};

/* ---- parse */

static int parse_day(const char *text, size_t len)
{
	static const char *const days[][2] = {{"Sun", "Sunday"}, {"Mon", "Monday"}, {"Tue", "Tuesday"},
		{"Wed", "Wednesday"}, {"Thu", "Thursday"}, {"Fri", "Friday"}, {"Sat", "Saturday"}};

	for (int i = 0; i < (int)ARRAY_LEN(days); i++)
		for (int form = 0; form < 2; form++)
			if (strlen(days[i][form]) == len && strncasecmp(days[i][form], text, len) == 0)
				return i;
	return -1;
}

/* "Mon..Fri" or "Sat". */
static int parse_day_range(const char *text, unsigned *days)
{
	const char *dots = strstr(text, "..");
	int first = parse_day(text, dots ? (size_t)(dots - text) : strlen(text));
	int last = dots ? parse_day(dots + 2, strlen(dots + 2)) : first;

	if (first < 0 || last < 0)
		return -EINVAL;
	for (int day = first;; day = (day + 1) % 7) {
		*days |= 1u << day;
		if (day == last)
			return 0;
	}
}

static int parse_days(const char *word, unsigned *ret_days)
{
	CLEANUP_FREE char *copy = xstrdup(word);
	char *rest = copy, *part;
	unsigned days = 0;

	while ((part = strsep(&rest, ",")))
		if (parse_day_range(part, &days) != 0)
			return -EINVAL;
	*ret_days = days;
	return 0;
}

/* "08:00", up to "24:00"; -1: it is none. */
static int parse_minute(const char *text, size_t len)
{
	int hour, minute;

	if (len != 5 || text[2] != ':')
		return -1;
	for (size_t i = 0; i < len; i++)
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return minute > 59 || hour * 60 + minute > DAY_MINUTES ? -1 : hour * 60 + minute;
}

static int parse_times(const char *word, struct window *w)
{
	const char *dash = strchr(word, '-');
	int from = dash ? parse_minute(word, (size_t)(dash - word)) : -1;
	int to = dash ? parse_minute(dash + 1, strlen(dash + 1)) : -1;

	if (from < 0 || from == DAY_MINUTES || to < 0)
		return -EINVAL;
	w->from = from;
	w->to = to > from ? to : to + DAY_MINUTES;
	return 0;
}

static char *parse_assignment(char *word, struct window *w)
{
	char *equals = strchr(word, '=');
	int limit, err;

	*equals = '\0';
	limit = limit_parse(word);
	if (limit < 0)
		return xasprintf("there is no limit \"%s\"", word);
	err = limit_parse_value((enum limit)limit, equals + 1, &w->values[limit]);
	if (err == -ERANGE)
		return xasprintf("%s=%s is out of range: %lld to %lld", word, equals + 1,
			(long long)limit_info((enum limit)limit)->least,
			(long long)limit_info((enum limit)limit)->most);
	return err ? xasprintf("%s=%s is no %s", word, equals + 1,
			     limit_info((enum limit)limit)->unit == LIMIT_COUNT ? "number" : "size")
		   : NULL;
}

/* place: how many of the words that say when may still come. NULL, or why not; caller frees. */
static char *parse_word(char *word, struct window *w, int *place)
{
	if (strchr(word, '=')) {
		*place = 2;
		return parse_assignment(word, w);
	}
	if (strcmp(word, "stop") == 0) {
		*place = 2;
		w->stop = true;
		return NULL;
	}
	if (*place < 1 && parse_days(word, &w->days) == 0) {
		*place = 1;
		return NULL;
	}
	if (*place < 2 && parse_times(word, w) == 0) {
		*place = 2;
		return NULL;
	}
	return xasprintf("\"%s\" is no days (Mon..Fri), times (08:00-18:00), stop or NAME=VALUE", word);
}

static bool does_something(const struct window *w)
{
	for (int i = 0; i < LIMITS_N; i++)
		if (w->values[i] >= 0)
			return true;
	return w->stop;
}

static char *parse_window(const char *line, struct window *w)
{
	CLEANUP_FREE char *copy = text_escape(line);
	char *rest = copy, *word, *why = NULL;
	int place = 0;

	*w = (struct window){.days = ALL_DAYS, .from = 0, .to = DAY_MINUTES};
	for (int i = 0; i < LIMITS_N; i++)
		w->values[i] = -1;
	while (!why && (word = strsep(&rest, " \t")))
		if (*word)
			why = parse_word(word, w, &place);
	if (!why && !does_something(w))
		why = xstrdup("says when, but not what: stop, or NAME=VALUE");
	w->text = xstrdup(line);
	return why;
}

struct calendar *calendar_parse(const char *text, size_t *ret_line, char **ret_why)
{
	struct calendar *calendar = xcalloc(1, sizeof(*calendar));
	CLEANUP_FREE char *copy = xstrdup(text);
	char *rest = copy, *line;

	*ret_why = NULL;
	for (*ret_line = 0; (line = strsep(&rest, "\n")); ++*ret_line) {
		if (line[strspn(line, " \t")] == '\0')
			continue;
		calendar->windows =
			xreallocarray(calendar->windows, calendar->n + 1, sizeof(*calendar->windows));
		*ret_why = parse_window(line, &calendar->windows[calendar->n++]);
		if (*ret_why) {
			calendar_free(calendar);
			return NULL;
		}
	}
	return calendar;
}

void calendar_free(struct calendar *calendar)
{
	if (!calendar)
		return;
	for (size_t i = 0; i < calendar->n; i++)
		free(calendar->windows[i].text);
	free(calendar->windows);
	free(calendar);
}

size_t calendar_length(const struct calendar *calendar)
{
	return calendar->n;
}

const char *calendar_window(const struct calendar *calendar, size_t i)
{
	return calendar->windows[i].text;
}

/* ---- look up */

static long offset_at(time_t at)
{
	struct tm tm = {0};

	return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0;
}

/* The clocks are changed once between the two: when. */
static time_t change_between(time_t low, time_t high)
{
	long before = offset_at(low);

	while (high - low > 1) {
		time_t middle = low + (high - low) / 2;

		if (offset_at(middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* When that minute of the date is: one that is skipped when the clocks are put forward, one that comes twice
 * the first time. */
static int64_t moment(const struct tm *date, int days_on, int minute)
{
	struct tm tm = {
		.tm_year = date->tm_year,
		.tm_mon = date->tm_mon,
		.tm_mday = date->tm_mday + days_on,
		.tm_min = minute,
	};
	time_t there = timegm(&tm), day = 86400;
	long before = offset_at(there - day), after = offset_at(there + day);
	time_t at = there - before;

	if (before != after && offset_at(at) != before) {
		at = there - after;
		if (offset_at(at) != after)
			at = change_between(there - day, there + day);
	}
	return (int64_t)at * USEC_PER_SEC;
}

static void note(int64_t *until_usec, int64_t at_usec, int64_t now_usec)
{
	if (at_usec > now_usec && at_usec < *until_usec)
		*until_usec = at_usec;
}

/* Whether the window holds at now; its next begin or end goes into *until_usec. */
static bool holds(const struct window *w, const struct tm *today, int64_t now_usec, int64_t *until_usec)
{
	bool inside = false;

	/* Yesterday's may last until today; a week has every begin. */
	for (int day = -1; day <= 7; day++) {
		int64_t from, to;

		if (!(w->days & (1u << ((today->tm_wday + day + 7) % 7))))
			continue;
		from = moment(today, day, w->from);
		to = moment(today, day, w->to);
		inside = inside || (from <= now_usec && now_usec < to);
		note(until_usec, from, now_usec);
		note(until_usec, to, now_usec);
	}
	return inside;
}

void calendar_at(const struct calendar *calendar, int64_t wall_usec, struct calendar_state *ret)
{
	time_t sec = (time_t)(wall_usec / USEC_PER_SEC);
	struct tm today = {0};

	*ret = (struct calendar_state){.stop_window = -1, .until_usec = USEC_INFINITY};
	for (int l = 0; l < LIMITS_N; l++)
		ret->values[l] = ret->windows[l] = -1;
	if (!localtime_r(&sec, &today))
		return;
	for (size_t i = 0; i < calendar->n; i++) {
		const struct window *w = &calendar->windows[i];

		if (!holds(w, &today, wall_usec, &ret->until_usec))
			continue;
		if (w->stop && !ret->stopped) {
			ret->stopped = true;
			ret->stop_window = (int)i;
		}
		for (int l = 0; l < LIMITS_N; l++)
			if (w->values[l] >= 0 && ret->windows[l] < 0) {
				ret->values[l] = w->values[l];
				ret->windows[l] = (int)i;
			}
	}
}

int64_t calendar_runs_at(const struct calendar *calendar, int64_t wall_usec)
{
	struct calendar_state state;

	for (int64_t at = wall_usec; at < wall_usec + LOOK_AHEAD_USEC; at = state.until_usec) {
		calendar_at(calendar, at, &state);
		if (!state.stopped)
			return at;
		if (state.until_usec == USEC_INFINITY)
			break;
	}
	return USEC_INFINITY;
}
