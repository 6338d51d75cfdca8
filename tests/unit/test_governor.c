/* job/governor: starts, cuts, retries, what survives a restart; by hand. test_throttle plays whole origins */
#include "config.h"

#include "unit.h"

#include "base/rng.h"
#include "job/governor.h"

#define SEC USEC_PER_SEC
#define NOW (1000 * SEC)

static struct governor_policy policy_of(unsigned max)
{
	return (struct governor_policy){.adaptive = true,
		.breaker = true,
		.max = max,
		.breaker_failures = GOVERNOR_BREAKER_FAILURES,
		.breaker_usec = GOVERNOR_BREAKER_USEC,
		.breaker_max_usec = GOVERNOR_BREAKER_MAX_USEC,
		.retry_share = GOVERNOR_RETRY_SHARE,
		.retry_rate = 1,
		.retry_burst = 10};
}

/* One attempt beside active - 1 others, from begin to begin + length. */
static bool attempt(struct governor *g, const struct governor_policy *policy, unsigned active,
	enum governor_answer answer, int64_t job, int64_t begin_usec, int64_t length_usec)
{
	struct governor_ticket ticket;

	governor_started(g, policy, active, begin_usec, &ticket);
	return governor_ended(g, policy, &ticket, answer, job, begin_usec + length_usec);
}

/* As many at once as may be, all of which succeed within a second; returns how often that was worth keeping.
 */
static unsigned play_round(struct governor *g, const struct governor_policy *policy, int64_t now)
{
	struct governor_ticket tickets[256];
	unsigned limit = governor_limit(g, policy), told = 0;

	for (unsigned i = 0; i < limit; i++)
		governor_started(g, policy, i + 1, now, &tickets[i]);
	for (unsigned i = 0; i < limit; i++)
		told += governor_ended(g, policy, &tickets[i], GOVERNOR_SUCCESS, i, now + SEC);
	return told;
}

/* Slow start, up to n at once; returns the time after. */
static int64_t grow_to(struct governor *g, const struct governor_policy *policy, unsigned n, int64_t now)
{
	for (; governor_limit(g, policy) < n; now += SEC)
		play_round(g, policy, now);
	return now;
}

static void test_size(void **state)
{
	(void)state;
	assert_true(sizeof(struct governor) <= 296);
}

static void test_grows_only_when_used(void **state)
{
	struct governor_policy policy = policy_of(256);
	struct governor g;

	(void)state;
	governor_init(&g, &policy, NOW);
	CHECK_INT("start", governor_limit(&g, &policy), 2);
	for (int i = 0; i < 1000; i++)
		attempt(&g, &policy, 1, GOVERNOR_SUCCESS, i, NOW + i * SEC, SEC);
	CHECK_INT("one at a time", governor_limit(&g, &policy), 2);
	grow_to(&g, &policy, 50, NOW + 2000 * SEC);
}

/* So many are active, and nothing has happened since. */
static unsigned ramp(
	struct governor *g, const struct governor_policy *policy, int64_t now, int64_t *ret_again)
{
	governor_ramp(g, policy, now, ret_again);
	return governor_limit(g, policy);
}

static void test_ramp(void **state)
{
	struct governor_policy policy = policy_of(40);
	struct governor_ticket tickets[32];
	struct governor g;
	int64_t again, now = NOW;

	(void)state;
	governor_init(&g, &policy, now);
	CHECK_INT("not in use", ramp(&g, &policy, now + SEC, &again), 2);
	CHECK_INT("no time", again, 0);
	for (unsigned i = 0; i < 2; i++)
		governor_started(&g, &policy, i + 1, now, &tickets[i]);
	CHECK_INT("too early", ramp(&g, &policy, now + 9999, &again), 2);
	CHECK_INT("again", again, now + 10000);
	CHECK_INT("10 ms", ramp(&g, &policy, again, &again), 8);
	for (unsigned i = 2; i < 8; i++)
		governor_started(&g, &policy, i + 1, now + 15000, &tickets[i]);
	CHECK_INT("a start", ramp(&g, &policy, now + 20000, &again), 8);
	governor_ended(&g, &policy, &tickets[0], GOVERNOR_ALIVE, 1, now + 21000);
	CHECK_INT("one is missing", ramp(&g, &policy, now + 80000, &again), 8);
	governor_started(&g, &policy, 8, now + 80000, &tickets[0]);
	CHECK_INT("four times", ramp(&g, &policy, now + 100000, &again), 32);
	for (unsigned i = 8; i < 32; i++)
		governor_started(&g, &policy, i + 1, now + 100000, &tickets[i]);
	policy.adaptive = false;
	CHECK_INT("off", ramp(&g, &policy, now + SEC, &again), 40);
	policy.adaptive = true;
	/* It complains: what was allowed unseen goes back as far as the complaint, and rises no more by
	 * silence. */
	governor_ended(&g, &policy, &tickets[3], GOVERNOR_OVERLOAD, 1, now + SEC);
	CHECK_INT("cut", governor_limit(&g, &policy), 3);
	governor_started(&g, &policy, 3, now + SEC, &tickets[3]);
	CHECK_INT("no more", ramp(&g, &policy, now + 9 * SEC, &again), 3);
	CHECK_INT("no time", again, 0);
}

/* The bound is reached, and a limit that came from a restart is ramped on. */
static void test_ramp_to_the_bound(void **state)
{
	struct governor_policy policy = policy_of(40);
	struct governor_memory memory = {.limit = 24};
	struct governor_ticket ticket;
	struct governor g;
	int64_t again;

	(void)state;
	governor_restore(&g, &policy, &memory, NOW);
	governor_started(&g, &policy, 24, NOW, &ticket);
	CHECK_INT("bound", ramp(&g, &policy, NOW + SEC, &again), 40);
	governor_started(&g, &policy, 40, NOW + SEC, &ticket);
	CHECK_INT("stays", ramp(&g, &policy, NOW + 2 * SEC, &again), 40);
	CHECK_INT("no time", again, 0);
	memory.ceiling = 24;
	governor_restore(&g, &policy, &memory, NOW);
	governor_started(&g, &policy, 24, NOW, &ticket);
	CHECK_INT("where it hurt", ramp(&g, &policy, NOW + SEC, &again), 24);
}

static void test_limits(void **state)
{
	struct governor_policy policy = policy_of(1);
	struct governor g;
	int64_t until;

	(void)state;
	governor_init(&g, &policy, NOW);
	CHECK_INT("max 1", governor_limit(&g, &policy), 1);
	CHECK_INT("free", governor_may_start(&g, &policy, 0, NOW, &until), GOVERNOR_FREE);
	CHECK_INT("full", governor_may_start(&g, &policy, 1, NOW, &until), GOVERNOR_LIMIT);
	CHECK_INT("until one ends", until, 0);
	policy.max = 6;
	policy.adaptive = false;
	governor_tune(&g, &policy, NOW);
	CHECK_INT("plain", governor_limit(&g, &policy), 6);
	for (int i = 0; i < 100; i++)
		attempt(&g, &policy, 6, GOVERNOR_OVERLOAD, i, NOW, SEC);
	CHECK_INT("plain stays", governor_limit(&g, &policy), 6);
	policy.adaptive = true;
	CHECK_INT("adaptive again", governor_limit(&g, &policy), 1);
}

static void test_tune_lowers_at_once(void **state)
{
	struct governor_policy policy = policy_of(256);
	struct governor g;
	int64_t now, until;

	(void)state;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 40, NOW);
	policy.max = 5;
	CHECK_INT("even before", governor_limit(&g, &policy), 5);
	governor_tune(&g, &policy, now);
	CHECK_INT("full", governor_may_start(&g, &policy, 5, now, &until), GOVERNOR_LIMIT);
	policy.max = 256;
	governor_tune(&g, &policy, now);
	CHECK_INT("up again is earned", governor_limit(&g, &policy), 5);
	grow_to(&g, &policy, 40, now);
}

/* The k-th was refused: k - 1 are fine. What was on its way cuts no further, unless it says so itself. */
static void test_cut(void **state)
{
	struct governor_policy policy = policy_of(256);
	struct governor_ticket tickets[64];
	struct governor g;
	unsigned limit;
	int64_t now;

	(void)state;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 40, NOW);
	limit = governor_limit(&g, &policy);
	for (unsigned i = 0; i < limit; i++)
		governor_started(&g, &policy, i + 1, now, &tickets[i]);
	assert_true(governor_ended(&g, &policy, &tickets[limit - 1], GOVERNOR_OVERLOAD, 1, now + SEC));
	CHECK_INT("one less", governor_limit(&g, &policy), limit - 1);
	governor_ended(&g, &policy, &tickets[limit - 1], GOVERNOR_OVERLOAD, 1, now + SEC);
	CHECK_INT("not again", governor_limit(&g, &policy), limit - 1);
	governor_ended(&g, &policy, &tickets[limit - 5], GOVERNOR_OVERLOAD, 1, now + SEC);
	CHECK_INT("a lower one says less", governor_limit(&g, &policy), limit - 5);
	governor_ended(&g, &policy, &tickets[0], GOVERNOR_OVERLOAD, 1, now + SEC);
	CHECK_INT("not below half a round", governor_limit(&g, &policy), (limit + 1) / 2);
}

/* Refused in round after round, the cuts get deeper. */
static void test_cuts_deepen(void **state)
{
	struct governor_policy policy = policy_of(256);
	struct governor g;
	unsigned limit, rounds = 0;
	int64_t now;

	(void)state;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 200, NOW);
	for (; (limit = governor_limit(&g, &policy)) > 1; rounds++, now += SEC)
		attempt(&g, &policy, limit, GOVERNOR_OVERLOAD, rounds, now, SEC / 10);
	if (rounds > 20)
		fail_msg("%u rounds from 200 down to 1", rounds);
}

static void test_others_cut_nothing(void **state)
{
	static const enum governor_answer answers[] = {GOVERNOR_ALIVE, GOVERNOR_FAILURE, GOVERNOR_NONE};
	struct governor_policy policy = policy_of(256);
	struct governor g;
	unsigned limit;
	int64_t now;

	(void)state;
	policy.breaker = false;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 40, NOW);
	limit = governor_limit(&g, &policy);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		for (int n = 0; n < 10; n++)
			attempt(&g, &policy, limit, answers[i], n, now, SEC);
	CHECK_INT("limit", governor_limit(&g, &policy), limit);
	for (int n = 0; n < 100; n++)
		attempt(&g, &policy, limit, GOVERNOR_TIMEOUT, n, now + n * 60 * SEC, 30 * SEC);
	assert_true(governor_limit(&g, &policy) < limit / 2);
}

/* Ten minutes of nothing but 503: asked every half minute, and soon at work again. */
static void test_outage(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor g;
	int64_t now, until, end;
	unsigned asked = 0;

	(void)state;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 6, NOW);
	for (end = now + 600 * SEC; now < end; asked++, now += SEC / 10) {
		if (governor_may_start(&g, &policy, 0, now, &until) == GOVERNOR_RATE)
			now = until;
		attempt(&g, &policy, governor_limit(&g, &policy), GOVERNOR_BUSY, asked, now, SEC / 10);
	}
	if (asked > 50)
		fail_msg("asked %u times", asked);
	CHECK_INT("no failure", governor_breaker(&g, now), BREAKER_CLOSED);
	for (end = now + 180 * SEC; governor_limit(&g, &policy) < 6 && now < end; now += SEC / 10) {
		if (governor_may_start(&g, &policy, 0, now, &until) == GOVERNOR_RATE)
			now = until;
		attempt(&g, &policy, governor_limit(&g, &policy), GOVERNOR_SUCCESS, 1, now, SEC / 10);
	}
	CHECK_INT("three minutes later", governor_limit(&g, &policy), 6);
}

/* Files that take hours: their bytes speak for them. */
static void test_bytes_grow(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor_ticket ticket;
	struct governor g;

	(void)state;
	governor_init(&g, &policy, NOW);
	governor_started(&g, &policy, 1, NOW, &ticket);
	assert_false(governor_bytes(&g, &policy, 16 << 20, NOW + 5 * SEC));
	CHECK_INT("not in use", governor_limit(&g, &policy), 2);
	governor_started(&g, &policy, 2, NOW + 5 * SEC, &ticket);
	assert_true(governor_bytes(&g, &policy, 16 << 20, NOW + 10 * SEC));
	CHECK_INT("in use", governor_limit(&g, &policy), 6);
	assert_false(governor_bytes(&g, &policy, INT64_C(1) << 50, NOW + 10 * SEC));
}

static void test_start_interval(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor_ticket ticket;
	struct governor g;
	int64_t until;

	(void)state;
	policy.start_interval_usec = 3 * SEC;
	governor_init(&g, &policy, 0);
	CHECK_INT("first", governor_may_start(&g, &policy, 0, 0, &until), GOVERNOR_FREE);
	governor_started(&g, &policy, 1, 0, &ticket);
	CHECK_INT("second", governor_may_start(&g, &policy, 1, 1 * SEC, &until), GOVERNOR_RATE);
	CHECK_INT("until", until, 3 * SEC);
	CHECK_INT("then", governor_may_start(&g, &policy, 1, 3 * SEC, &until), GOVERNOR_FREE);
	CHECK_INT("shown", governor_interval_usec(&g, &policy), 3 * SEC);
	policy.start_interval_usec = 0;
	CHECK_INT("none", governor_may_start(&g, &policy, 1, 1, &until), GOVERNOR_FREE);
	CHECK_INT("limit first", governor_may_start(&g, &policy, 2, 1, &until), GOVERNOR_LIMIT);
}

static void test_breaker(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor_ticket probe;
	struct governor g;
	int64_t until, now = NOW + 31 * SEC;

	(void)state;
	governor_init(&g, &policy, NOW);
	for (int i = 0; i < 5; i++)
		assert_true(attempt(&g, &policy, 1, GOVERNOR_FAILURE, i, NOW, SEC));
	CHECK_INT("failures", governor_failures(&g), 5);
	CHECK_INT("open", governor_may_start(&g, &policy, 0, NOW + SEC, &until), GOVERNOR_BREAKER);
	CHECK_INT("until", until, NOW + 31 * SEC);
	CHECK_INT("half-open", governor_may_start(&g, &policy, 0, now, &until), GOVERNOR_FREE);
	governor_started(&g, &policy, 1, now, &probe);
	assert_true(probe.probe);
	CHECK_INT("one only", governor_may_start(&g, &policy, 1, now, &until), GOVERNOR_BREAKER);
	CHECK_INT("until it ends", until, 0);
	assert_true(governor_ended(&g, &policy, &probe, GOVERNOR_ALIVE, 1, now));
	CHECK_INT("closed", governor_may_start(&g, &policy, 0, now, &until), GOVERNOR_FREE);
	for (int i = 0; i < 5; i++)
		attempt(&g, &policy, 1, GOVERNOR_FAILURE, i, now, SEC);
	policy.breaker = false;
	CHECK_INT("off", governor_may_start(&g, &policy, 0, now + SEC, &until), GOVERNOR_FREE);
	governor_tune(&g, &policy, now);
	CHECK_INT("and closed", governor_breaker(&g, now), BREAKER_CLOSED);
}

/* A port that was dead for hours drives the limit to 1 and the starts apart; a probe that is answered ends
 * that. */
static void test_after_the_breaker(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor g;
	int64_t now = NOW, until;

	(void)state;
	governor_init(&g, &policy, now);
	for (int i = 0; i < 30; i++) {
		if (governor_may_start(&g, &policy, 0, now, &until) != GOVERNOR_FREE)
			now = until;
		attempt(&g, &policy, 1, GOVERNOR_TIMEOUT, i, now, SEC / 10);
		now += SEC / 10;
	}
	CHECK_INT("limit", governor_limit(&g, &policy), 1);
	assert_true(governor_interval_usec(&g, &policy) > SEC);
	assert_true(governor_may_start(&g, &policy, 0, now, &until) == GOVERNOR_BREAKER);
	attempt(&g, &policy, 1, GOVERNOR_SUCCESS, 1, until, SEC);
	CHECK_INT("closed", governor_breaker(&g, until + SEC), BREAKER_CLOSED);
	CHECK_INT("interval", governor_interval_usec(&g, &policy), 0);
	CHECK_INT("as new", governor_limit(&g, &policy), 2);
	grow_to(&g, &policy, 6, until + SEC);
}

static void test_retry_budget(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor g;

	(void)state;
	policy.retry_rate = 0.5;
	governor_init(&g, &policy, NOW);
	for (int i = 0; i < 10; i++)
		CHECK_INT("burst", governor_retry(&g, &policy, NOW), 0);
	CHECK_INT("empty", governor_retry(&g, &policy, NOW) / 1000, (NOW + 2 * SEC) / 1000);
	CHECK_INT("its own turn", governor_retry(&g, &policy, NOW + SEC) / 1000, (NOW + 4 * SEC) / 1000);
	for (int i = 0; i < 100; i++)
		assert_true(governor_retry(&g, &policy, NOW + SEC) <= NOW + 11 * SEC);
	CHECK_INT("full", governor_retry(&g, &policy, NOW + 2 * SEC + 1), 0);
	for (int i = 0; i < 5; i++)
		attempt(&g, &policy, 1, GOVERNOR_SUCCESS, i, NOW + 2 * SEC, 1);
	CHECK_INT("five successes", governor_retry(&g, &policy, NOW + 2 * SEC + 1), 0);
	assert_true(governor_retry(&g, &policy, NOW + 2 * SEC + 1) > 0);
	for (int i = 0; i < 10; i++)
		CHECK_INT("no more than the burst", governor_retry(&g, &policy, NOW + 9000 * SEC), 0);
	assert_true(governor_retry(&g, &policy, NOW + 9000 * SEC) > 0);
	policy.retry_rate = 0;
	CHECK_INT("by successes alone", governor_retry(&g, &policy, NOW + 9000 * SEC), NOW + 9010 * SEC);
	policy.retry_share = policy.retry_burst = 0;
	for (int i = 0; i < 1000; i++)
		CHECK_INT("off", governor_retry(&g, &policy, NOW), 0);
}

/* Small steps are not worth a write: from 2 to 200 there are 198, and a few of them are told. */
static void test_told_seldom(void **state)
{
	struct governor_policy policy = policy_of(200);
	struct governor g;
	unsigned told = 0, rounds = 0;

	(void)state;
	governor_init(&g, &policy, NOW);
	for (; governor_limit(&g, &policy) < 200; rounds++)
		told += play_round(&g, &policy, NOW + rounds * SEC);
	if (told < rounds || told > 30)
		fail_msg("told %u times in %u rounds", told, rounds);
}

static void test_memory(void **state)
{
	struct governor_policy policy = policy_of(256);
	struct governor_memory memory, again;
	struct governor g;
	int64_t now, until;

	(void)state;
	governor_init(&g, &policy, NOW);
	now = grow_to(&g, &policy, 40, NOW);
	attempt(&g, &policy, governor_limit(&g, &policy), GOVERNOR_OVERLOAD, 1, now, SEC);
	for (int i = 0; i < 5; i++)
		attempt(&g, &policy, 1, GOVERNOR_FAILURE, i, now, 2 * SEC);
	governor_save(&g, &memory);
	governor_restore(&g, &policy, &memory, now + 3 * SEC);
	governor_save(&g, &again);
	CHECK_INT("limit", again.limit, memory.limit);
	CHECK_INT("ceiling", again.ceiling, memory.limit);
	CHECK_INT("probe", again.probe_usec, now + 31 * SEC);
	CHECK_INT("interval", again.probe_interval_usec, 30 * SEC);
	CHECK_INT("open until", again.breaker_until_usec, now + 32 * SEC);
	CHECK_INT("failures", again.failures, 5);
	CHECK_INT("open", governor_may_start(&g, &policy, 0, now + 3 * SEC, &until), GOVERNOR_BREAKER);
	CHECK_INT("half-open", governor_may_start(&g, &policy, 0, now + 32 * SEC, &until), GOVERNOR_FREE);
}

/* Four failures of one job before the restart, and more of it after: still one job alone. */
static void test_memory_of_a_streak(void **state)
{
	struct governor_policy policy = policy_of(6);
	struct governor_memory memory = {.limit = 6, .failures = 4};
	struct governor g;

	(void)state;
	governor_restore(&g, &policy, &memory, NOW);
	for (int i = 0; i < 10; i++)
		attempt(&g, &policy, 1, GOVERNOR_FAILURE, 7, NOW, SEC);
	CHECK_INT("one job", governor_breaker(&g, NOW + SEC), BREAKER_CLOSED);
	attempt(&g, &policy, 1, GOVERNOR_FAILURE, 8, NOW, SEC);
	CHECK_INT("two", governor_breaker(&g, NOW + SEC), BREAKER_OPEN);
}

static void check_sane(const struct governor *g, const struct governor_policy *policy, int64_t now_usec)
{
	struct governor_memory memory;
	int64_t until;

	governor_save(g, &memory);
	assert_true(governor_limit(g, policy) >= 1 && governor_limit(g, policy) <= policy->max);
	assert_true(memory.limit >= 1 && memory.ceiling >= 0 && memory.failures >= 0);
	assert_true(memory.probe_interval_usec >= 30 * SEC && memory.probe_interval_usec <= 120 * SEC);
	assert_true(memory.probe_usec >= 0 && memory.probe_usec <= now_usec + 240 * SEC);
	assert_true(memory.breaker_until_usec >= 0);
	assert_true(memory.breaker_until_usec <= now_usec + policy->breaker_max_usec);
	if (governor_may_start(g, policy, 0, now_usec, &until) != GOVERNOR_FREE && until != 0)
		assert_true(until > now_usec && until <= now_usec + policy->breaker_max_usec);
}

static void test_absurd_memories(void **state)
{
	static const int64_t values[] = {INT64_MIN, -1, 0, 1, NOW, NOW + SEC, INT64_MAX};
	static const int counts[] = {INT32_MIN, -1, 0, 1, 5, 1000000, INT32_MAX};
	struct governor_policy policy = policy_of(256);
	struct governor g;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int i = 0; i < 20000; i++) {
		struct governor_memory memory = {.limit = counts[rng_upto(&rng, 6)],
			.ceiling = counts[rng_upto(&rng, 6)],
			.probe_usec = values[rng_upto(&rng, 6)],
			.probe_interval_usec = values[rng_upto(&rng, 6)],
			.breaker_until_usec = values[rng_upto(&rng, 6)],
			.breaker_span_usec = values[rng_upto(&rng, 6)],
			.failures = counts[rng_upto(&rng, 6)]};

		governor_restore(&g, &policy, &memory, NOW);
		check_sane(&g, &policy, NOW);
	}
}

/* Whatever happens, in whatever order: within the bounds, and never shut for ever. */
static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct governor_policy policy = policy_of(1 + (unsigned)seed % 64);
		struct governor_ticket tickets[64];
		struct governor g;
		struct rng rng;
		unsigned active = 0;
		int64_t now = NOW, until;

		rng_seed(&rng, seed);
		governor_init(&g, &policy, now);
		for (int i = 0; i < 2000; i++) {
			now += rng_upto(&rng, seed % 2 ? SEC : 40 * SEC);
			while (active < 64 &&
				governor_may_start(&g, &policy, active, now, &until) == GOVERNOR_FREE) {
				governor_started(&g, &policy, active + 1, now, &tickets[active]);
				active++;
			}
			if (rng_upto(&rng, 50) == 0) {
				policy.max = 1 + (unsigned)rng_upto(&rng, 63);
				policy.adaptive = rng_upto(&rng, 1);
				governor_tune(&g, &policy, now);
			}
			for (int64_t n = rng_upto(&rng, active); n > 0; n--) {
				unsigned k = (unsigned)rng_upto(&rng, active - 1);
				int64_t answer = rng_upto(&rng, 2 * GOVERNOR_NONE);

				governor_bytes(&g, &policy, rng_upto(&rng, 1 << 20), now);
				governor_ended(&g, &policy, &tickets[k],
					answer > GOVERNOR_NONE ? GOVERNOR_SUCCESS
							       : (enum governor_answer)answer,
					rng_upto(&rng, 20), now);
				tickets[k] = tickets[--active];
			}
			check_sane(&g, &policy, now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_grows_only_when_used),
		cmocka_unit_test(test_ramp),
		cmocka_unit_test(test_ramp_to_the_bound),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tune_lowers_at_once),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cuts_deepen),
		cmocka_unit_test(test_others_cut_nothing),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_bytes_grow),
		cmocka_unit_test(test_start_interval),
		cmocka_unit_test(test_breaker),
		cmocka_unit_test(test_after_the_breaker),
		cmocka_unit_test(test_retry_budget),
		cmocka_unit_test(test_told_seldom),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_of_a_streak),
		cmocka_unit_test(test_absurd_memories),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
