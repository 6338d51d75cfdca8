/* Check: the rows, counters, attempts and answers against the model. Owns nothing. */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "tests/sim/model.h"

/* ---- rows */

/* The governor may leave slots free, and make retries wait longer. */
static bool is_governed(const struct model *model)
{
	return model->config->adaptive;
}

/* The retry budget of its origin is spent: it waits on. */
static bool is_put_off(const struct model *model, const struct model_job *m, const struct job *row)
{
	return is_governed(model) && m->state == JOB_QUEUED && row->state == JOB_WAITING &&
	       row->waiting_for == JOB_WAIT_RETRY && row->due_usec > clock_wall_usec();
}

/* What fell due while nobody ran is let in bit by bit. */
static bool is_piled(const struct model *model, const struct model_job *m, const struct job *row)
{
	return m->state == JOB_QUEUED && row->state == JOB_WAITING && row->due_usec <= model->opened_usec;
}

static void check_state(struct model *model, struct model_job *m, const struct job *row, int index)
{
	if (is_put_off(model, m, row)) {
		m->state = JOB_WAITING;
		m->due_usec = row->due_usec;
	}
	if (is_piled(model, m, row)) {
		if (model->n_waiting_on++ >= model->n_piled && !model->stopping)
			sim_fail("j%d fell due while nobody ran, and waits on: %zu may", index,
				model->n_piled);
		m->state = JOB_WAITING;
		m->due_usec = row->due_usec;
	}
	if (row->state != m->state)
		sim_fail("j%d (job %lld) is %s (%s), expected %s; its deadline is in %lld us", index,
			(long long)row->id, job_state_name(row->state),
			row->error_code ? row->error_code : "-", job_state_name(m->state),
			(long long)(m->deadline_usec - clock_wall_usec()));
	if (row->state == JOB_ACTIVE && row->intent != m->intent)
		sim_fail("j%d has the intent %d, expected %d", index, row->intent, m->intent);
	if (row->failures != m->failures)
		sim_fail("j%d has failed %d times, expected %d", index, row->failures, m->failures);
}

/* The first look at a due time judges it; it does not move afterwards. */
static void check_due(struct model_job *m, const struct job *row, int index)
{
	if (row->state != JOB_WAITING)
		return;
	if (m->due_usec == 0 && (row->due_usec < m->due_low_usec || row->due_usec > m->due_high_usec))
		sim_fail("j%d is due %lld us from now, expected %lld to %lld", index,
			(long long)(row->due_usec - clock_wall_usec()),
			(long long)(m->due_low_usec - clock_wall_usec()),
			(long long)(m->due_high_usec - clock_wall_usec()));
	if (m->due_usec != 0 && row->due_usec != m->due_usec)
		sim_fail("j%d: its due time has moved", index);
	m->due_usec = row->due_usec;
}

static void check_row(struct model *model, struct store *store, const struct job *row, bool seen[])
{
	int index = model_index(row);
	struct model_job *m = &model->jobs[index];

	if (!m->there)
		sim_fail("j%d (job %lld) is there and should not be: %s", index, (long long)row->id,
			job_state_name(row->state));
	if (seen[index])
		sim_fail("j%d is there twice", index);
	seen[index] = true;
	if (m->id == 0)
		m->id = row->id;
	if (row->id != m->id)
		sim_fail("j%d is job %lld, its add said %lld", index, (long long)row->id, (long long)m->id);
	model_see_source(m, row, index);
	model_check_values(m, row, index);
	check_state(model, m, row, index);
	check_due(m, row, index);
	model_check_following(model, store, row, index);
}

/* ---- reasons */

/* What the engine gives as the reason, as the model sees it. The governor's reasons are its own. */
static bool is_true(const struct model *model, const struct model_job *m, enum why_reason reason)
{
	if (reason == WHY_SLOT)
		return model_slots(model, -1) >= model->max_active;
	if (reason == WHY_USER_LIMIT)
		return model->max_per_user > 0 && model_user_slots(model, m->owner) >= model->max_per_user;
	if (reason == WHY_HOST_HOLD)
		return model->hold_until_usec[m->origin] > clock_wall_usec();
	if (reason == WHY_HOST_LIMIT)
		return is_governed(model) || model_slots(model, m->origin) >= model->max_per_host;
	return is_governed(model) && (reason == WHY_HOST_PACE || reason == WHY_HOST_BREAKER);
}

/* A job that is ready has a reason not to run; and where that is the want of slots alone, none went to one
 * that could have waited. */
static void check_reason(
	const struct model *model, const struct model_job *m, const struct why *why, int index)
{
	bool is_strict = model->config->ageing_usec == USEC_INFINITY;

	if (!is_true(model, m, why->reason))
		sim_fail("j%d is ready, and does not run: %s", index, why->message);
	if (why->reason == WHY_SLOT && is_strict && m->priority > model->lowest_started)
		sim_fail("j%d of priority %d waits at an open host, and one of %d was started", index,
			(int)m->priority, (int)model->lowest_started);
}

static void check_reasons(const struct model *model, struct engine *engine, const struct job_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		int index = model_index(list->jobs[i]);
		struct why why;

		if (list->jobs[i]->state != JOB_QUEUED)
			continue;
		if (why_job(engine, list->jobs[i], &why) != 0)
			sim_fail("the rows cannot be read");
		check_reason(model, &model->jobs[index], &why, index);
		model_check_source(model, engine, &model->jobs[index], index);
		why_done(&why);
	}
}

/* ---- all rows */

static void check_counters(const struct store *store, int64_t counted[][JOB_STATE_N])
{
	size_t n;
	const struct store_counter *counters = store_counters(store, &n);

	for (size_t i = 0; i < n; i++) {
		int64_t *rows = counted[counters[i].owner - MODEL_OWNER_FIRST];

		for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++) {
			if (counters[i].by_state[s] != rows[s])
				sim_fail("%lld jobs of %u are counted as %s, there are %lld",
					(long long)counters[i].by_state[s], (unsigned)counters[i].owner,
					job_state_name((enum job_state)s), (long long)rows[s]);
			rows[s] = 0;
		}
	}
	for (int o = 0; o < MODEL_OWNERS; o++)
		for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++)
			if (counted[o][s] != 0)
				sim_fail("jobs of %d are counted nowhere", MODEL_OWNER_FIRST + o);
}

/* Whether the jitter led over the deadline is seen now, and what follows from it. */
static void learn_failures(struct model *model, const struct job_list *list, bool full)
{
	for (size_t i = 0; i < list->n; i++) {
		struct model_job *m = &model->jobs[model_index(list->jobs[i])];

		if (m->may_fail && list->jobs[i]->state == JOB_FAILED)
			model_move(model, m, JOB_FAILED);
		else if (m->may_wait && list->jobs[i]->state == JOB_WAITING)
			model_move(model, m, JOB_WAITING);
		m->may_fail = m->may_wait = false;
	}
	model_work(model, full);
}

static void check_rows(struct model *model, struct engine *engine, bool full)
{
	struct store *store = engine->store;
	int64_t counted[MODEL_OWNERS][JOB_STATE_N] = {0};
	bool seen[MODEL_JOBS_MAX] = {false};
	struct job_filter filter;
	struct job_list list;
	int64_t after_id = 0;
	bool more;

	job_filter_init(&filter);
	filter.all_owners = true;
	if (store_list(store, &filter, &after_id, false, 2 * MODEL_JOBS_MAX, &list, &more) != 0)
		sim_fail("the rows cannot be read");
	learn_failures(model, &list, full);
	model->n_waiting_on = 0;
	for (size_t i = 0; i < list.n; i++) {
		check_row(model, store, list.jobs[i], seen);
		counted[list.jobs[i]->owner - MODEL_OWNER_FIRST][list.jobs[i]->state]++;
	}
	for (size_t i = 0; i < model->n_jobs; i++)
		if (model->jobs[i].there && !seen[i])
			sim_fail("j%zu is gone, expected %s", i, job_state_name(model->jobs[i].state));
	check_counters(store, counted);
	model_check_groups(model, store);
	if (!full && !model->stopping)
		check_reasons(model, engine, &list);
	job_list_done(&list);
	job_filter_done(&filter);
}

/* ---- attempts */

static bool is_to_stop(const struct model *model, const struct model_job *m, bool full)
{
	bool by_time = model_doomed(model, m) || clock_wall_usec() >= m->deadline_usec;

	return m->intent != JOB_INTENT_RUN || m->edited || (by_time && !full);
}

static void check_attempts(const struct model *model, const struct sim *sim, bool full)
{
	const struct sim_attempt *a;
	size_t running = 0;

	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		running += m->running;
		if (m->there && (m->state == JOB_ACTIVE) != m->running)
			sim_fail("j%zu is %s and %s", i, job_state_name(m->state),
				m->running ? "runs" : "does not run");
	}
	if (running < sim->n_attempts)
		sim_fail("%zu attempts are out, expected %zu at most", sim->n_attempts, running);
	TAILQ_FOREACH(a, &sim->attempts, link) {
		int index = model_index(a->job);

		if (!model->jobs[index].running)
			sim_fail("an attempt of j%d is out, which does not run", index);
		if (is_to_stop(model, &model->jobs[index], full) && !a->cancelled)
			sim_fail("j%d is to stop, and its worker was not told", index);
	}
}

/* No slot stays free while there is work for it, and none went to what could have waited. */
static void check_work(struct model *model)
{
	bool has_slot = model_slots(model, -1) < model->max_active;
	bool is_strict = model->config->ageing_usec == USEC_INFINITY;

	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (!model_runnable(model, m))
			continue;
		if (has_slot)
			sim_fail("j%zu could run, and a slot is free", i);
		if (is_strict && m->priority > model->lowest_started)
			sim_fail("j%zu of priority %d waits, and one of %d was started", i, (int)m->priority,
				(int)model->lowest_started);
	}
}

/* ---- answers */

static void check_answers(const struct model *model)
{
	for (size_t i = 0; i < model->n_requests; i++) {
		const struct model_request *r = &model->requests[i];
		size_t waits = 0;

		for (size_t j = 0; j < MODEL_JOBS_MAX; j++)
			waits += r->waits[j];
		if (waits == 0)
			sim_fail("a request is not answered, and waits for nothing");
	}
}

void model_check(struct model *model, struct sim *sim, bool full)
{
	check_rows(model, sim->engine, full);
	check_attempts(model, sim, full);
	if (!full && !model->stopping && !is_governed(model))
		check_work(model);
	model->lowest_started = INT32_MAX;
	check_answers(model);
}

void model_check_end(const struct model *model, const struct sim *sim)
{
	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (m->there && !job_state_ended(m->state) && !model_is_stuck(model, m))
			sim_fail("j%zu never ends: it is %s", i, job_state_name(m->state));
	}
	if (sim->n_asked > 0 || model->n_requests > 0)
		sim_fail("%zu requests were never answered", sim->n_asked);
	if (sim->n_attempts > 0 || HASH_COUNT(sim->engine->runs) > 0 || sim->engine->tasks > 0)
		sim_fail("something is still active at the end");
}
