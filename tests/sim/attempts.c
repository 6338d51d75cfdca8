/* Attempts of the model: how they begin, what their ends make of jobs, and what a crash and time do. */
#include "config.h"

#include "job/hold.h"
#include "tests/sim/model.h"

#define PROGRESS_BYTES ((int64_t)1 << 20)
/* A hold begins later when others are held. */
#define HOLD_SPREAD_USEC (60 * USEC_PER_SEC)

/* ---- beginning */

/* That it is started tells what the jitter has made of what it follows. */
static void learn_from_start(struct model *model, const struct model_job *m)
{
	for (size_t i = 0; i < m->n_after; i++) {
		struct model_job *to = &model->jobs[m->after[i].index];

		if (to->may_fail)
			model_move(model, to, JOB_FAILED);
		else
			learn_from_start(model, to);
		to->may_fail = false;
	}
}

void model_started(struct model *model, const struct job *job)
{
	int index = model_index(job);
	struct model_job *m = &model->jobs[index];
	int64_t now = clock_wall_usec();

	learn_from_start(model, m);
	(void)model_tell(model);
	bool due = m->state == JOB_WAITING && m->due_usec > 0 && m->due_usec <= now;

	model_see_source(m, job, index);
	if (model->stopping)
		sim_fail("j%d is started after the stop", index);
	if (!m->there)
		sim_fail("j%d is started, which is not there", index);
	if (m->running)
		sim_fail("j%d is started a second time", index);
	if (m->state != JOB_QUEUED && !due)
		sim_fail("j%d is started, which is %s%s", index, job_state_name(m->state),
			m->state == JOB_WAITING ? " and not due" : "");
	if (now >= m->deadline_usec)
		sim_fail("j%d is started after its deadline", index);
	if (model->hold_until_usec[m->origin] > now)
		sim_fail("j%d is started while its origin asks to wait", index);
	if (model_slots(model, -1) >= model->max_active)
		sim_fail("j%d is started over MaxActive=%lld", index, (long long)model->max_active);
	if (model_slots(model, m->origin) >= model->max_per_host)
		sim_fail("j%d is started over MaxPerHost=%lld", index, (long long)model->max_per_host);
	if (!model_user_has_room(model, m->owner))
		sim_fail("j%d is started over MaxActivePerUser=%lld", index, (long long)model->max_per_user);
	if (m->n_after > 0)
		sim_fail("j%d is started before j%d has ended, which it follows", index, m->after[0].index);
	if (model_doomed(model, m))
		sim_fail("j%d is started, and its group has failed", index);
	model_move(model, m, JOB_ACTIVE);
	model_check_values(m, job, index);
	m->intent = JOB_INTENT_RUN;
	model_edit_start(m);
	m->running = true;
	m->received = m->may_wait = m->may_fail = false;
	if (m->priority < model->lowest_started)
		model->lowest_started = m->priority;
}

/* ---- ending */

static void end_as_wished(struct model *model, struct model_job *m)
{
	bool goes = m->intent == JOB_INTENT_CANCEL || m->intent == JOB_INTENT_REMOVE;

	if (model_doomed(model, m) && !goes) {
		model_move(model, m, JOB_CANCELLED);
		return;
	}
	switch (m->intent) {
	case JOB_INTENT_RUN: model_move(model, m, JOB_QUEUED); break;
	case JOB_INTENT_PAUSE: model_move(model, m, JOB_PAUSED); break;
	case JOB_INTENT_CANCEL: model_move(model, m, JOB_CANCELLED); break;
	case JOB_INTENT_REMOVE: model_remove(model, m); break;
	}
}

static void wait_until(struct model *model, struct model_job *m, int64_t low_usec, int64_t high_usec)
{
	model_move(model, m, JOB_WAITING);
	m->due_usec = 0;
	m->held = false;
	m->due_low_usec = low_usec;
	m->due_high_usec = high_usec;
}

static bool gives_up(const struct model *model, struct model_job *m, const struct verdict *v)
{
	int64_t max = m->values.max_attempts > 0 ? m->values.max_attempts : model->config->max_attempts;
	int64_t most = v->most_attempts > 0 && v->most_attempts < max ? v->most_attempts : max;

	return m->failures >= most || (v->class == VERDICT_RESTART && ++m->restarts > 1);
}

/* The earliest and the latest that the next attempt may be due after so many failures. */
static void retry_bounds(const struct model *model, const struct model_job *m, const struct verdict *v,
	int failures, int64_t *ret_low_usec, int64_t *ret_high_usec)
{
	const struct config *cfg = model->config;
	int64_t own = m->values.retry_delay_usec, delay = own >= 0 ? own : cfg->delay_usec,
		floor = hold_floor_usec(v, failures), high;

	for (int i = 1; i < failures && delay < cfg->max_delay_usec; i++)
		delay *= 2;
	delay = delay < cfg->max_delay_usec ? delay : cfg->max_delay_usec;
	floor = floor < cfg->max_retry_after_usec ? floor : cfg->max_retry_after_usec;
	high = delay + (int64_t)((double)delay * cfg->jitter);
	*ret_low_usec = clock_wall_usec() + (delay > floor ? delay : floor);
	*ret_high_usec = clock_wall_usec() + (high > floor ? high : floor);
}

static void wait_for_retry(struct model *model, struct model_job *m, const struct verdict *v, int failures)
{
	int64_t low, high;

	retry_bounds(model, m, v, failures, &low, &high);
	if (low > m->deadline_usec) {
		model_move(model, m, JOB_FAILED);
		return;
	}
	m->may_fail = high > m->deadline_usec;
	wait_until(model, m, low, m->may_fail ? m->deadline_usec : high);
}

/* The first round takes no time, but where the next one's host is that of the last. */
static void go_on(struct model *model, struct model_job *m, const struct verdict *v)
{
	int rounds = m->failures / model_live(m);
	int64_t low, high;

	if (rounds > 0) {
		wait_for_retry(model, m, v, rounds);
		return;
	}
	retry_bounds(model, m, v, 1, &low, &high);
	wait_until(model, m, low, high < m->deadline_usec ? high : m->deadline_usec);
	m->may_fail = high > m->deadline_usec;
	m->may_wait = true;
	model_move(model, m, JOB_QUEUED);
}

/* Counted, unless it is out. */
static void end_one_of_several(struct model *model, struct model_job *m, const struct verdict *v)
{
	int64_t max = m->values.max_attempts > 0 ? m->values.max_attempts : model->config->max_attempts;
	int live = model_live(m), rounds;
	bool out = v->class == VERDICT_PERMANENT;

	if (!out) {
		m->failures++;
		rounds = (m->failures + live - 1) / live;
		out = (v->class == VERDICT_RESTART && ++m->restarts > 1) ||
		      (v->most_attempts > 0 && rounds >= v->most_attempts);
	}
	if ((v->class != VERDICT_PERMANENT && m->failures >= max) || (out && live == 1)) {
		model_move(model, m, JOB_FAILED);
		return;
	}
	if (out) {
		m->out |= 1u << m->source;
		m->restarts = 0;
		m->failures -= v->class != VERDICT_PERMANENT;
	}
	go_on(model, m, v);
}

static void end_failed_once(struct model *model, struct model_job *m, const struct verdict *v)
{
	if (model_has_others(m, v)) {
		end_one_of_several(model, m, v);
		return;
	}
	m->failures++;
	if (gives_up(model, m, v))
		model_move(model, m, JOB_FAILED);
	else
		wait_for_retry(model, m, v, m->failures);
}

/* One that is stopped meanwhile leaves the source all the same. */
static void end_permanent(struct model *model, struct model_job *m, const struct verdict *v)
{
	bool goes = m->intent == JOB_INTENT_CANCEL || m->intent == JOB_INTENT_REMOVE;

	if (!model_has_others(m, v) || model_live(m) == 1) {
		if (goes)
			end_as_wished(model, m);
		else
			model_move(model, m, JOB_FAILED);
	} else if (m->intent != JOB_INTENT_RUN || model_doomed(model, m)) {
		m->out |= 1u << m->source;
		end_as_wished(model, m);
	} else {
		end_one_of_several(model, m, v);
	}
}

static void end_held(struct model *model, struct model_job *m)
{
	int64_t now = clock_wall_usec(), interval = model->config->hold_interval_usec;

	wait_until(model, m, now + interval, now + interval + interval / 10 + HOLD_SPREAD_USEC);
	m->held = true;
}

static void end_attempt(struct model *model, struct model_job *m, const struct verdict *v, int64_t progress)
{
	if (m->edited && v->class != VERDICT_OK) {
		end_as_wished(model, m);
		return;
	}
	switch (v->class) {
	case VERDICT_OK:
		m->failures = m->restarts = 0;
		if (m->intent == JOB_INTENT_REMOVE)
			model_remove(model, m);
		else
			model_move(model, m, JOB_DONE);
		return;
	case VERDICT_PERMANENT: end_permanent(model, m, v); return;
	case VERDICT_ABORTED: end_as_wished(model, m); return;
	case VERDICT_TRANSIENT:
	case VERDICT_RESTART:
	case VERDICT_HELD: break;
	}
	if (m->intent != JOB_INTENT_RUN || model_doomed(model, m)) {
		end_as_wished(model, m);
		return;
	}
	if (progress >= PROGRESS_BYTES)
		m->failures = 0;
	if (v->class == VERDICT_HELD)
		end_held(model, m);
	else
		end_failed_once(model, m, v);
}

static void hold_origin(struct model *model, int origin, const struct verdict *v)
{
	int64_t most = model->config->max_retry_after_usec;
	int64_t asked = v->retry_after_usec < most ? v->retry_after_usec : most;
	int64_t until = clock_wall_usec() + asked;

	if (v->whole_origin && asked > 0 && until > model->hold_until_usec[origin])
		model->hold_until_usec[origin] = until;
}

void model_finished(struct model *model, int index, const struct verdict *v, int64_t progress)
{
	struct model_job *m = &model->jobs[index];

	if (!m->edited)
		hold_origin(model, m->origin, v);
	else if (v->class == VERDICT_OK)
		model_edit_undo(model, m, index);
	m->running = m->received = false;
	end_attempt(model, m, v, progress);
	m->intent = JOB_INTENT_RUN;
	for (size_t i = 0; i < model->n_requests; i++)
		model->requests[i].waits[index] = false;
}

/* ---- what fell due while nobody ran */

/* What is due at an unknown time may be of these. */
static bool fell_due(const struct model_job *m)
{
	return m->there && m->state == JOB_WAITING && !m->follows &&
	       (m->due_usec > 0 ? m->due_usec : m->due_low_usec) <= clock_wall_usec();
}

static void pile_up(struct model *model)
{
	model->n_piled = 0;
	for (size_t i = 0; i < model->n_jobs; i++)
		model->n_piled += fell_due(&model->jobs[i]);
	model->ramp_step = RAMP_FIRST;
	model->ramp_usec = clock_wall_usec();
}

/* A step of the ramp has been by now, or comes in this turn. */
static void let_in(struct model *model)
{
	size_t n = model->n_piled < model->ramp_step ? model->n_piled : model->ramp_step;

	if (clock_wall_usec() < model->ramp_usec)
		return;
	model->n_piled -= n;
	model->ramp_step++;
	model->ramp_usec = clock_wall_usec() + 2 * RAMP_STEP_USEC;
}

void model_undone(struct model *model)
{
	model->ramp_usec = clock_wall_usec() + 2 * RAMP_STEP_USEC;
}

/* ---- crash and time */

void model_crashed(struct model *model)
{
	model->n_requests = 0;
	model->stopping = false;
	model->opened_usec = clock_wall_usec();
	model->lowest_started = INT32_MAX;
	for (size_t i = 0; i < model->n_jobs; i++) {
		struct model_job *m = &model->jobs[i];

		m->running = m->received = false;
		if (!m->there || m->state != JOB_ACTIVE)
			continue;
		/* A file of what was asked before an edit is not the job's. */
		if (m->file == m->values.edits) {
			model_move(model, m, JOB_DONE);
			m->failures = m->restarts = 0;
		} else {
			end_as_wished(model, m);
		}
		m->intent = JOB_INTENT_RUN;
	}
	pile_up(model);
}

static void work_time(struct model *model, struct model_job *m)
{
	int64_t now = clock_wall_usec();
	bool open = m->there && (m->state == JOB_QUEUED || m->state == JOB_WAITING);

	if (open && now >= m->deadline_usec)
		model_move(model, m, JOB_FAILED);
	else if (open && m->state == JOB_WAITING && m->due_usec > 0 && m->due_usec <= now)
		model_move(model, m, JOB_QUEUED);
}

void model_work(struct model *model, bool full)
{
	bool more = !full && !model->stopping;

	for (size_t i = 0; i < model->n_jobs && more; i++)
		work_time(model, &model->jobs[i]);
	if (more)
		let_in(model);
	/* Each time is a turn. */
	do {
		if (more)
			more = model_sweep(model) | model_tell(model);
		model_groups_settle(model);
	} while (more);
}
