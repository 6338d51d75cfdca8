/* Groups of the model: who takes a job, what a failure means for the others, when one has ended. */
#include "config.h"

#include <string.h>

#include "tests/sim/model.h"

const char *const model_groups[MODEL_GROUPS] = {"red", "blue", "fast"};

static struct model_group *group_at(struct model *model, uid_t owner, int group)
{
	return &model->groups[owner - MODEL_OWNER_FIRST][group];
}

static struct model_group *group_of(struct model *model, const struct model_job *m)
{
	return m->group < 0 ? NULL : group_at(model, m->owner, m->group);
}

bool model_doomed(const struct model *model, const struct model_job *m)
{
	return m->group >= 0 && model->groups[m->owner - MODEL_OWNER_FIRST][m->group].doomed;
}

int model_group_named(const char *name)
{
	for (int g = 0; g < MODEL_GROUPS; g++)
		if (strcmp(name, model_groups[g]) == 0)
			return g;
	sim_fail("there is a group %s that nobody named", name);
}

static bool takes_jobs(const struct model_group *group, int policy)
{
	return !group->fated && (policy < 0 || policy == (int)group->policy);
}

bool model_groups_admit(struct model *model, const struct request *request, size_t first, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct model_group *group = group_of(model, &model->jobs[first + i]);

		if (group && group->there && !takes_jobs(group, request->policy))
			return false;
		if (group && !group->there)
			*group = (struct model_group){.there = true,
				.policy = request->policy < 0 ? GROUP_COLLECT
							      : (enum group_policy)request->policy};
	}
	return true;
}

/* As the request finds it: the asker's own, or with the right to it the first owner's. NULL: none. */
struct model_group *model_group_asked(struct model *model, const struct request *request, uid_t *ret_owner)
{
	int g = model_group_named(request->filter.group);

	*ret_owner = request->uid;
	for (uid_t o = 0; !group_at(model, *ret_owner, g)->there && request->privileged && o < MODEL_OWNERS;
		o++)
		if (model->groups[o][g].there)
			*ret_owner = MODEL_OWNER_FIRST + o;
	return group_at(model, *ret_owner, g)->there ? group_at(model, *ret_owner, g) : NULL;
}

void model_group_failed(struct model *model, const struct model_job *m)
{
	struct model_group *group = group_of(model, m);

	/* One that was added to a group that had ended opened it. */
	if (group && group->policy == GROUP_FAIL_FAST && group->finished)
		group->finished = group->fated = false;
	if (group && group->policy == GROUP_FAIL_FAST && !group->fated)
		group->fated = group->doomed = true;
}

void model_group_opened(struct model *model, const struct model_job *m)
{
	struct model_group *group = group_of(model, m);

	if (group && group->finished)
		group->finished = group->fated = false;
}

void model_group_touch(struct model *model, const struct model_job *m)
{
	struct model_group *group = group_of(model, m);

	if (group)
		group->touched = true;
}

bool model_sweep(struct model *model)
{
	bool any = false;

	for (size_t i = 0; i < model->n_jobs; i++) {
		struct model_job *m = &model->jobs[i];

		if (!m->there || !model_doomed(model, m) || m->state == JOB_ACTIVE ||
			job_state_ended(m->state))
			continue;
		model_move(model, m, JOB_CANCELLED);
		any = true;
	}
	return any;
}

static void count(const struct model *model, uid_t owner, int group, size_t *ret_open, size_t *ret_all)
{
	*ret_open = *ret_all = 0;
	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (!m->there || m->owner != owner || m->group != group)
			continue;
		(*ret_all)++;
		*ret_open += !job_state_ended(m->state);
	}
}

void model_groups_admitted(struct model *model, const struct model_group before[MODEL_OWNERS][MODEL_GROUPS])
{
	for (uid_t o = 0; o < MODEL_OWNERS; o++) {
		for (int g = 0; g < MODEL_GROUPS; g++) {
			size_t open, all;

			count(model, MODEL_OWNER_FIRST + o, g, &open, &all);
			if (!before[o][g].there && all == 0)
				model->groups[o][g] = before[o][g];
		}
	}
}

static void settle_one(struct model_group *group, size_t open, size_t all)
{
	group->touched = false;
	if (all == 0) {
		*group = (struct model_group){0};
	} else if (open == 0) {
		group->finished = true;
		group->doomed = false;
	} else if (group->finished) {
		group->finished = group->fated = false;
	}
}

void model_groups_settle(struct model *model)
{
	for (uid_t o = 0; o < MODEL_OWNERS; o++) {
		for (int g = 0; g < MODEL_GROUPS; g++) {
			struct model_group *group = &model->groups[o][g];
			size_t open, all;

			count(model, MODEL_OWNER_FIRST + o, g, &open, &all);
			if (group->touched)
				settle_one(group, open, all);
		}
	}
}

/* ---- the rows */

static void check_row(const struct model *model, uid_t owner, int g, const struct job_group *row)
{
	const struct model_group *group = &model->groups[owner - MODEL_OWNER_FIRST][g];
	size_t open, all;

	count(model, owner, g, &open, &all);
	if (row->policy != group->policy)
		sim_fail("group %s of %u has another policy", row->name, (unsigned)owner);
	if ((row->fate != GROUP_FATE_NONE) != group->fated)
		sim_fail("group %s of %u has the fate %d, and is %s", row->name, (unsigned)owner, row->fate,
			group->fated ? "to have one" : "to have none");
	if ((row->finished_usec > 0) != group->finished)
		sim_fail("group %s of %u has %s, with %zu open jobs", row->name, (unsigned)owner,
			row->finished_usec > 0 ? "ended" : "not ended", open);
	if (job_group_open(row) != (int64_t)open || job_group_size(row) != (int64_t)all)
		sim_fail("group %s of %u counts %lld open jobs of %lld, there are %zu of %zu", row->name,
			(unsigned)owner, (long long)job_group_open(row), (long long)job_group_size(row), open,
			all);
}

void model_check_groups(const struct model *model, struct store *store)
{
	for (uid_t o = 0; o < MODEL_OWNERS; o++) {
		for (int g = 0; g < MODEL_GROUPS; g++) {
			struct job_group row;
			bool there =
				store_group_find(store, MODEL_OWNER_FIRST + o, model_groups[g], &row) == 0;

			if (there != model->groups[o][g].there)
				sim_fail("group %s of %u is %s", model_groups[g],
					(unsigned)(MODEL_OWNER_FIRST + o),
					there ? "there and should be gone" : "gone");
			if (there)
				check_row(model, MODEL_OWNER_FIRST + o, g, &row);
			job_group_done(&row);
		}
	}
}
