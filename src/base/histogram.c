/* Histogram. Pure. */
#include "config.h"

#include "base/histogram.h"

void histogram_init(struct histogram *histogram, const int64_t *bounds)
{
	*histogram = (struct histogram){.bounds = bounds};
}

void histogram_add(struct histogram *histogram, int64_t usec)
{
	int i = 0;

	if (usec < 0)
		usec = 0;
	while (usec > histogram->bounds[i])
		i++;
	histogram->counts[i]++;
	histogram->sum_usec += usec;
}
