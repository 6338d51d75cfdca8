/* job/throttle over simulated origins: what it reaches beside fixed limits, and what it must never do */
#include "config.h"

#include "unit.h"

#include "origin_sim.h"

#define SEC USEC_PER_SEC
#define MAX 256u

#define FIXED_LATENCY  .latency_min_usec = 2 * SEC, .latency_max_usec = 2 * SEC
#define SPREAD_LATENCY .latency_min_usec = SEC / 2, .latency_max_usec = 4 * SEC
#define QUICK	       .latency_min_usec = SEC / 20, .latency_max_usec = SEC / 20, .refusal_usec = SEC / 20
#define SMALL_FILES    .file_bytes = 16 << 10

static const unsigned limits[] = {1, 3, 10, 40, 200};

/* Ten minutes after the first, or as the test says. */
static struct sim_result play(const struct sim_origin *origin, bool adaptive, unsigned max, int64_t from_sec,
	int64_t to_sec, uint64_t seed)
{
	struct governor_policy policy = {.adaptive = adaptive, .max = max};
	struct sim_client client = {
		.policy = &policy, .from_usec = from_sec * SEC, .total_usec = to_sec * SEC, .seed = seed};
	struct sim_result result;

	sim_play(origin, &client, &result);
	return result;
}

/* Of an origin with a limit it is that limit: more at once gives no more. */
static double best_fixed(const struct sim_origin *origin, int64_t from_sec, int64_t to_sec, uint64_t seed)
{
	unsigned tries[] = {origin->limit, origin->next_limit, 4, 16, 64, MAX};
	double best = 0;

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		bool useful = tries[i] > 0 && (i < 2 || origin->kind == SIM_SHARE || origin->limit == 0);
		double bytes = useful ? play(origin, false, tries[i], from_sec, to_sec, seed).bytes : 0;

		best = bytes > best ? bytes : best;
	}
	return best;
}

static void check_share(const char *row, double bytes, double best, double percent)
{
	if (best <= 0 || bytes * 100 < best * percent)
		fail_msg("%s: %.1f %% of the best fixed limit, want %.0f", row, 100 * bytes / best, percent);
}

static void check_refused(const char *row, const struct sim_result *r, double percent)
{
	if (r->answers == 0 || (double)r->refused * 100 >= (double)r->answers * percent)
		fail_msg("%s: %lu of %lu refused, want under %.1f %%", row, r->refused, r->answers, percent);
}

/* The promise: 90 % of the best fixed limit, under 2 % of refusals, after the first minute. */
static void check_promise(const char *kind, const struct sim_origin *origin, uint64_t seed)
{
	struct sim_result r = play(origin, true, MAX, 60, 660, seed);
	CLEANUP_FREE char *row = xasprintf("%s, limit %u, seed %u", kind, origin->limit, (unsigned)seed);

	check_share(row, r.bytes, best_fixed(origin, 60, 660, seed), 90);
	check_refused(row, &r, 2);
}

static void test_refusing_origins(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct sim_origin fast = {
			SIM_REFUSE, limits[i], FIXED_LATENCY, SMALL_FILES, .refusal_usec = SEC / 20};
		struct sim_origin slow = {
			SIM_REFUSE, limits[i], FIXED_LATENCY, SMALL_FILES, .refusal_usec = 2 * SEC};
		struct sim_origin busy = {SIM_REFUSE, limits[i], FIXED_LATENCY, SMALL_FILES,
			.refusal_usec = SEC / 20, .refused_as = GOVERNOR_BUSY};

		check_promise("429 at once", &fast, 1);
		check_promise("429 after 2 s", &slow, 1);
		if (limits[i] > 1) /* each probe costs two refusals, and there are only 300 answers */
			check_promise("503 at once", &busy, 1);
	}
}

static void test_queueing_origins(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct sim_origin origin = {SIM_QUEUE, limits[i], FIXED_LATENCY, SMALL_FILES};

		check_promise("queue", &origin, 1);
	}
}

static void test_jitter(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct sim_origin refuse = {
			SIM_REFUSE, limits[i], SPREAD_LATENCY, SMALL_FILES, .refusal_usec = SEC / 20};
		struct sim_origin queue = {SIM_QUEUE, limits[i], SPREAD_LATENCY, SMALL_FILES};

		for (uint64_t seed = 1; seed <= 3; seed++) {
			check_promise("429, jitter", &refuse, seed);
			check_promise("queue, jitter", &queue, seed);
		}
	}
}

static void test_no_limit(void **state)
{
	struct sim_origin fixed = {SIM_QUEUE, 0, FIXED_LATENCY, SMALL_FILES};
	struct sim_origin spread = {SIM_QUEUE, 0, SPREAD_LATENCY, SMALL_FILES};

	(void)state;
	check_promise("no limit", &fixed, 1);
	for (uint64_t seed = 1; seed <= 3; seed++)
		check_promise("no limit, jitter", &spread, seed);
}

/* Two minutes are the longest between two probes. */
static void test_limit_that_changes(void **state)
{
	static const struct {
		unsigned before, after;
	} rows[] = {{10, 40}, {40, 10}, {3, 200}, {200, 3}, {1, 10}, {10, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sim_origin origin = {SIM_REFUSE, rows[i].before, FIXED_LATENCY, SMALL_FILES,
			.refusal_usec = SEC / 20, .change_usec = 300 * SEC, .next_limit = rows[i].after};
		CLEANUP_FREE char *row = xasprintf("%u, then %u", rows[i].before, rows[i].after);
		struct sim_result r = play(&origin, true, MAX, 1000, 2000, 1);

		check_share(row, r.bytes, best_fixed(&origin, 1000, 2000, 1), 90);
		check_refused(row, &r, 2);
		if (r.limit < rows[i].after || r.limit > rows[i].after + 1)
			fail_msg("%s: limit %u", row, r.limit);
	}
}

/* A limit that falls is felt at once. Of the 40 that start within a tenth of a second 30 are refused anyhow,
 * and the first cuts let some more start. */
static void test_fall_is_followed_at_once(void **state)
{
	struct sim_origin origin = {SIM_REFUSE, 40, FIXED_LATENCY, SMALL_FILES, .refusal_usec = SEC / 20,
		.change_usec = 300 * SEC, .next_limit = 10};
	struct sim_result r = play(&origin, true, MAX, 300, 360, 1);

	(void)state;
	if (r.refused > 80)
		fail_msg("%lu refused", r.refused);
	CHECK_INT("limit after a minute", r.limit, 10);
}

/* Throughput flat above n: no more than it takes, though silence allowed all at first. That is tried when the
 * many that run have ended, so files of a GiB need an hour or two. */
static void test_flat_throughput(void **state)
{
	struct sim_origin queue = {SIM_QUEUE, 8, FIXED_LATENCY, SMALL_FILES};
	struct sim_origin spread = {SIM_QUEUE, 16, SPREAD_LATENCY, SMALL_FILES};
	struct sim_origin big = {.kind = SIM_SHARE,
		.latency_min_usec = SEC / 10,
		.latency_max_usec = SEC / 10,
		.file_bytes = 1 << 30,
		.bytes_per_sec = 100 << 20};
	struct sim_origin small = {.kind = SIM_SHARE,
		.latency_min_usec = SEC / 10,
		.latency_max_usec = SEC / 10,
		.file_bytes = 1 << 20,
		.bytes_per_sec = 4 << 20};
	const struct sim_origin *origins[] = {&queue, &spread, &big, &small};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(origins); i++) {
		CLEANUP_FREE char *row = xasprintf("flat %zu", i);
		int64_t from_sec = origins[i] == &big ? 2 * 3600 : 600;
		struct sim_result r = play(origins[i], true, MAX, from_sec, from_sec + 3600, 1);

		check_share(row, r.bytes, best_fixed(origins[i], from_sec, from_sec + 3600, 1), 90);
		if (r.mean_limit > 40 || r.limit > 40)
			fail_msg("%s: %u at once, %.0f in the mean", row, r.limit, r.mean_limit);
	}
}

/* Hours of probes, some of which pass by chance: it does not creep up. */
static void test_no_drift(void **state)
{
	struct sim_origin origin = {SIM_QUEUE, 16, SPREAD_LATENCY, SMALL_FILES};

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct sim_result r = play(&origin, true, MAX, 4 * 3600, 8 * 3600, seed);

		check_share("drift", r.bytes, best_fixed(&origin, 4 * 3600, 8 * 3600, seed), 90);
		if (r.mean_limit > 48)
			fail_msg("seed %u: %.0f in the mean", (unsigned)seed, r.mean_limit);
	}
}

static void test_limited_rate(void **state)
{
	static const struct {
		const char *row;
		double least_percent; /* of what the origin would give */
		struct sim_origin origin;
	} rows[] = {
		{"20/s, 0.5 to 4 s", 80,
			{SIM_RATE, 20, 20, SPREAD_LATENCY, SMALL_FILES, .refusal_usec = SEC / 20}},
		{"5/s, 50 ms", 70, {SIM_RATE, 5, 10, QUICK, SMALL_FILES}},
		{"1/s, 50 ms", 60, {SIM_RATE, 1, 5, QUICK, SMALL_FILES}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sim_result r = play(&rows[i].origin, true, MAX, 60, 660, 1);
		double best = 600.0 * rows[i].origin.limit * (double)rows[i].origin.file_bytes;

		check_share(rows[i].row, r.bytes, best, rows[i].least_percent);
		check_refused(rows[i].row, &r, 2);
	}
}

/* The default bound with an ordinary server: a trip behind a fixed limit, for a pool of any size. */
static void test_small_pool(void **state)
{
	struct sim_origin origin = {SIM_QUEUE, 0, FIXED_LATENCY, SMALL_FILES};

	(void)state;
	for (unsigned jobs = 1; jobs <= 120; jobs++) {
		struct governor_policy adaptive = {.adaptive = true, .max = 6}, fixed = {.max = 6};
		struct sim_client client = {
			.policy = &adaptive, .total_usec = 3600 * SEC, .jobs = jobs, .seed = 1};
		CLEANUP_FREE char *row = xasprintf("%u jobs", jobs);
		struct sim_result ours, theirs;

		sim_play(&origin, &client, &ours);
		client.policy = &fixed;
		sim_play(&origin, &client, &theirs);
		CHECK_INT(row, ours.answers, jobs);
		if (ours.end_usec > theirs.end_usec + 2 * SEC)
			fail_msg("%s: %lld s, fixed %lld s", row, (long long)(ours.end_usec / SEC),
				(long long)(theirs.end_usec / SEC));
	}
}

/* One file in so many is broken, and 503 is what stands for it: the others must not suffer much. */
static void test_broken_files(void **state)
{
	static const struct {
		unsigned permille;
		double least_percent;
	} rows[] = {{5, 90}, {20, 60}, {50, 20}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sim_origin origin = {SIM_QUEUE, 0, SPREAD_LATENCY, SMALL_FILES,
			.refusal_usec = SEC / 20, .broken_permille = rows[i].permille,
			.refused_as = GOVERNOR_BUSY};
		CLEANUP_FREE char *row = xasprintf("%u of 1000 files broken", rows[i].permille);
		struct sim_result r = play(&origin, true, MAX, 60, 660, 1);

		check_share(row, r.bytes, best_fixed(&origin, 60, 660, 1), rows[i].least_percent);
	}
}

/* The promise: a hundred files that take 2 s each take 2 s together; and silence is not taken for a queue. */
static void test_silence(void **state)
{
	struct sim_origin origin = {SIM_QUEUE, 0, FIXED_LATENCY, SMALL_FILES};
	struct governor_policy policy = {.adaptive = true, .max = 100};
	struct sim_client client = {.policy = &policy, .total_usec = 60 * SEC, .jobs = 100, .seed = 1};
	struct sim_result r;

	(void)state;
	sim_play(&origin, &client, &r);
	CHECK_INT("all at once", r.peak_active, 100);
	if (r.end_usec > 2 * SEC + SEC / 10)
		fail_msg("%lld ms", (long long)(r.end_usec / 1000));
	client.jobs = 0;
	sim_play(&origin, &client, &r);
	CHECK_INT("limit", r.limit, 100);
}

/* Short files from a quick server, one in six answered 503 whatever the load: no more than twice as long. */
static void test_storm(void **state)
{
	struct sim_origin origin = {SIM_QUEUE, 0, .latency_min_usec = SEC / 200, .latency_max_usec = SEC / 50,
		SMALL_FILES, .refusal_usec = SEC / 200, .broken_permille = 167, .refused_as = GOVERNOR_BUSY};
	int64_t ours_usec = 0, fixed_usec = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct governor_policy adaptive = {.adaptive = true, .max = 4}, fixed = {.max = 4};
		struct sim_client client = {
			.policy = &adaptive, .total_usec = 3600 * SEC, .jobs = 200, .seed = seed};
		struct sim_result ours, theirs;

		sim_play(&origin, &client, &ours);
		client.policy = &fixed;
		sim_play(&origin, &client, &theirs);
		CHECK_INT("jobs", ours.answers, 200);
		ours_usec += ours.end_usec;
		fixed_usec += theirs.end_usec;
	}
	if (ours_usec > 2 * fixed_usec)
		fail_msg("%lld ms, fixed %lld ms", (long long)(ours_usec / 20000),
			(long long)(fixed_usec / 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_pool),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_refusing_origins),
		cmocka_unit_test(test_queueing_origins),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_limit_that_changes),
		cmocka_unit_test(test_fall_is_followed_at_once),
		cmocka_unit_test(test_flat_throughput),
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_limited_rate),
		cmocka_unit_test(test_broken_files),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
