/* engine/fair: what a pick costs, with more priorities, groups and hosts than anybody needs */
#include "config.h"

#include "unit.h"

#include "base/clock.h"
#include "fetchd/engine/fair.h"

#define MANY 20000

static struct lane *lane_of(struct fair *fair, struct fair_host *host, struct fair_user *user,
	const struct lane_key *key, int32_t priority)
{
	return fair_ready(fair, key, host, user, NULL, priority, 1);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

/* Strictly from the highest down, whatever order they came in. */
static void test_each_job_has_a_priority_of_its_own(void **state)
{
	int32_t *order = xcalloc(MANY, sizeof(*order));
	struct fair_host host;
	struct fair_user user;
	struct fair fair;
	uint64_t seed = 1;
	bool alone;

	(void)state;
	fair_init(&fair);
	fair_host_init(&host);
	fair_user_init(&user, 1);
	for (int32_t i = 0; i < MANY; i++)
		order[i] = i - MANY / 2;
	for (size_t i = MANY - 1; i > 0; i--) {
		size_t j = next_random(&seed) % (i + 1);
		int32_t kept = order[i];

		order[i] = order[j];
		order[j] = kept;
	}
	for (int i = 0; i < MANY; i++) {
		const struct lane_key key = {.origin_id = 1, .group_id = i};

		lane_of(&fair, &host, &user, &key, order[i]);
	}
	for (int32_t i = MANY - 1; i >= 0; i--) {
		struct lane *lane = fair_pick(&fair, 1, USEC_INFINITY, &alone);

		assert_non_null(lane);
		assert_int_equal(lane->priority, i - MANY / 2);
		assert_int_equal(alone, i == 0);
		fair_remove(&fair, lane);
	}
	assert_null(fair_pick(&fair, 1, USEC_INFINITY, &alone));
	fair_done(&fair);
	free(order);
}

/* All but the top have waited too long: each gets its turn, and a pick looks at a few of them. */
static void test_ageing_looks_at_a_few_priorities(void **state)
{
	bool *served = xcalloc(1000, sizeof(*served)), alone;
	struct fair_host host, other;
	struct fair_user user;
	struct fair fair;
	int n_served = 0;

	(void)state;
	fair_init(&fair);
	fair_host_init(&host);
	fair_host_init(&other);
	fair_user_init(&user, 1);
	for (int i = 0; i < 1000; i++) {
		const struct lane_key key = {.origin_id = 1 + i % 2, .group_id = i};

		lane_of(&fair, i % 2 ? &host : &other, &user, &key, i);
	}
	for (int i = 0; i < 8 * 999; i++) {
		uint64_t before = fair.looks;
		struct lane *lane = fair_pick(&fair, 1000, 10, &alone);

		assert_true(fair.looks - before <= 8);
		n_served += !served[lane->priority];
		served[lane->priority] = true;
		fair_served(lane, 1000);
		/* Shut and opened meanwhile, none of them loses its turn. */
		fair_host_shut(&fair, &host, true);
		fair_host_shut(&fair, &host, false);
	}
	assert_int_equal(n_served, 1000);
	fair_done(&fair);
	free(served);
}

/* A host at its bound is shut and opened with each job: what that costs is not how much waits for it. */
static void test_shutting_a_host_walks_no_lanes(void **state)
{
	bool *served = xcalloc(MANY, sizeof(*served)), alone;
	struct fair_host host, other;
	struct fair_user user;
	struct fair fair;
	struct lane *lane;

	(void)state;
	fair_init(&fair);
	fair_host_init(&host);
	fair_host_init(&other);
	fair_user_init(&user, 1);
	for (int i = 0; i < MANY; i++) {
		const struct lane_key key = {.origin_id = 1, .group_id = i};

		lane_of(&fair, &host, &user, &key, 0);
	}
	for (int i = 0; i < MANY; i++) {
		fair_host_shut(&fair, &host, true);
		assert_null(fair_pick(&fair, 1, USEC_INFINITY, &alone));
		fair_host_shut(&fair, &host, false);
		lane = fair_pick(&fair, 1, USEC_INFINITY, &alone);
		assert_non_null(lane);
		assert_false(served[lane->key.group_id]); /* in turn */
		served[lane->key.group_id] = true;
		fair_served(lane, 1);
	}
	assert_int_equal(fair.steps, 0);
	/* Another host's lanes are come upon among them; what was put aside comes back, and is next. */
	for (int i = 0; i < 100; i++) {
		const struct lane_key key = {.origin_id = 2, .group_id = i};

		lane_of(&fair, &other, &user, &key, 0);
	}
	for (int i = 0; i < 200; i++) {
		fair_host_shut(&fair, i % 2 ? &host : &other, true);
		lane = fair_pick(&fair, 1, USEC_INFINITY, &alone);
		assert_ptr_equal(lane->host, i % 2 ? &other : &host);
		fair_served(lane, 1);
		fair_host_shut(&fair, i % 2 ? &host : &other, false);
	}
	fair_host_shut(&fair, &host, true);
	fair_host_shut(&fair, &other, true);
	assert_null(fair_pick(&fair, 1, USEC_INFINITY, &alone));
	while ((lane = LIST_FIRST(&host.lanes)) || (lane = LIST_FIRST(&host.parked)))
		fair_remove(&fair, lane);
	fair_host_shut(&fair, &other, false);
	assert_non_null(fair_pick(&fair, 1, USEC_INFINITY, &alone));
	fair_done(&fair);
	assert_int_equal(fair.n_free, 0);
	free(served);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_job_has_a_priority_of_its_own),
		cmocka_unit_test(test_ageing_looks_at_a_few_priorities),
		cmocka_unit_test(test_shutting_a_host_walks_no_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
