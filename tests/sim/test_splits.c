/* Further connections of a file, and what their host is thought to take: they go before jobs do, they count
 * as jobs do when they are refused, and a refused one costs its job nothing.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "job/classify.h"
#include "tests/sim/sim.h"

#define ANNA   1000
#define ORIGIN "http://a.example:80"
#define LIMIT  6

struct scene {
	char *dir;
	struct sim sim;
	unsigned n_made; /* further connections, ever */
};

static void on_split(struct sim_attempt *attempt, void *arg)
{
	struct scene *s = arg;

	(void)attempt;
	s->n_made++;
}

static void settle(struct scene *s)
{
	struct msg *msg;

	sim_settle(&s->sim);
	assert_false(s->sim.engine->failed);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		control_message_free(msg);
	}
}

/* What it has begun with; NULL: nothing yet. */
static struct sim_attempt *add(struct scene *s, const char *name)
{
	struct job **jobs = xcalloc(1, sizeof(struct job *));
	struct sim_attempt *last;

	jobs[0] = sim_job(ANNA, ORIGIN, name);
	sim_post(&s->sim, &sim_add(ANNA, jobs, 1)->msg);
	settle(s);
	last = TAILQ_LAST(&s->sim.attempts, sim_attempt_list);
	return last && strcmp(last->job->name, name) == 0 ? last : NULL;
}

static void end(struct scene *s, struct sim_attempt *attempt, int status)
{
	struct verdict verdict;

	assert_non_null(attempt);
	verdict_init(&verdict);
	if (status)
		classify_http(&verdict, status);
	sim_post(&s->sim, &sim_finish(&s->sim, attempt, &verdict, 100)->msg);
	settle(s);
}

static struct host *host_of(struct scene *s)
{
	assert_int_equal(HASH_COUNT(s->sim.engine->hosts), 1);
	return s->sim.engine->hosts;
}

static unsigned limit(struct scene *s)
{
	struct host_limits limits;

	host_limits(s->sim.engine, host_of(s), &limits);
	return limits.limit;
}

static void want(struct scene *s, struct sim_attempt *attempt, unsigned wanted)
{
	assert_non_null(attempt);
	sim_want(&s->sim, attempt, wanted);
	settle(s);
}

/* A host that has shown to take six at once. */
static void scene_open(struct scene *s)
{
	const char *overrides[] = {"Queue.MaxActive=20", "Queue.MaxPerHost=10", "Retry.Delay=1h"};

	*s = (struct scene){.dir = sim_make_directory()};
	log_set_level(LOG_LEVEL_ERR);
	sim_clock_reset();
	sim_init(&s->sim, s->dir, sim_config(s->dir, overrides, ARRAY_LEN(overrides)));
	assert_int_equal(sim_open(&s->sim), 0);
	s->sim.on_split = on_split;
	s->sim.arg = s;
	for (int i = 0; i < 20; i++) {
		CLEANUP_FREE char *name = xasprintf("first-%d", i);

		add(s, name);
	}
	for (int i = 0; i < 20; i++) {
		sim_advance(USEC_PER_MSEC);
		if (limit(s) == LIMIT)
			break;
		end(s, TAILQ_FIRST(&s->sim.attempts), 0);
	}
	assert_int_equal(limit(s), LIMIT);
	host_of(s)->memory->row.max_active = LIMIT;
	while (s->sim.n_attempts > 0)
		end(s, TAILQ_FIRST(&s->sim.attempts), 0);
	assert_int_equal(limit(s), LIMIT);
}

static void scene_close(struct scene *s)
{
	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
}

/* ---- the limit falls */

static void none_is_above_a_limit_that_fell(void **state)
{
	struct sim_attempt *large, *other;
	struct scene s;

	(void)state;
	scene_open(&s);
	large = add(&s, "large");
	other = add(&s, "other");
	want(&s, large, 4);
	assert_int_equal(large->used, 4);
	/* The second one at a time was too much; nobody waits. */
	end(&s, other, 429);
	assert_int_equal(limit(&s), 3);
	assert_int_equal(large->used, 2);
	assert_int_equal(host_of(&s)->active, 3);
	scene_close(&s);
}

/* Two files do not both give back the same ones, to get them again. */
static void no_more_go_than_are_above(void **state)
{
	struct sim_attempt *one, *two, *other;
	struct scene s;

	(void)state;
	scene_open(&s);
	one = add(&s, "one");
	two = add(&s, "two");
	other = add(&s, "other");
	want(&s, one, 1);
	want(&s, two, 2);
	assert_int_equal(one->used + two->used, 3);
	end(&s, other, 429);
	assert_int_equal(limit(&s), 3);
	assert_int_equal(one->used + two->used, 1);
	assert_int_equal(s.n_made, 3);
	scene_close(&s);
}

/* ---- one is refused */

static struct verdict refusal(int status, int64_t wait_sec)
{
	struct verdict verdict;

	verdict_init(&verdict);
	classify_http(&verdict, status);
	verdict.retry_after_usec = wait_sec * USEC_PER_SEC;
	return verdict;
}

static void lose(struct scene *s, struct sim_attempt *attempt, struct verdict verdict)
{
	sim_lose(&s->sim, attempt, &verdict);
	verdict_done(&verdict);
	settle(s);
}

static void a_refused_one_lowers_the_limit(void **state)
{
	struct sim_attempt *large;
	struct scene s;

	(void)state;
	scene_open(&s);
	large = add(&s, "large");
	want(&s, large, 4);
	assert_int_equal(large->used, 4);
	lose(&s, large, refusal(429, -1));
	assert_int_equal(limit(&s), 4);
	assert_int_equal(large->used, 3);
	assert_int_equal(host_of(&s)->active, 4);
	/* What was on its way beside it cuts no further than to half. */
	for (unsigned left = 2; large->used > 0; left--) {
		lose(&s, large, refusal(429, -1));
		assert_int_equal(large->used, left);
		assert_int_equal(limit(&s), 3);
	}
	assert_false(large->cancelled);
	assert_int_equal(host_of(&s)->memory->n_failed, 0);
	assert_string_equal(host_of(&s)->memory->last_code, "E_HTTP_429");
	end(&s, large, 0);
	assert_int_equal(host_of(&s)->active, 0);
	scene_close(&s);
}

static void what_it_asks_for_holds_new_starts(void **state)
{
	struct sim_attempt *large;
	struct scene s;

	(void)state;
	scene_open(&s);
	large = add(&s, "large");
	want(&s, large, 2);
	lose(&s, large, refusal(503, 60));
	assert_null(add(&s, "next"));
	assert_false(large->cancelled);
	assert_int_equal(large->used, 1);
	sim_advance(61 * USEC_PER_SEC);
	settle(&s);
	assert_int_equal(s.sim.n_attempts, 2);
	scene_close(&s);
}

/* As often as jobs of their own would do it, and not because this machine has no network. */
static void refused_connections_count(void **state)
{
	struct sim_attempt *large;
	struct scene s;

	(void)state;
	scene_open(&s);
	large = add(&s, "large");
	for (int network = 0; network <= 1; network++) {
		s.sim.engine->network_up = network != 0;
		for (int i = 0; i < 10; i++) {
			struct verdict verdict;

			verdict_init(&verdict);
			classify_curl(&verdict, 7, NULL);
			want(&s, large, 2);
			if (large->used > 0)
				lose(&s, large, verdict);
			else
				verdict_done(&verdict);
		}
		assert_int_equal(limit(&s) < LIMIT, network);
	}
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_above_a_limit_that_fell),
		cmocka_unit_test(no_more_go_than_are_above),
		cmocka_unit_test(a_refused_one_lowers_the_limit),
		cmocka_unit_test(what_it_asks_for_holds_new_starts),
		cmocka_unit_test(refused_connections_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
