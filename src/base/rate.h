/* Token bucket: a limit in bytes per second, shared by any number of transfers in any thread (own lock).
 *
 * A transfer takes what it has already read, so the balance may go below zero; the answer says how long to
 * read nothing. The burst is a tenth of a second, at least one curl buffer (16 KiB).
 */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct rate {
	pthread_mutex_t lock;
	int64_t bytes_per_sec; /* 0: no limit */
	int64_t balance_bytes;
	int64_t balance_micro; /* and millionths of a byte, so that frequent calls lose none */
	int64_t last_usec;     /* clock_boot_usec() */
};

void rate_init(struct rate *rate, int64_t bytes_per_sec);
void rate_done(struct rate *rate);
void rate_set(struct rate *rate, int64_t bytes_per_sec);
/* Whether there is a limit now. */
bool rate_limits(struct rate *rate);
/* Account for bytes just read; returns usec to wait before reading more (0: go on). */
int64_t rate_take(struct rate *rate, int64_t bytes, int64_t now_usec);

#endif
