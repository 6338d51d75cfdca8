/* Throttle: slow start, judgement by throughput, cuts and probes. Owns nothing; any thread. Must never let
 * one round cut below half, nor cut twice for what was already on its way.
 */
#include "config.h"

#include "job/throttle.h"

#include "base/clock.h"

/* As Postfix begins with a few (initial_destination_concurrency 5) and TCP did with two: one could not show
 * that two at once work. */
#define LIMIT_START 2
/* Silence is consent: a hundred at once after a tenth of a second. */
#define RAMP_USEC (20 * USEC_PER_MSEC)
/* So many a browser opens to a host without asking: nothing to be judged below. */
#define LIMIT_EASY 6

/* A finished file counts as so many bytes of throughput, so that small and big files both count. */
#define FILE_BYTES (64 << 10)
/* An attempt that brought so much has shown that it flows: as good as a success. */
#define FLOW_BYTES (256 << 10)
/* Files that last longer than a round: it is over after this long. A running transfer reports every 5 s, so
 * each has reported twice. */
#define FLOW_ROUND_USEC	    (10 * USEC_PER_SEC)
#define FLOW_ROUND_MAX_USEC (15 * USEC_PER_SEC)
/* A rate measured over less is an accident of scheduling. */
#define ROUND_MIN_USEC (50 * USEC_PER_MSEC)
/* Ends in a round whose throughput is judged: with latencies spread as 0.5 to 4 s their rate is off by
 * sqrt(0.2/n): 11 % for 16, enough to see a doubling; 6 % for 48, enough to see a quarter more. */
#define ROUND_ENDS_MIN	     16
#define ROUND_ENDS_PROBE_MIN 48

/* More at once pays when throughput grows by a third of what the limit did, and 5 % at least. Judged from
 * a quarter more on, and twice before it is given up. */
#define GAIN_MIN    0.05
#define GAIN_SHARE  (1.0 / 3)
#define STRIKES_MAX 2
/* Above the estimated knee, since a limit that is too low costs throughput, and one too high only memory. */
#define KNEE_MARGIN 1.125

#define PROBE_SPAN_MIN_USEC (30 * USEC_PER_SEC)
#define PROBE_SPAN_MAX_USEC (600 * USEC_PER_SEC)
/* One could be chance. */
#define ABOVE_MIN 2

/* A busy answer or time-out is forgiven where so many others were served at the same limit: then it is about
 * the file, not about the load. */
#define SERVED_PER_STRAINED 8
#define SERVED_MAX	    256 /* older ones count less */

/* Spacing of starts where one at a time is too much. */
#define PACE_MIN_USEC	(100 * USEC_PER_MSEC)
#define PACE_OFF_USEC	(20 * USEC_PER_MSEC) /* no server counts that closely */
#define PACE_MAX_USEC	(30 * USEC_PER_SEC)
#define PACE_SERVED_MIN 4
#define PACE_STEPS	8

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static int64_t clamp_usec(int64_t usec, int64_t min_usec, int64_t max_usec)
{
	if (usec < min_usec)
		return min_usec;
	return usec < max_usec ? usec : max_usec;
}

static void begin_round(struct throttle *t, int64_t now_usec)
{
	t->epoch++;
	t->round_usec = now_usec;
	t->round_bytes = 0;
	t->round_ends = 0;
	t->round_trip = false;
	t->level = t->limit;
	t->peak = t->active;
}

static void rise_to(struct throttle *t, unsigned max, uint32_t limit)
{
	limit = least(limit, max);
	if (limit <= t->limit)
		return;
	t->limit = limit;
	t->above = t->served = t->strained = 0;
}

void throttle_init(struct throttle *t, unsigned max, int64_t now_usec)
{
	*t = (struct throttle){.limit = least(LIMIT_START, max),
		.probe_span_usec = PROBE_SPAN_MIN_USEC,
		.cut_step = 1,
		.rise_step = 1,
		.pace_step = 1};
	begin_round(t, now_usec);
	t->cut_epoch = t->epoch;
}

void throttle_restore(struct throttle *t, unsigned max, int limit, int ceiling, int64_t probe_usec,
	int64_t probe_span_usec, int64_t now_usec)
{
	throttle_init(t, max, now_usec);
	if (limit <= 0)
		return;
	t->limit = least((uint32_t)limit, max);
	t->ceiling = ceiling > 0 ? (uint32_t)ceiling : 0;
	t->probe_span_usec = clamp_usec(probe_span_usec, PROBE_SPAN_MIN_USEC, PROBE_SPAN_MAX_USEC);
	t->probe_usec = clamp_usec(probe_usec, 0, usec_add(now_usec, t->probe_span_usec));
	t->level = t->limit;
}

void throttle_tune(struct throttle *t, unsigned max)
{
	t->limit = least(t->limit, max);
	t->level = least(t->level, max);
}

bool throttle_ramp(struct throttle *t, unsigned max, int64_t now_usec, int64_t *ret_again_usec)
{
	*ret_again_usec = 0;
	if (t->limit >= max || t->ceiling > 0 || t->strikes > 0 || t->pace_usec > 0 || t->active < t->limit)
		return false;
	if (now_usec < t->still_usec + RAMP_USEC) {
		*ret_again_usec = t->still_usec + RAMP_USEC;
		return false;
	}
	rise_to(t, max, t->limit < LIMIT_EASY ? LIMIT_EASY : 2 * t->limit);
	t->still_usec = now_usec;
	return true;
}

void throttle_started(struct throttle *t, unsigned active, int64_t now_usec, struct throttle_ticket *ret)
{
	t->still_usec = now_usec;
	t->active = active;
	t->peak = most(t->peak, active);
	*ret = (struct throttle_ticket){.start_usec = now_usec, .number = active, .epoch = t->epoch};
}

/* ---- judging a round ------------------------------------------------------------------------------ */

enum judgement {
	JUDGE_UNKNOWN, /* not enough of a rise to tell */
	JUDGE_GAIN,
	JUDGE_FLAT,
};

static void set_base(struct throttle *t, double rate)
{
	t->base_rate = rate;
	t->base_level = t->level;
}

static enum judgement judge(struct throttle *t, double rate)
{
	double rise, need;

	if (t->base_rate <= 0 || t->level <= LIMIT_EASY || t->level < t->base_level) {
		set_base(t, rate);
		return JUDGE_UNKNOWN;
	}
	if (t->level == t->base_level)
		t->base_rate += (rate - t->base_rate) / 4;
	if (t->level * 4 < t->base_level * 5)
		return JUDGE_UNKNOWN;
	rise = (double)t->level / t->base_level - 1;
	need = rise * GAIN_SHARE > GAIN_MIN ? rise * GAIN_SHARE : GAIN_MIN;
	if (rate < t->base_rate * (1 + need))
		return JUDGE_FLAT;
	set_base(t, rate);
	return JUDGE_GAIN;
}

static void wait_for_probe(struct throttle *t, int64_t now_usec)
{
	t->probe_usec = usec_add(now_usec, t->probe_span_usec);
	t->rise_step = 1;
	t->strikes = 0;
}

static void lengthen_span(struct throttle *t)
{
	t->probe_span_usec = clamp_usec(t->probe_span_usec * 2, PROBE_SPAN_MIN_USEC, PROBE_SPAN_MAX_USEC);
}

/* More did not pay: back to where it would, by Little's law, give the throughput that there is. */
static void settle_at_knee(struct throttle *t, double rate, int64_t now_usec)
{
	double gain = rate > t->base_rate ? rate / t->base_rate : 1;
	uint32_t knee = (uint32_t)(t->base_level * gain * KNEE_MARGIN);

	t->limit = t->ceiling = least(t->limit, most(knee, LIMIT_EASY));
	t->flat = true;
	t->base_rate = 0;
	wait_for_probe(t, now_usec);
}

static void end_slow_start_round(struct throttle *t, double rate, int64_t now_usec)
{
	switch (judge(t, rate)) {
	case JUDGE_UNKNOWN: break;
	case JUDGE_GAIN: t->strikes = 0; break;
	case JUDGE_FLAT:
		if (++t->strikes >= STRIKES_MAX)
			settle_at_knee(t, rate, now_usec);
		break;
	}
}

static void end_probe_round(struct throttle *t, unsigned max, double rate, int64_t now_usec)
{
	if (t->above < ABOVE_MIN)
		return;
	if (judge(t, rate) == JUDGE_FLAT) {
		if (++t->strikes < STRIKES_MAX)
			return;
		lengthen_span(t);
		settle_at_knee(t, rate, now_usec);
		return;
	}
	/* It neither hurt nor was in vain: on, with larger steps. */
	t->probe_span_usec = clamp_usec(t->probe_span_usec / 2, PROBE_SPAN_MIN_USEC, PROBE_SPAN_MAX_USEC);
	t->ceiling = t->limit;
	t->strikes = 0;
	t->rise_step = least(t->rise_step * 2, t->limit);
	rise_to(t, max, t->limit + t->rise_step);
}

static void end_steady_round(struct throttle *t, unsigned max, double rate, int64_t now_usec)
{
	judge(t, rate);
	if (t->pace_usec > 0 || now_usec < t->probe_usec)
		return;
	t->strikes = 0;
	t->rise_step = t->flat ? most(1, t->limit / 4) : 1;
	rise_to(t, max, t->limit + t->rise_step);
}

static void end_round(struct throttle *t, unsigned max, int64_t now_usec)
{
	double bytes = (double)t->round_bytes + (double)t->round_ends * FILE_BYTES;
	double rate = bytes * (double)USEC_PER_SEC / (double)(now_usec - t->round_usec);

	t->was_full = t->peak >= t->level;
	t->cut_step = 1;
	if (t->was_full && t->ceiling == 0)
		end_slow_start_round(t, rate, now_usec);
	else if (t->was_full && t->limit > t->ceiling)
		end_probe_round(t, max, rate, now_usec);
	else if (t->was_full && t->limit == t->ceiling)
		end_steady_round(t, max, rate, now_usec);
	else if (t->was_full && t->pace_usec == 0) /* back up, as BIC-TCP does: half the way each time */
		rise_to(t, max, t->limit + most(1, (t->ceiling - t->limit) / 2));
	begin_round(t, now_usec);
}

static uint32_t ends_needed(const struct throttle *t)
{
	if (t->level <= LIMIT_EASY)
		return t->level;
	return most(t->level, t->ceiling > 0 && t->limit > t->ceiling && t->level * 4 >= t->base_level * 5
				      ? ROUND_ENDS_PROBE_MIN
				      : ROUND_ENDS_MIN);
}

static void maybe_end_round(struct throttle *t, unsigned max, int64_t now_usec)
{
	int64_t span_usec = now_usec - t->round_usec;
	int64_t flow_bytes = (int64_t)most(t->active, 1) * FLOW_BYTES;
	bool trip = t->round_trip && t->round_ends >= ends_needed(t) && span_usec >= ROUND_MIN_USEC;
	bool flow = t->round_bytes >= flow_bytes &&
		    span_usec >= clamp_usec(t->trip_usec, FLOW_ROUND_USEC, FLOW_ROUND_MAX_USEC);

	if (trip || flow)
		end_round(t, max, now_usec);
}

/* ---- growth --------------------------------------------------------------------------------------- */

/* Slow start; true if it went on. */
static bool grow(struct throttle *t, unsigned max)
{
	bool in_use = t->peak >= t->level || t->was_full;

	if (t->limit >= max || t->ceiling > 0 || t->strikes > 0 || !in_use)
		return false;
	if (t->limit >= LIMIT_EASY && t->limit >= 2 * t->level)
		return false;
	rise_to(t, max, t->limit + 1);
	return true;
}

void throttle_bytes(struct throttle *t, unsigned max, int64_t bytes, int64_t now_usec)
{
	t->round_bytes += bytes;
	t->growth_bytes += bytes;
	while (t->growth_bytes >= FLOW_BYTES && grow(t, max))
		t->growth_bytes -= FLOW_BYTES;
	t->growth_bytes %= FLOW_BYTES;
	maybe_end_round(t, max, now_usec);
}

/* ---- pace: where one at a time is too much --------------------------------------------------------- */

static void hurt_at_one(struct throttle *t, int64_t now_usec)
{
	int64_t pace_usec = clamp_usec(t->pace_usec, PACE_MIN_USEC, PACE_MAX_USEC);

	if (t->pace_probing)
		lengthen_span(t);
	/* Without a success since the last time it is an outage, which teaches nothing about the pace. */
	if (t->pace_served > 0) {
		t->pace_floor_usec = clamp_usec(
			pace_usec / PACE_STEPS * (PACE_STEPS + t->pace_step), PACE_MIN_USEC, PACE_MAX_USEC);
		t->pace_step = (uint8_t)least(2u * t->pace_step, PACE_STEPS);
	}
	t->pace_usec = clamp_usec(2 * pace_usec, t->pace_floor_usec, PACE_MAX_USEC);
	t->pace_served = 0;
	t->pace_probing = false;
	t->cut_epoch = ++t->epoch;
	t->ceiling = 1;
	t->flat = false;
	wait_for_probe(t, now_usec);
}

/* At the floor for a while, or the last step down did no harm: the floor may have sunk. */
static void sink_pace(struct throttle *t, int64_t now_usec)
{
	if (t->pace_probing ? t->pace_served < PACE_SERVED_MIN : now_usec < t->probe_usec)
		return;
	t->pace_usec = t->pace_floor_usec =
		t->pace_probing ? t->pace_floor_usec / 4 * 3 : t->pace_floor_usec / 8 * 7;
	t->pace_probing = true;
	t->pace_step = 1;
	t->pace_served = 0;
}

static void ease_pace(struct throttle *t, int64_t now_usec)
{
	t->pace_served = (uint8_t)least(t->pace_served + 1u, PACE_SERVED_MIN);
	if (t->pace_usec == 0)
		return;
	if (t->pace_usec > t->pace_floor_usec)
		t->pace_usec = clamp_usec(t->pace_usec / 4 * 3, t->pace_floor_usec, PACE_MAX_USEC);
	else
		sink_pace(t, now_usec);
	if (t->pace_usec >= PACE_OFF_USEC)
		return;
	t->pace_usec = t->pace_floor_usec = 0;
	t->pace_probing = false;
}

/* ---- answers -------------------------------------------------------------------------------------- */

static void succeed(struct throttle *t, unsigned max, const struct throttle_ticket *ticket, int64_t now_usec)
{
	if (ticket->number >= t->limit && ++t->served >= SERVED_MAX) {
		t->served /= 2;
		t->strained /= 2;
	}
	if (t->ceiling > 0 && ticket->number > t->ceiling)
		t->above++;
	ease_pace(t, now_usec);
	grow(t, max);
}

/* The number-th was refused; fresh: it started after the last cut. */
static void cut(struct throttle *t, uint32_t number, bool fresh, int64_t now_usec)
{
	uint32_t below = most(number, 1) - 1, limit = least(t->limit, below);

	if (fresh) {
		t->cut_floor = (t->limit + 1) / 2;
		limit = least(limit, t->limit - least(t->cut_step, t->limit));
	}
	limit = most(most(limit, t->cut_floor), 1);
	if (limit >= t->limit)
		return;
	if (fresh && t->ceiling > 0 && t->limit > t->ceiling)
		lengthen_span(t);
	/* Not lower than the refusal says, though the cut be deeper. */
	t->ceiling = most(limit, least(below, t->limit - 1));
	t->limit = limit;
	if (!fresh)
		return;
	t->cut_step *= 2;
	t->flat = false;
	wait_for_probe(t, now_usec);
	begin_round(t, now_usec);
	t->cut_epoch = t->epoch;
}

static void refuse(
	struct throttle *t, const struct throttle_ticket *ticket, uint32_t number, int64_t now_usec)
{
	bool fresh = (int32_t)(ticket->epoch - t->cut_epoch) >= 0;

	if (t->limit > 1)
		cut(t, number, fresh, now_usec);
	else if (fresh)
		hurt_at_one(t, now_usec);
}

static bool forgive(struct throttle *t)
{
	if (t->served < SERVED_PER_STRAINED * (t->strained + 1))
		return false;
	t->strained++;
	return true;
}

static void count_end(struct throttle *t, const struct throttle_ticket *ticket, int64_t now_usec)
{
	int64_t trip_usec = now_usec - ticket->start_usec;

	t->trip_usec += t->trip_usec > 0 ? (trip_usec - t->trip_usec) / 8 : trip_usec;
	t->round_ends++;
	if ((int32_t)(ticket->epoch - t->epoch) >= 0)
		t->round_trip = true;
}

void throttle_ended(struct throttle *t, unsigned max, const struct throttle_ticket *ticket,
	enum governor_answer answer, int64_t now_usec)
{
	switch (answer) {
	case GOVERNOR_SUCCESS:
		count_end(t, ticket, now_usec);
		succeed(t, max, ticket, now_usec);
		break;
	case GOVERNOR_ALIVE: count_end(t, ticket, now_usec); break;
	case GOVERNOR_OVERLOAD: refuse(t, ticket, ticket->number, now_usec); break;
	case GOVERNOR_BUSY:
		if (!forgive(t))
			refuse(t, ticket, ticket->number, now_usec);
		break;
	case GOVERNOR_TIMEOUT: /* how many there were when it started, long ago, says nothing */
		if (!forgive(t))
			refuse(t, ticket, most(ticket->number, t->limit), now_usec);
		break;
	case GOVERNOR_FAILURE:
	case GOVERNOR_NONE: break;
	}
	maybe_end_round(t, max, now_usec);
	t->active -= t->active > 0;
	t->still_usec = now_usec;
}
