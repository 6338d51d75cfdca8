/* Token bucket: a limit in bytes per second, shared by any number of transfers in any thread (own lock).
 *
 * Who wants to read takes the bytes first and gets a ticket: they may be read once the bucket has come to it.
 * Tickets are served in the order in which they were taken, whatever the limit becomes meanwhile. A bucket
 * that nobody asks saves up the bytes of 20 ms, at least 1 KiB, and no more.
 *
 * Counted references: what waits in a worker may outlive what the bucket was made for.
 */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdint.h>

struct rate;

/* bytes_per_sec: 0: no limit. */
struct rate *rate_new(int64_t bytes_per_sec);
struct rate *rate_ref(struct rate *rate);
/* NULL is fine. */
void rate_unref(struct rate *rate);
/* Also for the tickets that wait. */
void rate_set(struct rate *rate, int64_t bytes_per_sec);
/* The limit now; 0: none. */
int64_t rate_get(const struct rate *rate);

/* One more, or one fewer, of those that share it. */
void rate_join(struct rate *rate);
void rate_leave(struct rate *rate);
/* What each of them has of the limit when all want the same, at least 1 byte/s; 0: no limit. */
int64_t rate_share(const struct rate *rate);

/* Takes bytes (>= 0) and returns their ticket. now_usec: clock_boot_usec(). */
int64_t rate_take(struct rate *rate, int64_t bytes, int64_t now_usec);
/* Usec until the ticket's turn, as the limit is now; 0: it has come. */
int64_t rate_wait(struct rate *rate, int64_t ticket, int64_t now_usec);
/* Bytes that were taken and will not be read. */
void rate_give(struct rate *rate, int64_t bytes);

#endif
