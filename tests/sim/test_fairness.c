/* Who is next, when there is one slot: priority, owners by weight, their groups, the groups' origins; ageing.
 * Each case counts starts, in simulated time.
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

#define ANNA 1000
#define BERT 1001
#define MANY 300

struct scene {
	char *dir;
	struct sim sim;
	char last[64]; /* name of the job that was started last */
	int last_priority;
	uid_t last_owner;
};

static void on_start(struct sim_attempt *attempt, void *arg)
{
	struct scene *s = arg;

	snprintf(s->last, sizeof(s->last), "%s", attempt->job->name);
	s->last_priority = attempt->job->priority;
	s->last_owner = attempt->job->owner;
}

static void scene_open(struct scene *s, const char *more)
{
	const char *overrides[] = {"Queue.MaxActive=1", "Queue.MaxPerHost=1", more};

	*s = (struct scene){.dir = sim_make_directory()};
	log_set_level(LOG_LEVEL_ERR);
	sim_clock_reset();
	sim_init(&s->sim, s->dir, sim_config(s->dir, overrides, more ? 3 : 2));
	assert_int_equal(sim_open(&s->sim), 0);
	s->sim.on_start = on_start;
	s->sim.arg = s;
}

static void scene_close(struct scene *s)
{
	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
}

static void settle(struct scene *s)
{
	struct msg *msg;

	sim_settle(&s->sim);
	assert_false(s->sim.engine->failed);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		if (msg->kind == CONTROL_REPLY)
			assert_int_equal(((struct request *)msg)->error, REQUEST_OK);
		control_message_free(msg);
	}
}

struct batch_spec {
	uid_t owner;
	const char *origin, *group, *name;
	int priority;
};

/* n jobs called NAME-0 and so on. */
static void add(struct scene *s, size_t n, struct batch_spec spec)
{
	struct job **jobs = xcalloc(n, sizeof(struct job *));

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *name = xasprintf("%s-%zu", spec.name, i);

		jobs[i] = sim_job(spec.owner, spec.origin, name);
		jobs[i]->group = xstrdup_null(spec.group);
		jobs[i]->priority = spec.priority;
	}
	sim_post(&s->sim, &sim_add(spec.owner, jobs, n)->msg);
	settle(s);
}

/* What runs ends so, and the next has its slot. */
static void end_one(struct scene *s, int curl_code)
{
	struct sim_attempt *attempt = TAILQ_FIRST(&s->sim.attempts);
	struct verdict verdict;

	assert_non_null(attempt);
	verdict_init(&verdict);
	if (curl_code)
		classify_curl(&verdict, curl_code, NULL);
	s->last[0] = '\0';
	sim_post(&s->sim, &sim_finish(&s->sim, attempt, &verdict, 100)->msg);
	settle(s);
}

static bool last_is(const struct scene *s, const char *name)
{
	return strncmp(s->last, name, strlen(name)) == 0;
}

/* How many slots are given to others before one called name has its own. */
static int slots_before(struct scene *s, const char *name)
{
	for (int n = 0; n < MANY; n++) {
		end_one(s, 0);
		if (last_is(s, name))
			return n;
	}
	return MANY;
}

/* ---- cases */

static void a_batch_delays_another_owner_by_a_slot(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, MANY, (struct batch_spec){ANNA, "http://a.example:80", NULL, "many", 0});
	for (int i = 0; i < 20; i++)
		end_one(&s, 0);
	add(&s, 1, (struct batch_spec){BERT, "http://b.example:80", NULL, "single", 0});
	assert_in_range(slots_before(&s, "single"), 0, 1);
	scene_close(&s);
}

static void a_batch_delays_the_owners_other_group_by_a_slot(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, MANY, (struct batch_spec){ANNA, "http://a.example:80", "large", "many", 0});
	for (int i = 0; i < 20; i++)
		end_one(&s, 0);
	add(&s, 1, (struct batch_spec){ANNA, "http://a.example:80", "small", "single", 0});
	assert_in_range(slots_before(&s, "single"), 0, 1);
	scene_close(&s);
}

static void a_batch_delays_the_groups_other_origin_by_a_slot(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, MANY, (struct batch_spec){ANNA, "http://a.example:80", "one", "many", 0});
	for (int i = 0; i < 20; i++)
		end_one(&s, 0);
	add(&s, 1, (struct batch_spec){ANNA, "http://b.example:80", "one", "single", 0});
	assert_in_range(slots_before(&s, "single"), 0, 1);
	scene_close(&s);
}

static void owners_share_by_weight(void **state)
{
	int anna = 0;
	struct scene s;

	(void)state;
	scene_open(&s, "Queue.UserWeights=1000=3");
	add(&s, MANY, (struct batch_spec){ANNA, "http://a.example:80", NULL, "anna", 0});
	add(&s, MANY, (struct batch_spec){BERT, "http://b.example:80", NULL, "bert", 0});
	/* Three of four, never off by more than one on the way. */
	for (int n = 1; n <= 200; n++) {
		end_one(&s, 0);
		anna += s.last_owner == ANNA;
		assert_in_range(4 * anna + 8, 3 * n, 3 * n + 16);
	}
	scene_close(&s);
}

static void many_groups_are_one_owner(void **state)
{
	int bert = 0;
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, 100, (struct batch_spec){ANNA, "http://a.example:80", "a", "a", 0});
	add(&s, 100, (struct batch_spec){ANNA, "http://b.example:80", "b", "b", 0});
	add(&s, 100, (struct batch_spec){ANNA, "http://c.example:80", "c", "c", 0});
	add(&s, 100, (struct batch_spec){BERT, "http://d.example:80", NULL, "bert", 0});
	for (int n = 0; n < 100; n++) {
		end_one(&s, 0);
		bert += s.last_owner == BERT;
	}
	assert_in_range(bert, 49, 51);
	scene_close(&s);
}

static void priority_is_strict(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, "Queue.Ageing=infinity");
	add(&s, 50, (struct batch_spec){ANNA, "http://a.example:80", NULL, "low", -1});
	add(&s, 50, (struct batch_spec){BERT, "http://b.example:80", NULL, "high", 1});
	for (int n = 0; n < 50; n++) {
		sim_advance(3600 * USEC_PER_SEC / 50);
		end_one(&s, 0);
		assert_int_equal(s.last_priority, 1);
	}
	end_one(&s, 0);
	assert_int_equal(s.last_priority, -1);
	scene_close(&s);
}

static void ageing_gives_one_slot_in_eight(void **state)
{
	int low = 0;
	struct scene s;

	(void)state;
	scene_open(&s, "Queue.Ageing=60s");
	add(&s, MANY, (struct batch_spec){BERT, "http://b.example:80", NULL, "high", 1});
	add(&s, 50, (struct batch_spec){ANNA, "http://a.example:80", NULL, "low", -1});
	/* Before its time it gets nothing. */
	for (int n = 0; n < 50; n++) {
		end_one(&s, 0);
		assert_int_equal(s.last_priority, 1);
	}
	for (int n = 0; n < 80; n++) {
		sim_advance(61 * USEC_PER_SEC);
		end_one(&s, 0);
		low += s.last_priority == -1;
	}
	assert_in_range(low, 9, 11);
	scene_close(&s);
}

/* Its jobs are refused one after the other, and come back. */
static void a_dead_host_delays_another_by_a_slot(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, MANY, (struct batch_spec){ANNA, "http://dead.example:80", NULL, "dead", 0});
	for (int n = 0; n < 20 && s.sim.n_attempts > 0; n++)
		end_one(&s, 7);
	sim_advance(3600 * USEC_PER_SEC);
	settle(&s);
	add(&s, 1, (struct batch_spec){ANNA, "http://live.example:80", NULL, "single", 0});
	/* It may have begun at once. */
	for (int n = 0; n < 2 && !last_is(&s, "single"); n++)
		end_one(&s, 7);
	assert_true(last_is(&s, "single"));
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_delays_another_owner_by_a_slot),
		cmocka_unit_test(a_batch_delays_the_owners_other_group_by_a_slot),
		cmocka_unit_test(a_batch_delays_the_groups_other_origin_by_a_slot),
		cmocka_unit_test(owners_share_by_weight),
		cmocka_unit_test(many_groups_are_one_owner),
		cmocka_unit_test(priority_is_strict),
		cmocka_unit_test(ageing_gives_one_slot_in_eight),
		cmocka_unit_test(a_dead_host_delays_another_by_a_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
