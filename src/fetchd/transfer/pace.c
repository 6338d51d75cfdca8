/* Pace: turns in the buckets of one transfer. Runs in the worker, also inside libcurl: it never waits.
 */
#include "config.h"

#include "fetchd/transfer/pace.h"

#include <string.h>

#include "base/clock.h"

/* A turn is this part of a second of what the transfer may have. A round of all is then longer than workers
 * wake late, and ten seconds have many. */
#define TURNS_PER_SEC  20
#define TURN_MIN_BYTES ((int64_t)1024)
#define TURN_MAX_BYTES ((int64_t)1 << 20)
/* Pieces that are read at once are smaller still: they are paid for whole. */
#define CHUNKS_PER_SEC 64

void pace_init(struct pace *pace, struct rate *const rates[RATES_N])
{
	memset(pace, 0, sizeof(*pace));
	for (size_t i = 0; i < RATES_N; i++) {
		pace->rates[i] = rates[i];
		if (rates[i])
			rate_join(rates[i]);
	}
}

/* What is taken and not used, back to the others. */
static void give_back(struct pace *pace)
{
	int64_t bytes = pace->pending_bytes + pace->ready_bytes;

	for (size_t i = 0; i < RATES_N && bytes > 0; i++)
		if (pace->rates[i] && pace->tickets[i] > 0)
			rate_give(pace->rates[i], bytes);
	pace->pending_bytes = pace->ready_bytes = 0;
}

void pace_done(struct pace *pace)
{
	give_back(pace);
	for (size_t i = 0; i < RATES_N; i++) {
		if (pace->rates[i])
			rate_leave(pace->rates[i]);
		rate_unref(pace->rates[i]);
		pace->rates[i] = NULL;
	}
}

/* Of the bucket that leaves it least; 0: no limit. */
static int64_t share(const struct pace *pace)
{
	int64_t least = 0;

	for (size_t i = 0; i < RATES_N; i++) {
		int64_t own = pace->rates[i] ? rate_share(pace->rates[i]) : 0;

		if (own > 0 && (least == 0 || own < least))
			least = own;
	}
	return least;
}

static int64_t within(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

bool pace_limits(const struct pace *pace)
{
	return share(pace) > 0;
}

int64_t pace_chunk(const struct pace *pace, int64_t least, int64_t most)
{
	int64_t own = share(pace);

	return own > 0 ? within(own / CHUNKS_PER_SEC, least, most) : most;
}

static void stand_in_line(struct pace *pace, int64_t share_bytes, int64_t now_usec)
{
	pace->pending_bytes = within(share_bytes / TURNS_PER_SEC, TURN_MIN_BYTES, TURN_MAX_BYTES);
	for (size_t i = 0; i < RATES_N; i++)
		pace->tickets[i] =
			pace->rates[i] ? rate_take(pace->rates[i], pace->pending_bytes, now_usec) : 0;
}

static int64_t longest_wait(const struct pace *pace, int64_t now_usec)
{
	int64_t longest = 0;

	for (size_t i = 0; i < RATES_N; i++) {
		/* No ticket: the limit is younger than the turn. */
		int64_t wait = pace->rates[i] && pace->tickets[i] > 0
				       ? rate_wait(pace->rates[i], pace->tickets[i], now_usec)
				       : 0;

		if (wait > longest)
			longest = wait;
	}
	return longest;
}

int64_t pace_spend(struct pace *pace, int64_t n, int64_t now_usec)
{
	int64_t share_bytes = share(pace), wait;

	if (share_bytes == 0) {
		pace->pending_bytes = pace->ready_bytes = 0;
		return 0;
	}
	if (pace->pending_bytes == 0)
		stand_in_line(pace, share_bytes, now_usec);
	while (pace->ready_bytes < n) {
		wait = longest_wait(pace, now_usec);
		if (wait > 0)
			return wait < PACE_WAIT_USEC ? wait : PACE_WAIT_USEC;
		pace->ready_bytes += pace->pending_bytes;
		stand_in_line(pace, share_bytes, now_usec);
	}
	pace->ready_bytes -= n;
	return 0;
}
