/* History: throughput of the last minutes, a sample a second. Pure; no clock. */
#ifndef FETCHCTL_TOP_HISTORY_H
#define FETCHCTL_TOP_HISTORY_H

#include <stddef.h>
#include <stdint.h>

/* Two samples a column of the widest terminal that is drawn in full. */
#define HISTORY_N 1024

struct history {
	int64_t samples[HISTORY_N]; /* a ring; bytes a second */
	size_t n;		    /* added, ever */
};

void history_add(struct history *history, int64_t value);
/* The newest is back 0; 0 where there is none. */
int64_t history_at(const struct history *history, size_t back);
/* The highest, and the mean, of the newest n. */
int64_t history_peak(const struct history *history, size_t n);
int64_t history_mean(const struct history *history, size_t n);
/* A round number of bytes, not below peak: the upper end of a scale. Never 0. */
int64_t history_scale(int64_t peak);

#endif
