/* Histogram: how often something took how long. Plain data that is copied as a whole; one thread adds to it.
 * Spans are usec. */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_MAX 16

struct histogram {
	/* Upper ends of the buckets, inclusive, rising; at most HISTOGRAM_MAX, the last USEC_INFINITY.
	 * Static. */
	const int64_t *bounds;
	uint64_t counts[HISTOGRAM_MAX]; /* of each bucket alone */
	int64_t sum_usec;
};

void histogram_init(struct histogram *histogram, const int64_t *bounds);
/* Below 0 counts as 0: a clock that nobody may step never gives it. */
void histogram_add(struct histogram *histogram, int64_t usec);

#endif
