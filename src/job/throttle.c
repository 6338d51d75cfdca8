/* Throttle: slow start, judgement by throughput, cuts and probes. Owns nothing; any thread. Must never let
 * one round cut below half, nor cut twice for what was already on its way.
 */
#include "config.h"

#include "job/throttle.h"

#include "base/clock.h"

/* As Postfix begins with a few (initial_destination_concurrency 5) and TCP did with two: one could not show
 * that two at once work. */
#define LIMIT_START 2
/* Silence is consent: a hundred at once after 30 ms, a thousand after 50. */
#define RAMP_USEC  (10 * USEC_PER_MSEC)
#define RAMP_TIMES 4
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
/* After nothing for so long, measuring begins anew. */
#define IDLE_USEC (15 * USEC_PER_SEC)
/* A rate measured over less is an accident of scheduling. */
#define ROUND_MIN_USEC (50 * USEC_PER_MSEC)
/* Ends often come in bursts, as the starts did. A round that is due still takes what comes within this part
 * of its length, and ends with the last of it: a burst counted by half would be a wrong rate. */
#define ROUND_SLACK 16
/* Ends in a round whose throughput is judged. With latencies spread as 0.5 to 4 s their rate is off by
 * sqrt(0.2/n): by 11 % for 16, enough to see a doubling; by 6 % for 48; by 4.5 % for 96, needed to see that a
 * quarter more gives nothing. */
#define ROUND_ENDS_MIN	     16
#define ROUND_ENDS_PROBE_MIN 48
#define ROUND_ENDS_FLAT_MIN  96

/* More at once pays when throughput grows by a tenth of what the limit did, and 5 % at least. Judged from
 * a quarter more on, and twice before it is given up. */
#define GAIN_MIN    0.05
#define GAIN_SHARE  0.1
#define STRIKES_MAX 2
#define GAINS_MIN   2
/* From above: throughput that is kept but for so much is the same. */
#define LOSS_MAX 0.05
/* Answers that take so many times as long as the quickest one may stand in a queue. */
#define QUEUE_MIN 2
/* Rounds at what silence allowed, until less is tried without a reason. */
#define TOP_ROUNDS 8
/* Above the estimated knee, since a limit that is too low costs throughput, and one too high only memory. */
#define KNEE_MARGIN 1.125

#define PROBE_SPAN_MIN_USEC (30 * USEC_PER_SEC)
#define PROBE_SPAN_MAX_USEC (120 * USEC_PER_SEC)
/* At such a ceiling a refusal is a large part of the answers: probed half as often. */
#define FEW 2
/* What a probe that did not pay gives up of the limit: as chance lets some pass, it would only ever rise. */
#define SINK_PART 16
/* One could be chance. */
#define ABOVE_MIN 2
/* "Busy" and time-outs at a limit of 1 are an exception, and nothing is spaced, up to a share of 0.4 (in
 * 1/256) of the last sixteen or so answers: eight in a row are more, six where one in six is normal. */
#define SHARE_PART 16
#define SHARE_MAX  102
/* So often refused at a limit of 1, and it is not the load. */
#define ALONE_MIN 2

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
	t->round_usec = t->last_usec = now_usec;
	t->due_usec = 0;
	t->round_bytes = 0;
	t->round_ends = 0;
	t->round_trip = false;
	t->level = t->limit;
	t->peak = t->active;
}

static void rise_to(struct throttle *t, unsigned max, uint32_t limit)
{
	t->limit = most(t->limit, least(limit, max));
}

void throttle_init(struct throttle *t, unsigned max, int64_t now_usec)
{
	*t = (struct throttle){.limit = least(LIMIT_START, max),
		.probe_span_usec = PROBE_SPAN_MIN_USEC,
		.cut_step = 1,
		.rise_step = 1};
	lenience_init(&t->lenience);
	begin_round(t, now_usec);
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
	t->unproven = t->ceiling == 0 && t->limit > LIMIT_EASY;
}

void throttle_forget(struct throttle *t, unsigned max, int64_t now_usec)
{
	const struct throttle old = *t;

	throttle_init(t, max, now_usec);
	t->active = t->peak = old.active;
	t->epoch = t->cut_epoch = old.epoch + 1;
}

void throttle_tune(struct throttle *t, unsigned max)
{
	t->limit = least(t->limit, max);
	t->level = least(t->level, max);
}

bool throttle_ramp(struct throttle *t, unsigned max, int64_t now_usec, int64_t *ret_again_usec)
{
	*ret_again_usec = 0;
	if (t->limit >= max || t->ceiling > 0 || t->strikes > 0 || t->falling || t->pace.span_usec > 0 ||
		t->active < t->limit)
		return false;
	if (now_usec < t->still_usec + RAMP_USEC) {
		*ret_again_usec = t->still_usec + RAMP_USEC;
		return false;
	}
	rise_to(t, max, RAMP_TIMES * t->limit);
	t->still_usec = now_usec;
	t->unproven = t->limit > LIMIT_EASY;
	t->base_rate = 0;
	t->top_rounds = 0;
	begin_round(t, now_usec);
	return true;
}

void throttle_started(struct throttle *t, unsigned active, int64_t now_usec, struct throttle_ticket *ret)
{
	t->still_usec = now_usec;
	t->active = active;
	if (active == 1 && now_usec - t->last_usec > IDLE_USEC) {
		t->base_rate = 0;
		t->trip_min_usec = 0;
		t->falling = false;
		begin_round(t, now_usec);
	}
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

/* Rounded up, so that it can be told. */
static uint32_t quarter(uint32_t limit)
{
	return (limit + 3) / 4;
}

static bool can_tell(const struct throttle *t)
{
	return t->level * 4 >= t->base_level * 5;
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
	if (!can_tell(t))
		return JUDGE_UNKNOWN;
	rise = (double)t->level / t->base_level - 1;
	need = rise * GAIN_SHARE > GAIN_MIN ? rise * GAIN_SHARE : GAIN_MIN;
	return rate < t->base_rate * (1 + need) ? JUDGE_FLAT : JUDGE_GAIN;
}

static void wait_for_probe(struct throttle *t, int64_t now_usec)
{
	t->probe_usec = usec_add(now_usec, t->ceiling <= FEW ? 2 * t->probe_span_usec : t->probe_span_usec);
	t->rise_step = 1;
	t->strikes = 0;
}

static void lengthen_span(struct throttle *t)
{
	t->probe_span_usec = clamp_usec(t->probe_span_usec * 2, PROBE_SPAN_MIN_USEC, PROBE_SPAN_MAX_USEC);
}

static void settle(struct throttle *t, uint32_t limit, int64_t now_usec)
{
	t->limit = t->ceiling = least(t->limit, limit);
	t->flat = true;
	t->base_rate = 0;
	wait_for_probe(t, now_usec);
}

/* More did not pay: where it would, by Little's law, give the throughput that there is. */
static uint32_t knee(const struct throttle *t, double rate)
{
	double gain = rate > t->base_rate ? rate / t->base_rate : 1;

	return most((uint32_t)(t->base_level * gain * KNEE_MARGIN), LIMIT_EASY);
}

static void end_slow_start_round(struct throttle *t, double rate, int64_t now_usec)
{
	switch (judge(t, rate)) {
	case JUDGE_UNKNOWN: break;
	case JUDGE_GAIN:
		t->strikes = 0;
		set_base(t, rate);
		break;
	case JUDGE_FLAT:
		t->limit = t->level; /* what it has grown since was in vain */
		if (++t->strikes >= STRIKES_MAX)
			settle(t, knee(t, rate), now_usec);
		break;
	}
}

/* ---- from above: silence let it rise, and nothing is known of what less would bring ---------------- */

/* Answers take longer than they could, so they may stand in a queue. Else a trial, which costs a trip or two
 * at half speed where more really brings more, has time. */
static bool may_be_too_much(struct throttle *t)
{
	if (t->top_rounds < TOP_ROUNDS)
		t->top_rounds++;
	return t->top_rounds == TOP_ROUNDS ||
	       (t->round_ends > 0 && t->trip_usec > QUEUE_MIN * t->trip_min_usec);
}

/* Half as many or, by Little's law, what would do if the quickest answer saw no queue. */
static void fall(struct throttle *t)
{
	double usec = (double)(t->last_usec - t->round_usec);
	double busy = t->round_ends * (double)t->trip_min_usec / usec * KNEE_MARGIN;
	uint32_t limit = (t->level + 1) / 2;

	if (t->round_ends > 0 && busy < limit)
		limit = (uint32_t)busy + 1;
	t->limit = most(limit, LIMIT_EASY);
	t->falling = t->settling = true;
	t->base_level = t->level;
}

static void land(struct throttle *t, unsigned max, uint32_t limit, int64_t now_usec)
{
	t->limit = least(limit, max);
	t->falling = t->unproven = false;
	settle(t, t->limit, now_usec);
}

/* level: so many at once were active. As much with fewer: still fewer; else as many as it takes. */
static void end_fallen_round(struct throttle *t, unsigned max, uint32_t level, double rate, int64_t now_usec)
{
	double need = level * t->base_rate / (rate > 1 ? rate : 1) * KNEE_MARGIN;

	if (rate < t->base_rate * (1 - LOSS_MAX))
		land(t, max, need < t->base_level ? (uint32_t)need : t->base_level, now_usec);
	else if (t->settling)
		return;
	else if (t->level > LIMIT_EASY)
		fall(t);
	else
		land(t, max, t->level, now_usec);
}

/* ---- from below, past a ceiling ------------------------------------------------------------------- */

/* The first round after is not judged: what ends in it started before. */
static void probe(struct throttle *t, unsigned max)
{
	lenience_cut(&t->lenience, t->limit); /* it may have served more by chance */
	rise_to(t, max, t->limit + t->rise_step);
	t->above = 0;
	t->settling = true;
}

static void pass_probe(struct throttle *t, unsigned max)
{
	t->probe_span_usec = clamp_usec(t->probe_span_usec / 2, PROBE_SPAN_MIN_USEC, PROBE_SPAN_MAX_USEC);
	t->ceiling = t->limit;
	t->strikes = t->gains = 0;
	t->rise_step = t->flat ? quarter(t->limit) : least(t->rise_step * 2, t->limit);
	probe(t, max);
}

static void fail_probe(struct throttle *t, int64_t now_usec)
{
	uint32_t sunk = t->base_level - t->base_level / SINK_PART;

	lengthen_span(t);
	settle(t, most(sunk, least(t->base_level, LIMIT_EASY)), now_usec);
}

/* Above where it hurt, not to hurt again is enough to go on; where it did not pay, it has to pay twice. */
static void end_probe_round(struct throttle *t, unsigned max, double rate, int64_t now_usec)
{
	if (t->above < ABOVE_MIN)
		return;
	switch (judge(t, rate)) {
	case JUDGE_UNKNOWN: pass_probe(t, max); break;
	case JUDGE_GAIN:
		if (t->flat && ++t->gains < GAINS_MIN)
			return;
		set_base(t, rate);
		pass_probe(t, max);
		break;
	case JUDGE_FLAT:
		if (++t->strikes >= STRIKES_MAX)
			fail_probe(t, now_usec);
		break;
	}
}

static void end_steady_round(struct throttle *t, unsigned max, double rate, int64_t now_usec)
{
	judge(t, rate);
	if (t->pace.span_usec > 0 || now_usec < t->probe_usec)
		return;
	t->strikes = t->gains = 0;
	t->rise_step = t->flat ? quarter(t->limit) : 1;
	probe(t, max);
}

static void end_round(struct throttle *t, unsigned max, int64_t now_usec)
{
	double bytes = (double)t->round_bytes + (double)t->round_ends * FILE_BYTES;
	double rate = bytes * (double)USEC_PER_SEC / (double)(t->last_usec - t->round_usec);

	t->was_full = t->peak >= t->level;
	t->cut_step = 1;
	if (t->settling && t->active <= t->limit)
		t->settling = false;
	else if (t->falling && (t->was_full || t->settling))
		end_fallen_round(t, max, t->peak, rate, now_usec);
	else if (t->was_full && t->ceiling == 0 && t->unproven && may_be_too_much(t)) {
		set_base(t, rate);
		fall(t);
	} else if (t->was_full && t->ceiling == 0)
		end_slow_start_round(t, rate, now_usec);
	else if (t->was_full && t->limit > t->ceiling)
		end_probe_round(t, max, rate, now_usec);
	else if (t->was_full && t->limit == t->ceiling)
		end_steady_round(t, max, rate, now_usec);
	else if (t->was_full && t->pace.span_usec == 0) /* back up, as BIC-TCP does: half the way each time */
		rise_to(t, max, t->limit + most(1, (t->ceiling - t->limit) / 2));
	begin_round(t, t->last_usec);
}

/* Whole cohorts: where all end at the same moment, any other number would be off by up to one of them. */
static uint32_t ends_needed(const struct throttle *t)
{
	uint32_t need = ROUND_ENDS_MIN;

	if (t->settling || t->level <= LIMIT_EASY)
		return t->level;
	if (t->ceiling > 0 && t->limit > t->ceiling && can_tell(t))
		need = t->flat ? ROUND_ENDS_FLAT_MIN : ROUND_ENDS_PROBE_MIN;
	return (need + t->level - 1) / t->level * t->level;
}

static bool is_due(const struct throttle *t)
{
	int64_t span_usec = t->last_usec - t->round_usec;
	int64_t flow_bytes = (int64_t)most(t->active, 1) * FLOW_BYTES;
	bool trip = t->round_trip && t->round_ends >= ends_needed(t) && span_usec >= ROUND_MIN_USEC;

	return trip || (t->round_bytes >= flow_bytes &&
			       span_usec >= clamp_usec(t->trip_usec, FLOW_ROUND_USEC, FLOW_ROUND_MAX_USEC));
}

/* Before the event at now_usec is counted. */
static void close_round(struct throttle *t, unsigned max, int64_t now_usec)
{
	int64_t slack_usec = (t->due_usec - t->round_usec) / ROUND_SLACK;

	if (t->due_usec > 0 && now_usec > t->due_usec + slack_usec)
		end_round(t, max, now_usec);
}

/* After it was. What starts from now on is of the next round. */
static void note_event(struct throttle *t, int64_t now_usec)
{
	t->last_usec = now_usec;
	if (t->due_usec > 0 || !is_due(t))
		return;
	t->due_usec = now_usec;
	t->epoch++;
}

/* ---- growth --------------------------------------------------------------------------------------- */

/* Slow start; true if it went on. */
static bool grow(struct throttle *t, unsigned max)
{
	bool in_use = t->peak >= t->level || t->was_full;

	if (t->limit >= max || t->ceiling > 0 || t->strikes > 0 || t->falling || !in_use)
		return false;
	if (t->limit >= LIMIT_EASY && t->limit >= 2 * t->level)
		return false;
	rise_to(t, max, t->limit + 1);
	return true;
}

void throttle_bytes(struct throttle *t, unsigned max, int64_t bytes, int64_t now_usec)
{
	close_round(t, max, now_usec);
	t->round_bytes += bytes;
	t->growth_bytes += bytes;
	while (t->growth_bytes >= FLOW_BYTES && grow(t, max))
		t->growth_bytes -= FLOW_BYTES;
	t->growth_bytes %= FLOW_BYTES;
	note_event(t, now_usec);
}

/* ---- answers -------------------------------------------------------------------------------------- */

static void count_share(struct throttle *t, bool refused)
{
	int aim = refused ? UINT8_MAX : 0;

	t->refused_share = (uint8_t)(t->refused_share + (aim - t->refused_share) / SHARE_PART);
}

static void succeed(struct throttle *t, unsigned max, const struct throttle_ticket *ticket, int64_t now_usec)
{
	count_share(t, false);
	lenience_served(&t->lenience, ticket->number);
	if (t->ceiling > 0 && ticket->number > t->ceiling)
		t->above++;
	pace_ease(&t->pace, now_usec >= t->probe_usec);
	grow(t, max);
}

/* The number-th was refused; fresh: it started after the last cut. */
static void cut(struct throttle *t, uint32_t number, bool fresh, int64_t now_usec)
{
	uint32_t below = most(number, 1) - 1, limit = least(t->limit, below);

	if (fresh) {
		/* What silence allowed was never tried. */
		t->cut_floor = t->unproven ? t->lenience.proven : (t->limit + 1) / 2;
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
	t->alone = 0;
	if (!fresh)
		return;
	t->cut_step = least(2 * t->cut_step, t->limit);
	t->flat = t->settling = t->falling = t->unproven = false;
	lenience_cut(&t->lenience, below);
	wait_for_probe(t, now_usec);
	begin_round(t, now_usec);
	t->cut_epoch = ++t->epoch;
}

static void hurt_at_one(struct throttle *t, int64_t now_usec)
{
	if (pace_hurt(&t->pace))
		lengthen_span(t);
	t->cut_epoch = ++t->epoch;
	t->ceiling = 1;
	t->flat = false;
	wait_for_probe(t, now_usec);
}

/* Served between refusals, one at a time: fewer at once would not help, and more may. */
static void excuse(struct throttle *t, int64_t now_usec)
{
	if (t->alone < ALONE_MIN)
		t->alone++;
	if (t->alone < ALONE_MIN || t->pace.span_usec > 0 || (t->was_immune && now_usec < t->probe_usec))
		return;
	t->immune = t->was_immune = true;
	t->ceiling = 0;
	t->strikes = 0;
	t->base_rate = 0;
}

static void refuse(struct throttle *t, const struct throttle_ticket *ticket, uint32_t number, bool soft,
	int64_t now_usec)
{
	bool fresh = (int32_t)(ticket->epoch - t->cut_epoch) >= 0;

	if (t->limit > 1)
		cut(t, number, fresh, now_usec);
	else if (fresh && soft && t->refused_share <= SHARE_MAX)
		excuse(t, now_usec);
	else if (fresh)
		hurt_at_one(t, now_usec);
}

/* "Busy" or too late: it may be the file. */
static void refuse_softly(
	struct throttle *t, const struct throttle_ticket *ticket, uint32_t number, int64_t now_usec)
{
	count_share(t, true);
	if (t->immune && t->refused_share <= SHARE_MAX)
		return;
	if (t->immune)
		lengthen_span(t);
	else if (lenience_forgives(&t->lenience, ticket->number))
		return;
	t->immune = false;
	refuse(t, ticket, number, true, now_usec);
}

static void count_end(struct throttle *t, const struct throttle_ticket *ticket, int64_t now_usec)
{
	int64_t trip_usec = now_usec - ticket->start_usec;

	t->trip_usec += t->trip_usec > 0 ? (trip_usec - t->trip_usec) / 8 : trip_usec;
	t->round_ends++;
	if ((int32_t)(ticket->epoch - t->epoch) >= 0)
		t->round_trip = true;
}

static void note_trip_min(struct throttle *t, int64_t trip_usec)
{
	if (t->trip_min_usec == 0 || trip_usec < t->trip_min_usec)
		t->trip_min_usec = trip_usec;
}

void throttle_left(struct throttle *t)
{
	t->active -= t->active > 0;
}

void throttle_ended(struct throttle *t, unsigned max, const struct throttle_ticket *ticket,
	enum governor_answer answer, int64_t now_usec)
{
	if (answer != GOVERNOR_NONE)
		close_round(t, max, now_usec);
	switch (answer) {
	case GOVERNOR_SUCCESS:
		count_end(t, ticket, now_usec);
		note_trip_min(t, now_usec - ticket->start_usec);
		succeed(t, max, ticket, now_usec);
		break;
	case GOVERNOR_ALIVE: count_end(t, ticket, now_usec); break;
	case GOVERNOR_OVERLOAD: refuse(t, ticket, ticket->number, false, now_usec); break;
	case GOVERNOR_BUSY: refuse_softly(t, ticket, ticket->number, now_usec); break;
	case GOVERNOR_TIMEOUT: /* how many there were when it started, long ago, says nothing */
		refuse_softly(t, ticket, most(ticket->number, t->limit), now_usec);
		break;
	case GOVERNOR_FAILURE:
	case GOVERNOR_NONE: break;
	}
	if (answer != GOVERNOR_NONE)
		note_event(t, now_usec);
	throttle_left(t);
	t->still_usec = now_usec;
}
