/* Hosts, for the text writer: rows of a grid. */
#include "config.h"

#include "fetchctl/out_hosts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"

static const struct grid_column columns[] = {
	{"HOST", false},
	{"STATE", false},
	{"ACTIVE", true},
	{"LIMIT", true},
	{"DONE", true},
	{"FAILED", true},
	{"NOTE", false},
};

struct grid *hosts_grid(void)
{
	return grid_new(columns, ARRAY_LEN(columns));
}

static int64_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static char *number_text(const json_t *host, const char *name)
{
	return xasprintf("%lld", (long long)number_of(host, name));
}

/* "held: E_HTTP_429, 25s left", "last: E_CONNECT 3s ago". Caller frees; NULL: nothing. */
static char *note_text(const json_t *host)
{
	const char *state = json_string_value(json_object_get(host, "state"));
	const char *hold = json_string_value(json_object_get(host, "hold_error"));
	const char *last = json_string_value(json_object_get(host, "last_error"));
	int64_t now = clock_wall_usec(), left = number_of(host, "until_usec") - now;
	char span[UNITS_MAX];

	if (state && strcmp(state, "held") == 0)
		return xasprintf("asked to wait%s%s, %s left", hold ? ": " : "", hold ? hold : "",
			units_format_span(span, left > 0 ? left : 0));
	if (state && strcmp(state, "broken") == 0 && left > 0)
		return xasprintf("%lld failures in a row%s%s; asked again in %s",
			(long long)number_of(host, "failures"), last ? ", last " : "", last ? last : "",
			units_format_span(span, left));
	if (state && strcmp(state, "broken") == 0)
		return xstrdup("a probe is out");
	if (!last)
		return NULL;
	left = now - number_of(host, "last_error_usec");
	return xasprintf("last: %s %s ago", last, units_format_span(span, left > 0 ? left : 0));
}

void hosts_grid_add(struct grid *grid, const json_t *host)
{
	const char *name = json_string_value(json_object_get(host, "host"));
	const char *state = json_string_value(json_object_get(host, "state"));
	char *cells[ARRAY_LEN(columns)] = {
		xstrdup_null(name),
		xstrdup_null(state),
		number_text(host, "active"),
		xasprintf("%lld/%lld", (long long)number_of(host, "limit"),
			(long long)number_of(host, "max_per_host")),
		number_text(host, "done"),
		number_text(host, "failed"),
		note_text(host),
	};

	grid_add(grid, cells);
}
