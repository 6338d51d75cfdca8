/* Ranges: which bytes of a file are there. A sorted list of intervals that neither meet nor overlap. Pure;
 * any thread, one at a time.
 */
#ifndef JOB_RANGES_H
#define JOB_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than one file is ever fetched in: what a row says beyond that makes no sense. */
#define RANGES_MAX 4096

struct range {
	int64_t from, to; /* bytes from … to - 1 */
};

/* All zero: none. */
struct ranges {
	struct range *of;
	size_t n;
};

void ranges_done(struct ranges *ranges);
/* In the place of what ret had. */
void ranges_copy(struct ranges *ret, const struct ranges *from);
/* Empty ones add nothing. */
void ranges_add(struct ranges *ranges, int64_t from, int64_t to);
int64_t ranges_bytes(const struct ranges *ranges);
/* Past the last byte; 0: there are none. */
int64_t ranges_end(const struct ranges *ranges);
/* All of the first bytes of a file, and no others: so many; -1: there are holes. */
int64_t ranges_prefix(const struct ranges *ranges);
/* The first bytes below size that are not there. False: none are missing. */
bool ranges_gap(const struct ranges *ranges, int64_t size, struct range *ret);
/* "0-1048576,4194304-8388608": from, and past the last byte. Caller frees. */
char *ranges_text(const struct ranges *ranges);
/* 0, or -EINVAL: not such a text, and *ret is empty. */
int ranges_parse(const char *text, struct ranges *ret);

#endif
