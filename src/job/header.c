/* Request headers of users. Owns nothing; any thread. Must never let a byte through that could end the line,
 * for libcurl sends what it is given.
 */
#include "config.h"

#include "job/header.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

static const char *const reserved[] = {
	"Host",
	"Content-Length",
	"Transfer-Encoding",
	"Connection",
	"Range",
	"If-Range",
	"TE",
	"Accept-Encoding",
};

/* tchar of RFC 9110, 5.6.2. */
static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_reserved(const char *name)
{
	static const char proxy[] = "Proxy-";
	CLEANUP_FREE char *start = xstrndup(name, sizeof(proxy) - 1);

	if (text_ieq(start, proxy))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
		if (text_ieq(name, reserved[i]))
			return true;
	}
	return false;
}

const char *header_value_refusal(const char *value)
{
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '\r' || c == '\n')
			return "the value must not contain a line break";
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return "the value must not contain control characters";
	}
	return NULL;
}

const char *header_refusal(const char *line)
{
	size_t len = 0;

	while (is_token_char(line[len]))
		len++;
	if (len == 0 || line[len] != ':')
		return "a header is written \"Name: value\", its name of letters, digits and !#$%&'*+-.^_`|~";
	CLEANUP_FREE char *name = xstrndup(line, len);

	if (is_reserved(name))
		return "fetchd sets this header itself";
	return header_value_refusal(line + len + 1);
}

bool header_is_secret(const char *line)
{
	/* Too many words rather than too few: what is kept apart is sent all the same. */
	static const char *const words[] = {
		"auth",
		"cookie",
		"token",
		"secret",
		"passw",
		"api-key",
		"api_key",
		"apikey",
		"signature",
		"credential",
	};
	size_t len = strcspn(line, ":");

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= len; at++) {
			if (strncasecmp(line + at, words[i], n) == 0)
				return true;
		}
	}
	return false;
}
