/* View of attempts (type Attempt): a table that fits 80 columns, whatever an address, an error or a note has
 * to say: these have lines of their own below the row. */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/view.h"

static const char *string_of(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

static long long number_of(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static bool took_number(const json_t *row, int64_t *ret)
{
	*ret = number_of(row, "ended_usec") - number_of(row, "started_usec");
	return *ret >= 0;
}

static const struct column columns[] = {
	{"number", "#", "1 is the job's first", COLUMN_NUMBER, "number"},
	{"started", "STARTED", "when it began", COLUMN_TIME, "started_usec"},
	{"ended", "ENDED", "when it ended", COLUMN_TIME, "ended_usec"},
	{"took", "TOOK", "how long it was", COLUMN_DURATION, .number = took_number, .wanted = 60},
	{"outcome", "OUTCOME", "done, retry, restart, failed, held or stopped", COLUMN_STATE, "outcome"},
	{"host", "HOST", "of the source that was asked, of a job with several", COLUMN_TEXT, "host",
		.share = 0.25},
	{"address", "ADDRESS", "address and port of the server", COLUMN_TEXT, "address", .share = 0.25},
	{"http", "HTTP", "version of HTTP", COLUMN_TEXT, "http_version", .wanted = 60, .needed = true},
	{"status", "STATUS", "of the response", COLUMN_NUMBER, "http_status", .needed = true},
	{"dns", "DNS", "until the name was resolved", COLUMN_DURATION, "dns_usec", .wanted = 60,
		.needed = true},
	{"connect", "CONN", "until it was connected", COLUMN_DURATION, "connect_usec", .wanted = 60,
		.needed = true},
	{"tls", "TLS", "until TLS was there", COLUMN_DURATION, "tls_usec", .wanted = 60, .needed = true},
	{"first", "FIRST", "until the first byte came", COLUMN_DURATION, "first_byte_usec", .wanted = 60,
		.needed = true},
	{"redirects", "REDIRECTS", "how many there were", COLUMN_NUMBER, "redirects"},
	{"offset", "OFFSET", "where in the file it began", COLUMN_SIZE, "offset"},
	{"bytes", "BYTES", "what it brought", COLUMN_SIZE, "bytes"},
	{"error", "ERROR", "code of its error", COLUMN_TEXT, "code", .of = "error", .share = 0.2},
	{"message", "MESSAGE", "its error as a sentence", COLUMN_TEXT, "message", .of = "error",
		.share = 0.25},
	{"note", "NOTE", "what else happened", COLUMN_TEXT, "note", .share = 0.2},
};

/* "192.0.2.1:443", or where the job has several sources "http://example.org:80 at 192.0.2.1:80". Not escaped;
 * caller frees. */
static char *place_text(const json_t *row)
{
	const char *host = string_of(row, "host"), *address = string_of(row, "address");

	return xasprintf("%s%s%s", host, *host && *address ? " at " : "", address);
}

/* "192.0.2.1:443, from byte 4096, 2 redirects". Not escaped; caller frees. */
static char *way_text(const json_t *row, const json_t *before)
{
	CLEANUP_FREE char *address = place_text(row), *last = place_text(before);
	/* Where it is the one before, it need not be said again. */
	bool moved = strcmp(address, last) != 0;
	long long offset = number_of(row, "offset"), redirects = number_of(row, "redirects");
	CLEANUP_FREE char *from = offset > 0 ? xasprintf(", from byte %lld", offset) : xstrdup("");
	CLEANUP_FREE char *led =
		redirects > 0 ? xasprintf(", %lld redirect%s", redirects, redirects == 1 ? "" : "s")
			      : xstrdup("");
	CLEANUP_FREE char *all = xasprintf("%s%s%s", moved ? address : "", from, led);

	return xstrdup(text_starts(all, ", ") ? all + 2 : all);
}

static char *below(const json_t *row, const json_t *before)
{
	const json_t *error = json_object_get(row, "error");
	CLEANUP_FREE char *way = way_text(row, before);
	CLEANUP_FREE char *failure =
		error ? xasprintf("%s: %s", string_of(error, "code"), string_of(error, "message"))
		      : xstrdup("");
	CLEANUP_FREE char *first = text_escape(way), *second = text_escape(failure),
			  *third = text_escape(string_of(row, "note"));

	return xasprintf("%s\n%s\n%s", first, second, third);
}

const struct view view_attempts = {
	.what = "attempts",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "number,started,ended,outcome,address,http,status,dns,connect,tls,first,redirects,offset,"
		 "bytes,error,"
		 "message,note",
	.aligned = "number,started,outcome,http,status,dns,connect,tls,first,bytes",
	.below = below,
};
