/* Fuzz: request headers of users. What is let through is one line, and not one of fetchd's own. */
#include "config.h"

#include "fuzz.h"

#include <strings.h>

#include "job/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const own[] = {"host", "content-length", "transfer-encoding", "connection",
		"range", "if-range", "te", "accept-encoding"};
	CLEANUP_FREE char *line = fuzz_text(data, n);
	const char *why = header_refusal(line), *colon = strchr(line, ':');

	(void)header_is_secret(line);
	if (header_value_refusal(line) == NULL)
		assert(line[strcspn(line, "\r\n\x01\x08\x0b\x1b\x1f\x7f")] == '\0');
	if (why) {
		assert(*why && !strchr(why, '\n'));
		return 0;
	}
	assert(colon && colon > line && !strpbrk(line, "\r\n\x7f\x01\x1b"));
	for (const char *c = line; c < colon; c++)
		assert((unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f &&
			!strchr("()<>@,;\\\"/[]?={}", *c));
	size_t name = (size_t)(colon - line);

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		assert(strlen(own[i]) != name || strncasecmp(line, own[i], name) != 0);
	assert(strncasecmp(line, "proxy-", 6) != 0);
	/* As part of a request it is still one header. */
	assert(header_value_refusal(colon + 1) == NULL);
	return 0;
}
