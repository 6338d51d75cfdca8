/* View of limits (type Limit). */
#include "config.h"

#include "base/alloc.h"
#include "base/units.h"
#include "fetchctl/view.h"
#include "job/limit.h"

/* "1.0MiB/s", "16", "none", by what the row's name says of the unit. Caller frees. */
static char *value_in_words(const json_t *row, const char *key)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	int limit = name ? limit_parse(name) : -1;
	enum limit_unit unit = limit < 0 ? LIMIT_COUNT : limit_info((enum limit)limit)->unit;
	const json_t *field = json_object_get(row, key);
	int64_t value = json_integer_value(field);
	char buf[UNITS_MAX];

	if (!json_is_integer(field))
		return xstrdup("");
	if (value == 0)
		return xstrdup("none");
	switch (unit) {
	case LIMIT_BYTES: return xstrdup(units_format_size(buf, value));
	case LIMIT_RATE: return xstrdup(units_format_rate(buf, value));
	case LIMIT_COUNT: break;
	}
	return xasprintf("%lld", (long long)value);
}

static char *value_words(const json_t *row)
{
	return value_in_words(row, "value");
}

static char *saved_words(const json_t *row)
{
	return value_in_words(row, "saved");
}

static const struct column columns[] = {
	{"name", "NAME", "the limit's name", COLUMN_TEXT, "name", .share = 0.3},
	{"value", "VALUE", "what holds now", COLUMN_NUMBER, "value", .words = value_words},
	{"source", "SOURCE", "where it comes from", COLUMN_TEXT, "source"},
	{"window", "WINDOW", "line of the calendar", COLUMN_TEXT, "window", .share = 0.3, .needed = true},
	{"saved", "SAVED", "what was saved, whatever holds now", COLUMN_NUMBER, "saved",
		.words = saved_words},
};

const struct view view_limits = {
	.what = "limits",
	.columns = columns,
	.n_columns = ARRAY_LEN(columns),
	.plain = "name,value,source,window",
	.aligned = "name,value,source,window",
};
