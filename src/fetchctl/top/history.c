/* History: a ring that never grows. */
#include "config.h"

#include "fetchctl/top/history.h"

#include "base/alloc.h"

void history_add(struct history *history, int64_t value)
{
	history->samples[history->n++ % HISTORY_N] = value;
}

int64_t history_at(const struct history *history, size_t back)
{
	if (back >= history->n || back >= HISTORY_N)
		return 0;
	return history->samples[(history->n - 1 - back) % HISTORY_N];
}

int64_t history_peak(const struct history *history, size_t n)
{
	int64_t peak = 0;

	for (size_t i = 0; i < n && i < HISTORY_N; i++)
		if (history_at(history, i) > peak)
			peak = history_at(history, i);
	return peak;
}

int64_t history_mean(const struct history *history, size_t n)
{
	double sum = 0;

	if (n > history->n)
		n = history->n;
	for (size_t i = 0; i < n; i++)
		sum += (double)history_at(history, i);
	return n > 0 ? (int64_t)(sum / (double)n) : 0;
}

int64_t history_scale(int64_t peak)
{
	static const int64_t steps[] = {1, 2, 5, 10, 20, 50, 100, 200, 500};

	for (int64_t unit = 1024; unit < INT64_MAX / 1024 / 1024; unit *= 1024)
		for (size_t i = 0; i < ARRAY_LEN(steps); i++)
			if (steps[i] * unit >= peak)
				return steps[i] * unit;
	return peak;
}
