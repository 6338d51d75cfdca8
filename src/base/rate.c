/* Token bucket. Owns its lock and balance; any thread. Must never sleep: it only says how long.
 */
#include "config.h"

#include "base/rate.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

#define BURST_MIN_BYTES ((int64_t)1024)
#define MICRO		1000000

struct rate {
	_Atomic int refs;
	_Atomic int users;
	_Atomic int64_t bytes_per_sec; /* 0: no limit; written under the lock */
	pthread_mutex_t lock;
	int64_t balance_bytes; /* below 0: taken, and to come */
	int64_t balance_micro; /* and millionths of a byte, so that frequent calls lose none */
	int64_t last_usec;     /* clock_boot_usec() */
	int64_t taken_bytes;   /* ever: a ticket is what this was after its bytes */
};

/* More would go to whoever comes first. */
static int64_t burst_bytes(int64_t bytes_per_sec)
{
	int64_t part = bytes_per_sec / 50;

	return part > BURST_MIN_BYTES ? part : BURST_MIN_BYTES;
}

struct rate *rate_new(int64_t bytes_per_sec)
{
	struct rate *rate = xcalloc(1, sizeof(*rate));

	assert(bytes_per_sec >= 0);
	pthread_mutex_init(&rate->lock, NULL);
	rate->refs = 1;
	rate->bytes_per_sec = bytes_per_sec;
	rate->balance_bytes = burst_bytes(bytes_per_sec);
	rate->last_usec = clock_boot_usec();
	return rate;
}

struct rate *rate_ref(struct rate *rate)
{
	atomic_fetch_add(&rate->refs, 1);
	return rate;
}

void rate_unref(struct rate *rate)
{
	if (!rate || atomic_fetch_sub(&rate->refs, 1) > 1)
		return;
	assert(rate->users == 0);
	pthread_mutex_destroy(&rate->lock);
	free(rate);
}

int64_t rate_get(const struct rate *rate)
{
	return rate->bytes_per_sec;
}

void rate_join(struct rate *rate)
{
	atomic_fetch_add(&rate->users, 1);
}

void rate_leave(struct rate *rate)
{
	atomic_fetch_sub(&rate->users, 1);
}

int64_t rate_share(const struct rate *rate)
{
	int64_t limit = rate->bytes_per_sec, users = rate->users;

	if (limit == 0)
		return 0;
	return users > 1 && limit >= users ? limit / users : users > 1 ? 1 : limit;
}

/* Lock held. What was earned at the limit so far; none earns nothing. */
static void refill(struct rate *rate, int64_t now_usec)
{
	int64_t limit = rate->bytes_per_sec;

	/* Another thread may have read the clock later and come first. */
	if (now_usec <= rate->last_usec)
		return;
	__int128 micro = (__int128)(now_usec - rate->last_usec) * limit + rate->balance_micro;
	int64_t room = burst_bytes(limit) - rate->balance_bytes;

	rate->last_usec = now_usec;
	if (micro / MICRO < room) {
		rate->balance_bytes += (int64_t)(micro / MICRO);
		rate->balance_micro = (int64_t)(micro % MICRO);
	} else {
		rate->balance_bytes += room;
		rate->balance_micro = 0;
	}
}

void rate_set(struct rate *rate, int64_t bytes_per_sec)
{
	assert(bytes_per_sec >= 0);
	int64_t burst = burst_bytes(bytes_per_sec);

	pthread_mutex_lock(&rate->lock);
	refill(rate, clock_boot_usec());
	/* A debt stays and is paid at the new rate; without a limit nobody had to wait for it. */
	if (rate->bytes_per_sec == 0 || rate->balance_bytes > burst)
		rate->balance_bytes = burst;
	rate->bytes_per_sec = bytes_per_sec;
	pthread_mutex_unlock(&rate->lock);
}

int64_t rate_take(struct rate *rate, int64_t bytes, int64_t now_usec)
{
	int64_t ticket;

	assert(bytes >= 0);
	if (rate->bytes_per_sec == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	refill(rate, now_usec);
	rate->balance_bytes -= bytes;
	rate->taken_bytes += bytes;
	ticket = rate->taken_bytes;
	pthread_mutex_unlock(&rate->lock);
	return ticket;
}

/* Lock held, a limit set. What does not fit is for ever. */
static int64_t debt_usec(const struct rate *rate, int64_t debt_bytes)
{
	int64_t limit = rate->bytes_per_sec;
	__int128 micro = (__int128)debt_bytes * MICRO - rate->balance_micro;
	__int128 usec = (micro + limit - 1) / limit;

	return usec > USEC_INFINITY ? USEC_INFINITY : (int64_t)usec;
}

int64_t rate_wait(struct rate *rate, int64_t ticket, int64_t now_usec)
{
	int64_t wait_usec = 0;

	if (rate->bytes_per_sec == 0)
		return 0;
	pthread_mutex_lock(&rate->lock);
	if (rate->bytes_per_sec > 0) {
		refill(rate, now_usec);
		/* What was taken behind it does not count. */
		int64_t debt = -rate->balance_bytes - (rate->taken_bytes - ticket);

		if (debt > 0)
			wait_usec = debt_usec(rate, debt);
	}
	pthread_mutex_unlock(&rate->lock);
	return wait_usec;
}

void rate_give(struct rate *rate, int64_t bytes)
{
	pthread_mutex_lock(&rate->lock);
	int64_t burst = burst_bytes(rate->bytes_per_sec);

	rate->balance_bytes = rate->balance_bytes > burst - bytes ? burst : rate->balance_bytes + bytes;
	pthread_mutex_unlock(&rate->lock);
}
