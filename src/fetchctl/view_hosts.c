/* View of hosts (type Host). */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/view.h"
#include "fetchctl/words.h"

static const char *string_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

static int64_t number_of(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static char *host_words(const json_t *row)
{
	return words_host(string_of(row, "host"));
}

static char *limit_words(const json_t *row)
{
	return xasprintf(
		"%lld/%lld", (long long)number_of(row, "limit"), (long long)number_of(row, "max_per_host"));
}

/* The error that matters now: of the hold, else the last. */
static char *error_text(const json_t *row)
{
	const char *hold = string_of(row, "hold_error");

	return xstrdup_null(hold ? hold : string_of(row, "last_error"));
}

/* Not escaped; caller frees. */
static char *held_text(const char *error, int64_t left)
{
	char span[UNITS_MAX];

	return xasprintf("asked to wait%s%s, %s left", error ? ": " : "", error ? error : "",
		units_format_span(span, left > 0 ? left / USEC_PER_SEC * USEC_PER_SEC : 0));
}

static char *broken_text(const json_t *row, const char *last, int64_t left)
{
	char span[UNITS_MAX];

	if (left <= 0)
		return xstrdup("a probe is out");
	return xasprintf("%lld failures in a row%s%s; asked again in %s",
		(long long)number_of(row, "failures"), last ? ", last " : "", last ? last : "",
		units_format_span(span, (left + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC));
}

static char *note_words(const json_t *row)
{
	const char *state = string_of(row, "state"), *last = string_of(row, "last_error");
	int64_t left = number_of(row, "until_usec") - clock_wall_usec();
	CLEANUP_FREE char *note = NULL, *when = NULL;

	if (state && strcmp(state, "held") == 0) {
		note = held_text(string_of(row, "hold_error"), left);
	} else if (state && strcmp(state, "broken") == 0) {
		note = broken_text(row, last, left);
	} else if (last) {
		when = words_when(number_of(row, "last_error_usec"));
		note = xasprintf("last: %s %s", last, when);
	}
	return text_escape(note ? note : "");
}

static const struct column columns[] = {
	{"host", "HOST", "scheme://host:port", COLUMN_TEXT, "host", .words = host_words, .share = 0.3},
	{"state", "STATE", "open, full, paced, broken or held", COLUMN_STATE, "state"},
	{"active", "ACTIVE", "transfers that run", COLUMN_NUMBER, "active"},
	{"limit", "LIMIT", "how many at once it was found to take", COLUMN_NUMBER, "limit",
		.words = limit_words},
	{"max", "MAX", "how many it may be asked for", COLUMN_NUMBER, "max_per_host"},
	{"done", "DONE", "attempts that ended well", COLUMN_NUMBER, "done", .wanted = 50},
	{"failed", "FAILED", "attempts that did not", COLUMN_NUMBER, "failed", .wanted = 50},
	{"failures", "FAILURES", "failures in a row", COLUMN_NUMBER, "failures"},
	{"until", "UNTIL", "when what holds it is over", COLUMN_TIME, "until_usec"},
	{"interval", "INTERVAL", "least time between two starts", COLUMN_DURATION, "start_interval_usec"},
	{"error", "ERROR", "what holds it, or its last error", COLUMN_TEXT, .text = error_text},
	{"error-time", "ERROR-TIME", "when its last error was", COLUMN_TIME, "last_error_usec"},
	{"note", "NOTE", "the same in words; in a pipe as ERROR", COLUMN_TEXT, .text = error_text,
		.words = note_words, .share = 0.3},
};

const struct view view_hosts = {
	.what = "hosts",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "host,state,active,limit,max,done,failed,until,error",
	.aligned = "host,state,active,limit,done,failed,note",
};
