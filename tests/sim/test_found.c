/* What random histories have found, said plainly: one case each. */
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

#define ANNA   1000
#define ORIGIN "http://a.example:80"

struct scene {
	char *dir;
	struct sim sim;
	enum request_error answer; /* to the last request */
	int64_t added;		   /* by the last ADD: its first job */
};

static int setup(void **state)
{
	static const char *const overrides[] = {"Queue.MaxActive=4", "Queue.MaxPerHost=4"};
	struct scene *s = xcalloc(1, sizeof(*s));

	log_set_level(LOG_LEVEL_ERR);
	s->dir = sim_make_directory();
	sim_clock_reset();
	sim_init(&s->sim, s->dir, sim_config(s->dir, overrides, ARRAY_LEN(overrides)));
	*state = s;
	return sim_open(&s->sim);
}

static int teardown(void **state)
{
	struct scene *s = *state;

	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
	free(s);
	return 0;
}

static void settle(struct scene *s)
{
	struct msg *msg;

	sim_settle(&s->sim);
	assert_false(s->sim.engine->failed);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		const struct request *request = (struct request *)msg;

		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		if (msg->kind == CONTROL_REPLY)
			s->answer = request->error;
		if (msg->kind == CONTROL_REPLY && request->ids)
			s->added = request->ids[0];
		control_message_free(msg);
	}
}

/* group NULL: to none; else it is fail-fast. after_id 0: it follows none. */
static int64_t add_job(struct scene *s, const char *name, const char *group, int64_t after_id)
{
	struct job **jobs = xcalloc(1, sizeof(struct job *));
	struct request *request;

	jobs[0] = sim_job(ANNA, ORIGIN, name);
	jobs[0]->group = xstrdup_null(group);
	jobs[0]->n_after = after_id != 0;
	jobs[0]->after = xcalloc(1, sizeof(struct job_dependency));
	jobs[0]->after[0].id = after_id;
	request = sim_add(ANNA, jobs, 1);
	request->policy = group ? GROUP_FAIL_FAST : -1;
	sim_post(&s->sim, &request->msg);
	settle(s);
	assert_int_equal(s->answer, REQUEST_OK);
	return s->added;
}

static int64_t add(struct scene *s, const char *name)
{
	return add_job(s, name, "g", 0);
}

static struct sim_attempt *attempt_of(struct scene *s, int64_t id)
{
	struct sim_attempt *a;

	TAILQ_FOREACH(a, &s->sim.attempts, link) {
		if (a->job_id == id)
			return a;
	}
	fail();
	return NULL;
}

/* status 0: it was stopped. */
static void post_end(struct scene *s, int64_t id, int status)
{
	struct verdict verdict;

	verdict_init(&verdict);
	if (status)
		classify_http(&verdict, status);
	else
		verdict.class = VERDICT_ABORTED;
	sim_post(&s->sim, &sim_finish(&s->sim, attempt_of(s, id), &verdict, 0)->msg);
}

static void post_change(struct scene *s, enum request_verb verb)
{
	struct request *request = request_new(REQUEST_CHANGE);

	request->verb = verb;
	request->uid = request->filter.owner = ANNA;
	request->filter.group = xstrdup("g");
	sim_post(&s->sim, &request->msg);
}

/* ---- cases */

/* Its name stayed, of a failed group without jobs: nothing could be added to it, and nothing retried. */
static void a_group_that_is_removed_while_it_ends_goes(void **state)
{
	struct scene *s = *state;
	int64_t bad = add(s, "bad"), other = add(s, "other");

	post_end(s, bad, 404);
	settle(s);
	post_change(s, VERB_REMOVE);
	settle(s);
	post_end(s, other, 0);
	settle(s);
	(void)add(s, "again");
}

/* One of its jobs failed again in the turn that retried it, and the others went on. */
static void a_group_that_fails_while_it_is_retried_has_failed(void **state)
{
	struct scene *s = *state;
	int64_t first = add_job(s, "first", NULL, 0), bad = add(s, "bad");

	(void)add_job(s, "follower", "g", first);
	post_end(s, bad, 404);
	settle(s);
	post_change(s, VERB_RETRY);
	post_end(s, first, 404);
	settle(s);
	assert_int_equal(s->sim.n_attempts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_group_that_is_removed_while_it_ends_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_group_that_fails_while_it_is_retried_has_failed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
