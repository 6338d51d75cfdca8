/* Users: what they ask for. Owns nothing: requests are posted. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tests/sim/run.h"

#define ADD_MAX 6

/* ---- who and which */

/* The a-th job that somebody may name; -1: none. */
static int pick_job(const struct run_state *r, unsigned a)
{
	size_t n = 0;

	for (size_t i = 0; i < r->model.n_jobs; i++)
		n += r->model.jobs[i].id != 0;
	for (size_t i = 0, at = 0; n > 0; i++) {
		if (r->model.jobs[i].id != 0 && at++ == a % n)
			return (int)i;
	}
	return -1;
}

static uid_t owner_of(unsigned a)
{
	return MODEL_OWNER_FIRST + a % MODEL_OWNERS;
}

/* Jobs of a group that is fail-fast, or of others. */
static bool is_fast(const struct op *op)
{
	return op->b % 3 == 0;
}

/* Now and then one that the group does not have. */
static int policy_of(const struct op *op)
{
	bool fast = is_fast(op) != (op->c % 16 == 15);

	return fast ? GROUP_FAIL_FAST : op->c % 16 == 15 ? GROUP_COLLECT : -1;
}

/* The next after the a-th that is the owner's, and mostly one that has not ended; where there is none, any:
 * it is refused. */
static int pick_followed(const struct run_state *r, unsigned a, uid_t owner)
{
	int first = pick_job(r, a);

	for (int i = first; i >= 0 && i < (int)r->model.n_jobs; i++) {
		const struct model_job *m = &r->model.jobs[i];

		if (m->id != 0 && m->owner == owner && (a % 8 == 0 || !job_state_ended(m->state)))
			return i;
	}
	return a % 2 ? first : -1;
}

static void choose_followed(const struct run_state *r, struct model_job *m, struct rng *rng)
{
	size_t n = (size_t)rng_upto(rng, 5);

	m->n_asked = 0;
	for (size_t i = 0; i < n && i < ARRAY_LEN(m->asked); i++) {
		int index = pick_followed(r, history_number(rng), m->owner);

		if (index >= 0)
			m->asked[m->n_asked++] =
				(struct model_after){.index = index, .any = rng_upto(rng, 1) == 0};
	}
}

static void describe_job(struct run_state *r, int index, const struct op *op, size_t i)
{
	struct model_job *m = &r->model.jobs[index];
	struct rng rng;

	rng_seed(&rng, (uint64_t)op->b * 1000 + i);
	m->owner = owner_of(op->a / ADD_MAX);
	m->origin = (int)rng_upto(&rng, MODEL_ORIGINS - 1);
	m->group = (int)rng_upto(&rng, MODEL_GROUPS - 1) - 1;
	if (is_fast(op))
		m->group = m->group < 0 ? -1 : MODEL_GROUP_FAST;
	m->priority = rng_upto(&rng, 2) == 0 ? (int32_t)rng_upto(&rng, 4) - 2 : 0;
	if (op->c % 3 == 0)
		m->values.deadline_usec = 20 * USEC_PER_SEC;
	if (op->c % 5 < 2)
		choose_followed(r, m, &rng);
	if (op->kind == OP_MIRRORED)
		m->n_mirrors = 1 + (int)rng_upto(&rng, 1);
	for (int n = 0; n < m->n_mirrors; n++)
		m->mirrors[n] = (int)rng_upto(&rng, MODEL_ORIGINS - 1);
	if (rng_upto(&rng, 5) > 0)
		return;
	m->key = (int)rng_upto(&rng, MODEL_KEYS - 1);
	m->variant = rng_upto(&rng, 3) == 0;
	m->origin = m->key % MODEL_ORIGINS;
}

static void trace_followed(const struct run_state *r, const struct model_job *m)
{
	for (size_t i = 0; i < m->n_asked; i++)
		run_trace(r, "    follows j%d%s\n", m->asked[i].index,
			m->asked[i].any ? ", however it ends" : "");
}

void op_add(struct run_state *r, const struct op *op)
{
	size_t n = 1 + op->a % ADD_MAX, first = r->model.n_jobs;
	struct request *request;
	struct job **jobs;
	struct posted *p;

	if (first + n > MODEL_JOBS_MAX)
		return;
	jobs = xcalloc(n, sizeof(struct job *));
	for (size_t i = 0; i < n; i++) {
		int index = model_new_job(&r->model);

		describe_job(r, index, op, i);
		model_sources_init(&r->model.jobs[index]);
		jobs[i] = model_make_job(&r->model, index);
		run_trace(r, "  j%d: %s, %d mirrors, group %s, priority %d, key %d%s\n", index,
			jobs[i]->origin, r->model.jobs[index].n_mirrors,
			jobs[i]->group ? jobs[i]->group : "-", (int)jobs[i]->priority,
			r->model.jobs[index].key,
			jobs[i]->options.deadline_usec > 0 ? ", has a deadline" : "");
		trace_followed(r, &r->model.jobs[index]);
	}
	run_trace(r, "  add j%zu to j%zu by %u\n", first, first + n - 1, (unsigned)jobs[0]->owner);
	p = run_remember(r, POSTED_REQUEST);
	p->first = first;
	p->n = n;
	request = sim_add(jobs[0]->owner, jobs, n);
	request->policy = policy_of(op);
	p->request = request;
	sim_post(&r->sim, &request->msg);
}

static void choose_ids(const struct run_state *r, struct request *request, const struct op *op)
{
	size_t n = 1 + op->c / 10 % 3;

	request->filter.ids = xcalloc(n, sizeof(int64_t));
	for (size_t i = 0; i < n; i++) {
		int index = pick_job(r, op->b + (unsigned)i * 7);

		/* Now and then one that nobody has. */
		request->filter.ids[i] = index < 0 || op->b % 50 == 49 ? 99999 : r->model.jobs[index].id;
	}
	request->filter.n_ids = n;
}

static void choose_selection(struct request *request, const struct op *op)
{
	static const unsigned states[] = {0, JOB_STATE_BIT(JOB_QUEUED), JOB_STATE_BIT(JOB_WAITING),
		JOB_STATE_BIT(JOB_ACTIVE), JOB_STATES_ENDED};

	if (op->b % 3 == 0)
		request->filter.group = xstrdup(model_groups[op->b / 3 % MODEL_GROUPS]);
	else if (op->b % 3 == 1)
		request->filter.host = xstrdup(model_origins[op->b / 3 % MODEL_ORIGINS]);
	request->filter.states = states[op->b / 20 % ARRAY_LEN(states)];
}

void op_change(struct run_state *r, const struct op *op)
{
	static const enum request_verb verbs[] = {
		VERB_PAUSE, VERB_RESUME, VERB_CANCEL, VERB_RETRY, VERB_REMOVE, VERB_RESUME};
	struct request *request = request_new(REQUEST_CHANGE);
	int index = pick_job(r, op->b);

	request->verb = verbs[op->a % ARRAY_LEN(verbs)];
	request->remove_files = op->a & 1;
	request->privileged = op->c % 10 < 3;
	/* Mostly the owner of what is named. */
	request->uid = op->c % 10 == 9 || index < 0 ? owner_of(op->c / 10) : r->model.jobs[index].owner;
	request->filter.owner = request->uid;
	request->filter.all_owners = request->privileged;
	if (op->c % 10 < 8 && index >= 0)
		choose_ids(r, request, op);
	else
		choose_selection(request, op);
	request->filter.one_group = request->filter.all_owners && request->filter.group;
	run_trace(r, "  change verb %d, %s%lld %s %s\n", request->verb,
		request->filter.n_ids ? "job " : "selection ",
		request->filter.n_ids ? (long long)request->filter.ids[0] : 0LL,
		request->filter.group ? request->filter.group : "",
		request->filter.host ? request->filter.host : "");
	run_remember(r, POSTED_REQUEST)->request = request;
	sim_post(&r->sim, &request->msg);
}

/* As control's: the origin is the URL's. */
static const char *check_edited(
	struct job *job, const struct config *config, uid_t uid, bool privileged, char **ret_message)
{
	(void)config;
	(void)uid;
	(void)privileged;
	(void)ret_message;
	for (int i = 0; i < MODEL_ORIGINS; i++)
		if (strncmp(job->url, model_origins[i], strlen(model_origins[i])) == 0)
			str_set(&job->origin, model_origins[i]);
	return NULL;
}

static void choose_edit(struct run_state *r, struct model_edit *edit, const struct op *op)
{
	static const int64_t spans[] = {-1, USEC_PER_SEC, 20 * USEC_PER_SEC, 600 * USEC_PER_SEC};
	static const uint64_t fields[] = {EDIT_BIT(EDIT_URL), EDIT_BIT(EDIT_PRIORITY),
		EDIT_BIT(EDIT_DEADLINE), EDIT_BIT(EDIT_USER_AGENT),
		EDIT_BIT(EDIT_LIMIT_RATE) | EDIT_BIT(EDIT_MAX_ATTEMPTS), 0,
		EDIT_BIT(EDIT_URL) | EDIT_BIT(EDIT_PRIORITY), EDIT_BIT(EDIT_RETRY_DELAY)};
	unsigned value = op->a / 8;

	*edit = (struct model_edit){.fields = fields[op->a % ARRAY_LEN(fields)],
		.origin = (int)(value % MODEL_ORIGINS),
		.priority = (int32_t)(value % 5) - 2,
		.after = {.index = -1}};
	edit->values = (struct model_values){.url = ++r->n_edits,
		.agent = (int)(value % 3),
		.limit_rate = value % 2 ? -1 : 1000,
		.max_attempts = (int)(1 + value % 5),
		.retry_delay_usec = value % 2 ? -1 : 5 * USEC_PER_SEC,
		.deadline_usec = spans[value % ARRAY_LEN(spans)]};
	edit->n_mirrors = (int)(value % 3);
	edit->mirrors[0] = (int)(value / 3 % MODEL_ORIGINS);
	edit->mirrors[1] = (int)(value / 12 % MODEL_ORIGINS);
	if (op->kind == OP_MIRRORS)
		edit->fields = EDIT_BIT(EDIT_MIRRORS);
	if (edit->fields == 0)
		edit->after = (struct model_after){.index = pick_job(r, value), .any = op->c % 2};
}

/* As a client would ask for it. */
static struct job_edit *make_edit(const struct run_state *r, const struct model_edit *from)
{
	struct job_edit *edit = xcalloc(1, sizeof(*edit));
	struct job_options *options = &edit->values.options;

	job_edit_init(edit);
	edit->fields = from->fields;
	edit->values.url = xasprintf("%s/e%d", model_origins[from->origin], from->values.url);
	edit->values.priority = from->priority;
	options->user_agent = from->values.agent > 0 ? xasprintf("agent-%d", from->values.agent) : NULL;
	options->limit_rate = from->values.limit_rate;
	options->max_attempts = from->values.max_attempts;
	options->retry_delay_usec = from->values.retry_delay_usec;
	options->deadline_usec = from->values.deadline_usec;
	edit->values.mirrors = model_mirrors(from->mirrors, from->n_mirrors);
	if (from->after.index < 0)
		return edit;
	edit->values.n_after = 1;
	edit->values.after = xcalloc(1, sizeof(*edit->values.after));
	edit->values.after[0] =
		(struct job_dependency){.id = r->model.jobs[from->after.index].id, .any = from->after.any};
	return edit;
}

/* Sorted, each once. */
static void tidy_ids(struct job_filter *filter)
{
	size_t kept = 0;

	for (size_t i = 1; i < filter->n_ids; i++) {
		for (size_t j = i; j > 0 && filter->ids[j] < filter->ids[j - 1]; j--) {
			int64_t id = filter->ids[j];

			filter->ids[j] = filter->ids[j - 1];
			filter->ids[j - 1] = id;
		}
	}
	for (size_t i = 0; i < filter->n_ids; i++)
		if (kept == 0 || filter->ids[i] != filter->ids[kept - 1])
			filter->ids[kept++] = filter->ids[i];
	filter->n_ids = kept;
}

void op_edit(struct run_state *r, const struct op *op)
{
	int index = pick_job(r, op->b);
	struct request *request;
	struct posted *p;

	if (index < 0)
		return;
	request = request_new(REQUEST_EDIT);
	request->privileged = op->c % 10 < 3;
	request->uid = op->c % 10 == 9 ? owner_of(op->c / 10) : r->model.jobs[index].owner;
	request->check = check_edited;
	choose_ids(r, request, op);
	tidy_ids(&request->filter);
	p = run_remember(r, POSTED_REQUEST);
	p->request = request;
	choose_edit(r, &p->edit, op);
	request->edit = make_edit(r, &p->edit);
	run_trace(r,
		"  edit j%d: fields %llx, %d mirrors, e%d at %s, priority %d, deadline %lld, after j%d\n",
		index, (unsigned long long)p->edit.fields, p->edit.n_mirrors, p->edit.values.url,
		model_origins[p->edit.origin], (int)p->edit.priority, (long long)p->edit.values.deadline_usec,
		p->edit.after.index);
	sim_post(&r->sim, &request->msg);
}
