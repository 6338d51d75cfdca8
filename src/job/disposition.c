/* Content-Disposition. Owns nothing; any thread. Must never return more than one component, however it was
 * encoded: the path is cut off last.
 */
#include "config.h"

#include "job/disposition.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/name.h"

#define WHITE_SPACE " \t"

/* A longer value names nothing that somebody meant. */
#define VALUE_BYTES_MAX 8192

/* RFC 2231, 3: "filename*0", "filename*1", …; so many are read. */
#define SECTIONS_MAX 32

/* Bytes with their number: a percent-encoded name may hold NULs. */
struct bytes {
	char *s;
	size_t n;
};

/* ---- parameters */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "C:\dir\file": whoever writes that means no escapes. */
static bool is_dos_path(const char *s)
{
	return is_letter(s[0]) && s[1] == ':' && s[2] == '\\' && s[3] != '\\';
}

/* The quoted string whose text begins at *p, without its escapes; *p moves behind it. The closing quote may
 * be missing. */
static char *take_quoted(const char **p)
{
	const char *s = *p;
	bool dos = is_dos_path(s);
	char *text = xmalloc(strlen(s) + 1);
	size_t n = 0;

	while (*s && *s != '"') {
		if (*s == '\\' && s[1] && (!dos || s[1] == '"'))
			s++;
		text[n++] = *s++;
	}
	text[n] = '\0';
	*p = s;
	return text;
}

static char *trimmed(const char *s, size_t n)
{
	while (n > 0 && strchr(WHITE_SPACE, s[n - 1]))
		n--;
	return xstrndup(s, n);
}

/* The word that ends before the '=' at s + n: nothing but a space may stand between the type and it. */
static char *take_name(const char *s, size_t n)
{
	size_t start;

	while (n > 0 && strchr(WHITE_SPACE, s[n - 1]))
		n--;
	for (start = n; start > 0 && !strchr(WHITE_SPACE, s[start - 1]);)
		start--;
	return xstrndup(s + start, n - start);
}

/* The next "name=value" at *p; false at the end. The type, and whatever else has no '=', is passed over. */
static bool next_parameter(const char **p, char **ret_name, char **ret_value)
{
	const char *s = *p;
	size_t n = strcspn(s, ";=");

	while (s[n] == ';') {
		s += n + 1;
		n = strcspn(s, ";=");
	}
	if (!s[n])
		return false;
	*ret_name = take_name(s, n);
	s += n + 1;
	s += strspn(s, WHITE_SPACE);
	if (*s == '"') {
		s++;
		*ret_value = take_quoted(&s);
	} else {
		*ret_value = trimmed(s, strcspn(s, ";"));
	}
	*p = s + strcspn(s, ";");
	return true;
}

/* The first parameter called name; NULL when there is none. Caller frees. */
static char *parameter(const char *value, const char *name)
{
	char *found, *text;

	while (next_parameter(&value, &found, &text)) {
		bool same = text_ieq(found, name);

		free(found);
		if (same)
			return text;
		free(text);
	}
	return NULL;
}

/* ---- decoding */

/* Latin-1 as UTF-8, in place of what it was. */
static void latin1_to_utf8(struct bytes *b)
{
	char *out = xmalloc(b->n * 2 + 1);
	size_t at = 0;

	for (size_t i = 0; i < b->n; i++) {
		unsigned char c = (unsigned char)b->s[i];

		if (c < 0x80) {
			out[at++] = (char)c;
		} else {
			out[at++] = (char)(0xc0 | c >> 6);
			out[at++] = (char)(0x80 | (c & 0x3f));
		}
	}
	free(b->s);
	*b = (struct bytes){out, at};
}

/* Appends the bytes that the value-chars at s stand for. False when an escape or a byte is none. */
static bool append_value_chars(struct bytes *b, const char *s)
{
	b->s = xreallocarray(b->s, b->n + strlen(s) + 1, 1);
	for (; *s; s++) {
		int byte = *s == '%' ? text_percent_byte(s) : (unsigned char)*s;

		if (byte < 0 || (unsigned char)*s >= 0x80)
			return false;
		b->s[b->n++] = (char)byte;
		s += *s == '%' ? 2 : 0;
	}
	return true;
}

enum charset {
	CHARSET_UNKNOWN,
	CHARSET_UTF8,
	CHARSET_LATIN1,
};

/* "UTF-8'en'…" (RFC 8187, 3.2): the charset; *ret_chars is what comes behind the language. */
static enum charset take_charset(const char *value, const char **ret_chars)
{
	size_t n = strcspn(value, "'");
	const char *language_end = value[n] ? strchr(value + n + 1, '\'') : NULL;
	CLEANUP_FREE char *charset = xstrndup(value, n);

	if (!language_end)
		return CHARSET_UNKNOWN;
	*ret_chars = language_end + 1;
	if (text_ieq(charset, "UTF-8"))
		return CHARSET_UTF8;
	return text_ieq(charset, "ISO-8859-1") ? CHARSET_LATIN1 : CHARSET_UNKNOWN;
}

/* What was decoded is in the charset it claims; then it is UTF-8. */
static bool settle_charset(struct bytes *b, enum charset charset)
{
	if (charset == CHARSET_LATIN1)
		latin1_to_utf8(b);
	return text_utf8_valid(b->s, b->n);
}

/* ---- the three places where a name may stand */

/* One safe component, or NULL. Frees what b holds. */
static char *usable(struct bytes *b)
{
	size_t start = b->n;

	while (start > 0 && b->s[start - 1] != '/' && b->s[start - 1] != '\\')
		start--;
	char *name = name_sanitize_or_null(b->s + start, b->n - start);

	free(b->s);
	return name;
}

static char *unusable(struct bytes *b)
{
	free(b->s);
	return NULL;
}

/* filename* */
static char *extended_name(const char *value)
{
	CLEANUP_FREE char *text = parameter(value, "filename*");
	const char *chars;
	struct bytes b = {0};
	enum charset charset = text ? take_charset(text, &chars) : CHARSET_UNKNOWN;

	if (charset == CHARSET_UNKNOWN || !append_value_chars(&b, chars) || !settle_charset(&b, charset))
		return unusable(&b);
	return usable(&b);
}

/* The section of that number, encoded ("filename*1*") or plain; NULL when there is none. */
static char *section(const char *value, int number, bool *ret_encoded)
{
	char name[32];

	snprintf(name, sizeof(name), "filename*%d*", number);
	char *text = parameter(value, name);

	*ret_encoded = text != NULL;
	if (text)
		return text;
	name[strlen(name) - 1] = '\0';
	return parameter(value, name);
}

/* Appends one section; the first may say a charset. */
static bool append_section(struct bytes *b, int number, const char *text, bool encoded, enum charset *charset)
{
	size_t n = strlen(text);

	if (encoded && number == 0 && (*charset = take_charset(text, &text)) == CHARSET_UNKNOWN)
		return false;
	if (encoded)
		return append_value_chars(b, text);
	b->s = xreallocarray(b->s, b->n + n + 1, 1);
	memcpy(b->s + b->n, text, n);
	b->n += n;
	return true;
}

/* filename*0, filename*1, … */
static char *continued_name(const char *value)
{
	struct bytes b = {0};
	enum charset charset = CHARSET_UTF8;
	bool encoded;

	for (int i = 0; i < SECTIONS_MAX; i++) {
		CLEANUP_FREE char *text = section(value, i, &encoded);

		if (!text)
			break;
		if (!append_section(&b, i, text, encoded, &charset))
			return unusable(&b);
	}
	return b.s && settle_charset(&b, charset) ? usable(&b) : unusable(&b);
}

/* filename: no charset is said, and a percent sign is one. */
static char *plain_name(const char *value)
{
	char *text = parameter(value, "filename");
	struct bytes b = {text, text ? strlen(text) : 0};

	if (!text)
		return NULL;
	if (!text_utf8_valid(b.s, b.n))
		latin1_to_utf8(&b);
	return usable(&b);
}

char *disposition_name(const char *value)
{
	if (strnlen(value, VALUE_BYTES_MAX + 1) > VALUE_BYTES_MAX)
		return NULL;
	char *name = extended_name(value);

	if (!name)
		name = continued_name(value);
	return name ? name : plain_name(value);
}
