/* Groups that were made by what was then undone: nothing of them is left in memory for the next group, which
 * gets their number; and none is made for no job.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tests/sim/sim.h"

#define ANNA 1000

struct scene {
	char *dir;
	struct sim sim;
};

static void scene_open(struct scene *s)
{
	*s = (struct scene){.dir = sim_make_directory()};
	log_set_level(LOG_LEVEL_ERR);
	sim_clock_reset();
	sim_init(&s->sim, s->dir, sim_config(s->dir, NULL, 0));
	assert_int_equal(sim_open(&s->sim), 0);
}

static void scene_close(struct scene *s)
{
	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
}

/* Jobs of the group; the last one follows job after, if that is not 0. */
static struct request *add_of(const char *group, const char *key, size_t n, int64_t after)
{
	struct job **jobs = xcalloc(n, sizeof(struct job *));

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *name = xasprintf("%s-%zu", key ? "keyed" : group, i);

		jobs[i] = sim_job(ANNA, "http://a.example:80", name);
		jobs[i]->group = xstrdup(group);
		jobs[i]->key = xstrdup_null(key);
	}
	if (after) {
		jobs[n - 1]->after = xcalloc(1, sizeof(jobs[n - 1]->after[0]));
		jobs[n - 1]->after[0].id = after;
		jobs[n - 1]->n_after = 1;
	}
	return sim_add(ANNA, jobs, n);
}

/* The answers to what was posted, in order. */
static void settle(struct scene *s, const enum request_error *errors, size_t n)
{
	struct msg *msg;
	size_t i = 0;

	sim_settle(&s->sim);
	assert_false(s->sim.engine->failed);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		if (msg->kind == CONTROL_REPLY) {
			assert_true(i < n);
			assert_int_equal(((struct request *)msg)->error, errors[i++]);
		}
		control_message_free(msg);
	}
	assert_int_equal(i, n);
}

static int64_t group_id(struct scene *s, const char *name)
{
	struct job_group row;
	int64_t id;

	if (store_group_find(s->sim.engine->store, ANNA, name, &row) != 0)
		return 0;
	id = row.id;
	job_group_done(&row);
	return id;
}

/* ---- cases */

static const enum request_error fine[] = {REQUEST_OK, REQUEST_OK};
static const enum request_error refused_then_fine[] = {REQUEST_REFUSED, REQUEST_OK};

/* The lanes of a list's new group are shut: those of the group that takes its number are not. */
static void a_refused_list_shuts_no_other_group(void **state)
{
	struct scene s;
	struct request *list = add_of("list", NULL, 2, 77);

	(void)state;
	scene_open(&s);
	list->part = ADD_FIRST;
	list->session_id = 5;
	sim_post(&s.sim, &list->msg);
	sim_post(&s.sim, &add_of("next", NULL, 2, 0)->msg);
	settle(&s, refused_then_fine, 2);
	assert_int_equal(group_id(&s, "list"), 0);
	assert_int_equal(group_id(&s, "next"), 1);
	assert_int_equal(s.sim.n_attempts, 2);
	scene_close(&s);
}

static struct request *create(const char *name, int64_t limit_rate)
{
	struct request *request = request_new(REQUEST_GROUP_CREATE);

	request->uid = ANNA;
	request->group.name = xstrdup(name);
	request->group.deadline_usec = -1;
	request->group.limit_rate = limit_rate;
	return request;
}

/* A turn without a commit, with a group that has a limit. */
static void a_lost_group_leaves_no_limit(void **state)
{
	static const enum request_error lost[] = {REQUEST_TRY_AGAIN, REQUEST_TRY_AGAIN};
	struct scene s;

	(void)state;
	scene_open(&s);
	sim_fault(SIM_FAULT_FULL);
	sim_post(&s.sim, &create("slow", 5)->msg);
	sim_post(&s.sim, &add_of("slow", NULL, 2, 0)->msg);
	settle(&s, lost, 2);
	assert_int_equal(group_id(&s, "slow"), 0);
	sim_advance(2 * USEC_PER_SEC);
	sim_post(&s.sim, &add_of("fast", NULL, 2, 0)->msg);
	settle(&s, fine, 1);
	assert_int_equal(group_id(&s, "fast"), 1);
	assert_int_equal(s.sim.n_attempts, 2);
	assert_int_equal(batch_find(s.sim.engine, 1)->limit_rate, 0);
	scene_close(&s);
}

/* A key that is known adds no job. */
static void no_job_no_group(void **state)
{
	struct request *list = add_of("list", "k", 1, 0);
	struct scene s;

	(void)state;
	scene_open(&s);
	sim_post(&s.sim, &add_of("first", "k", 1, 0)->msg);
	sim_post(&s.sim, &add_of("second", "k", 1, 0)->msg);
	settle(&s, fine, 2);
	assert_int_not_equal(group_id(&s, "first"), 0);
	assert_int_equal(group_id(&s, "second"), 0);

	list->part = ADD_FIRST;
	list->session_id = 5;
	sim_post(&s.sim, &list->msg);
	settle(&s, fine, 1);
	list = add_of("list", "k", 1, 0);
	list->part = ADD_LAST;
	list->session_id = 5;
	sim_post(&s.sim, &list->msg);
	settle(&s, fine, 1);
	assert_int_equal(group_id(&s, "list"), 0);

	sim_post(&s.sim, &create("kept", 0)->msg);
	sim_post(&s.sim, &add_of("kept", "k", 1, 0)->msg);
	settle(&s, fine, 2);
	assert_int_not_equal(group_id(&s, "kept"), 0);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_list_shuts_no_other_group),
		cmocka_unit_test(a_lost_group_leaves_no_limit),
		cmocka_unit_test(no_job_no_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
