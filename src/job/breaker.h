/* Breaker: an origin that fails again and again is left alone for a while, and then asked by one probe. Pure;
 * any thread, no lock; the caller gives the time (usec on a steady clock).
 */
#ifndef JOB_BREAKER_H
#define JOB_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "job/governor_answer.h"

struct breaker_policy {
	unsigned failures; /* in a row, of two jobs at least, that open it */
	int64_t span_usec; /* how long at first; doubled by each probe that fails */
	int64_t max_span_usec;
};

enum breaker_state {
	BREAKER_CLOSED,
	BREAKER_OPEN,	   /* nobody may start */
	BREAKER_HALF_OPEN, /* one probe may start, or is on its way */
};

struct breaker {
	int64_t until_usec; /* 0: closed */
	int64_t span_usec;  /* of the last opening; 0: closed */
	int64_t minute_usec;
	int64_t streak_job;
	int64_t minute_job;
	uint32_t streak; /* failures in a row */
	uint16_t minute_answers;
	uint16_t minute_failures;
	bool streak_shared; /* by more than one job */
	bool minute_shared;
	bool probing; /* a probe is on its way */
};

void breaker_init(struct breaker *b, int64_t now_usec);
enum breaker_state breaker_state(const struct breaker *b, int64_t now_usec);
/* Whether an attempt may start. If not, *ret_until_usec says when; 0: when the probe has ended. */
bool breaker_may_start(const struct breaker *b, int64_t now_usec, int64_t *ret_until_usec);
/* An attempt starts. True: it is the probe. */
bool breaker_started(struct breaker *b, int64_t now_usec);
/* An attempt ended; probe as breaker_started() said. True: state, span or streak have changed. */
bool breaker_ended(struct breaker *b, const struct breaker_policy *policy, bool probe,
	enum governor_answer answer, int64_t job_id, int64_t now_usec);
/* Closes it; true if it was not, or a streak was under way. */
bool breaker_close(struct breaker *b, int64_t now_usec);

#endif
