/* Response heads. Runs in the worker's header callback; copies what it keeps. */
#include "config.h"

#include "fetchd/transfer/response.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

static void clear_fields(struct response *r)
{
	struct response fresh = {.content_length = -1,
		.range_first = -1,
		.range_last = -1,
		.range_total = -1,
		.bytes = r->bytes,
		.lines = r->lines,
		.interim = r->interim};

	free(r->etag);
	free(r->last_modified);
	free(r->date);
	free(r->content_encoding);
	free(r->location);
	free(r->content_type);
	free(r->content_disposition);
	free(r->repr_digest);
	free(r->content_digest);
	free(r->digest);
	free(r->retry_after);
	*r = fresh;
}

void response_init(struct response *r)
{
	*r = (struct response){0};
	clear_fields(r);
}

void response_done(struct response *r)
{
	clear_fields(r);
}

/* Digits only, as the grammar has it: no sign, no space. -1 when it is anything else or does not fit. */
static int64_t parse_digits(const char **p)
{
	int64_t value = 0;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, **p - '0', &value))
			return -1;
	return value;
}

int content_range_parse(const char *value, int64_t *ret_first, int64_t *ret_last, int64_t *ret_total)
{
	int64_t first = -1, last = -1, total = -1;
	const char *p = value;

	if (strncasecmp(p, "bytes", 5) != 0 || p[5] != ' ')
		return -EINVAL;
	p += 6;
	if (*p == '*') {
		p++;
	} else {
		if ((first = parse_digits(&p)) < 0 || *p++ != '-' || (last = parse_digits(&p)) < first)
			return -EINVAL;
	}
	if (*p++ != '/')
		return -EINVAL;
	if (*p == '*' && first >= 0)
		p++;
	else if ((total = parse_digits(&p)) < 0 || last >= total)
		return -EINVAL;
	if (*p != '\0')
		return -EINVAL;
	*ret_first = first;
	*ret_last = last;
	*ret_total = total;
	return 0;
}

static void take_length(struct response *r, const char *value)
{
	const char *p = value;
	int64_t length = parse_digits(&p);

	if (length < 0 || *p != '\0' || (r->content_length >= 0 && r->content_length != length))
		r->bad = true;
	else
		r->content_length = length;
}

static void take_range(struct response *r, const char *value)
{
	if (r->has_content_range ||
		content_range_parse(value, &r->range_first, &r->range_last, &r->range_total) != 0)
		r->bad_content_range = true;
	r->has_content_range = true;
}

/* Only what a chunk says of itself is taken off: any other coding would end up in the file. */
static void take_coding(struct response *r, const char *value)
{
	if (r->has_transfer_encoding || !text_ieq(value, "chunked"))
		r->bad = true;
	r->has_transfer_encoding = true;
}

/* A validator is sent back, and libcurl sends what it is given. */
static bool has_control(const char *value)
{
	while (*value && (unsigned char)*value >= 0x20 && *value != 0x7f)
		value++;
	return *value != '\0';
}

static void take_etag(struct response *r, const char *value)
{
	if (has_control(value))
		r->bad_etag = true;
	if (r->bad_etag || (r->etag && strcmp(r->etag, value) != 0)) {
		r->bad_etag = true;
		value = NULL;
	}
	str_set(&r->etag, value);
}

static void take_location(struct response *r, const char *value)
{
	if (r->location && strcmp(r->location, value) != 0)
		r->bad_location = true;
	str_set(&r->location, value);
}

/* A list that comes in several lines is one list (RFC 9110, 5.3). */
static void add_to_list(char **field, const char *value)
{
	char *list = *field ? xasprintf("%s, %s", *field, value) : xstrdup(value);

	free(*field);
	*field = list;
}

static void take_field(struct response *r, const char *name, const char *value)
{
	if (text_ieq(name, "content-length"))
		take_length(r, value);
	else if (text_ieq(name, "content-range"))
		take_range(r, value);
	else if (text_ieq(name, "accept-ranges"))
		r->accepts_ranges = text_ieq(value, "bytes");
	else if (text_ieq(name, "transfer-encoding"))
		take_coding(r, value);
	else if (text_ieq(name, "etag"))
		take_etag(r, value);
	else if (text_ieq(name, "last-modified"))
		str_set(&r->last_modified, has_control(value) ? NULL : value);
	else if (text_ieq(name, "date"))
		str_set(&r->date, value);
	else if (text_ieq(name, "retry-after"))
		str_set(&r->retry_after, value);
	else if (text_ieq(name, "location"))
		take_location(r, value);
	else if (text_ieq(name, "content-type"))
		str_set(&r->content_type, value);
	else if (text_ieq(name, "content-disposition"))
		str_set(&r->content_disposition, value);
	else if (text_ieq(name, "repr-digest"))
		add_to_list(&r->repr_digest, value);
	else if (text_ieq(name, "content-digest"))
		add_to_list(&r->content_digest, value);
	else if (text_ieq(name, "digest"))
		add_to_list(&r->digest, value);
	else if (text_ieq(name, "content-encoding") && !text_ieq(value, "identity"))
		str_set(&r->content_encoding, value);
}

/* "HTTP/1.1 206 Partial Content", "HTTP/2 200": a new head begins, an interim one before it is forgotten. */
static void take_status(struct response *r, const char *line)
{
	const char *p = strchr(line, ' ');
	int64_t status = -1;

	if (r->status >= 100 && r->status < 200)
		r->interim++;
	clear_fields(r);
	/* Three digits and no more (RFC 9110, 15). */
	if (p && isdigit((unsigned char)p[1])) {
		p++;
		status = parse_digits(&p);
	}
	r->status = status >= 100 && status <= 999 && (*p == ' ' || *p == '\0') ? (int)status : 0;
}

bool response_line(struct response *r, const char *line, size_t n)
{
	CLEANUP_FREE char *copy = NULL;
	char *colon;

	r->bytes += n;
	r->lines++;
	if (r->bytes > RESPONSE_BYTES_MAX || r->lines > RESPONSE_LINES_MAX)
		return false;
	/* Trailers: nothing in them may change what the gate has judged, and should they look like a head. */
	if (r->closed)
		return true;
	while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
		n--;
	if (n == 0) {
		r->complete = true;
		return true;
	}
	copy = xstrndup(line, n);
	if (strncmp(copy, "HTTP/", 5) == 0) {
		take_status(r, copy);
		return r->interim <= RESPONSE_INTERIM_MAX;
	}
	colon = strchr(copy, ':');
	if (r->complete || !colon)
		return true;
	*colon++ = '\0';
	while (*colon == ' ' || *colon == '\t')
		colon++;
	for (char *end = colon + strlen(colon); end > colon && (end[-1] == ' ' || end[-1] == '\t');)
		*--end = '\0';
	take_field(r, copy, colon);
	return true;
}
