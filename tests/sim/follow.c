/* Jobs of the model that follow others: they wait for their ends, and fail with those that do not end well.
 */
#include "config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "tests/sim/model.h"

void model_wait_for(struct model_job *m, int index, bool any)
{
	for (size_t i = 0; i < m->n_after; i++) {
		if (m->after[i].index != index)
			continue;
		m->after[i].any = m->after[i].any && any;
		return;
	}
	if (m->n_after == MODEL_AFTER_MAX)
		sim_fail("a job follows more others than the model has room for");
	m->after[m->n_after++] = (struct model_after){.index = index, .any = any};
}

int model_look(const struct model *model, const struct request *request, const struct model_after *after)
{
	const struct model_job *to = &model->jobs[after->index];

	if (!to->there || (to->owner != request->uid && !request->privileged))
		return -1;
	if (!job_state_ended(to->state))
		return 0;
	return after->any || to->state == JOB_DONE ? 1 : -1;
}

void model_begin_following(struct model *model, struct model_job *m)
{
	model_move(model, m, JOB_WAITING);
	m->follows = true;
	m->due_usec = USEC_INFINITY;
}

bool model_follow(struct model *model, struct model_job *m, const struct request *request)
{
	m->n_after = 0;
	for (size_t i = 0; i < m->n_asked; i++) {
		int answer = model_look(model, request, &m->asked[i]);

		if (answer < 0)
			return false;
		if (answer == 0)
			model_wait_for(m, m->asked[i].index, m->asked[i].any);
	}
	if (m->n_after > 0)
		model_begin_following(model, m);
	return true;
}

void model_ask_again(struct model *model, const struct model_job *m)
{
	for (size_t i = 0; i < m->n_after; i++) {
		struct model_job *to = &model->jobs[m->after[i].index];

		to->untold = to->untold || !to->there || job_state_ended(to->state);
	}
}

/* ---- ends */

static void hear(struct model *model, struct model_job *m, size_t which, const struct model_job *ended)
{
	bool met = m->after[which].any || ended->end == JOB_DONE;

	if (met)
		m->after[which] = m->after[--m->n_after];
	if (job_state_ended(m->state) || m->state == JOB_ACTIVE)
		return;
	if (!met)
		model_move(model, m, JOB_FAILED);
	else if (m->state == JOB_WAITING && m->follows && m->n_after == 0)
		model_move(model, m, JOB_QUEUED);
}

static void tell_end(struct model *model, int index)
{
	model->jobs[index].untold = false;
	for (size_t i = 0; i < model->n_jobs; i++) {
		struct model_job *m = &model->jobs[i];

		for (size_t j = 0; m->there && j < m->n_after; j++) {
			if (m->after[j].index != index)
				continue;
			hear(model, m, j, &model->jobs[index]);
			break;
		}
	}
}

bool model_tell(struct model *model)
{
	bool more = true, any = false;

	while (more) {
		more = false;
		for (size_t i = 0; i < model->n_jobs; i++) {
			if (!model->jobs[i].untold)
				continue;
			tell_end(model, (int)i);
			more = any = true;
		}
	}
	return any;
}

bool model_is_stuck(const struct model *model, const struct model_job *m)
{
	if (m->state == JOB_PAUSED)
		return true;
	for (size_t i = 0; m->state == JOB_WAITING && m->follows && i < m->n_after; i++)
		if (model_is_stuck(model, &model->jobs[m->after[i].index]))
			return true;
	return false;
}

/* ---- the rows */

static bool is_asked(const struct model *model, const struct model_job *m, const struct job_dependency *row)
{
	for (size_t i = 0; i < m->n_after; i++)
		if (model->jobs[m->after[i].index].id == row->id)
			return m->after[i].any == row->any;
	return false;
}

void model_check_following(const struct model *model, struct store *store, const struct job *row, int index)
{
	const struct model_job *m = &model->jobs[index];
	struct job_dependency *after;
	size_t n;

	if (m->follows != (row->waiting_for == JOB_WAIT_DEPENDENCY))
		sim_fail("j%d waits for %s", index, job_wait_name(row->waiting_for));
	if (m->n_after == 0 && !m->follows)
		return;
	if (store_dependencies(store, row->id, &after, &n) != 0)
		sim_fail("the rows cannot be read");
	if (n != m->n_after)
		sim_fail("j%d waits for %zu others, expected %zu", index, n, m->n_after);
	for (size_t i = 0; i < n; i++)
		if (!is_asked(model, m, &after[i]))
			sim_fail("j%d waits for job %lld, expected not, or not so", index,
				(long long)after[i].id);
	free(after);
}
