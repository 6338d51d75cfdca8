/* The gate: may the body of this response touch the file, and from which byte on? Pure; asked once a
 * response, when its head is complete and before a body byte is written (DESIGN.md 5.3).
 */
#ifndef TRANSFER_GATE_H
#define TRANSFER_GATE_H

#include "fetchd/transfer/response.h"
#include "job/job.h"
#include "job/verdict.h"

/* Bytes of the file that are asked for again, to be compared, where no validator proves sameness. */
#define GATE_OVERLAP ((int64_t)64 * 1024)
/* The file may change under a job so often (FAULTS H4). */
#define GATE_CHANGES_MAX 3

/* What was asked. */
struct gate_request {
	int64_t offset;	 /* bytes that the file has; > 0: a range was asked for */
	int64_t until;	 /* past the last byte that was asked for; 0: all to the end */
	int64_t overlap; /* of them, asked for again; > 0 only without a validator */
	int64_t size;	 /* of the whole, from an earlier response; -1 unknown */
	/* Of those bytes; NULL none. With JOB_VALIDATOR_NONE they are hints: what differs has changed, what
	 * agrees proves nothing. */
	const char *etag;
	const char *last_modified;
	enum job_validator validator;
	const char *digest;  /* of the whole, as the server said before; normal form of job/checksum.h */
	int range_faults;    /* senseless answers to a range so far */
	int changes;	     /* of the file so far */
	int64_t max_size;    /* 0: no bound */
	bool plain_http;     /* no TLS: someone on the way may answer */
	bool foreign;	     /* a redirect led to another origin */
	bool expects_binary; /* the URL names no page: gate_names_binary() */
	/* Conditional: what the reader has already. */
	bool conditional;
	const char *have_etag;
	int64_t have_modified_sec; /* -1 none */
};

enum gate_answer {
	GATE_APPEND, /* the body goes on at offset - overlap; those first bytes must be the same */
	GATE_START,  /* the body is the whole, from byte 0; bytes that are there belong to another generation
		      */
	GATE_COMPLETE,	/* the file has all its bytes already; no body */
	GATE_UNCHANGED, /* what the reader has is as new; no body */
	GATE_REDIRECT,	/* go where Location says */
	GATE_REFUSE,	/* see the verdict */
};

struct gate_result {
	int64_t size;	  /* APPEND, START: of the whole file, -1 unknown */
	bool range_fault; /* REFUSE: the answer to a range made no sense */
	bool changed;	  /* START, REFUSE: it is another file than before */
	const char *note; /* static, worth telling; NULL */
};

/* verdict is set with REFUSE, and only then. */
enum gate_answer gate_judge(const struct gate_request *request, const struct response *response,
	struct gate_result *ret, struct verdict *verdict);

/* What of a response proves that a later one is of the same file: a strong ETag, else a Last-Modified that is
 * a minute older than Date (RFC 9110, 8.8.2.2 and 13.1.5). */
enum job_validator gate_validator(const char *etag, const char *last_modified, const char *date);
/* What the server says that the whole file hashes to, normal form; NULL: nothing. Caller frees. */
char *gate_whole_digest(const struct response *response);
/* Archives, images, packages: a web page under such a name is no answer of the server asked. */
bool gate_names_binary(const char *name);

#endif
