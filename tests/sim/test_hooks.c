/* Hooks: which run after which end, in which order, how often, within which bounds; and what verbs make of
 * them.
 */
#include "config.h"

#include "tests/sim/hooks.h"

#include <string.h>

#include "base/alloc.h"

/* ---- cases */

static void those_of_one_job_run_in_their_order(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,sorry,two", NULL), REQUEST_OK);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_NONE);
	end_attempts(&s, VERDICT_OK);
	assert_string_equal(running(&s), "one");
	assert_int_equal(s.sim.n_hooks, 1);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_RUNNING);
	assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->job->state, JOB_DONE);
	end_hook(&s, HOOK_EXITED, 0);
	assert_int_equal(settle(&s, EVENT_HOOK_OK), 1);
	assert_string_equal(running(&s), "two");
	end_hook(&s, HOOK_EXITED, 0);
	assert_int_equal(settle(&s, EVENT_HOOK_OK), 1);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_OK);
	/* The one for another end has no row. */
	assert_int_equal(count_rows(&s, 1, 0), 2);
	scene_close(&s);
}

static void one_is_tried_again_until_its_attempts_are_spent(void **state)
{
	struct scene s;
	struct job_hook row;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	for (int attempt = 1; attempt <= 3; attempt++) {
		assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->attempt, attempt);
		end_hook(&s, HOOK_EXITED, 2);
		assert_int_equal(settle(&s, EVENT_HOOK_FAILED), attempt == 3);
		assert_int_equal(s.sim.n_hooks, 0);
		sim_advance(60 * USEC_PER_SEC);
		sim_settle(&s.sim);
		assert_int_equal(s.sim.n_hooks, attempt < 3);
	}
	check_row(&s, 1, 0, JOB_HOOK_FAILED, 3);
	check_row(&s, 1, 1, JOB_HOOK_FAILED, 0);
	row = row_of(&s, 1, 0, 1);
	assert_string_equal(row.error, "not run, because the hook one failed");
	job_hook_done(&row);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_FAILED);

	/* A dead letter that is kicked begins anew, and so does what has failed with it. */
	expect(&s, verb(VERB_RETRY, 1, true), REQUEST_OK);
	assert_string_equal(running(&s), "one");
	assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->attempt, 1);
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	assert_string_equal(running(&s), "two");
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_OK);
	expect(&s, verb(VERB_RETRY, 1, true), REQUEST_WRONG_STATE);
	scene_close(&s);
}

/* Of the same attempts the key is the same, and of no others. */
static void a_key_is_of_one_row(void **state)
{
	struct scene s;
	CLEANUP_FREE char *first = NULL;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(2, "f", "one", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(s.sim.n_hooks, 2);
	first = xstrdup(TAILQ_FIRST(&s.sim.hooks)->task->key);
	assert_string_not_equal(TAILQ_LAST(&s.sim.hooks, sim_hook_list)->task->key, first);
	end_hook(&s, HOOK_TIMEOUT, 0);
	sim_settle(&s.sim);
	end_hook(&s, HOOK_EXITED, 0);
	sim_advance(60 * USEC_PER_SEC);
	sim_settle(&s.sim);
	assert_string_equal(TAILQ_FIRST(&s.sim.hooks)->task->key, first);
	scene_close(&s);
}

/* However many of one at its bound stand before it. */
static void one_at_its_bound_is_stepped_over(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(300, "s", "slow", NULL), REQUEST_OK);
	expect(&s, add_of(9, "f", "one", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	settle(&s, EVENT_HOOK_OK);
	assert_int_equal(s.sim.n_hooks, 3);
	assert_string_equal(TAILQ_LAST(&s.sim.hooks, sim_hook_list)->task->hook->name, "one");
	for (size_t i = 0; s.sim.n_hooks > 0; i++) {
		assert_true(i < 400);
		end_hook(&s, HOOK_EXITED, 0);
		settle(&s, EVENT_HOOK_OK);
	}
	for (int64_t id = 1; id <= 309; id++)
		assert_int_equal(sum_of(&s, id), JOB_HOOK_OK);
	assert_int_equal(s.most, 3);
	assert_int_equal(s.most_slow, 1);
	scene_close(&s);
}

/* What was due for the end before still runs; with the next end what has ended of it goes. */
static void a_retried_job_has_the_hooks_of_its_last_end(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,sorry,two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_PERMANENT);
	assert_string_equal(running(&s), "sorry");
	expect(&s, verb(VERB_RETRY, 1, false), REQUEST_OK);
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	assert_string_equal(running(&s), "two");
	assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->on, HOOK_ON_FAILED);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(s.sim.n_hooks, 2);
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	end_hook(&s, HOOK_EXITED, 0);
	settle(&s, EVENT_HOOK_OK);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_OK);
	scene_close(&s);
}

static void a_removed_job_waits_for_the_end_of_its_hook(void **state)
{
	struct request *reply;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	sim_post(&s.sim, &verb(VERB_REMOVE, 1, false)->msg);
	assert_null(answer(&s));
	assert_true(TAILQ_FIRST(&s.sim.hooks)->cancelled);
	end_hook(&s, HOOK_ABORTED, 0);
	reply = answer(&s);
	assert_non_null(reply);
	assert_int_equal(reply->error, REQUEST_OK);
	request_free(reply);
	assert_int_equal(count_rows(&s, 1, 0), 0);
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	assert_int_equal(s.sim.n_hooks, 0);
	scene_close(&s);
}

/* Should the turn that removes it not commit, nobody waits and the hook goes on. */
static void a_removal_that_is_undone_stops_no_hook(void **state)
{
	struct request *reply;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	sim_fault(SIM_FAULT_FULL);
	sim_post(&s.sim, &verb(VERB_REMOVE, 1, false)->msg);
	reply = answer(&s);
	assert_non_null(reply);
	assert_int_equal(reply->error, REQUEST_TRY_AGAIN);
	request_free(reply);
	assert_false(TAILQ_FIRST(&s.sim.hooks)->cancelled);
	/* An end that finds no room is kept until there is. */
	end_hook(&s, HOOK_EXITED, 0);
	sim_settle(&s.sim);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_RUNNING);
	sim_advance(2 * USEC_PER_SEC);
	sim_settle(&s.sim);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_OK);
	scene_close(&s);
}

static void what_the_stop_cuts_off_is_no_attempt(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	sim_post(&s.sim, &request_new(REQUEST_STOP)->msg);
	sim_settle(&s.sim);
	assert_false(s.sim.engine->done);
	end_hook(&s, HOOK_ABORTED, 0);
	sim_settle(&s.sim);
	assert_true(s.sim.engine->done);
	assert_int_equal(s.sim.n_hooks, 0);
	check_row(&s, 1, 0, JOB_HOOK_PENDING, 0);
	sim_close(&s.sim);
	forget_told(&s);
	assert_int_equal(sim_open(&s.sim), 0);
	sim_settle(&s.sim);
	assert_string_equal(running(&s), "one");
	assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->attempt, 1);
	scene_close(&s);
}

static void one_that_is_configured_no_more_fails_at_its_turn(void **state)
{
	struct request *reload = request_new(REQUEST_RELOAD);
	struct job_hook row;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,two", NULL), REQUEST_OK);
	reload->config = scene_config(&s, false);
	expect(&s, reload, REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(s.sim.n_hooks, 0);
	row = row_of(&s, 1, 0, 0);
	assert_int_equal(row.state, JOB_HOOK_FAILED);
	assert_string_equal(row.error, "there is no such hook in the configuration any more");
	job_hook_done(&row);
	check_row(&s, 1, 1, JOB_HOOK_FAILED, 0);
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	reload = request_new(REQUEST_RELOAD);
	reload->config = scene_config(&s, true);
	expect(&s, reload, REQUEST_OK);
	expect(&s, verb(VERB_RETRY, 1, true), REQUEST_OK);
	assert_string_equal(running(&s), "one");
	scene_close(&s);
}

static void a_job_with_a_hook_to_run_outlives_history(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(2, "f", "slow", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	sim_advance(60 * 24 * 3600 * USEC_PER_SEC);
	sim_settle(&s.sim);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_RUNNING);
	assert_int_equal(sum_of(&s, 2), JOB_HOOK_PENDING);
	scene_close(&s);
}

/* ---- groups */

static void a_group_runs_its_hook_once_each_time_it_has_ended(void **state)
{
	struct job_hook row;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(3, "f", "all,one", "g"), REQUEST_OK);
	sim_settle(&s.sim);
	end_attempt(&s, VERDICT_OK);
	end_attempt(&s, VERDICT_PERMANENT);
	sim_settle(&s.sim);
	assert_int_equal(count_rows(&s, 0, 1), 0);
	end_attempt(&s, VERDICT_OK);
	sim_settle(&s.sim);
	assert_int_equal(count_rows(&s, 0, 1), 1);
	assert_int_equal(s.sim.n_hooks, 3);
	/* It waits for room, or runs: a job that joins has it wait for another end only where it has not
	 * begun. */
	row = row_of(&s, 0, 1, 0);
	assert_int_equal(row.state, JOB_HOOK_RUNNING);
	job_hook_done(&row);
	while (s.sim.n_hooks > 0) {
		end_hook(&s, HOOK_EXITED, 0);
		sim_settle(&s.sim);
	}
	expect(&s, add_of(1, "later", NULL, "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	assert_string_equal(running(&s), "all");
	assert_int_equal(s.sim.n_hooks, 1);
	assert_int_equal(TAILQ_FIRST(&s.sim.hooks)->task->group->by_state[JOB_DONE], 3);
	assert_int_equal(count_rows(&s, 0, 1), 1);
	scene_close(&s);
}

static void a_group_that_opens_again_takes_back_what_has_not_begun(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(3, "busy", "two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, add_of(1, "f", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(count_rows(&s, 0, 1), 1);
	expect(&s, add_of(1, "later", NULL, "g"), REQUEST_OK);
	assert_int_equal(count_rows(&s, 0, 1), 0);
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(count_rows(&s, 0, 1), 1);
	scene_close(&s);
}

static struct request *of_group(enum request_kind kind, const char *group)
{
	struct request *request = request_new(kind);

	request->uid = request->filter.owner = ANNA;
	request->filter.group = xstrdup(group);
	request->wait_hooks = kind == REQUEST_GROUP;
	return request;
}

/* The group of a hook that is still to run stays until it has, though its jobs are gone. */
static void a_group_goes_with_its_hook(void **state)
{
	struct request *reply;
	struct job_group row;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, verb(VERB_REMOVE, 1, false), REQUEST_OK);
	assert_int_equal(store_group_find(s.sim.engine->store, ANNA, "g", &row), 0);
	job_group_done(&row);
	/* Who waits for it is answered then. */
	sim_post(&s.sim, &of_group(REQUEST_GROUP, "g")->msg);
	assert_null(answer(&s));
	end_hook(&s, HOOK_EXITED, 0);
	reply = answer(&s);
	assert_non_null(reply);
	assert_int_equal(reply->error, REQUEST_NO_SUCH_GROUP);
	request_free(reply);
	scene_close(&s);
}

/* What it was to follow has not come to its end after all. */
static void who_waits_for_what_is_taken_back_is_answered(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(3, "busy", "two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, add_of(1, "f", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	sim_post(&s.sim, &of_group(REQUEST_GROUP, "g")->msg);
	assert_null(answer(&s));
	expect(&s, add_of(1, "later", NULL, "g"), REQUEST_OK);
	assert_int_equal(count_rows(&s, 0, 1), 0);
	assert_true(STAILQ_EMPTY(&s.sim.engine->parked));
	scene_close(&s);
}

/* As a job does that is removed. */
static void a_group_that_is_removed_takes_its_hooks_along(void **state)
{
	struct request *reply;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "all,allmore", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	assert_int_equal(count_rows(&s, 0, 1), 2);
	expect(&s, verb(VERB_REMOVE, 1, false), REQUEST_OK);
	sim_post(&s.sim, &of_group(REQUEST_GROUP_REMOVE, "g")->msg);
	assert_null(answer(&s));
	assert_true(TAILQ_FIRST(&s.sim.hooks)->cancelled);
	end_hook(&s, HOOK_ABORTED, 0);
	reply = answer(&s);
	assert_non_null(reply);
	assert_int_equal(reply->error, REQUEST_OK);
	request_free(reply);
	assert_int_equal(s.sim.n_hooks, 0);
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	scene_close(&s);
}

/* With what has not begun, too: nobody else would tell who waits for it. */
static void a_group_that_is_removed_leaves_nobody_waiting(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(3, "busy", "two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, add_of(1, "f", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, verb(VERB_REMOVE, 4, false), REQUEST_OK);
	sim_post(&s.sim, &of_group(REQUEST_GROUP, "g")->msg);
	assert_null(answer(&s));
	sim_post(&s.sim, &of_group(REQUEST_GROUP_REMOVE, "g")->msg);
	sim_settle(&s.sim);
	assert_true(STAILQ_EMPTY(&s.sim.engine->parked));
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	scene_close(&s);
}

/* Who has hung up leaves nothing behind, however often it comes and goes. */
static void who_hangs_up_waits_no_more(void **state)
{
	struct request *request;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	for (uint64_t id = 1; id <= 3; id++) {
		request = of_group(REQUEST_GROUP, "g");
		request->session_id = id;
		sim_post(&s.sim, &request->msg);
		assert_null(answer(&s));
	}
	request = request_new(REQUEST_HANG_UP);
	request->session_id = 2;
	expect(&s, request, REQUEST_OK);
	request = (struct request *)STAILQ_FIRST(&s.sim.engine->parked);
	assert_int_equal(request->session_id, 1);
	request = (struct request *)STAILQ_NEXT(&request->msg, link);
	assert_int_equal(request->session_id, 3);
	assert_null(STAILQ_NEXT(&request->msg, link));
	end_hook(&s, HOOK_EXITED, 0);
	sim_settle(&s.sim);
	assert_true(STAILQ_EMPTY(&s.sim.engine->parked));
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_one_job_run_in_their_order),
		cmocka_unit_test(one_is_tried_again_until_its_attempts_are_spent),
		cmocka_unit_test(a_key_is_of_one_row),
		cmocka_unit_test(one_at_its_bound_is_stepped_over),
		cmocka_unit_test(a_retried_job_has_the_hooks_of_its_last_end),
		cmocka_unit_test(a_removed_job_waits_for_the_end_of_its_hook),
		cmocka_unit_test(a_removal_that_is_undone_stops_no_hook),
		cmocka_unit_test(what_the_stop_cuts_off_is_no_attempt),
		cmocka_unit_test(one_that_is_configured_no_more_fails_at_its_turn),
		cmocka_unit_test(a_job_with_a_hook_to_run_outlives_history),
		cmocka_unit_test(a_group_runs_its_hook_once_each_time_it_has_ended),
		cmocka_unit_test(a_group_that_opens_again_takes_back_what_has_not_begun),
		cmocka_unit_test(a_group_goes_with_its_hook),
		cmocka_unit_test(who_waits_for_what_is_taken_back_is_answered),
		cmocka_unit_test(a_group_that_is_removed_takes_its_hooks_along),
		cmocka_unit_test(a_group_that_is_removed_leaves_nobody_waiting),
		cmocka_unit_test(who_hangs_up_waits_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
