/* The gate: may the body of this response touch the file, and from which byte on? Pure; asked once a
 * response, when its head is complete and before a body byte is written (DESIGN.md 5.3).
 */
#ifndef TRANSFER_GATE_H
#define TRANSFER_GATE_H

#include "fetchd/transfer/response.h"
#include "job/verdict.h"

/* What was asked. */
struct gate_request {
	int64_t offset;	  /* bytes that the file has; > 0: a range was asked for */
	int64_t size;	  /* of the whole, from an earlier response; -1 unknown */
	const char *etag; /* validators of those bytes, NULL none */
	const char *last_modified;
	int64_t max_size; /* 0: no bound */
};

enum gate_answer {
	GATE_APPEND, /* the body goes on at offset */
	GATE_START,  /* the body is the whole, from byte 0; bytes that are there belong to another generation
		      */
	GATE_COMPLETE, /* the file has all its bytes already; no body */
	GATE_REDIRECT, /* go where Location says */
	GATE_REFUSE,   /* see the verdict */
};

/* *ret_size: of the whole file, -1 unknown; set with APPEND and START. verdict is set with REFUSE. */
enum gate_answer gate_judge(const struct gate_request *request, const struct response *response,
	int64_t *ret_size, struct verdict *verdict);

/* The validator for If-Range: a strong ETag, else a Last-Modified that is a minute older than Date (RFC
 * 9110, 8.8.2.2 and 13.1.5), else NULL: such bytes cannot be continued safely. Points into its arguments. */
const char *gate_validator(const char *etag, const char *last_modified, const char *date);

#endif
