/* Checksums as text. Owns nothing; any thread.
 */
#include "config.h"

#include "job/checksum.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const struct algorithm {
	const char *name;
	const char *short_name; /* as users also write it */
	const char *evp_name;
	size_t hex_len;
	const char *expected;
} algorithms[] = {
	{"md5", "md5", "MD5", 32, "an md5 checksum has 32 hexadecimal digits"},
	{"sha-1", "sha1", "SHA1", 40, "a sha-1 checksum has 40 hexadecimal digits"},
	{"sha-256", "sha256", "SHA256", 64, "a sha-256 checksum has 64 hexadecimal digits"},
	{"sha-384", "sha384", "SHA384", 96, "a sha-384 checksum has 96 hexadecimal digits"},
	{"sha-512", "sha512", "SHA512", 128, "a sha-512 checksum has 128 hexadecimal digits"},
};

static const struct algorithm *find_algorithm(const char *name, size_t n)
{
	CLEANUP_FREE char *word = xstrndup(name, n);

	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (text_ieq(word, algorithms[i].name) || text_ieq(word, algorithms[i].short_name))
			return &algorithms[i];
	}
	return NULL;
}

static char *lower_hex(const char *hex)
{
	char *lower = xstrdup(hex);

	for (char *c = lower; *c; c++) {
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c + ('a' - 'A'));
	}
	return lower;
}

char *checksum_normalize(const char *text, const char **ret_why)
{
	size_t name_len = strcspn(text, "=:");

	if (text[name_len] == '\0') {
		*ret_why = "a checksum is written ALGORITHM=HEX, for example sha-256=9f86d0…";
		return NULL;
	}
	const struct algorithm *algorithm = find_algorithm(text, name_len);
	const char *hex = text + name_len + 1;

	if (!algorithm) {
		*ret_why = "unknown checksum algorithm; known are md5, sha-1, sha-256, sha-384 and sha-512";
		return NULL;
	}
	if (strlen(hex) != algorithm->hex_len ||
		strspn(hex, "0123456789abcdefABCDEF") != algorithm->hex_len) {
		*ret_why = algorithm->expected;
		return NULL;
	}
	CLEANUP_FREE char *lower = lower_hex(hex);

	return xasprintf("%s=%s", algorithm->name, lower);
}

const char *checksum_evp_name(const char *normal)
{
	const struct algorithm *algorithm = find_algorithm(normal, strcspn(normal, "="));

	return algorithm ? algorithm->evp_name : NULL;
}

const char *checksum_hex(const char *normal)
{
	const char *equals = strchr(normal, '=');

	return equals ? equals + 1 : "";
}
