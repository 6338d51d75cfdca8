/* Digests of servers. Owns nothing; any thread. Must never take a value in doubt: a wrong digest throws a
 * right file away.
 */
#include "config.h"

#include "job/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* The strongest first. */
static const struct algorithm {
	const char *name;
	size_t bytes;
} algorithms[] = {
	{"sha-512", 64},
	{"sha-256", 32},
};
#define ALGORITHMS_N ARRAY_LEN(algorithms)
#define BYTES_MAX    64

/* A piece of the field, not terminated. */
struct span {
	const char *s;
	size_t n;
};

static struct span trimmed(struct span a)
{
	while (a.n > 0 && (*a.s == ' ' || *a.s == '\t')) {
		a.s++;
		a.n--;
	}
	while (a.n > 0 && (a.s[a.n - 1] == ' ' || a.s[a.n - 1] == '\t'))
		a.n--;
	return a;
}

/* ---- base64 (RFC 4648, 4) */

static int sextet(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

/* Exactly want bytes. Padding may be missing (RFC 8941, 4.2.7), but what is there must be at the end, and not
 * too much. */
static bool decode(struct span text, unsigned char *out, size_t want)
{
	unsigned bits = 0;
	size_t n = 0, chars = (want * 8 + 5) / 6;

	if (text.n < chars || text.n > (want + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < chars; i++) {
		int value = sextet(text.s[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (unsigned)value;
		/* The first of four sextets fills no byte, the others one each. */
		if (i % 4 != 0)
			out[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	for (size_t i = chars; i < text.n; i++) {
		if (text.s[i] != '=')
			return false;
	}
	return true;
}

static char *normal_form(const struct algorithm *algorithm, const unsigned char *bytes)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * BYTES_MAX + 1] = "";

	for (size_t i = 0; i < algorithm->bytes; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	hex[2 * algorithm->bytes] = '\0';
	return xasprintf("%s=%s", algorithm->name, hex);
}

/* ---- members */

/* What stands between the colons of ":BASE64:"; parameters may follow. */
static bool take_byte_sequence(struct span *item)
{
	const char *end = item->n > 1 && *item->s == ':' ? memchr(item->s + 1, ':', item->n - 1) : NULL;

	if (!end || (end + 1 < item->s + item->n && end[1] != ';'))
		return false;
	*item = (struct span){item->s + 1, (size_t)(end - item->s) - 1};
	return true;
}

static size_t find_algorithm(struct span name)
{
	CLEANUP_FREE char *word = xstrndup(name.s, name.n);
	size_t i = 0;

	while (i < ALGORITHMS_N && !text_ieq(word, algorithms[i].name))
		i++;
	return i;
}

/* found holds a normal form an algorithm. */
static void take_member(struct span member, bool legacy, char *found[ALGORITHMS_N])
{
	unsigned char bytes[BYTES_MAX];
	const char *equals = memchr(member.s, '=', member.n);

	if (!equals)
		return;
	size_t key_n = (size_t)(equals - member.s), which = find_algorithm((struct span){member.s, key_n});
	struct span item = {equals + 1, member.n - key_n - 1};

	if (which == ALGORITHMS_N || (!legacy && !take_byte_sequence(&item)) ||
		!decode(item, bytes, algorithms[which].bytes))
		return;
	free(found[which]);
	found[which] = normal_form(&algorithms[which], bytes);
}

/* Length up to a comma that stands in no string. */
static size_t member_length(const char *s)
{
	bool quoted = false;
	size_t n = 0;

	for (; s[n] && (quoted || s[n] != ','); n++) {
		if (s[n] == '"')
			quoted = !quoted;
		else if (quoted && s[n] == '\\' && s[n + 1])
			n++;
	}
	return n;
}

static char *strongest(const char *value, bool legacy)
{
	char *found[ALGORITHMS_N] = {NULL}, *best = NULL;

	for (size_t n; *value; value += n + (value[n] == ',')) {
		n = member_length(value);
		take_member(trimmed((struct span){value, n}), legacy, found);
	}
	for (size_t i = 0; i < ALGORITHMS_N; i++) {
		if (best)
			free(found[i]);
		else
			best = found[i];
	}
	return best;
}

char *digest_from_field(const char *value)
{
	return strongest(value, false);
}

char *digest_from_legacy(const char *value)
{
	return strongest(value, true);
}
