/* Fuzz: the head parser, fed lines as they come. The first byte says after which line the head is judged. */
#include "config.h"

#include "fuzz.h"

#include "fetchd/transfer/gate.h"
#include "fetchd/transfer/response.h"

static void check_field(const char *value)
{
	size_t n = value ? strlen(value) : 0;

	if (n == 0)
		return;
	assert(!strchr(value, '\n'));
	assert(!strchr(" \t", value[0]) && !strchr(" \t", value[n - 1]));
}

static void check(const struct response *r)
{
	assert(r->status == 0 || (r->status >= 100 && r->status <= 999));
	assert(r->content_length >= -1);
	assert(!r->bad_content_range || r->has_content_range);
	assert(!r->bad_etag || !r->etag);
	if (r->has_content_range && !r->bad_content_range) {
		assert(r->range_first >= -1 && r->range_last >= r->range_first && r->range_total >= -1);
		assert(r->range_first >= 0 || (r->range_last == -1 && r->range_total >= 0));
		assert(r->range_total < 0 || r->range_last < r->range_total);
	}
	assert(r->bytes <= RESPONSE_BYTES_MAX && r->lines <= RESPONSE_LINES_MAX);
	assert(r->interim <= RESPONSE_INTERIM_MAX);
	check_field(r->etag);
	check_field(r->last_modified);
	check_field(r->content_encoding);
	check_field(r->content_disposition);
	check_field(r->content_type);
	check_field(r->retry_after);
	(void)gate_validator(r->etag, r->last_modified, r->date);
	free(gate_whole_digest(r));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct response r, judged;
	size_t judge_at = n ? data[0] : 0, line = 0;
	bool closed = false;

	response_init(&r);
	for (size_t at = n > 0; at < n; line++) {
		const uint8_t *end = memchr(data + at, '\n', n - at);
		size_t len = end ? (size_t)(end - data) - at + 1 : n - at;

		if (!response_line(&r, (const char *)data + at, len))
			break;
		check(&r);
		if (closed) {
			/* But for what counts, nothing moves. */
			judged.bytes = r.bytes;
			judged.lines = r.lines;
			assert(memcmp(&r, &judged, sizeof(r)) == 0);
		} else if (line >= judge_at) {
			closed = r.closed = true;
			memcpy(&judged, &r, sizeof(r));
		}
		at += len;
	}
	response_done(&r);
	return 0;
}
