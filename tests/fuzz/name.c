/* Fuzz: file names. One safe component, whatever comes in. */
#include "config.h"

#include "fuzz.h"

#include "base/text.h"
#include "job/name.h"

static void check_safe(const char *name)
{
	size_t n = strlen(name);

	assert(n > 0 && n <= 240 && text_utf8_valid(name, n));
	assert(!strchr(". -", name[0]) && !strchr(". ", name[n - 1]));
	assert(!strpbrk(name, "/\\:*?\"<>|~"));
	assert(name_refusal(name) == NULL);
}

static void check_numbered(const char *name, int number)
{
	CLEANUP_FREE char *numbered = name_numbered(name, number);
	size_t n = strlen(numbered);
	CLEANUP_FREE char *written = xasprintf(" (%d)", number);

	assert(n <= NAME_BYTES_MAX + 7 && text_utf8_valid(numbered, n));
	assert(strstr(numbered, written));
	assert(n > NAME_BYTES_MAX || name_refusal(numbered) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *name = name_sanitize((const char *)data, n);
	CLEANUP_FREE char *again = name_sanitize(name, strlen(name));
	CLEANUP_FREE char *text = fuzz_text(data, n);
	CLEANUP_FREE char *url = xasprintf("https://h/%s", text);
	CLEANUP_FREE char *from_url = name_from_url(url);

	check_safe(name);
	check_safe(from_url);
	assert(strcmp(name, again) == 0);
	check_numbered(name, 1);
	check_numbered(name, 999);
	/* What a user may ask for needs no sanitizing. */
	if (name_refusal(text) == NULL) {
		CLEANUP_FREE char *same = name_sanitize(text, strlen(text));

		assert(strcmp(same, text) == 0);
	}
	return 0;
}
