/* Attempt: the record of one try of a job, for people who ask why. Plain data; strings are owned. */
#ifndef JOB_ATTEMPT_H
#define JOB_ATTEMPT_H

#include <stdint.h>

/* How it ended. Numbers are stored: append only. */
enum attempt_outcome {
	ATTEMPT_DONE = 0,
	ATTEMPT_RETRY = 1,   /* failed, bytes kept */
	ATTEMPT_RESTART = 2, /* failed, bytes dropped */
	ATTEMPT_FAILED = 3,  /* for good */
	ATTEMPT_HELD = 4,    /* a condition here or at the host; not counted */
	ATTEMPT_STOPPED = 5, /* by a verb, or the daemon ended */
};
#define ATTEMPT_OUTCOME_LAST ATTEMPT_STOPPED

struct attempt {
	int64_t number;			  /* 1… of its job */
	int64_t started_usec, ended_usec; /* since the epoch */
	enum attempt_outcome outcome;
	/* The last request's; spans from its begin, -1 when it did not come so far. */
	char *origin;	  /* of the source that was asked, where the job has several; else NULL */
	char *address;	  /* "192.0.2.1:443", "[2001:db8::1]:443"; NULL: never connected */
	int http_version; /* 10, 11, 20, 30; 0 unknown */
	int http_status;  /* 0 none */
	int64_t dns_usec, connect_usec, tls_usec, first_byte_usec;
	unsigned redirects;
	int64_t offset;	      /* where in the file it began */
	int64_t bytes;	      /* of the file, got by this attempt */
	char *code, *message; /* as of the job's error; NULL when done */
	char *note; /* what else happened: "the server sent the whole file instead of the rest; begun anew" */
};

struct attempt *attempt_new(void);
struct attempt *attempt_dup(const struct attempt *attempt);
/* NULL is fine. */
void attempt_free(struct attempt *attempt);
/* "done", "retry", "restart", "failed", "held", "stopped". */
const char *attempt_outcome_name(enum attempt_outcome outcome);
/* The value, or -1 for another word. */
int attempt_outcome_parse(const char *word);

#endif
