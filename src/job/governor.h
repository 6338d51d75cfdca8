/* Governor: how hard one origin (scheme, host, port) may be asked. Four parts: how many at once
 * (job/throttle.h), how soon after one another, not at all (job/breaker.h), and how many retries. Pure: any
 * thread, no lock; the caller gives the time, usec on a steady clock, >= 0 and never going back.
 *
 * The caller counts what is active. Each governor_started() is followed by one governor_ended(), or what it
 * thinks is on its way stays there: a probe that is never ended keeps a half-open breaker shut. A further
 * connection of an attempt begins and ends as an attempt does, but that one which was no probe may leave
 * without a word by governor_left().
 */
#ifndef JOB_GOVERNOR_H
#define JOB_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#include "job/breaker.h"
#include "job/governor_answer.h"
#include "job/throttle.h"

/* Defaults for what has no key in fetchd.conf. */
#define GOVERNOR_BREAKER_FAILURES 5
#define GOVERNOR_BREAKER_USEC	  (INT64_C(30) * 1000000)
#define GOVERNOR_BREAKER_MAX_USEC (INT64_C(1800) * 1000000)
#define GOVERNOR_RETRY_SHARE	  0.2
#define GOVERNOR_RETRY_BURST	  100.0

/* The same for all origins, or one of its own; may change between any two calls, see governor_tune(). */
struct governor_policy {
	bool adaptive; /* false: the limit is max */
	bool breaker;
	unsigned max;		     /* most at once; >= 1 */
	int64_t start_interval_usec; /* between two starts; 0: none */
	unsigned breaker_failures;
	int64_t breaker_usec, breaker_max_usec;
	/* Retries: tokens a second, tokens a success, and how many are kept. Burst 0: no bound on retries. */
	double retry_rate, retry_share, retry_burst;
};

struct governor {
	struct throttle throttle;
	struct breaker breaker;
	int64_t last_start_usec; /* -1: never */
	int64_t retry_usec;	 /* when the tokens were counted */
	int64_t retry_turn_usec; /* when the next one that has to wait may ask again */
	double retry_tokens;
	uint32_t told_limit; /* as last told to be worth keeping */
};

/* Kept by the caller with the attempt. */
struct governor_ticket {
	struct throttle_ticket throttle;
	bool probe; /* of a half-open breaker */
};

enum governor_block {
	GOVERNOR_FREE,
	GOVERNOR_LIMIT,	  /* as many are active as may be: until one ends */
	GOVERNOR_RATE,	  /* the last start is too near */
	GOVERNOR_BREAKER, /* the breaker is open, or its probe is on its way */
};

/* What survives a restart. Times as of the clock that the caller uses: one that goes on over restarts. */
struct governor_memory {
	int limit;
	int ceiling; /* 0: none found */
	int64_t probe_usec;
	int64_t probe_interval_usec;
	int64_t breaker_until_usec; /* 0: closed */
	int64_t breaker_span_usec;
	int failures; /* in a row */
};

void governor_init(struct governor *g, const struct governor_policy *policy, int64_t now_usec);
/* The policy is another one now. Takes effect at once: on what starts, not on what runs. */
void governor_tune(struct governor *g, const struct governor_policy *policy, int64_t now_usec);

/* 1 … policy->max. */
unsigned governor_limit(const struct governor *g, const struct governor_policy *policy);
enum breaker_state governor_breaker(const struct governor *g, int64_t now_usec);
/* Failures in a row. */
unsigned governor_failures(const struct governor *g);
/* Between two starts, at least: what the policy says, or more where the origin counts requests. 0: none. */
int64_t governor_interval_usec(const struct governor *g, const struct governor_policy *policy);

/* Before governor_may_start(), which then may say more: the limit rises where nobody answers and nobody
 * complains. *ret_again_usec: when it will next; 0: not by itself. */
void governor_ramp(
	struct governor *g, const struct governor_policy *policy, int64_t now_usec, int64_t *ret_again_usec);
/* Whether one more may start while so many are active; if not, until when: *ret_until_usec is 0 where that is
 * not a time but the end of one that runs. */
enum governor_block governor_may_start(const struct governor *g, const struct governor_policy *policy,
	unsigned active, int64_t now_usec, int64_t *ret_until_usec);
void governor_started(struct governor *g, const struct governor_policy *policy, unsigned active_with_it,
	int64_t now_usec, struct governor_ticket *ret);
/* An attempt has come on by so many bytes, >= 0: each byte once, the last ones before governor_ended(). True:
 * the limit rose, so more may start. */
bool governor_bytes(
	struct governor *g, const struct governor_policy *policy, int64_t bytes, int64_t now_usec);
/* True: what governor_save() gives has changed enough to be kept. */
bool governor_ended(struct governor *g, const struct governor_policy *policy,
	const struct governor_ticket *ticket, enum governor_answer answer, int64_t job_id, int64_t now_usec);
/* In place of governor_ended(): a further connection is gone, and says nothing of the origin. */
void governor_left(struct governor *g);
/* 0: it may be retried now, and a token is taken for it; else when to ask again. */
int64_t governor_retry(struct governor *g, const struct governor_policy *policy, int64_t now_usec);

void governor_save(const struct governor *g, struct governor_memory *ret);
/* In place of governor_init(). Absurd values and times too far ahead are put right. */
void governor_restore(struct governor *g, const struct governor_policy *policy,
	const struct governor_memory *memory, int64_t now_usec);

#endif
