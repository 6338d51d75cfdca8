/* The head of one HTTP response, gathered line by line. Pure: no curl, no clock. */
#ifndef TRANSFER_RESPONSE_H
#define TRANSFER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Own caps: Bookworm's libcurl has none on the sum (FAULTS H14). Interim responses and trailers count too. */
#define RESPONSE_BYTES_MAX   ((size_t)256 * 1024)
#define RESPONSE_LINES_MAX   1000
#define RESPONSE_INTERIM_MAX 16 /* 1xx heads before the real one */

struct response {
	int status;		/* of the response that lines belong to; 0 before any */
	int64_t content_length; /* -1: none */
	bool bad;		/* contradicting or senseless framing fields */
	bool has_transfer_encoding;
	bool has_content_range;
	bool bad_content_range;
	bool accepts_ranges;		 /* of bytes */
	int64_t range_first, range_last; /* -1 with "bytes" and an asterisk before the total */
	int64_t range_total;		 /* -1 for "*" */
	bool bad_etag;			 /* two that differ: there is none */
	char *etag;
	char *last_modified;
	char *date;
	char *content_encoding; /* NULL or "identity": none */
	bool bad_location;	/* two that differ */
	char *location;
	char *content_type;
	char *content_disposition;
	char *repr_digest; /* RFC 9530 */
	char *content_digest;
	char *digest; /* RFC 3230 */
	char *retry_after;
	bool complete;	     /* the blank line has come */
	bool closed;	     /* set by who has judged it: lines still count, and change nothing */
	size_t bytes, lines; /* of the whole exchange */
	unsigned interim;    /* 1xx heads so far */
};

void response_init(struct response *r);
void response_done(struct response *r);
/* One line as it came, with or without its end. False: over a cap. */
bool response_line(struct response *r, const char *line, size_t n);
/* Content-Range (RFC 9110, 14.4), both forms; unknown parts are -1. 0 or -EINVAL. */
int content_range_parse(const char *value, int64_t *ret_first, int64_t *ret_last, int64_t *ret_total);

#endif
