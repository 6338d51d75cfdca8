/* Hooks: each end runs what it is to run, at least once, in order and within bounds, whatever crashes at
 * whatever step.
 */
#include "config.h"

#include "tests/sim/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* As long as FETCHD_SIM_HISTORIES does not say how many. */
#define HISTORIES 50
/* Of one history: more than it has commits. */
#define STEPS_MAX 400

/* ---- any step */

/* What a hook has to show for itself, whatever happened in between. */
struct ledger {
	int64_t job_id;
	char name[8];
	size_t begun, ended_well;
};

struct history {
	struct scene s;
	struct rng rng;
	struct ledger ledger[256];
	size_t n;
};

static struct ledger *entry(struct history *h, const struct hook_task *task)
{
	int64_t job_id = task->job ? task->job->id : 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->ledger[i].job_id == job_id && strcmp(h->ledger[i].name, task->hook->name) == 0)
			return &h->ledger[i];
	assert_true(h->n < ARRAY_LEN(h->ledger));
	h->ledger[h->n].job_id = job_id;
	snprintf(h->ledger[h->n].name, sizeof(h->ledger[0].name), "%s", task->hook->name);
	return &h->ledger[h->n++];
}

/* That "two" runs only behind "one". */
static void check_order(struct history *h, const struct hook_task *task)
{
	bool ran = false;

	if (strcmp(task->hook->name, "two") != 0 || !task->job)
		return;
	for (size_t i = 0; i < h->n; i++)
		ran |= h->ledger[i].job_id == task->job->id && strcmp(h->ledger[i].name, "one") == 0 &&
		       h->ledger[i].ended_well > 0;
	assert_true(ran);
}

static void note_begun(struct history *h)
{
	struct sim_hook *hook;

	TAILQ_FOREACH(hook, &h->s.sim.hooks, link) {
		if (hook->cancelled)
			continue;
		hook->cancelled = true; /* noted */
		entry(h, hook->task)->begun++;
		check_order(h, hook->task);
	}
}

static bool one_in(struct history *h, int64_t n)
{
	return rng_upto(&h->rng, n - 1) == 0;
}

/* What runs ends, mostly well. */
static void end_some(struct history *h)
{
	struct scene *s = &h->s;

	if (s->sim.n_hooks > 0 && one_in(h, 2)) {
		bool well = !one_in(h, 4);

		if (well)
			entry(h, TAILQ_FIRST(&s->sim.hooks)->task)->ended_well++;
		end_hook(s, HOOK_EXITED, well ? 0 : 1);
	} else if (s->sim.n_attempts > 0) {
		end_attempt(s, VERDICT_OK);
	}
}

static void crash(struct history *h)
{
	sim_crash(&h->s.sim);
	assert_int_equal(sim_open(&h->s.sim), 0);
}

/* Whether nothing runs, is to run, or has ended and is not stored yet. */
static bool at_rest(struct history *h)
{
	struct scene *s = &h->s;
	struct store *store = s->sim.engine->store;
	size_t pending;

	assert_int_equal(store_hooks_count(store, &pending), 0);
	return pending == 0 && s->sim.engine->tally.n_hooks == 0 && s->sim.n_attempts == 0 &&
	       store_open_jobs(store, ANNA) == 0;
}

/* Turns until all is done; the fault comes with commit number at. Returns whether it came. */
static bool run_history(struct history *h, size_t at, enum sim_fault fault)
{
	struct scene *s = &h->s;
	bool came = false;

	sim_post(&s->sim, &add_of(4, "f", "one,two", "g")->msg);
	sim_post(&s->sim, &add_of(4, "s", "slow", NULL)->msg);
	for (size_t i = 0; i < STEPS_MAX; i++) {
		came |= i == at;
		if (i == at)
			sim_fault(fault);
		(void)sim_turn(&s->sim);
		check_bounds(s);
		note_begun(h);
		if (s->sim.engine->failed)
			crash(h);
		if (came && at_rest(h))
			break;
		end_some(h);
		forget_told(s);
		sim_advance(USEC_PER_SEC / 2 + rng_upto(&h->rng, USEC_PER_SEC));
	}
	return came;
}

static void check_history(struct history *h, bool added)
{
	struct store *store = h->s.sim.engine->store;
	size_t n_done = 0, pending;

	for (int64_t id = 1; id <= 8; id++) {
		struct job *job;

		if (store_get(store, id, &job) != 0)
			continue;
		assert_int_equal(job->state, JOB_DONE);
		/* Its attempts may have been spent. */
		assert_true(job->hook == JOB_HOOK_OK || job->hook == JOB_HOOK_FAILED);
		n_done++;
		job_free(job);
	}
	assert_true(!added || n_done == 8);
	for (size_t i = 0; i < h->n; i++)
		assert_true(h->ledger[i].begun > 0);
	assert_int_equal(store_hooks_count(store, &pending), 0);
	assert_int_equal(pending, 0);
	assert_int_equal(h->s.sim.engine->tally.hooks_pending, 0);
	assert_int_equal(h->s.sim.n_hooks, 0);
}

/* An add that was not answered may have come to nothing: only behind it all jobs are there. */
static void each_runs_whatever_fails_at_any_commit(void **state)
{
	static const enum sim_fault faults[] = {SIM_FAULT_BEFORE, SIM_FAULT_AFTER, SIM_FAULT_FULL};

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(faults); f++)
		for (size_t at = 0; at < 60; at++) {
			struct history h = {.n = 0};

			scene_open(&h.s);
			rng_seed(&h.rng, 1000 * f + at);
			(void)run_history(&h, at, faults[f]);
			check_history(&h, at > 0);
			scene_close(&h.s);
		}
}

/* ---- one that takes the daemon down */

static struct job_hook crash_while_it_runs(struct scene *s, int attempt)
{
	assert_string_equal(running(s), TAILQ_FIRST(&s->sim.hooks)->task->hook->name);
	assert_int_equal(TAILQ_FIRST(&s->sim.hooks)->task->attempt, attempt);
	sim_crash(&s->sim);
	assert_int_equal(sim_open(&s->sim), 0);
	return row_of(s, 1, 0, 0);
}

/* It is tried no more often than one that fails, and after as long a wait. */
static void one_that_takes_the_daemon_down_comes_to_an_end(void **state)
{
	struct job_hook row;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "one,two", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	for (int attempt = 1; attempt <= 3; attempt++) {
		row = crash_while_it_runs(&s, attempt);
		assert_int_equal(row.state, attempt < 3 ? JOB_HOOK_PENDING : JOB_HOOK_FAILED);
		assert_int_equal(row.end, JOB_HOOK_END_NONE);
		assert_string_equal(row.error, "the daemon ended while it ran");
		assert_true(row.finished_usec > 0);
		assert_true(attempt == 3 || row.due_usec > sim_now());
		job_hook_done(&row);
		assert_int_equal(s.sim.engine->tally.hooks[TALLY_HOOK_RETRY], attempt < 3);
		assert_int_equal(settle(&s, EVENT_HOOK_FAILED), attempt == 3);
		assert_int_equal(s.sim.n_hooks, 0);
		sim_advance(60 * USEC_PER_SEC);
		sim_settle(&s.sim);
	}
	assert_int_equal(s.sim.n_hooks, 0);
	check_row(&s, 1, 1, JOB_HOOK_FAILED, 0);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_FAILED);
	assert_int_equal(s.sim.engine->tally.hooks_pending, 0);
	expect(&s, verb(VERB_RETRY, 1, true), REQUEST_OK);
	assert_string_equal(running(&s), "one");
	scene_close(&s);
}

/* A crash may come between the row and the process: one alone ends nothing that has perhaps never begun. */
static void one_with_a_single_attempt_is_started_twice(void **state)
{
	struct job_hook row;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "once", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	for (int attempt = 1; attempt <= 2; attempt++) {
		row = crash_while_it_runs(&s, attempt);
		assert_int_equal(row.state, attempt < 2 ? JOB_HOOK_PENDING : JOB_HOOK_FAILED);
		job_hook_done(&row);
		sim_advance(60 * USEC_PER_SEC);
		sim_settle(&s.sim);
	}
	assert_int_equal(s.sim.n_hooks, 0);
	/* What then fails by itself has no more. */
	expect(&s, verb(VERB_RETRY, 1, true), REQUEST_OK);
	row = crash_while_it_runs(&s, 1);
	job_hook_done(&row);
	sim_advance(60 * USEC_PER_SEC);
	sim_settle(&s.sim);
	end_hook(&s, HOOK_EXITED, 1);
	sim_settle(&s.sim);
	assert_int_equal(sum_of(&s, 1), JOB_HOOK_FAILED);
	scene_close(&s);
}

/* Its group may have lost its last job meanwhile. */
static void one_of_a_group_comes_to_an_end_too(void **state)
{
	struct job_group group;
	struct scene s;

	(void)state;
	scene_open(&s);
	expect(&s, add_of(1, "f", "once", NULL), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	end_hook(&s, HOOK_EXITED, 0);
	expect(&s, add_of(1, "g", "all", "g"), REQUEST_OK);
	end_attempts(&s, VERDICT_OK);
	expect(&s, verb(VERB_REMOVE, 2, false), REQUEST_OK);
	for (int attempt = 1; attempt <= 10; attempt++) {
		assert_string_equal(running(&s), "all");
		sim_crash(&s.sim);
		assert_int_equal(sim_open(&s.sim), 0);
		sim_advance(24 * 3600 * USEC_PER_SEC);
		sim_settle(&s.sim);
	}
	assert_int_equal(s.sim.n_hooks, 0);
	assert_int_equal(store_group_find(s.sim.engine->store, ANNA, "g", &group), -ENOENT);
	scene_close(&s);
}

/* ---- any history */

static const char *const wishes[] = {NULL, "one", "two", "one,two", "slow", "sorry,one,all", "two,slow,one"};

static void add_some(struct history *h)
{
	static const char *const groups[] = {NULL, NULL, "g", "h"};
	CLEANUP_FREE char *prefix = xasprintf("j%llu", (unsigned long long)sim_now());

	sim_post(&h->s.sim,
		&add_of((size_t)rng_upto(&h->rng, 2) + 1, prefix,
			wishes[rng_upto(&h->rng, ARRAY_LEN(wishes) - 1)], groups[rng_upto(&h->rng, 3)])
			 ->msg);
}

static void some_verb(struct history *h)
{
	static const enum request_verb verbs[] = {
		VERB_RETRY, VERB_REMOVE, VERB_CANCEL, VERB_RETRY, VERB_RETRY};
	int64_t which = rng_upto(&h->rng, ARRAY_LEN(verbs) - 1);

	sim_post(&h->s.sim, &verb(verbs[which], rng_upto(&h->rng, 20) + 1, which > 2)->msg);
}

static void end_something(struct history *h)
{
	static const enum hook_end ends[] = {
		HOOK_EXITED, HOOK_EXITED, HOOK_EXITED, HOOK_SIGNALED, HOOK_TIMEOUT, HOOK_NOT_RUN};
	struct scene *s = &h->s;
	struct sim_hook *hook = TAILQ_FIRST(&s->sim.hooks);

	if (hook && hook->cancelled)
		sim_hook_finish(&s->sim, hook, HOOK_ABORTED, 0);
	else if (hook && one_in(h, 2))
		sim_hook_finish(&s->sim, hook, ends[rng_upto(&h->rng, ARRAY_LEN(ends) - 1)], 0);
	else if (s->sim.n_attempts > 0)
		end_attempt(s, one_in(h, 3) ? VERDICT_PERMANENT : VERDICT_OK);
}

/* What the rows of a job come to, and that none overtakes another. */
static enum job_hook_state judge_rows(const struct job_hook *hooks, size_t n)
{
	bool has[JOB_HOOK_STATE_LAST + 1] = {false};

	for (size_t i = 0; i < n; i++) {
		has[hooks[i].state] = true;
		for (size_t k = 0; k < i; k++)
			if (hooks[i].after == hooks[k].id &&
				(hooks[i].state == JOB_HOOK_RUNNING || hooks[i].state == JOB_HOOK_OK))
				assert_int_equal(hooks[k].state, JOB_HOOK_OK);
	}
	if (has[JOB_HOOK_RUNNING])
		return JOB_HOOK_RUNNING;
	if (has[JOB_HOOK_PENDING])
		return JOB_HOOK_PENDING;
	if (has[JOB_HOOK_FAILED])
		return JOB_HOOK_FAILED;
	return has[JOB_HOOK_OK] ? JOB_HOOK_OK : JOB_HOOK_NONE;
}

/* Those of one job; *ret_open: some are still to run. */
static void check_job(struct store *store, const struct job *job)
{
	struct job_hook *hooks;
	size_t n;

	assert_int_equal(store_hooks(store, job->id, 0, &hooks, &n), 0);
	assert_int_equal(judge_rows(hooks, n), job->hook);
	job_hooks_free(hooks, n);
}

static void check_all(struct history *h)
{
	struct store *store = h->s.sim.engine->store;
	struct sim_hook *hook;
	struct job *job;
	size_t pending;

	check_bounds(&h->s);
	TAILQ_FOREACH(hook, &h->s.sim.hooks, link) {
		struct job_hook row;
		int err = store_hook_get(store, hook->task->hook_id, &row);

		/* Its record may be gone. */
		assert_true(err == -ENOENT ? hook->cancelled : row.state == JOB_HOOK_RUNNING);
		job_hook_done(&row);
	}
	assert_int_equal(store_hooks_count(store, &pending), 0);
	assert_int_equal(h->s.sim.engine->tally.hooks_pending, pending);
	for (int64_t id = 1; id <= 60; id++)
		if (store_get(store, id, &job) == 0) {
			check_job(store, job);
			job_free(job);
		}
}

static void some_step(struct history *h)
{
	static const enum sim_fault faults[] = {SIM_FAULT_BEFORE, SIM_FAULT_AFTER, SIM_FAULT_FULL};
	struct scene *s = &h->s;

	if (one_in(h, 6))
		add_some(h);
	if (one_in(h, 3))
		some_verb(h);
	end_something(h);
	if (one_in(h, 10))
		sim_fault(faults[rng_upto(&h->rng, 2)]);
	(void)sim_turn(&s->sim);
	if (s->sim.engine->failed)
		crash(h);
	forget_told(s);
	check_all(h);
	sim_advance(rng_upto(&h->rng, 2 * USEC_PER_SEC));
}

static void end_what_runs(struct history *h)
{
	struct scene *s = &h->s;
	struct sim_hook *hook = TAILQ_FIRST(&s->sim.hooks);

	if (hook)
		sim_hook_finish(&s->sim, hook, hook->cancelled ? HOOK_ABORTED : HOOK_EXITED, 0);
	if (s->sim.n_attempts > 0)
		end_attempt(s, VERDICT_OK);
	sim_settle(&s->sim);
	forget_told(s);
	sim_advance(USEC_PER_SEC);
}

/* What is left ends well, and what has failed is kicked. */
static void end_all(struct history *h)
{
	sim_fault(SIM_FAULT_NONE);
	for (int round = 0; round < 8; round++) {
		for (int64_t id = 1; id <= 60; id++)
			sim_post(&h->s.sim, &verb(VERB_RETRY, id, true)->msg);
		for (int i = 0; i < STEPS_MAX / 8 && (i == 0 || !at_rest(h)); i++)
			end_what_runs(h);
	}
}

static void each_history_comes_to_its_end(void **state)
{
	const char *n = getenv("FETCHD_SIM_HISTORIES");

	(void)state;
	for (uint64_t seed = 1; seed <= (n ? strtoull(n, NULL, 10) : HISTORIES); seed++) {
		struct history h = {.n = 0};
		struct job *job;

		scene_open(&h.s);
		rng_seed(&h.rng, seed);
		for (int i = 0; i < 60; i++)
			some_step(&h);
		end_all(&h);
		check_all(&h);
		assert_int_equal(h.s.sim.engine->tally.hooks_pending, 0);
		for (int64_t id = 1; id <= 60; id++)
			if (store_get(h.s.sim.engine->store, id, &job) == 0) {
				assert_true(job->hook == JOB_HOOK_NONE || job->hook == JOB_HOOK_OK);
				/* Each that is done, and is to have run something, has. */
				assert_true(
					job->state != JOB_DONE || !job->hooks || job->hook == JOB_HOOK_OK);
				job_free(job);
			}
		scene_close(&h.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_history_comes_to_its_end),
		cmocka_unit_test(each_runs_whatever_fails_at_any_commit),
		cmocka_unit_test(one_that_takes_the_daemon_down_comes_to_an_end),
		cmocka_unit_test(one_with_a_single_attempt_is_started_twice),
		cmocka_unit_test(one_of_a_group_comes_to_an_end_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
