/* Turns that find no room in the database: what of them must not be remembered, and what is said of them. */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "job/classify.h"
#include "tests/sim/sim.h"

#define ANNA 1000

struct scene {
	char *dir;
	struct sim sim;
	char *refused; /* the words of the last reply that was an error */
};

static void scene_open(struct scene *s, const char *more)
{
	const char *overrides[] = {"Queue.MaxActive=1", more};

	*s = (struct scene){.dir = sim_make_directory()};
	log_set_level(LOG_LEVEL_ERR);
	sim_clock_reset();
	sim_init(&s->sim, s->dir, sim_config(s->dir, overrides, more ? 2 : 1));
	assert_int_equal(sim_open(&s->sim), 0);
}

static void scene_close(struct scene *s)
{
	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
	free(s->refused);
}

static void hear(struct scene *s)
{
	struct msg *msg;

	assert_false(s->sim.engine->failed);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		if (msg->kind == CONTROL_REPLY && ((struct request *)msg)->error != REQUEST_OK)
			str_set(&s->refused, ((struct request *)msg)->error_message);
		control_message_free(msg);
	}
}

static void settle(struct scene *s)
{
	sim_settle(&s->sim);
	hear(s);
}

/* Until the database is tried again. */
static void wait_for_room(struct scene *s)
{
	sim_advance(60 * USEC_PER_SEC);
	settle(s);
	assert_true(s->sim.engine->full_usec <= clock_boot_usec());
}

static void add(struct scene *s, const char *origin, size_t n)
{
	struct job **jobs = xcalloc(n, sizeof(struct job *));

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *name = xasprintf("f-%zu", i);

		jobs[i] = sim_job(ANNA, origin, name);
	}
	sim_post(&s->sim, &sim_add(ANNA, jobs, n)->msg);
}

static void the_number_of_an_origin_is_another_ones(void **state)
{
	struct host *host;
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	add(&s, "http://gone.test:80", 1);
	sim_fault(SIM_FAULT_FULL);
	settle(&s);
	assert_non_null(s.refused);
	wait_for_room(&s);
	add(&s, "http://here.test:80", 1);
	settle(&s);
	host = TAILQ_FIRST(&s.sim.attempts) ? host_find(s.sim.engine, 1) : NULL;
	assert_non_null(host);
	assert_non_null(host->memory);
	assert_string_equal(host->memory->row.origin, "http://here.test:80");
	scene_close(&s);
}

/* Nothing is written where there is no turn: the store asserts it. */
static void a_probe_that_never_began_is_another_jobs(void **state)
{
	struct scene s;
	int failed = 0;

	(void)state;
	scene_open(&s, "Retry.MaxAttempts=1");
	add(&s, "http://dead.test:80", 30);
	settle(&s);
	for (struct sim_attempt *attempt; (attempt = TAILQ_FIRST(&s.sim.attempts)) && failed < 30; failed++) {
		struct verdict verdict;

		verdict_init(&verdict);
		classify_curl(&verdict, 7, NULL);
		sim_post(&s.sim, &sim_finish(&s.sim, attempt, &verdict, 0)->msg);
		settle(&s);
	}
	assert_in_range(failed, 1, 29); /* the breaker is open */
	sim_advance(3600 * USEC_PER_SEC);
	sim_fault(SIM_FAULT_FULL);
	settle(&s);
	assert_null(TAILQ_FIRST(&s.sim.attempts));
	wait_for_room(&s);
	assert_non_null(TAILQ_FIRST(&s.sim.attempts));
	scene_close(&s);
}

static void a_selection_that_is_changed_half_way(void **state)
{
	struct request *request = request_new(REQUEST_CHANGE);
	struct scene s;

	(void)state;
	scene_open(&s, NULL);
	s.sim.engine->draining = true;
	add(&s, "http://here.test:80", 2000);
	settle(&s);
	request->verb = VERB_CANCEL;
	request->uid = request->filter.owner = ANNA;
	sim_post(&s.sim, &request->msg);
	(void)sim_turn(&s.sim);
	sim_fault(SIM_FAULT_FULL);
	settle(&s);
	assert_string_equal(s.refused, "no room for the queue database; not all of it was changed");
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_of_an_origin_is_another_ones),
		cmocka_unit_test(a_selection_that_is_changed_half_way),
		cmocka_unit_test(a_probe_that_never_began_is_another_jobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
