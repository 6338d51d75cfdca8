/* Verdict: what one attempt came to. Made by transfer/ and disk/, judged by the engine. Pure data. */
#ifndef JOB_VERDICT_H
#define JOB_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

/* DESIGN.md section 6. */
enum verdict_class {
	VERDICT_OK,
	VERDICT_TRANSIENT, /* again after backoff, bytes kept */
	VERDICT_RESTART,   /* again once, bytes dropped */
	VERDICT_PERMANENT,
	VERDICT_HELD,	 /* a condition here or at the host; uses no attempt */
	VERDICT_ABORTED, /* by intent or stop */
};

struct verdict {
	enum verdict_class class;
	int held_for;	   /* enum job_wait, with VERDICT_HELD */
	int most_attempts; /* give up after so many failures, though MaxAttempts be larger; 0: no own bound */
	int most_restarts; /* with VERDICT_RESTART: give up when it comes more often in a row; 0: once */
	bool slow_growth;  /* retry_after_usec is to grow sixfold with each failure (10 min, 1 h, 6 h) */
	bool whole_origin; /* retry_after_usec holds for every job of the origin */
	int http_status;   /* 0: none */
	int64_t retry_after_usec; /* the server's wish, a floor; -1: none */
	const char *code;	  /* static, "E_…"; NULL with VERDICT_OK and VERDICT_ABORTED */
	char *message;		  /* one plain sentence, malloc'd, or NULL */
};

void verdict_init(struct verdict *v);
void verdict_done(struct verdict *v);
/* Set class, code and message; the first cause wins: does nothing when another class than OK is set. */
void verdict_set(struct verdict *v, enum verdict_class class, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
const char *verdict_class_name(enum verdict_class class);

#endif
