/* Random numbers for jitter: splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014). Owns nothing; must never be used for a secret.
 */
#include "config.h"

#include "base/rng.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

void rng_init(struct rng *rng)
{
	uint64_t seed;

	/* Up to 256 bytes come whole and without EINTR once the pool is ready: getrandom(2). */
	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		abort();
	rng_seed(rng, seed);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
	rng->state = seed;
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

int64_t rng_upto(struct rng *rng, int64_t limit)
{
	assert(limit >= 0);
	uint64_t n = (uint64_t)limit + 1;
	/* The top of the range that is no whole multiple of n is drawn again, or low numbers would come more
	 * often. */
	uint64_t excess = (UINT64_MAX % n + 1) % n;
	uint64_t draw;

	do {
		draw = rng_next(rng);
	} while (draw > UINT64_MAX - excess);
	return (int64_t)(draw % n);
}
