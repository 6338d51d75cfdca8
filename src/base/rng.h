/* Random numbers for jitter: not for secrets. An object, so that tests seed it and a thread owns its
 * own; never shared between threads.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

/* From getrandom(2). */
void rng_init(struct rng *rng);
/* The same seed gives the same numbers (splitmix64). */
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, limit]; limit >= 0. */
int64_t rng_upto(struct rng *rng, int64_t limit);

#endif
