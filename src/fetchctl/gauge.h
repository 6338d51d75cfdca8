/* Gauge: the text of progress lines for a width. Pure but for the wall clock of times to come. */
#ifndef FETCHCTL_GAUGE_H
#define FETCHCTL_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/tally.h"

/* The line of one job: name, and how far it is, or what it waits for; never wider than columns. now_usec:
 * clock_boot_usec(). Caller frees. */
char *gauge_job(const struct tally_job *entry, size_t columns, int64_t now_usec);

/* What the last line tells. */
struct gauge_sum {
	const struct tally *tally;
	size_t n_expected; /* jobs in all, where the tally knows of fewer; else 0 */
	bool plain;	   /* without states, which are not known */
	int64_t speed;	   /* -1: not known */
	int64_t left_usec; /* USEC_INFINITY: not known */
};
/* "12/20 done, 1 failed  1.2GiB of 3.4GiB  12.3MiB/s  2:03 left  4 active, 3 queued": what does not fit is
 * left out, the least important first. Caller frees. */
char *gauge_sum(const struct gauge_sum *sum, size_t columns);
/* Whole percent of all: of bytes where all sizes are known, else of jobs; -1 when nothing is known. */
int gauge_percent(const struct tally *tally);

#endif
