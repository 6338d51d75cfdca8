/* Attempts: a table that fits 80 columns, whatever an address, an error or a note has to say: these have
 * lines of their own below the row. Columns that no attempt has anything for are left out.
 */
#include "config.h"

#include "fetchctl/out_attempts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "wire/attemptjson.h"

enum column {
	COLUMN_NUMBER,
	COLUMN_WHEN,
	COLUMN_OUTCOME,
	COLUMN_HTTP,
	COLUMN_STATUS,
	COLUMN_DNS,
	COLUMN_CONNECT,
	COLUMN_TLS,
	COLUMN_FIRST,
	COLUMN_BYTES,
};
#define COLUMN_N (COLUMN_BYTES + 1)

static const struct {
	const char *heading;
	bool left;
} columns[COLUMN_N] = {
	[COLUMN_NUMBER] = {"#"},
	[COLUMN_WHEN] = {"WHEN", .left = true},
	[COLUMN_OUTCOME] = {"OUTCOME", .left = true},
	[COLUMN_HTTP] = {"HTTP", .left = true},
	[COLUMN_STATUS] = {"STATUS"},
	[COLUMN_DNS] = {"DNS"},
	[COLUMN_CONNECT] = {"CONN"},
	[COLUMN_TLS] = {"TLS"},
	[COLUMN_FIRST] = {"FIRST"},
	[COLUMN_BYTES] = {"BYTES"},
};

struct rows {
	struct attempt **attempts;
	char *(*cells)[COLUMN_N];
	size_t n;
};

/* ---- cells --------------------------------------------------------------------------------------- */

static char *span_text(int64_t usec)
{
	char buf[UNITS_MAX];

	return xstrdup(usec >= 0 ? units_format_span(buf, usec) : "");
}

static char *version_text(int version)
{
	if (version >= 20)
		return xasprintf("%d", version / 10);
	return version > 0 ? xasprintf("%d.%d", version / 10, version % 10) : xstrdup("");
}

/* Without the year. */
static char *when_text(int64_t wall_usec)
{
	char buf[UNITS_MAX];

	return xstrdup(strchr(units_format_time(buf, wall_usec), '-') + 1);
}

static void fill_cells(const struct attempt *attempt, char *cells[COLUMN_N])
{
	char buf[UNITS_MAX];

	cells[COLUMN_NUMBER] = xasprintf("%lld", (long long)attempt->number);
	cells[COLUMN_WHEN] = when_text(attempt->started_usec);
	cells[COLUMN_OUTCOME] = xstrdup(attempt_outcome_name(attempt->outcome));
	cells[COLUMN_HTTP] = version_text(attempt->http_version);
	cells[COLUMN_STATUS] = attempt->http_status > 0 ? xasprintf("%d", attempt->http_status) : xstrdup("");
	cells[COLUMN_DNS] = span_text(attempt->dns_usec);
	cells[COLUMN_CONNECT] = span_text(attempt->connect_usec);
	cells[COLUMN_TLS] = span_text(attempt->tls_usec);
	cells[COLUMN_FIRST] = span_text(attempt->first_byte_usec);
	cells[COLUMN_BYTES] = xstrdup(units_format_size(buf, attempt->bytes));
}

/* What is no Attempt is passed over. */
static void rows_init(struct rows *rows, const json_t *json)
{
	size_t most = json_array_size(json);

	*rows = (struct rows){.attempts = xcalloc(most + 1, sizeof(*rows->attempts))};
	rows->cells = xcalloc(most + 1, sizeof(*rows->cells));
	for (size_t i = 0; i < most; i++) {
		struct attempt *attempt = wire_attempt_from_json(json_array_get(json, i));

		if (!attempt)
			continue;
		fill_cells(attempt, rows->cells[rows->n]);
		rows->attempts[rows->n++] = attempt;
	}
}

static void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		attempt_free(rows->attempts[i]);
		for (size_t c = 0; c < COLUMN_N; c++)
			free(rows->cells[i][c]);
	}
	free(rows->attempts);
	free(rows->cells);
}

/* ---- the table ----------------------------------------------------------------------------------- */

/* 0 for a column that is empty in every row. */
static void measure(const struct rows *rows, bool legend, size_t widths[COLUMN_N])
{
	for (size_t c = 0; c < COLUMN_N; c++) {
		widths[c] = 0;
		for (size_t i = 0; i < rows->n; i++) {
			size_t width = strlen(rows->cells[i][c]);

			widths[c] = width > widths[c] ? width : widths[c];
		}
		if (legend && widths[c] > 0 && widths[c] < strlen(columns[c].heading))
			widths[c] = strlen(columns[c].heading);
	}
}

static void put_cells(const char *const cells[COLUMN_N], const size_t widths[COLUMN_N])
{
	for (size_t c = 0; c < COLUMN_N; c++) {
		int width = (int)widths[c];

		if (width > 0)
			printf("  %*s", columns[c].left ? -width : width, cells[c]);
	}
	putchar('\n');
}

static void put_heading(const size_t widths[COLUMN_N])
{
	const char *cells[COLUMN_N];

	for (size_t c = 0; c < COLUMN_N; c++)
		cells[c] = columns[c].heading;
	put_cells(cells, widths);
}

/* "192.0.2.1:443, from byte 4096, 2 redirects"; "" when there is nothing to say. Caller frees. */
static char *way_text(const struct attempt *attempt, const char *address)
{
	CLEANUP_FREE char *from =
		attempt->offset > 0 ? xasprintf(", from byte %lld", (long long)attempt->offset) : xstrdup("");
	CLEANUP_FREE char *redirects =
		attempt->redirects > 0
			? xasprintf(", %u redirect%s", attempt->redirects, attempt->redirects == 1 ? "" : "s")
			: xstrdup("");
	CLEANUP_FREE char *all = xasprintf("%s%s%s", address ? address : "", from, redirects);

	return text_escape(text_starts(all, ", ") ? all + 2 : all);
}

/* "E_DNS: cannot resolve host"; "" when all went well. Caller frees. */
static char *error_text(const struct attempt *attempt)
{
	CLEANUP_FREE char *both =
		attempt->code ? xasprintf("%s: %s", attempt->code, attempt->message ? attempt->message : "")
			      : xstrdup("");

	return text_escape(both);
}

static void put_below(int indent, const char *text)
{
	if (*text)
		printf("%*s%s\n", indent, "", text);
}

/* An address stands where it is another one than before. */
static void put_table(const struct rows *rows, bool legend)
{
	const char *address = "";
	size_t widths[COLUMN_N];

	measure(rows, legend, widths);
	if (legend)
		put_heading(widths);
	for (size_t i = 0; i < rows->n; i++) {
		const struct attempt *attempt = rows->attempts[i];
		bool moved = attempt->address && strcmp(attempt->address, address) != 0;
		CLEANUP_FREE char *way = way_text(attempt, moved ? attempt->address : NULL);
		CLEANUP_FREE char *error = error_text(attempt);
		CLEANUP_FREE char *note = text_escape(attempt->note ? attempt->note : "");
		int indent = (int)widths[COLUMN_NUMBER] + 4;

		put_cells((const char *const *)rows->cells[i], widths);
		put_below(indent, way);
		put_below(indent, error);
		put_below(indent, note);
		address = moved ? attempt->address : address;
	}
}

/* ---- lines --------------------------------------------------------------------------------------- */

static void put_part(const char *before, const char *text)
{
	if (*text)
		printf(", %s%s", before, text);
}

static void put_line(const struct attempt *attempt, char *const cells[COLUMN_N])
{
	CLEANUP_FREE char *way = way_text(attempt, attempt->address), *error = error_text(attempt);
	CLEANUP_FREE char *note = text_escape(attempt->note ? attempt->note : "");
	char when[UNITS_MAX];

	printf("attempt: %s, %s, %s", cells[COLUMN_NUMBER], units_format_time(when, attempt->started_usec),
		cells[COLUMN_OUTCOME]);
	put_part("", way);
	put_part("HTTP/", cells[COLUMN_HTTP]);
	put_part("status ", cells[COLUMN_STATUS]);
	put_part("dns ", cells[COLUMN_DNS]);
	put_part("connect ", cells[COLUMN_CONNECT]);
	put_part("tls ", cells[COLUMN_TLS]);
	put_part("first byte ", cells[COLUMN_FIRST]);
	printf(", %lld bytes", (long long)attempt->bytes);
	put_part("", error);
	put_part("", note);
	putchar('\n');
}

void attempts_show(const json_t *attempts, bool aligned, bool legend)
{
	struct rows rows;

	rows_init(&rows, attempts);
	if (aligned && rows.n > 0)
		put_table(&rows, legend);
	for (size_t i = 0; i < rows.n && !aligned; i++)
		put_line(rows.attempts[i], rows.cells[i]);
	rows_done(&rows);
}

char *attempts_address(const json_t *attempts)
{
	for (size_t i = json_array_size(attempts); i > 0; i--) {
		const json_t *address = json_object_get(json_array_get(attempts, i - 1), "address");

		if (json_is_string(address))
			return text_escape(json_string_value(address));
	}
	return NULL;
}
