/* Pace: doubled when it hurts, eased by successes down to the floor where it last did, which is probed. Owns
 * nothing; any thread.
 */
#include "config.h"

#include "job/pace.h"

/* The span that a first refusal brings is twice this. */
#define SPAN_MIN_USEC 100000u
#define SPAN_OFF_USEC 20000u /* no server counts that closely */
/* So often a server that refuses everything is asked; its breaker is not open, as it does answer. */
#define SPAN_MAX_USEC 30000000u
/* After a probe: a bucket at the server may hold a few requests. */
#define SERVED_MIN 8
/* The floor rises by an eighth, then by two, then by four: far enough for any server, and not far past it. */
#define STEPS	 8
#define STEP_MAX 4

static uint32_t clamp(uint32_t usec, uint32_t min_usec)
{
	if (usec < min_usec)
		return min_usec;
	return usec < SPAN_MAX_USEC ? usec : SPAN_MAX_USEC;
}

/* Without a success since the last time it is an outage, which teaches nothing about the pace. */
static void raise_floor(struct pace *p, uint32_t span_usec)
{
	uint8_t step = p->step > 0 ? p->step : 1;

	if (p->served == 0)
		return;
	if (p->probing) {
		p->floor_usec = p->safe_usec;
		return;
	}
	p->floor_usec = clamp(span_usec / STEPS * (STEPS + step), SPAN_MIN_USEC);
	p->step = step * 2 < STEP_MAX ? (uint8_t)(step * 2) : STEP_MAX;
}

bool pace_hurt(struct pace *p)
{
	uint32_t span_usec = clamp(p->span_usec, SPAN_MIN_USEC);
	bool probing = p->probing;

	raise_floor(p, span_usec);
	p->span_usec = clamp(2 * span_usec, p->floor_usec);
	p->served = 0;
	p->probing = false;
	return probing;
}

/* At the floor for a while, or the last step down did no harm: the floor may have sunk. */
static void sink_floor(struct pace *p, bool may_probe)
{
	if (p->probing ? p->served < SERVED_MIN : !may_probe)
		return;
	if (!p->probing)
		p->safe_usec = p->floor_usec;
	p->floor_usec = p->probing ? p->floor_usec / 4 * 3 : p->floor_usec / 8 * 7;
	p->span_usec = p->floor_usec;
	p->probing = true;
	p->step = 0;
	p->served = 0;
}

void pace_ease(struct pace *p, bool may_probe)
{
	if (p->served < SERVED_MIN)
		p->served++;
	if (p->span_usec == 0)
		return;
	if (p->span_usec > p->floor_usec)
		p->span_usec = clamp(p->span_usec / 4 * 3, p->floor_usec);
	else
		sink_floor(p, may_probe);
	if (p->span_usec < SPAN_OFF_USEC)
		*p = (struct pace){.served = p->served};
}
