/* Edits of the model: jobs that have not ended get other values; an attempt that has the old ones ends
 * nothing, but for a file that was whole before it could be stopped.
 */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "tests/sim/model.h"

void model_values_init(struct model_values *values)
{
	*values = (struct model_values){
		.limit_rate = -1, .max_attempts = -1, .retry_delay_usec = -1, .deadline_usec = -1};
}

char *model_url(const struct model_job *m, int index)
{
	const char *origin = model_origins[m->home];

	if (m->values.url > 0)
		return xasprintf("%s/e%d", origin, m->values.url);
	/* The same key is the same job when it has the same URL. */
	return m->key >= 0 ? xasprintf("%s/k%d-%d", origin, m->key, m->variant)
			   : xasprintf("%s/j%d", origin, index);
}

bool model_edit_is_request(const struct model_edit *edit)
{
	return (edit->fields & (EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_USER_AGENT))) != 0;
}

static void set_values(const struct model_edit *edit, struct model_job *m)
{
	const struct model_values *from = &edit->values;
	uint64_t fields = edit->fields;

	if (fields & EDIT_BIT(EDIT_URL)) {
		m->values.url = from->url;
		m->home = edit->origin;
		model_revive(m);
		m->failures = m->restarts = 0;
	}
	if (fields & EDIT_BIT(EDIT_USER_AGENT))
		m->values.agent = from->agent;
	if (fields & EDIT_BIT(EDIT_LIMIT_RATE))
		m->values.limit_rate = from->limit_rate;
	if (fields & EDIT_BIT(EDIT_MAX_ATTEMPTS))
		m->values.max_attempts = from->max_attempts;
	if (fields & EDIT_BIT(EDIT_RETRY_DELAY))
		m->values.retry_delay_usec = from->retry_delay_usec;
	if (fields & EDIT_BIT(EDIT_PRIORITY))
		m->priority = edit->priority;
	if (fields & EDIT_BIT(EDIT_DEADLINE))
		m->values.deadline_usec = from->deadline_usec;
}

int64_t model_span(const struct model *model, const struct model_values *values)
{
	return values->deadline_usec >= 0 ? values->deadline_usec : model->config->deadline_usec;
}

/* ---- judging */

static enum request_error judge(struct model *model, const struct request *request,
	const struct model_edit *edit, int64_t id, int *ret_index)
{
	const struct model_job *m;
	int index = *ret_index = model_find_id(model, request, id);

	if (index < 0)
		return REQUEST_NO_SUCH_JOB;
	m = &model->jobs[index];
	if (job_state_ended(m->state))
		return REQUEST_WRONG_STATE;
	if ((edit->fields & EDIT_BIT(EDIT_DEADLINE)) &&
		clock_wall_usec() > usec_add(m->since_usec, model_span(model, &edit->values)))
		return REQUEST_REFUSED;
	return REQUEST_OK;
}

/* What follows it would wait for itself. */
static bool leads_to(const struct model *model, int from, int to)
{
	const struct model_job *m = &model->jobs[from];

	if (from == to)
		return true;
	for (size_t i = 0; i < m->n_after; i++)
		if (leads_to(model, m->after[i].index, to))
			return true;
	return false;
}

static enum request_error follow(
	struct model *model, const struct request *request, const struct model_edit *edit, int index)
{
	struct model_job *m = &model->jobs[index];
	int answer;

	if (edit->after.index < 0)
		return REQUEST_OK;
	if (m->state == JOB_ACTIVE)
		return REQUEST_WRONG_STATE;
	answer = model_look(model, request, &edit->after);
	if (answer < 0 || (answer == 0 && leads_to(model, edit->after.index, index)))
		return REQUEST_REFUSED;
	if (answer > 0)
		return REQUEST_OK;
	model_wait_for(m, edit->after.index, edit->after.any);
	if (m->state != JOB_PAUSED)
		model_begin_following(model, m);
	return REQUEST_OK;
}

/* ---- changing */

static void change(struct model *model, struct model_request *r, const struct model_edit *edit, int index)
{
	struct model_job *m = &model->jobs[index];
	bool waited = m->state == JOB_WAITING && !m->follows && !m->held, asks_another = false;

	set_values(edit, m);
	if (edit->fields & EDIT_BIT(EDIT_MIRRORS)) {
		m->failures = m->restarts = 0;
		asks_another = !model_set_mirrors(m, edit->mirrors, edit->n_mirrors);
	}
	m->values.edits += model_edit_is_request(edit);
	m->deadline_usec = usec_add(m->since_usec, model_span(model, &m->values));
	/* What it waited for is not what it will ask. */
	if (waited && (edit->fields & (EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_MIRRORS))))
		model_move(model, m, JOB_QUEUED);
	if (m->state != JOB_ACTIVE || (!model_edit_is_request(edit) && !asks_another))
		return;
	m->edited = true;
	r->waits[index] = true;
}

void model_edit(struct model *model, const struct request *request, const struct model_edit *edit, bool full)
{
	struct model_request *r = model_expect(model, request, full ? REQUEST_TRY_AGAIN : REQUEST_OK);
	size_t n = request->filter.n_ids;
	int indexes[4];

	if (full)
		return;
	for (size_t i = 0; i < n && r->error == REQUEST_OK; i++)
		r->error = judge(model, request, edit, request->filter.ids[i], &indexes[i]);
	if (r->error != REQUEST_OK)
		return;
	static struct model before;
	before = *model;
	for (size_t i = 0; i < n && r->error == REQUEST_OK; i++)
		r->error = follow(model, request, edit, indexes[i]);
	if (r->error != REQUEST_OK) {
		memcpy(model->jobs, before.jobs, sizeof(model->jobs));
		memcpy(model->groups, before.groups, sizeof(model->groups));
		return;
	}
	r->n_changed = (int64_t)n;
	for (size_t i = 0; i < n; i++)
		change(model, r, edit, indexes[i]);
}

/* ---- the attempt that has the old values */

void model_edit_start(struct model_job *m)
{
	m->edited = false;
	m->started = m->values;
	m->started_origin = m->origin;
	m->started_home = m->home;
	m->started_source = m->source;
	m->started_n_mirrors = m->n_mirrors;
	memcpy(m->started_mirrors, m->mirrors, sizeof(m->mirrors));
	m->started_out = m->out;
}

void model_edit_undo(struct model *model, struct model_job *m, int index)
{
	m->values.edits = m->started.edits;
	m->values.url = m->started.url;
	m->values.agent = m->started.agent;
	m->origin = m->started_origin;
	m->home = m->started_home;
	m->source = m->started_source;
	m->n_mirrors = m->started_n_mirrors;
	memcpy(m->mirrors, m->started_mirrors, sizeof(m->mirrors));
	m->out = m->started_out;
	for (size_t i = 0; i < model->n_requests; i++) {
		struct model_request *r = &model->requests[i];

		if (r->waits[index] && r->kind == REQUEST_EDIT)
			r->error = REQUEST_WRONG_STATE;
	}
}

/* ---- the rows */

void model_check_values(const struct model_job *m, const struct job *job, int index)
{
	const struct model_values *v = &m->values;
	CLEANUP_FREE char *agent = v->agent > 0 ? xasprintf("agent-%d", v->agent) : NULL;

	if (job->edits != v->edits)
		sim_fail("j%d was edited %d times, expected %d", index, job->edits, v->edits);
	if (job->owner != m->owner || job->priority != m->priority)
		sim_fail("j%d has the priority %d, expected %d", index, (int)job->priority, (int)m->priority);
	if ((agent != NULL) != (job->options.user_agent != NULL) ||
		(agent && strcmp(agent, job->options.user_agent) != 0))
		sim_fail("j%d has another user agent", index);
	if (job->options.limit_rate != v->limit_rate || job->options.max_attempts != v->max_attempts ||
		job->options.retry_delay_usec != v->retry_delay_usec ||
		job->options.deadline_usec != v->deadline_usec)
		sim_fail("j%d has another limit, number of attempts, delay or deadline than it was given",
			index);
}
