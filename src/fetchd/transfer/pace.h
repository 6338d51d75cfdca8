/* Pace: one transfer under all limits that hold for it. Knows buckets and times, neither libcurl nor jobs.
 * One thread, the worker's; the buckets are shared.
 *
 * A transfer takes small turns in each bucket, and stands in line for the next one while it reads what the
 * last one gave. So each of those that want more gets the same, whatever the size of its pieces and however
 * late its thread wakes; what one leaves the others have at once; and bytes are paid for before they are
 * read.
 */
#ifndef TRANSFER_PACE_H
#define TRANSFER_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchd/transfer/messages.h"

struct pace {
	struct rate *rates[RATES_N]; /* references; NULL: none */
	int64_t tickets[RATES_N];
	int64_t pending_bytes; /* in line; 0: nothing is */
	int64_t ready_bytes;   /* may be read now */
};

/* Takes over the references. */
void pace_init(struct pace *pace, struct rate *const rates[RATES_N]);
void pace_done(struct pace *pace);
/* Whether any limit holds now. */
bool pace_limits(const struct pace *pace);
/* The most to read at once, so that turns stay short: between least and most. */
int64_t pace_chunk(const struct pace *pace, int64_t least, int64_t most);
/* May n bytes be read? 0: they are paid for. Else usec to wait, at most PACE_WAIT_USEC: limits may change. */
int64_t pace_spend(struct pace *pace, int64_t n, int64_t now_usec);

#define PACE_WAIT_USEC INT64_C(100000)

#endif
