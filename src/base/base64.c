/* base64. Owns nothing; any thread. Must never read a character beyond the alphabet as one of it.
 */
#include "config.h"

#include "base/base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	char *text = xmalloc((n + 2) / 3 * 4 + 1), *to = text;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits = (uint32_t)from[i] << 16 | (i + 1 < n ? (uint32_t)from[i + 1] << 8 : 0) |
				(i + 2 < n ? from[i + 2] : 0);

		*to++ = alphabet[bits >> 18];
		*to++ = alphabet[bits >> 12 & 63];
		*to++ = '=';
		*to++ = '=';
		if (i + 1 < n)
			to[-2] = alphabet[bits >> 6 & 63];
		if (i + 2 < n)
			to[-1] = alphabet[bits & 63];
	}
	*to = '\0';
	return text;
}

/* -1: no such character. */
static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void *base64_decode(const char *text, size_t *ret_n)
{
	size_t len = strlen(text), pad = 0, n = 0;
	unsigned char *bytes = xmalloc(len / 4 * 3 + 1);
	uint32_t bits = 0;
	bool fine = len % 4 == 0;

	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; fine && i < len - pad; i++) {
		int value = sextet(text[i]);

		fine = value >= 0;
		bits = bits << 6 | (uint32_t)(value & 63);
		if (i % 4 != 0)
			bytes[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	/* Bits behind the last byte are none of it. */
	if (fine && pad > 0 && (bits & (pad == 1 ? 3u : 15u)))
		fine = false;
	*ret_n = n;
	if (fine)
		return bytes;
	free(bytes);
	return NULL;
}
