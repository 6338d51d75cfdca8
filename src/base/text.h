/* Text from outside: what must happen before it stands on a terminal, in a log or in JSON. Pure. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Copy of s that a terminal or log can show: C0, DEL, C1, bidi controls and other format characters (Cf),
 * line and paragraph separators, and bytes that are not UTF-8 are written as \xNN or \u{N}; a backslash stays
 * as it is. Caller frees. Never NULL. */
char *text_escape(const char *s);
/* As text_escape(), for n bytes that may hold NULs. */
char *text_escape_n(const char *s, size_t n);
bool text_utf8_valid(const char *s, size_t n);
/* Decode one code point of n > 0 bytes at s: its length in bytes (1..4) and value; 0 when not valid UTF-8
 * (RFC 3629). */
size_t text_utf8_decode(const char *s, size_t n, unsigned *ret_cp);
/* A code point that may change how others are shown, or is no character at all: C0, DEL, C1, Cf, U+2028/9,
 * noncharacters. */
bool text_cp_hidden(unsigned cp);
/* Columns that s, escaped already, takes on a terminal: wcwidth(3) in a UTF-8 locale, else one each. */
size_t text_width(const char *s);
/* Copy of s cut to at most columns, with "…" in the place of what is left out; whole when it fits. Caller
 * frees. */
char *text_ellipsize(const char *s, size_t columns);
/* The same with "…" in the middle: of names that begin alike the end is what tells them apart. */
char *text_ellipsize_middle(const char *s, size_t columns);
/* Case-insensitive ASCII. */
bool text_ieq(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
/* The byte that "%XX" at s stands for; -1 when s does not begin with such an escape. */
int text_percent_byte(const char *s);

#endif
