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

/* status 0: it was stopped; 200: the file is whole. */
static void post_end(struct scene *s, int64_t id, int status)
{
	struct verdict verdict;

	verdict_init(&verdict);
	if (status == 200)
		verdict.class = VERDICT_OK;
	else if (status)
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

static const char *accept_any(
	struct job *job, const struct config *config, uid_t uid, bool privileged, char **ret_message)
{
	(void)job;
	(void)config;
	(void)uid;
	(void)privileged;
	(void)ret_message;
	return NULL;
}

/* What options own is taken over. */
static void post_edit(struct scene *s, int64_t id, uint64_t fields, const struct job_options *options)
{
	struct request *request = request_new(REQUEST_EDIT);

	request->uid = ANNA;
	request->check = accept_any;
	request->filter.ids = xcalloc(1, sizeof(int64_t));
	request->filter.ids[0] = id;
	request->filter.n_ids = 1;
	request->edit = xcalloc(1, sizeof(*request->edit));
	job_edit_init(request->edit);
	request->edit->fields = fields;
	request->edit->values.options = *options;
	sim_post(&s->sim, &request->msg);
}

static struct job *row_of(struct scene *s, int64_t id)
{
	struct job *job;

	assert_int_equal(store_get(s->sim.engine->store, id, &job), 0);
	return job;
}

/* It came only with the next deadline of another job. */
static void a_deadline_that_is_edited_holds_at_once(void **state)
{
	struct scene *s = *state;
	int64_t first = add(s, "first"), second = add_job(s, "second", NULL, first);
	struct job *row;

	post_edit(s, second, EDIT_BIT(EDIT_DEADLINE), &(struct job_options){.deadline_usec = USEC_PER_SEC});
	settle(s);
	assert_in_range(engine_next_usec(s->sim.engine), 1, sim_now() + USEC_PER_SEC);
	sim_advance(USEC_PER_SEC);
	settle(s);
	row = row_of(s, second);
	assert_int_equal(row->state, JOB_FAILED);
	job_free(row);
}

/* It ended only with its attempt, however long that took. */
static void a_deadline_stops_what_runs(void **state)
{
	struct scene *s = *state;
	int64_t id = add_job(s, "first", NULL, 0);
	struct job *row;

	post_edit(s, id, EDIT_BIT(EDIT_DEADLINE), &(struct job_options){.deadline_usec = USEC_PER_SEC});
	settle(s);
	assert_in_range(engine_next_usec(s->sim.engine), 1, sim_now() + USEC_PER_SEC);
	sim_advance(USEC_PER_SEC - 1);
	settle(s);
	assert_false(attempt_of(s, id)->cancelled);
	sim_advance(1);
	settle(s);
	assert_true(attempt_of(s, id)->cancelled);
	post_end(s, id, 0);
	settle(s);
	row = row_of(s, id);
	assert_int_equal(row->state, JOB_FAILED);
	assert_string_equal(row->error_code, "E_DEADLINE");
	job_free(row);
}

/* Its caller waited for the end of the attempt, and was told then that all was well. */
static void an_edit_that_finds_no_room_is_refused_at_once(void **state)
{
	struct scene *s = *state;
	int64_t id = add(s, "first");

	s->answer = REQUEST_OK;
	post_edit(s, id, EDIT_BIT(EDIT_USER_AGENT), &(struct job_options){.user_agent = xstrdup("other")});
	sim_fault(SIM_FAULT_FULL);
	settle(s);
	assert_int_equal(s->answer, REQUEST_TRY_AGAIN);
}

/* A limit is no part of the request: what was said of it holds for a file that an edit came too late for. */
static void a_limit_outlives_an_edit_that_came_too_late(void **state)
{
	struct scene *s = *state;
	int64_t id = add(s, "first");
	struct job *row;

	post_edit(s, id, EDIT_BIT(EDIT_LIMIT_RATE), &(struct job_options){.limit_rate = 1000});
	settle(s);
	post_edit(s, id, EDIT_BIT(EDIT_USER_AGENT), &(struct job_options){.user_agent = xstrdup("other")});
	settle(s);
	post_end(s, id, 200);
	settle(s);
	assert_int_equal(s->answer, REQUEST_WRONG_STATE);
	row = row_of(s, id);
	assert_int_equal(row->state, JOB_DONE);
	assert_int_equal(row->options.limit_rate, 1000);
	assert_null(row->options.user_agent);
	job_free(row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_group_that_is_removed_while_it_ends_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_group_that_fails_while_it_is_retried_has_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deadline_that_is_edited_holds_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_deadline_stops_what_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_edit_that_finds_no_room_is_refused_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_limit_outlives_an_edit_that_came_too_late, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
