/* Breaker: closed, open, half-open. Owns nothing; any thread. Must never open because of one job alone, which
 * has a backoff of its own.
 */
#include "config.h"

#include "job/breaker.h"

#include "base/clock.h"

/* Half of so many answers in a minute open it, too: a host that works by chance is no better than one that
 * fails five times in a row. */
#define MINUTE_USEC	   (60 * USEC_PER_SEC)
#define MINUTE_ANSWERS_MIN 20

static void start_minute(struct breaker *b, int64_t now_usec)
{
	b->minute_usec = now_usec;
	b->minute_answers = b->minute_failures = 0;
	b->minute_shared = false;
}

void breaker_init(struct breaker *b, int64_t now_usec)
{
	*b = (struct breaker){0};
	start_minute(b, now_usec);
}

enum breaker_state breaker_state(const struct breaker *b, int64_t now_usec)
{
	if (b->until_usec == 0)
		return BREAKER_CLOSED;
	return now_usec < b->until_usec ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

bool breaker_may_start(const struct breaker *b, int64_t now_usec, int64_t *ret_until_usec)
{
	enum breaker_state state = breaker_state(b, now_usec);

	*ret_until_usec = state == BREAKER_OPEN ? b->until_usec : 0;
	return state == BREAKER_CLOSED || (state == BREAKER_HALF_OPEN && !b->probing);
}

bool breaker_started(struct breaker *b, int64_t now_usec)
{
	if (breaker_state(b, now_usec) != BREAKER_HALF_OPEN || b->probing)
		return false;
	b->probing = true;
	return true;
}

static void open_for(
	struct breaker *b, const struct breaker_policy *policy, int64_t span_usec, int64_t now_usec)
{
	b->span_usec = span_usec < policy->max_span_usec ? span_usec : policy->max_span_usec;
	b->until_usec = usec_add(now_usec, b->span_usec);
}

bool breaker_close(struct breaker *b, int64_t now_usec)
{
	bool changed = b->until_usec != 0 || b->streak != 0;

	if (b->until_usec != 0)
		start_minute(b, now_usec);
	b->until_usec = b->span_usec = 0;
	b->streak = 0;
	b->probing = false;
	return changed;
}

/* While it is open, only the probe is believed; what started before says at most that a probe is worth it. */
static bool ended_open(
	struct breaker *b, const struct breaker_policy *policy, bool probe, bool failed, int64_t now_usec)
{
	if (probe && failed) {
		open_for(b, policy, usec_add(b->span_usec, b->span_usec), now_usec);
		return true;
	}
	if (probe)
		return breaker_close(b, now_usec);
	if (failed || now_usec >= b->until_usec)
		return false;
	b->until_usec = now_usec;
	return true;
}

static void count_minute(struct breaker *b, bool failed, int64_t job_id, int64_t now_usec)
{
	if (now_usec - b->minute_usec >= MINUTE_USEC || b->minute_answers == UINT16_MAX)
		start_minute(b, now_usec);
	b->minute_answers++;
	if (!failed)
		return;
	if (b->minute_failures++ == 0)
		b->minute_job = job_id;
	b->minute_shared = b->minute_shared || b->minute_job != job_id;
}

static void count_streak(struct breaker *b, int64_t job_id)
{
	if (b->streak == 0)
		b->streak_shared = false;
	if (b->streak == 0 || b->streak_job == 0) /* 0: of before a restart, whose they were is forgotten */
		b->streak_job = job_id;
	b->streak_shared = b->streak_shared || b->streak_job != job_id;
	if (b->streak < UINT32_MAX)
		b->streak++;
}

static bool is_too_much(const struct breaker *b, const struct breaker_policy *policy)
{
	if (b->streak >= policy->failures && b->streak_shared)
		return true;
	return b->minute_answers >= MINUTE_ANSWERS_MIN && b->minute_failures * 2 >= b->minute_answers &&
	       b->minute_shared;
}

static bool ended_closed(
	struct breaker *b, const struct breaker_policy *policy, bool failed, int64_t job_id, int64_t now_usec)
{
	bool had_streak = b->streak != 0;

	count_minute(b, failed, job_id, now_usec);
	if (failed)
		count_streak(b, job_id);
	else
		b->streak = 0;
	if (failed && is_too_much(b, policy))
		open_for(b, policy, policy->span_usec, now_usec);
	return failed || had_streak;
}

bool breaker_ended(struct breaker *b, const struct breaker_policy *policy, bool probe,
	enum governor_answer answer, int64_t job_id, int64_t now_usec)
{
	bool failed = false;

	if (probe)
		b->probing = false;
	switch (answer) {
	case GOVERNOR_TIMEOUT:
	case GOVERNOR_FAILURE: failed = true; break;
	case GOVERNOR_SUCCESS:
	case GOVERNOR_OVERLOAD:
	case GOVERNOR_BUSY:
	case GOVERNOR_ALIVE: break;
	case GOVERNOR_NONE: return false;
	}
	if (b->until_usec != 0)
		return ended_open(b, policy, probe, failed, now_usec);
	return ended_closed(b, policy, failed, job_id, now_usec);
}
