/* Meter: a ring of samples for the speed that is shown, a slow mean for the time left. */
#include "config.h"

#include "fetchctl/meter.h"

#include "base/clock.h"
#include "fetchctl/words.h"

#define SAMPLE_USEC (USEC_PER_SEC / 8)
/* Shorter than this says nothing. */
#define SHORTEST_USEC (USEC_PER_SEC / 4)
/* How slowly the mean follows: a time left that jumps is not believed. */
#define STEADY_USEC (15 * USEC_PER_SEC)

static const struct meter_sample *newest(const struct meter *meter)
{
	return &meter->samples[(meter->n_samples - 1) % METER_SAMPLES];
}

static const struct meter_sample *oldest(const struct meter *meter)
{
	return &meter->samples[meter->n_samples > METER_SAMPLES ? meter->n_samples % METER_SAMPLES : 0];
}

static void note_steady(struct meter *meter, const struct meter_sample *next)
{
	const struct meter_sample *last = newest(meter);
	double took = (double)(next->at_usec - last->at_usec);
	double speed = (double)(next->fetched - last->fetched) * USEC_PER_SEC / took;
	double age = (double)(next->at_usec - meter->begun_usec);

	/* The mean of all so far, until it is long enough to forget. */
	meter->steady += (speed - meter->steady) * (took / (age < STEADY_USEC ? age : STEADY_USEC + took));
}

void meter_note(struct meter *meter, const struct tally *tally, int64_t now_usec)
{
	struct meter_sample next = {now_usec, tally->fetched};

	if (meter->n_samples == 0) {
		meter->begun_usec = now_usec;
		meter->begun_ends = tally->n_ends;
	} else {
		if (now_usec - newest(meter)->at_usec < SAMPLE_USEC)
			return;
		note_steady(meter, &next);
	}
	meter->samples[meter->n_samples++ % METER_SAMPLES] = next;
}

int64_t meter_speed(const struct meter *meter)
{
	int64_t took, bytes;

	if (meter->n_samples < 2)
		return -1;
	took = newest(meter)->at_usec - oldest(meter)->at_usec;
	bytes = newest(meter)->fetched - oldest(meter)->fetched;
	if (took < SHORTEST_USEC)
		return -1;
	return (int64_t)((double)bytes * USEC_PER_SEC / (double)took);
}

static int64_t left_by_jobs(const struct meter *meter, const struct tally *tally, int64_t now_usec)
{
	size_t ends = tally->n_ends - meter->begun_ends;

	if (meter->n_samples == 0 || ends == 0)
		return USEC_INFINITY;
	return (int64_t)((double)(now_usec - meter->begun_usec) / (double)ends *
			 (double)(tally->n_jobs - tally_ended(tally)));
}

int64_t meter_left_usec(const struct meter *meter, const struct tally *tally, int64_t now_usec)
{
	if (tally->n_sized == tally->n_jobs)
		return words_eta_usec(tally->size, tally->received, (int64_t)meter->steady);
	return left_by_jobs(meter, tally, now_usec);
}
