/* Token bucket. Owns its lock and balance; any thread. Must never sleep: it only says how long.
 */
#include "config.h"

#include "base/rate.h"

#include <assert.h>

#include "base/clock.h"

#define BURST_MIN_BYTES ((int64_t)16 * 1024)
#define MICRO		1000000

static int64_t burst_bytes(int64_t bytes_per_sec)
{
	int64_t tenth = bytes_per_sec / 10;

	return tenth > BURST_MIN_BYTES ? tenth : BURST_MIN_BYTES;
}

void rate_init(struct rate *rate, int64_t bytes_per_sec)
{
	assert(bytes_per_sec >= 0);
	pthread_mutex_init(&rate->lock, NULL);
	rate->bytes_per_sec = bytes_per_sec;
	rate->balance_bytes = burst_bytes(bytes_per_sec);
	rate->balance_micro = 0;
	rate->last_usec = clock_boot_usec();
}

void rate_done(struct rate *rate)
{
	pthread_mutex_destroy(&rate->lock);
}

void rate_set(struct rate *rate, int64_t bytes_per_sec)
{
	assert(bytes_per_sec >= 0);
	int64_t burst = burst_bytes(bytes_per_sec);

	pthread_mutex_lock(&rate->lock);
	/* A debt stays and is paid at the new rate; without a limit there was none. */
	if (rate->bytes_per_sec == 0 || rate->balance_bytes > burst)
		rate->balance_bytes = burst;
	if (rate->bytes_per_sec == 0)
		rate->last_usec = clock_boot_usec();
	rate->bytes_per_sec = bytes_per_sec;
	pthread_mutex_unlock(&rate->lock);
}

bool rate_limits(struct rate *rate)
{
	bool limits;

	pthread_mutex_lock(&rate->lock);
	limits = rate->bytes_per_sec > 0;
	pthread_mutex_unlock(&rate->lock);
	return limits;
}

/* Lock held, limit not 0. */
static void refill(struct rate *rate, int64_t now_usec)
{
	/* Another thread may have read the clock later and come first. */
	if (now_usec <= rate->last_usec)
		return;
	__int128 micro = (__int128)(now_usec - rate->last_usec) * rate->bytes_per_sec + rate->balance_micro;
	int64_t room = burst_bytes(rate->bytes_per_sec) - rate->balance_bytes;

	rate->last_usec = now_usec;
	if (micro / MICRO < room) {
		rate->balance_bytes += (int64_t)(micro / MICRO);
		rate->balance_micro = (int64_t)(micro % MICRO);
	} else {
		rate->balance_bytes += room;
		rate->balance_micro = 0;
	}
}

/* Until a debt is paid; what does not fit is for ever. */
static int64_t debt_usec(const struct rate *rate)
{
	__int128 usec = -(__int128)rate->balance_bytes * USEC_PER_SEC / rate->bytes_per_sec + 1;

	return usec > USEC_INFINITY ? USEC_INFINITY : (int64_t)usec;
}

int64_t rate_take(struct rate *rate, int64_t bytes, int64_t now_usec)
{
	assert(bytes >= 0);
	int64_t wait_usec = 0;

	pthread_mutex_lock(&rate->lock);
	if (rate->bytes_per_sec > 0) {
		refill(rate, now_usec);
		rate->balance_bytes -= bytes;
		if (rate->balance_bytes < 0)
			wait_usec = debt_usec(rate);
	}
	pthread_mutex_unlock(&rate->lock);
	return wait_usec;
}
