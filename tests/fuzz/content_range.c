/* Fuzz: Content-Range, alone and in a response's head. What is taken must mean one thing only. */
#include "config.h"

#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "fetchd/transfer/response.h"

/* Digits without the zeros before them. */
static const char *significant(const char *s)
{
	while (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		s++;
	return s;
}

/* The value spelt out: both must name the same numbers, so nothing was read that is not there. */
static void check_spelling(const char *value, int64_t first, int64_t last, int64_t total)
{
	char range[64] = "*", size[32] = "*", number[32];
	const char *at = value + strlen("bytes ");

	if (first >= 0) {
		snprintf(range, sizeof(range), "%lld", (long long)first);
		at = significant(at);
		assert(strncmp(at, range, strlen(range)) == 0 && at[strlen(range)] == '-');
		at += strlen(range) + 1;
		snprintf(range, sizeof(range), "%lld", (long long)last);
		at = significant(at);
	}
	assert(strncmp(at, range, strlen(range)) == 0 && at[strlen(range)] == '/');
	at += strlen(range) + 1;
	if (total >= 0) {
		snprintf(number, sizeof(number), "%lld", (long long)total);
		memcpy(size, number, sizeof(size));
		at = significant(at);
	}
	assert(strcmp(at, size) == 0);
}

static void check_in_head(const char *value, bool valid, int64_t first, int64_t last, int64_t total)
{
	CLEANUP_FREE char *line = xasprintf("Content-Range: %s\r\n", value);
	struct response r;

	response_init(&r);
	assert(response_line(&r, "HTTP/1.1 206 Partial Content\r\n", 30));
	assert(response_line(&r, line, strlen(line)));
	assert(r.has_content_range);
	if (valid)
		assert(!r.bad_content_range && r.range_first == first && r.range_last == last &&
			r.range_total == total);
	/* Said twice is not said. */
	assert(response_line(&r, line, strlen(line)));
	assert(r.bad_content_range);
	response_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *value = fuzz_text(data, n);
	int64_t first = -7, last = -7, total = -7;
	int err = content_range_parse(value, &first, &last, &total);

	if (err) {
		assert(err == -EINVAL && first == -7 && last == -7 && total == -7);
	} else {
		assert(strncasecmp(value, "bytes ", 6) == 0);
		assert(first >= 0 ? last >= first : first == -1 && last == -1 && total >= 0);
		assert(total >= -1 && (total < 0 || last < total));
		check_spelling(value, first, last, total);
	}
	if (n < 1000 && !strpbrk(value, "\r\n"))
		check_in_head(value, err == 0, first, last, total);
	return 0;
}
