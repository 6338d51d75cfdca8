/* Model: jobs and what messages make of them. Owns plain data only; one thread. */
#include "config.h"

#include "tests/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

const char *const model_origins[MODEL_ORIGINS] = {
	"http://a.example:80", "http://b.example:80", "https://c.example:443", "http://d.example:8080"};

void model_init(struct model *model, const struct config *config)
{
	memset(model, 0, sizeof(*model));
	model->lowest_started = INT32_MAX;
	model_tune(model, config);
}

void model_tune(struct model *model, const struct config *config)
{
	model->config = config;
	model->max_active = config->max_active;
	model->max_per_host = config->max_per_host;
	model->max_per_user = config->max_active_per_user;
}

/* ---- jobs */

void model_move(struct model *model, struct model_job *m, enum job_state to)
{
	bool failed = to == JOB_FAILED && m->state != JOB_FAILED;

	if (job_state_ended(to) != job_state_ended(m->state)) {
		m->untold = job_state_ended(to);
		m->end = (int)to;
		if (job_state_ended(m->state))
			model_group_opened(model, m);
	}
	m->state = to;
	m->follows = false;
	model_group_touch(model, m);
	if (failed)
		model_group_failed(model, m);
}

void model_remove(struct model *model, struct model_job *m)
{
	if (!job_state_ended(m->state)) {
		m->untold = true;
		m->end = -1;
	}
	m->there = false;
	m->n_after = 0;
	model_group_touch(model, m);
}

int model_new_job(struct model *model)
{
	if (model->n_jobs == MODEL_JOBS_MAX)
		return -1;
	model->jobs[model->n_jobs] = (struct model_job){.group = -1, .key = -1, .file = -1};
	model_values_init(&model->jobs[model->n_jobs].values);
	return (int)model->n_jobs++;
}

struct job *model_make_job(const struct model *model, int index)
{
	const struct model_job *m = &model->jobs[index];
	CLEANUP_FREE char *name = xasprintf("j%d", index);
	struct job *job = sim_job(m->owner, model_origins[m->origin], name);

	job->priority = m->priority;
	job->options.deadline_usec = m->values.deadline_usec;
	free(job->url);
	job->url = model_url(m, index);
	job->mirrors = model_mirrors(m->mirrors, m->n_mirrors);
	if (m->group >= 0)
		job->group = xstrdup(model_groups[m->group]);
	job->n_after = m->n_asked;
	job->after = m->n_asked ? xcalloc(m->n_asked, sizeof(*job->after)) : NULL;
	for (size_t i = 0; i < m->n_asked; i++)
		job->after[i] = (struct job_dependency){
			.id = model->jobs[m->asked[i].index].id, .any = m->asked[i].any};
	if (m->key < 0)
		return job;
	job->key = xasprintf("k%d", m->key);
	return job;
}

int model_index(const struct job *job)
{
	int index = job->name && job->name[0] == 'j' ? atoi(job->name + 1) : -1;

	if (index < 0 || index >= MODEL_JOBS_MAX)
		sim_fail("job %lld has the name %s that nobody gave", (long long)job->id, job->name);
	return index;
}

int64_t model_slots(const struct model *model, int origin)
{
	int64_t n = 0;

	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (m->running && !m->received && (origin < 0 || m->started_origin == origin))
			n++;
	}
	return n;
}

int64_t model_user_slots(const struct model *model, uid_t owner)
{
	int64_t n = 0;

	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		n += m->running && !m->received && m->owner == owner;
	}
	return n;
}

bool model_user_has_room(const struct model *model, uid_t owner)
{
	return model->max_per_user == 0 || model_user_slots(model, owner) < model->max_per_user;
}

bool model_runnable(const struct model *model, const struct model_job *m)
{
	return m->there && m->state == JOB_QUEUED && model->hold_until_usec[m->origin] <= clock_wall_usec() &&
	       model_slots(model, m->origin) < model->max_per_host && model_user_has_room(model, m->owner);
}

/* ---- requests */

struct model_request *model_expect(
	struct model *model, const struct request *request, enum request_error error)
{
	struct model_request *r;

	if (model->n_requests == MODEL_REQUESTS_MAX)
		sim_fail("more requests than the model has room for");
	r = &model->requests[model->n_requests++];
	memset(r, 0, sizeof(*r));
	r->request = request;
	r->kind = request->kind;
	r->error = error;
	return r;
}

void model_plain(struct model *model, const struct request *request, enum request_error error)
{
	(void)model_expect(model, request, error);
}

static int find_key(const struct model *model, uid_t owner, int key)
{
	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (m->there && m->owner == owner && m->key == key)
			return (int)i;
	}
	return -1;
}

static bool is_same(const struct model_job *first, const struct model_job *m)
{
	return first->values.url == 0 && first->variant == m->variant && first->home == m->home;
}

static bool enter(struct model *model, struct model_job *m, const struct request *request)
{
	m->there = true;
	model_move(model, m, JOB_QUEUED);
	m->since_usec = clock_wall_usec();
	m->deadline_usec = usec_add(m->since_usec, model_span(model, &m->values));
	return model_follow(model, m, request);
}

void model_add(struct model *model, const struct request *request, size_t first, size_t n, bool full)
{
	struct model_request *r = model_expect(model, request, full ? REQUEST_TRY_AGAIN : REQUEST_OK);
	struct model_group groups[MODEL_OWNERS][MODEL_GROUPS];

	memcpy(groups, model->groups, sizeof(groups));
	r->first = first;
	r->n = n;
	if (!full && !model_groups_admit(model, request, first, n))
		r->error = REQUEST_REFUSED;
	for (size_t i = 0; i < n && r->error == REQUEST_OK; i++) {
		struct model_job *m = &model->jobs[first + i];
		int same = m->key < 0 ? -1 : find_key(model, m->owner, m->key);

		r->targets[i] = same < 0 ? (int)(first + i) : same;
		if (same < 0 ? !enter(model, m, request) : !is_same(&model->jobs[same], m))
			r->error = REQUEST_REFUSED;
	}
	/* All or nothing. */
	for (size_t i = 0; i < n && r->error != REQUEST_OK; i++)
		model->jobs[first + i].there = false;
	if (r->error != REQUEST_OK)
		memcpy(model->groups, groups, sizeof(groups));
	model_groups_admitted(model, groups);
}

static bool is_refused(enum job_state state, enum request_verb verb)
{
	switch (verb) {
	case VERB_PAUSE:
	case VERB_RESUME: return job_state_ended(state);
	case VERB_CANCEL: return state == JOB_DONE || state == JOB_FAILED;
	case VERB_RETRY: return state == JOB_DONE;
	case VERB_REMOVE: break;
	}
	return false;
}

static void set_intent(struct model_request *r, struct model_job *m, size_t index, enum job_intent intent)
{
	if (m->intent == JOB_INTENT_RUN && intent == JOB_INTENT_RUN)
		return;
	m->intent = intent;
	r->n_changed++;
	if (intent != JOB_INTENT_RUN)
		r->waits[index] = true;
}

static void change_active(struct model_request *r, struct model_job *m, size_t index, enum request_verb verb)
{
	switch (verb) {
	case VERB_PAUSE: set_intent(r, m, index, JOB_INTENT_PAUSE); return;
	case VERB_RESUME: set_intent(r, m, index, JOB_INTENT_RUN); return;
	case VERB_CANCEL: set_intent(r, m, index, JOB_INTENT_CANCEL); return;
	case VERB_REMOVE: set_intent(r, m, index, JOB_INTENT_REMOVE); return;
	case VERB_RETRY: return;
	}
}

static void retry(const struct model *model, struct model_job *m)
{
	int64_t now = clock_wall_usec();

	m->failures = m->restarts = 0;
	model_revive(m);
	if (now < m->deadline_usec)
		return;
	m->since_usec = now;
	m->deadline_usec = usec_add(now, model_span(model, &m->values));
}

/* What the verb makes of it; the same state: nothing. */
static enum job_state moved(enum job_state state, enum request_verb verb)
{
	switch (verb) {
	case VERB_PAUSE: return state == JOB_QUEUED || state == JOB_WAITING ? JOB_PAUSED : state;
	case VERB_RESUME: return state == JOB_PAUSED ? JOB_QUEUED : state;
	case VERB_CANCEL: return job_state_ended(state) ? state : JOB_CANCELLED;
	case VERB_RETRY: return state == JOB_DONE ? state : JOB_QUEUED;
	case VERB_REMOVE: break;
	}
	return state;
}

/* A group that is being ended takes nobody back. */
static bool is_doomed_retry(const struct model *model, const struct model_job *m, enum request_verb verb)
{
	return verb == VERB_RETRY && model_doomed(model, m);
}

static void change_one(struct model *model, struct model_request *r, struct model_job *m, size_t index)
{
	enum request_verb verb = r->request->verb;
	enum job_state to;

	if (is_refused(m->state, verb) || is_doomed_retry(model, m, verb))
		return;
	if (verb == VERB_RETRY && m->follows)
		return;
	if (m->state == JOB_ACTIVE) {
		change_active(r, m, index, verb);
		return;
	}
	if (verb == VERB_REMOVE) {
		model_remove(model, m);
		r->n_changed++;
		return;
	}
	to = moved(m->state, verb);
	if (to == m->state)
		return;
	if (verb == VERB_RETRY)
		retry(model, m);
	model_ask_again(model, m);
	if (to == JOB_QUEUED && m->n_after > 0)
		model_begin_following(model, m);
	else
		model_move(model, m, to);
	r->n_changed++;
}

int model_find_id(const struct model *model, const struct request *request, int64_t id)
{
	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (m->there && m->id == id && (request->privileged || m->owner == request->uid))
			return (int)i;
	}
	return -1;
}

/* All or none. The one that is named in a refusal is the first by number. */
static void change_ids(struct model *model, struct model_request *r)
{
	const struct job_filter *filter = &r->request->filter;
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < filter->n_ids; i++) {
		int index = model_find_id(model, r->request, filter->ids[i]);
		bool refused =
			index >= 0 && (is_refused(model->jobs[index].state, r->request->verb) ||
					      is_doomed_retry(model, &model->jobs[index], r->request->verb));

		if ((index >= 0 && !refused) || filter->ids[i] > first)
			continue;
		first = filter->ids[i];
		r->error = refused ? REQUEST_WRONG_STATE : REQUEST_NO_SUCH_JOB;
	}
	for (size_t i = 0; i < filter->n_ids && r->error == REQUEST_OK; i++) {
		int index = model_find_id(model, r->request, filter->ids[i]);
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again = again || filter->ids[j] == filter->ids[i];
		if (!again && index >= 0)
			change_one(model, r, &model->jobs[index], (size_t)index);
	}
}

static bool has_group(const struct model_job *m, const char *group)
{
	return m->group >= 0 && strcmp(group, model_groups[m->group]) == 0;
}

static bool selected(const struct job_filter *filter, const struct model_job *m)
{
	if (!m->there)
		return false;
	if (filter->group && !has_group(m, filter->group))
		return false;
	if (filter->host && strcmp(filter->host, model_origins[m->origin]) != 0)
		return false;
	return filter->states == 0 || (filter->states & JOB_STATE_BIT(m->state)) != 0;
}

/* In none of the states that are asked for the verb means anything. */
static bool is_idle(const struct job_filter *filter, enum request_verb verb)
{
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++) {
		bool asked = filter->states == 0 || (filter->states & JOB_STATE_BIT(state)) != 0;
		bool active = state == JOB_ACTIVE && verb != VERB_RETRY;

		if (asked && !is_refused((enum job_state)state, verb) &&
			(active || verb == VERB_REMOVE ||
				moved((enum job_state)state, verb) != (enum job_state)state))
			return false;
	}
	return true;
}

static void change_selected(struct model *model, struct model_request *r)
{
	const struct job_filter *filter = &r->request->filter;
	uid_t owner = r->request->uid;
	const struct model_group *group = filter->group ? model_group_asked(model, r->request, &owner) : NULL;
	bool all_owners = r->request->privileged && !group;

	if (filter->group && !group)
		r->error = REQUEST_NO_SUCH_GROUP;
	else if (group && group->doomed && r->request->verb == VERB_RETRY && !is_idle(filter, VERB_RETRY))
		r->error = REQUEST_REFUSED;
	for (size_t i = 0; i < model->n_jobs && r->error == REQUEST_OK; i++)
		if (selected(filter, &model->jobs[i]) && (all_owners || model->jobs[i].owner == owner))
			change_one(model, r, &model->jobs[i], i);
}

void model_change(struct model *model, const struct request *request, bool full)
{
	struct model_request *r = model_expect(model, request, full ? REQUEST_TRY_AGAIN : REQUEST_OK);

	if (full)
		return;
	if (request->filter.n_ids)
		change_ids(model, r);
	else
		change_selected(model, r);
}

/* ---- replies */

static bool is_ready(const struct model_request *r)
{
	for (size_t i = 0; i < MODEL_JOBS_MAX; i++)
		if (r->waits[i])
			return false;
	return true;
}

static void learn_ids(struct model *model, const struct model_request *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct model_job *m = &model->jobs[r->targets[i]];

		/* It may have been removed by the time the answer is read. */
		if (m->there && m->id != 0 && m->id != r->request->ids[i])
			sim_fail("the add says job %lld, its row says %lld", (long long)r->request->ids[i],
				(long long)m->id);
		m->id = r->request->ids[i];
	}
}

void model_replied(struct model *model, const struct request *request)
{
	for (size_t i = 0; i < model->n_requests; i++) {
		struct model_request *r = &model->requests[i];

		if (r->request != request)
			continue;
		if (!is_ready(r))
			sim_fail("a change is answered before the attempts that it stops have ended");
		if (request->error != r->error)
			sim_fail("answered with error %d (%s), expected %d", request->error,
				request->error_message ? request->error_message : "-", r->error);
		if (request->kind == REQUEST_CHANGE && request->error == REQUEST_OK &&
			request->n_changed != r->n_changed)
			sim_fail("%lld jobs were changed, expected %lld", (long long)request->n_changed,
				(long long)r->n_changed);
		if (request->kind == REQUEST_ADD && request->error == REQUEST_OK)
			learn_ids(model, r);
		*r = model->requests[--model->n_requests];
		return;
	}
	sim_fail("a reply to what nobody asked");
}
