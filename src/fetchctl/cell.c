/* Cell: values of the protocol by the kind of their column. */
#include "config.h"

#include "fetchctl/cell.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"
#include "job/job.h"

/* ---- values -------------------------------------------------------------------------------------- */

bool column_is_number(const struct column *column)
{
	switch (column->kind) {
	case COLUMN_TEXT:
	case COLUMN_STATE:
	case COLUMN_TIME: return false;
	case COLUMN_NUMBER:
	case COLUMN_SIZE:
	case COLUMN_RATE:
	case COLUMN_DURATION: break;
	}
	return true;
}

static bool holds_number(const struct column *column)
{
	return column->kind == COLUMN_TIME || column_is_number(column);
}

static const json_t *field_of(const struct column *column, const json_t *row)
{
	return column->key ? json_object_get(column->of ? json_object_get(row, column->of) : row, column->key)
			   : NULL;
}

static bool number_of(const struct column *column, const json_t *row, int64_t *ret)
{
	const json_t *value;

	if (column->number)
		return column->number(row, ret);
	value = field_of(column, row);
	*ret = json_integer_value(value);
	return json_is_integer(value);
}

/* As it is, not escaped; NULL: nothing. *ret_made: what the caller frees. */
static const char *text_of(const struct column *column, const json_t *row, char **ret_made)
{
	if (column->text)
		return *ret_made = column->text(row);
	return json_string_value(field_of(column, row));
}

/* ---- for a pipe ---------------------------------------------------------------------------------- */

void cell_put_plain(struct line *line, const struct column *column, const json_t *row)
{
	CLEANUP_FREE char *made = NULL;
	const char *text;
	int64_t n;

	if (holds_number(column)) {
		if (number_of(column, row, &n))
			line_put_number(line, n);
		else
			line_put_char(line, '-');
		return;
	}
	text = text_of(column, row, &made);
	if (text && *text)
		line_put_escaped(line, text, strlen(text));
	else
		line_put_char(line, '-');
}

/* ---- for people ---------------------------------------------------------------------------------- */

static char *number_words(enum column_kind kind, int64_t n)
{
	char buf[UNITS_MAX];

	switch (kind) {
	case COLUMN_SIZE: return xstrdup(units_format_size(buf, n));
	case COLUMN_RATE: return xstrdup(units_format_rate(buf, n));
	case COLUMN_TIME: return words_when(n);
	case COLUMN_DURATION: return xstrdup(units_format_span(buf, n));
	case COLUMN_NUMBER:
	case COLUMN_TEXT:
	case COLUMN_STATE: break;
	}
	return xasprintf("%lld", (long long)n);
}

char *cell_words(const struct column *column, const json_t *row)
{
	CLEANUP_FREE char *made = NULL;
	const char *text;
	int64_t n;

	if (column->words)
		return column->words(row);
	if (holds_number(column))
		return number_of(column, row, &n) ? number_words(column->kind, n) : xstrdup("");
	text = text_of(column, row, &made);
	return text_escape(text ? text : "");
}

const char *cell_color(const char *word)
{
	/* Words of hosts, groups and attempts, by the state of a job that they are like. */
	static const struct {
		const char *word;
		enum job_state like;
	} words[] = {
		{"filling", JOB_ACTIVE},
		{"running", JOB_ACTIVE},
		{"ending", JOB_WAITING},
		{"full", JOB_WAITING},
		{"paced", JOB_WAITING},
		{"held", JOB_WAITING},
		{"retry", JOB_WAITING},
		{"restart", JOB_WAITING},
		{"broken", JOB_FAILED},
		{"empty", JOB_PAUSED},
		{"stopped", JOB_PAUSED},
	};
	int state = job_state_parse(word);

	for (size_t i = 0; state < 0 && i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].word, word) == 0)
			state = (int)words[i].like;
	return state >= 0 ? term_state_color((enum job_state)state, true) : "";
}

/* ---- order --------------------------------------------------------------------------------------- */

static int64_t rank_of(const struct column *column, const json_t *row)
{
	int64_t n;
	const char *word;

	if (holds_number(column))
		return number_of(column, row, &n) ? n : INT64_MIN;
	word = column->kind == COLUMN_STATE ? json_string_value(field_of(column, row)) : NULL;
	return word ? job_state_parse(word) : -1;
}

int cell_compare(const struct column *column, const json_t *a, const json_t *b)
{
	CLEANUP_FREE char *made_a = NULL, *made_b = NULL;
	int64_t n = rank_of(column, a), m = rank_of(column, b);
	const char *s, *t;

	if (n != m || holds_number(column))
		return (n > m) - (n < m);
	s = text_of(column, a, &made_a);
	t = text_of(column, b, &made_b);
	return strcmp(s ? s : "", t ? t : "");
}
