/* Governor: puts throttle, start rate, breaker and retry budget together. Owns nothing; any thread. Must
 * never look at a clock.
 */
#include "config.h"

#include "job/governor.h"

#include <assert.h>
#include <limits.h>

#include "base/clock.h"

/* There can be 100,000 of them. */
static_assert(sizeof(struct governor) <= 296, "an origin's governor is to be small");

/* Tokens that only successes bring have no time: look again after this. */
#define RETRY_AGAIN_USEC (10 * USEC_PER_SEC)
/* Tokens are sums of fractions: five times 0.2 is to be one. */
#define RETRY_TOKEN_MIN 0.999

static void reset(struct governor *g, const struct governor_policy *policy, int64_t now_usec)
{
	assert(policy->max >= 1 && now_usec >= 0);
	breaker_init(&g->breaker, now_usec);
	g->last_start_usec = -1;
	g->retry_usec = now_usec;
	g->retry_tokens = policy->retry_burst;
}

void governor_init(struct governor *g, const struct governor_policy *policy, int64_t now_usec)
{
	*g = (struct governor){0};
	reset(g, policy, now_usec);
	throttle_init(&g->throttle, policy->max, now_usec);
	g->told_limit = g->throttle.limit;
}

void governor_tune(struct governor *g, const struct governor_policy *policy, int64_t now_usec)
{
	throttle_tune(&g->throttle, policy->max);
	if (!policy->breaker)
		breaker_close(&g->breaker, now_usec);
	if (g->retry_tokens > policy->retry_burst)
		g->retry_tokens = policy->retry_burst;
}

unsigned governor_limit(const struct governor *g, const struct governor_policy *policy)
{
	if (!policy->adaptive || g->throttle.limit > policy->max)
		return policy->max;
	return g->throttle.limit;
}

enum breaker_state governor_breaker(const struct governor *g, int64_t now_usec)
{
	return breaker_state(&g->breaker, now_usec);
}

unsigned governor_failures(const struct governor *g)
{
	return g->breaker.streak;
}

int64_t governor_interval_usec(const struct governor *g, const struct governor_policy *policy)
{
	if (policy->adaptive && g->throttle.pace.span_usec > policy->start_interval_usec)
		return g->throttle.pace.span_usec;
	return policy->start_interval_usec;
}

/* ---- an attempt ----------------------------------------------------------------------------------- */

enum governor_block governor_may_start(const struct governor *g, const struct governor_policy *policy,
	unsigned active, int64_t now_usec, int64_t *ret_until_usec)
{
	int64_t interval_usec = governor_interval_usec(g, policy);

	*ret_until_usec = 0;
	if (policy->breaker && !breaker_may_start(&g->breaker, now_usec, ret_until_usec))
		return GOVERNOR_BREAKER;
	if (active >= governor_limit(g, policy))
		return GOVERNOR_LIMIT;
	if (interval_usec == 0 || g->last_start_usec < 0 ||
		now_usec >= usec_add(g->last_start_usec, interval_usec))
		return GOVERNOR_FREE;
	*ret_until_usec = usec_add(g->last_start_usec, interval_usec);
	return GOVERNOR_RATE;
}

void governor_ramp(
	struct governor *g, const struct governor_policy *policy, int64_t now_usec, int64_t *ret_again_usec)
{
	*ret_again_usec = 0;
	if (policy->adaptive)
		throttle_ramp(&g->throttle, policy->max, now_usec, ret_again_usec);
}

void governor_left(struct governor *g)
{
	throttle_left(&g->throttle);
}

void governor_started(struct governor *g, const struct governor_policy *policy, unsigned active_with_it,
	int64_t now_usec, struct governor_ticket *ret)
{
	assert(active_with_it >= 1);
	throttle_started(&g->throttle, active_with_it, now_usec, &ret->throttle);
	ret->probe = policy->breaker && breaker_started(&g->breaker, now_usec);
	g->last_start_usec = now_usec;
}

bool governor_bytes(struct governor *g, const struct governor_policy *policy, int64_t bytes, int64_t now_usec)
{
	unsigned before = governor_limit(g, policy);

	assert(bytes >= 0);
	if (policy->adaptive)
		throttle_bytes(&g->throttle, policy->max, bytes, now_usec);
	return governor_limit(g, policy) > before;
}

/* ---- the retry budget ------------------------------------------------------------------------------- */

static void add_tokens(struct governor *g, const struct governor_policy *policy, double tokens)
{
	g->retry_tokens += tokens;
	if (g->retry_tokens > policy->retry_burst)
		g->retry_tokens = policy->retry_burst;
}

/* Who has to wait gets a turn of his own: were all told the time of the next token, they would come together
 * and one would get it. As successes bring tokens too, none waits long without asking. */
static int64_t book_turn(struct governor *g, double rate, int64_t now_usec)
{
	double span_usec = (double)USEC_PER_SEC / rate, wait_usec = (1 - g->retry_tokens) * span_usec;
	int64_t latest_usec = usec_add(now_usec, RETRY_AGAIN_USEC), at_usec;

	if (wait_usec >= RETRY_AGAIN_USEC)
		return latest_usec;
	at_usec = now_usec + (int64_t)wait_usec + 1;
	if (at_usec < g->retry_turn_usec)
		at_usec = g->retry_turn_usec;
	if (at_usec >= latest_usec)
		return latest_usec;
	g->retry_turn_usec = at_usec + (int64_t)(span_usec < RETRY_AGAIN_USEC ? span_usec : RETRY_AGAIN_USEC);
	return at_usec;
}

int64_t governor_retry(struct governor *g, const struct governor_policy *policy, int64_t now_usec)
{
	double passed_sec = (double)(now_usec - g->retry_usec) / (double)USEC_PER_SEC;

	if (policy->retry_burst <= 0)
		return 0;
	add_tokens(g, policy, passed_sec * policy->retry_rate);
	g->retry_usec = now_usec;
	if (g->retry_tokens >= RETRY_TOKEN_MIN) {
		g->retry_tokens -= 1;
		return 0;
	}
	if (policy->retry_rate <= 0)
		return usec_add(now_usec, RETRY_AGAIN_USEC);
	return book_turn(g, policy->retry_rate, now_usec);
}

/* ---- the end of an attempt -------------------------------------------------------------------------- */

/* A ceiling is news; a limit that climbs is when it has moved by a quarter: a restart would find it again. */
static bool limit_is_news(struct governor *g, uint32_t ceiling_before)
{
	uint32_t limit = g->throttle.limit, told = g->told_limit;
	uint32_t moved = limit > told ? limit - told : told - limit;

	if (g->throttle.ceiling == ceiling_before && (moved == 0 || moved * 4 < told))
		return false;
	g->told_limit = limit;
	return true;
}

bool governor_ended(struct governor *g, const struct governor_policy *policy,
	const struct governor_ticket *ticket, enum governor_answer answer, int64_t job_id, int64_t now_usec)
{
	bool was_open = g->breaker.until_usec != 0, changed = false;
	uint32_t ceiling = g->throttle.ceiling;

	if (policy->breaker)
		changed = breaker_ended(&g->breaker,
			&(struct breaker_policy){.failures = policy->breaker_failures,
				.span_usec = policy->breaker_usec,
				.max_span_usec = policy->breaker_max_usec},
			ticket->probe, answer, job_id, now_usec);
	if (answer == GOVERNOR_SUCCESS)
		add_tokens(g, policy, policy->retry_share);
	throttle_ended(&g->throttle, policy->max, &ticket->throttle,
		policy->adaptive ? answer : GOVERNOR_NONE, now_usec);
	if (was_open && g->breaker.until_usec == 0)
		throttle_forget(&g->throttle, policy->max, now_usec);
	return limit_is_news(g, ceiling) || changed;
}

/* ---- memory ----------------------------------------------------------------------------------------- */

static int clamp_int(uint32_t n)
{
	return n < INT_MAX ? (int)n : INT_MAX;
}

void governor_save(const struct governor *g, struct governor_memory *ret)
{
	*ret = (struct governor_memory){.limit = clamp_int(g->throttle.limit),
		.ceiling = clamp_int(g->throttle.ceiling),
		.probe_usec = g->throttle.probe_usec,
		.probe_interval_usec = g->throttle.probe_span_usec,
		.breaker_until_usec = g->breaker.until_usec,
		.breaker_span_usec = g->breaker.span_usec,
		.failures = clamp_int(g->breaker.streak)};
}

static int64_t between(int64_t n, int64_t min, int64_t max)
{
	if (n < min)
		return min;
	return n < max ? n : max;
}

static void restore_breaker(struct breaker *b, const struct governor_policy *policy,
	const struct governor_memory *memory, int64_t now_usec)
{
	b->streak = (uint32_t)between(memory->failures, 0, INT_MAX);
	if (memory->breaker_until_usec <= 0)
		return;
	b->span_usec = between(memory->breaker_span_usec,
		between(policy->breaker_usec, 0, policy->breaker_max_usec), policy->breaker_max_usec);
	b->until_usec = between(memory->breaker_until_usec, 1, usec_add(now_usec, b->span_usec));
}

void governor_restore(struct governor *g, const struct governor_policy *policy,
	const struct governor_memory *memory, int64_t now_usec)
{
	*g = (struct governor){0};
	reset(g, policy, now_usec);
	throttle_restore(&g->throttle, policy->max, memory->limit, memory->ceiling, memory->probe_usec,
		memory->probe_interval_usec, now_usec);
	if (policy->breaker)
		restore_breaker(&g->breaker, policy, memory, now_usec);
	g->told_limit = g->throttle.limit;
}
