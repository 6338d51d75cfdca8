/* Text from outside, made safe to show. Owns nothing; any thread. Must never pass on a byte that a terminal
 * obeys.
 */
#include "config.h"

#include "base/text.h"

#include <langinfo.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "base/alloc.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* General category Cf of Unicode 15, and with it line and paragraph separators (2028, 2029) and the
 * unassigned 2065; in order. */
static const struct cp_range {
	unsigned first, last;
} hidden_ranges[] = {
	{0x00ad, 0x00ad},
	{0x0600, 0x0605},
	{0x061c, 0x061c},
	{0x06dd, 0x06dd},
	{0x070f, 0x070f},
	{0x0890, 0x0891},
	{0x08e2, 0x08e2},
	{0x180e, 0x180e},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x206f},
	{0xfdd0, 0xfdef},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0x110bd, 0x110bd},
	{0x110cd, 0x110cd},
	{0x13430, 0x1343f},
	{0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a},
	{0xe0001, 0xe0001},
	{0xe0020, 0xe007f},
};

bool text_cp_hidden(unsigned cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return true;
	/* The last two code points of each plane are noncharacters. */
	if ((cp & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(hidden_ranges) && cp >= hidden_ranges[i].first; i++) {
		if (cp <= hidden_ranges[i].last)
			return true;
	}
	return false;
}

/* Length that the first byte promises; 0 for a byte that begins nothing (RFC 3629, section 4). */
static size_t utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t text_utf8_decode(const char *s, size_t n, unsigned *ret_cp)
{
	static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	size_t len = utf8_length(u[0]);

	if (len == 0 || len > n)
		return 0;
	unsigned cp = len == 1 ? u[0] : u[0] & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (u[i] & 0x3f);
	}
	/* Overlong forms, surrogates, beyond Unicode. */
	if (cp < smallest[len] || (cp >= 0xd800 && cp <= 0xdfff) || cp > 0x10ffff)
		return 0;
	*ret_cp = cp;
	return len;
}

bool text_utf8_valid(const char *s, size_t n)
{
	unsigned cp;

	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_decode(s + i, n - i, &cp);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

/* The longest is "\u{10fffe}". */
#define ESCAPED_MAX 11

/* One escaped code point or odd byte. Returns its length; *ret_used counts input bytes. */
static size_t escape_one(char out[ESCAPED_MAX], const char *s, size_t n, size_t *ret_used)
{
	unsigned cp;
	size_t len = text_utf8_decode(s, n, &cp);

	*ret_used = len > 0 ? len : 1;
	if (len == 0 || (len == 1 && text_cp_hidden(cp)))
		return (size_t)snprintf(out, ESCAPED_MAX, "\\x%02x", (unsigned char)s[0]);
	if (text_cp_hidden(cp))
		return (size_t)snprintf(out, ESCAPED_MAX, "\\u{%x}", cp);
	memcpy(out, s, len);
	return len;
}

char *text_escape_n(const char *s, size_t n)
{
	/* The worst are single bytes that become "\xNN"; "\u{10fffe}" comes of four. */
	char *out = xreallocarray(NULL, n + 1, 4);
	size_t used, at = 0;

	for (size_t i = 0; i < n; i += used) {
		char one[ESCAPED_MAX];
		size_t len = escape_one(one, s + i, n - i, &used);

		memcpy(out + at, one, len);
		at += len;
	}
	out[at] = '\0';
	return xreallocarray(out, at + 1, 1);
}

char *text_escape(const char *s)
{
	return text_escape_n(s, strlen(s));
}

/* Columns of the code point at s; *ret_len its bytes. Where the locale knows no Unicode, each counts one. */
static size_t cp_width(const char *s, size_t n, bool utf8_locale, size_t *ret_len)
{
	unsigned cp;

	*ret_len = text_utf8_decode(s, n, &cp);
	if (*ret_len == 0) {
		*ret_len = 1;
		return 1;
	}
	int width = utf8_locale ? wcwidth((wchar_t)cp) : 1;

	return width < 0 ? 1 : (size_t)width;
}

static bool locale_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Bytes of s that fit into max columns; *ret_width the columns they take. */
static size_t fitting(const char *s, size_t max, size_t *ret_width)
{
	bool utf8_locale = locale_is_utf8();
	size_t n = strlen(s), at = 0, width = 0;

	while (at < n) {
		size_t len, w = cp_width(s + at, n - at, utf8_locale, &len);

		if (w > max - width)
			break;
		width += w;
		at += len;
	}
	*ret_width = width;
	return at;
}

size_t text_width(const char *s)
{
	size_t width;

	fitting(s, SIZE_MAX, &width);
	return width;
}

char *text_ellipsize(const char *s, size_t columns)
{
	size_t width;

	if (fitting(s, columns, &width) == strlen(s))
		return xstrdup(s);
	if (columns == 0)
		return xstrdup("");
	return xasprintf("%.*s" ELLIPSIS, (int)fitting(s, columns - 1, &width), s);
}

char *text_ellipsize_middle(const char *s, size_t columns)
{
	bool utf8_locale = locale_is_utf8();
	size_t n = strlen(s), whole = text_width(s), head_width, width, head, at, len;

	if (whole <= columns || columns < 4)
		return text_ellipsize(s, columns);
	head = fitting(s, columns / 3, &head_width);
	at = fitting(s, whole - (columns - 1 - head_width), &width);
	/* A wide character on the edge goes, too, and what has no width behind it. */
	while (at < n && (whole - width > columns - 1 - head_width ||
				 cp_width(s + at, n - at, utf8_locale, &len) == 0)) {
		width += cp_width(s + at, n - at, utf8_locale, &len);
		at += len;
	}
	return xasprintf("%.*s" ELLIPSIS "%s", (int)head, s, s + at);
}

bool text_ieq(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		unsigned char x = (unsigned char)*a, y = (unsigned char)*b;

		if (x >= 'A' && x <= 'Z')
			x += 'a' - 'A';
		if (y >= 'A' && y <= 'Z')
			y += 'a' - 'A';
		if (x != y)
			return false;
	}
	return *a == *b;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int text_percent_byte(const char *s)
{
	int high = s[0] == '%' ? hex_value(s[1]) : -1;
	int low = high >= 0 ? hex_value(s[2]) : -1;

	return low >= 0 ? high << 4 | low : -1;
}
