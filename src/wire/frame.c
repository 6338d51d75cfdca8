/* Frame: one Varlink message between its text and its JSON value.
 *
 * Owns nothing; any thread. What arrives here was written by anybody: it must never reach jansson's recursive
 * parser before its depth is known, and never be taken half.
 */
#include "config.h"

#include "wire/frame.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static void wipe_and_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void wire_init(void)
{
	json_set_alloc_funcs(xmalloc, wipe_and_free);
}

/* Bytes from the opening quote to the one after the closing quote; to the end when it never closes. */
static size_t string_length(const char *text, size_t n)
{
	size_t i = 1;

	while (i < n && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < n ? i + 1 : n;
}

/* Whether brackets nest deeper than WIRE_DEPTH_MAX; *ret_position: where. Counting openers alone is enough:
 * text whose closers do not fit is refused by the parser. */
static bool too_deep(const char *text, size_t n, size_t *ret_position)
{
	int depth = 0;

	for (size_t i = 0; i < n;) {
		char c = text[i];

		if (c == '"') {
			i += string_length(text + i, n - i);
			continue;
		}
		if ((c == '{' || c == '[') && ++depth > WIRE_DEPTH_MAX) {
			*ret_position = i;
			return true;
		}
		if ((c == '}' || c == ']') && depth > 0)
			depth--;
		i++;
	}
	return false;
}

static const char *parse_why(enum json_error_code code)
{
	switch (code) {
	case json_error_invalid_utf8: return "not valid UTF-8";
	case json_error_premature_end_of_input: return "the message ends too early";
	case json_error_end_of_input_expected: return "more bytes after the end of the message";
	case json_error_null_character:
	case json_error_null_byte_in_key: return "a NUL character in a string";
	case json_error_duplicate_key: return "the same field twice";
	case json_error_numeric_overflow: return "a number out of range";
	case json_error_unknown:
	case json_error_out_of_memory:
	case json_error_stack_overflow:
	case json_error_cannot_open_file:
	case json_error_invalid_argument:
	case json_error_invalid_syntax:
	case json_error_invalid_format:
	case json_error_wrong_type:
	case json_error_null_value:
	case json_error_item_not_found:
	case json_error_index_out_of_range: break;
	}
	return "not JSON";
}

static json_t *refuse(const char *why, size_t position, const char **ret_why, size_t *ret_position)
{
	*ret_why = why;
	*ret_position = position;
	return NULL;
}

json_t *wire_parse(const char *text, size_t n, const char **ret_why, size_t *ret_position)
{
	json_error_t error;
	json_t *message;
	size_t at = 0;

	if (too_deep(text, n, &at))
		return refuse("nested too deeply", at, ret_why, ret_position);
	message = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!message) {
		at = error.position > 0 ? (size_t)error.position : 0;
		return refuse(parse_why(json_error_code(&error)), at, ret_why, ret_position);
	}
	if (!json_is_object(message)) {
		json_decref(message);
		return refuse("not a JSON object", 0, ret_why, ret_position);
	}
	return message;
}

char *wire_format(const json_t *message, size_t *ret_len)
{
	char *text = json_dumps(message, JSON_COMPACT);

	/* It fails only for want of memory, or for a cycle, which would be a bug. */
	if (!text)
		abort();
	*ret_len = strlen(text) + 1;
	return text;
}

/* s with every byte that is no part of valid UTF-8 as the four characters \xNN. */
static char *escape_odd_bytes(const char *s, size_t n)
{
	char *out = xmalloc(n * 4 + 1), *to = out;
	unsigned cp;

	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_decode(s + i, n - i, &cp);

		if (len > 0)
			to = mempcpy(to, s + i, len);
		else
			to += snprintf(to, sizeof("\\xff"), "\\x%02x", (unsigned char)s[i]);
		i += len > 0 ? len : 1;
	}
	*to = '\0';
	return out;
}

json_t *wire_string(const char *s)
{
	CLEANUP_FREE char *escaped = NULL;
	json_t *string;
	size_t n;

	if (!s)
		return json_null();
	n = strlen(s);
	if (!text_utf8_valid(s, n)) {
		escaped = escape_odd_bytes(s, n);
		string = json_string_nocheck(escaped);
	} else {
		string = json_stringn_nocheck(s, n);
	}
	if (!string)
		abort();
	return string;
}
