/* governor: fixed limits beside the adaptive one, over simulated origins. Ten simulated minutes after the
 * first; prints a table in Markdown, and the share of refusals. No time passes, nothing is sent.
 */
#include <config.h>

#include <stdio.h>

#include "base/alloc.h"
#include "tests/unit/origin_sim.h"

#define SEC	USEC_PER_SEC
#define LATENCY .latency_min_usec = 2 * SEC, .latency_max_usec = 2 * SEC, .file_bytes = 16 << 10
#define JITTER	.latency_min_usec = SEC / 2, .latency_max_usec = 4 * SEC, .file_bytes = 16 << 10
#define FAST	.refusal_usec = SEC / 20
#define SLOW	.refusal_usec = 2 * SEC

static const struct {
	const char *name;
	struct sim_origin origin;
} rows[] = {
	{"429 above 1", {SIM_REFUSE, 1, LATENCY, FAST}},
	{"429 above 3", {SIM_REFUSE, 3, LATENCY, FAST}},
	{"429 above 10", {SIM_REFUSE, 10, LATENCY, FAST}},
	{"429 above 40", {SIM_REFUSE, 40, LATENCY, FAST}},
	{"429 above 200", {SIM_REFUSE, 200, LATENCY, FAST}},
	{"429 above 1, after 2 s", {SIM_REFUSE, 1, LATENCY, SLOW}},
	{"429 above 3, after 2 s", {SIM_REFUSE, 3, LATENCY, SLOW}},
	{"429 above 10, after 2 s", {SIM_REFUSE, 10, LATENCY, SLOW}},
	{"429 above 40, after 2 s", {SIM_REFUSE, 40, LATENCY, SLOW}},
	{"429 above 200, after 2 s", {SIM_REFUSE, 200, LATENCY, SLOW}},
	{"429 above 1, jitter", {SIM_REFUSE, 1, JITTER, FAST}},
	{"429 above 3, jitter", {SIM_REFUSE, 3, JITTER, FAST}},
	{"429 above 10, jitter", {SIM_REFUSE, 10, JITTER, FAST}},
	{"429 above 40, jitter", {SIM_REFUSE, 40, JITTER, FAST}},
	{"429 above 200, jitter", {SIM_REFUSE, 200, JITTER, FAST}},
	{"queue above 1", {SIM_QUEUE, 1, LATENCY}},
	{"queue above 3", {SIM_QUEUE, 3, LATENCY}},
	{"queue above 10", {SIM_QUEUE, 10, LATENCY}},
	{"queue above 40", {SIM_QUEUE, 40, LATENCY}},
	{"queue above 200", {SIM_QUEUE, 200, LATENCY}},
	{"queue above 10, jitter", {SIM_QUEUE, 10, JITTER}},
	{"queue above 40, jitter", {SIM_QUEUE, 40, JITTER}},
	{"queue above 200, jitter", {SIM_QUEUE, 200, JITTER}},
	{"no limit", {SIM_QUEUE, 0, LATENCY}},
	{"no limit, jitter", {SIM_QUEUE, 0, JITTER}},
	{"1 MiB/s shared, 100 ms", {.kind = SIM_SHARE,
					   .latency_min_usec = SEC / 10,
					   .latency_max_usec = SEC / 10,
					   .file_bytes = 64 << 10,
					   .bytes_per_sec = 1 << 20}},
	{"256 KiB/s shared, 2 s", {.kind = SIM_SHARE, LATENCY, .bytes_per_sec = 1 << 18}},
	{"100 MiB/s shared, 1 GiB files", {.kind = SIM_SHARE,
						  .latency_min_usec = SEC / 10,
						  .latency_max_usec = SEC / 10,
						  .file_bytes = 1 << 30,
						  .bytes_per_sec = 100 << 20}},
	{"429 above 100/s, jitter", {SIM_RATE, 100, .burst = 100, JITTER, FAST}},
	{"429 above 20/s, jitter", {SIM_RATE, 20, .burst = 20, JITTER, FAST}},
	{"429 above 20/s, 2 s", {SIM_RATE, 20, .burst = 20, LATENCY, FAST}},
	{"429 above 5/s, 50 ms", {SIM_RATE, 5, .burst = 10, .latency_min_usec = SEC / 20,
					 .latency_max_usec = SEC / 20, .file_bytes = 16 << 10, FAST}},
	{"429 above 1/s, 50 ms", {SIM_RATE, 1, .burst = 5, .latency_min_usec = SEC / 20,
					 .latency_max_usec = SEC / 20, .file_bytes = 16 << 10, FAST}},
	{"429 above 10, from 5 min on 40",
		{SIM_REFUSE, 10, LATENCY, FAST, .change_usec = 300 * SEC, .next_limit = 40}},
	{"429 above 40, from 5 min on 10",
		{SIM_REFUSE, 40, LATENCY, FAST, .change_usec = 300 * SEC, .next_limit = 10}},
	{"503 above 10", {SIM_REFUSE, 10, LATENCY, FAST, .refused_as = GOVERNOR_BUSY}},
	{"503 above 200", {SIM_REFUSE, 200, LATENCY, SLOW, .refused_as = GOVERNOR_BUSY}},
	{"no limit, 2 % of files 503",
		{SIM_QUEUE, 0, JITTER, FAST, .refused_as = GOVERNOR_BUSY, .broken_permille = 20}},
	{"no limit, 5 % of files 503",
		{SIM_QUEUE, 0, LATENCY, FAST, .refused_as = GOVERNOR_BUSY, .broken_permille = 50}},
};

static void play(const struct sim_origin *origin, bool adaptive, unsigned max, struct sim_result *ret)
{
	struct governor_policy policy = {.adaptive = adaptive, .max = max};
	struct sim_client client = {
		.policy = &policy, .total_usec = 660 * SEC, .from_usec = 60 * SEC, .seed = 1};

	sim_play(origin, &client, ret);
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

int main(void)
{
	printf("| origin |");
	for (unsigned max = 1; max <= 256; max *= 2)
		printf(" %u |", max);
	printf(" adaptive | its limit | highest | 429 first minute %% | 429 after %% |\n| --- |");
	for (unsigned i = 0; i < 14; i++)
		printf(" ---: |");
	printf("\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sim_result fixed[9], adaptive;
		double best = 1;

		for (unsigned n = 0; n < ARRAY_LEN(fixed); n++) {
			play(&rows[i].origin, false, 1u << n, &fixed[n]);
			if (fixed[n].bytes > best)
				best = fixed[n].bytes;
		}
		if (rows[i].origin.limit > 0 && rows[i].origin.kind != SIM_RATE) {
			play(&rows[i].origin, false, rows[i].origin.limit, &adaptive);
			if (adaptive.bytes > best)
				best = adaptive.bytes;
		}
		play(&rows[i].origin, true, 256, &adaptive);
		printf("| %s |", rows[i].name);
		for (unsigned n = 0; n < ARRAY_LEN(fixed); n++)
			printf(" %.0f |", percent(fixed[n].bytes, best));
		printf(" %.0f | %.0f | %u | %.1f | %.2f |\n", percent(adaptive.bytes, best),
			adaptive.mean_limit, adaptive.peak_limit,
			percent((double)adaptive.early_refused, (double)adaptive.early_answers),
			percent((double)adaptive.refused, (double)adaptive.answers));
	}
	return 0;
}
