/* Cookies: the grammar of what users bring along. Owns nothing; any thread. No sentence repeats a value: they
 * are secrets.
 */
#include "config.h"

#include "job/cookie.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/header.h"

#define FIELDS 7

const char *cookie_pairs_refusal(const char *pairs)
{
	const char *why = header_value_refusal(pairs);

	if (why)
		return why;
	return strchr(pairs, '=') ? NULL : "cookies are written \"name=value; name=value\"";
}

/* Splits line at its tabs. The number of fields there are, counted up to one too many. */
static size_t split(char *line, char *fields[FIELDS])
{
	size_t n = 0;
	char *field;

	while ((field = strsep(&line, "\t"))) {
		if (n == FIELDS)
			return n + 1;
		fields[n++] = field;
	}
	return n;
}

static bool is_flag(const char *text)
{
	return text_ieq(text, "TRUE") || text_ieq(text, "FALSE");
}

/* Some programs write fractions, and negative numbers for cookies of a session. */
static bool is_number(const char *text)
{
	text += *text == '-';
	return *text && text[strspn(text, "0123456789.")] == '\0';
}

static const char *line_refusal(char *line)
{
	static const char http_only[] = "#HttpOnly_";
	const char *why = header_value_refusal(line);
	char *fields[FIELDS];
	size_t n;

	if (why)
		return "control characters";
	if (text_starts(line, http_only))
		line += strlen(http_only);
	else if (*line == '#' || line[strspn(line, " \t")] == '\0')
		return NULL;
	n = split(line, fields);
	/* An empty value may lack its tab. */
	if (n != FIELDS && n != FIELDS - 1)
		return "not the seven fields, with tabs between, of a Netscape cookie file";
	if (!*fields[0] || !is_flag(fields[1]) || !is_flag(fields[3]) || !is_number(fields[4]))
		return "not \"domain, TRUE or FALSE, path, TRUE or FALSE, time, name, value\"";
	return *fields[5] ? NULL : "a cookie without a name";
}

const char *cookie_jar_refusal(const char *text, size_t *ret_line)
{
	const char *why = NULL;

	for (*ret_line = 1; *text; (*ret_line)++) {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n > 0 && text[n - 1] == '\r' ? n - 1 : n);

		why = line_refusal(line);
		explicit_bzero(line, strlen(line));
		free(line);
		if (why)
			return why;
		text += n + (text[n] == '\n');
	}
	return NULL;
}
