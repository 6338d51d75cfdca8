/* Run: the turn. Owns what was posted and is not taken. */
#include "config.h"

#include "tests/sim/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void run_trace(const struct run_state *r, const char *fmt, ...)
{
	va_list ap;

	if (!r->trace)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

static bool is_full(const struct run_state *r)
{
	return r->sim.engine->full_usec > 0 && sim_now() < r->sim.engine->full_usec;
}

struct posted *run_remember(struct run_state *r, enum posted_kind kind)
{
	if (r->n_posted == POSTED_MAX)
		sim_fail("too many messages for one turn");
	r->posted[r->n_posted] = (struct posted){.kind = kind};
	return &r->posted[r->n_posted++];
}

/* ---- the turn */

static void tell_model(struct run_state *r, const struct posted *p, bool full)
{
	switch (p->kind) {
	case POSTED_REQUEST:
		if (p->request->kind == REQUEST_ADD)
			model_add(&r->model, p->request, p->first, p->n, full);
		else if (p->request->kind == REQUEST_EDIT)
			model_edit(&r->model, p->request, &p->edit, full);
		else
			model_change(&r->model, p->request, full);
		return;
	case POSTED_RECEIVED: r->model.jobs[p->index].received = true; return;
	case POSTED_FINISHED: model_finished(&r->model, p->index, &p->verdict, p->progress); return;
	}
}

static void forget_posted(struct run_state *r)
{
	while (r->n_posted > 0)
		verdict_done(&r->posted[--r->n_posted].verdict);
}

/* While there is no room requests are refused, and ends of attempts wait. */
static void tell_posted(struct run_state *r, bool full)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n_posted; i++) {
		struct posted *p = &r->posted[i];

		if (full && p->kind == POSTED_FINISHED) {
			r->posted[kept++] = *p;
			continue;
		}
		tell_model(r, p, full);
		verdict_done(&p->verdict);
	}
	r->n_posted = kept;
}

void run_take_told(struct run_state *r)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&r->sim.told))) {
		STAILQ_REMOVE_HEAD(&r->sim.told, link);
		if (msg->kind == CONTROL_REPLY)
			model_replied(&r->model, (struct request *)msg);
		control_message_free(msg);
	}
}

/* Connections of all attempts, or of those that a party has. */
static int64_t connections(struct run_state *r, int origin, int64_t owner)
{
	const struct sim_attempt *a;
	int64_t n = 0;

	TAILQ_FOREACH(a, &r->sim.attempts, link) {
		const struct model_job *m = &r->model.jobs[model_index(a->job)];

		if (!a->received && (origin < 0 || m->started_origin == origin) &&
			(owner < 0 || m->owner == owner))
			n += 1 + a->used;
	}
	return n;
}

static void check_bounds(struct run_state *r, const struct sim_attempt *attempt, const char *what)
{
	const struct model *model = &r->model;
	int index = model_index(attempt->job);
	const struct model_job *m = &model->jobs[index];

	if (connections(r, -1, -1) > model->max_active)
		sim_fail("j%d %s over MaxActive=%lld", index, what, (long long)model->max_active);
	if (connections(r, m->started_origin, -1) > model->max_per_host)
		sim_fail("j%d %s over MaxPerHost=%lld", index, what, (long long)model->max_per_host);
	if (model->max_per_user > 0 && connections(r, -1, m->owner) > model->max_per_user)
		sim_fail("j%d %s over MaxActivePerUser=%lld", index, what, (long long)model->max_per_user);
}

/* Further connections are none above what their host is thought to take now. */
static void check_extra(struct run_state *r)
{
	struct sim_attempt *attempt;

	TAILQ_FOREACH(attempt, &r->sim.attempts, link) {
		int index = model_index(attempt->job);
		struct run *run = run_find(r->sim.engine, attempt->job_id);
		struct host_limits limits;

		if (attempt->used == 0 || !run || !run->host)
			continue;
		host_limits(r->sim.engine, run->host, &limits);
		if (run->host->active > limits.limit)
			sim_fail("j%d has %u further connections, and its host %u above its limit of %u",
				index, attempt->used, run->host->active, limits.limit);
	}
}

static void on_start(struct sim_attempt *attempt, void *arg)
{
	struct run_state *r = arg;

	model_started(&r->model, attempt->job);
	check_bounds(r, attempt, "is started");
	run_trace(r, "    start j%d\n", model_index(attempt->job));
}

static void on_split(struct sim_attempt *attempt, void *arg)
{
	struct run_state *r = arg;

	check_bounds(r, attempt, "gets a connection");
	run_trace(r, "    split j%d: %u\n", model_index(attempt->job), 1 + attempt->used);
}

void run_open(struct run_state *r)
{
	if (sim_open(&r->sim) != 0)
		sim_fail("the queue cannot be opened again");
	r->sim.on_start = on_start;
	r->sim.on_split = on_split;
	r->sim.splits = true;
	r->sim.arg = r;
	model_tune(&r->model, r->sim.config);
}

void run_settle(struct run_state *r)
{
	bool full = is_full(r);

	/* What has come of an end that found no room is judged when there is. */
	r->at_once = r->at_once && full;
	tell_posted(r, full);
	model_work(&r->model, full);
	sim_settle(&r->sim);
	if (r->sim.engine->failed)
		sim_fail("the engine has failed by itself");
	run_take_told(r);
	model_check(&r->model, &r->sim, full);
	if (!full)
		check_extra(r);
}

void run_crash(struct run_state *r)
{
	forget_posted(r);
	sim_crash(&r->sim);
	model_crashed(&r->model);
	run_open(r);
	run_settle(r);
}

void run_settle_faulty(struct run_state *r, enum sim_fault fault)
{
	static struct model before;
	bool was_full = is_full(r);

	before = r->model;
	sim_fault(fault);
	if (fault == SIM_FAULT_FULL) {
		/* Nothing of it has happened, but that slots were given back. */
		tell_posted(r, true);
		model_undone(&r->model);
		sim_settle(&r->sim);
		run_take_told(r);
		model_check(&r->model, &r->sim, true);
		return;
	}
	tell_posted(r, was_full);
	model_work(&r->model, was_full);
	r->sim.on_start = NULL;
	(void)sim_turn(&r->sim);
	if (fault == SIM_FAULT_BEFORE)
		r->model = before;
	run_crash(r);
}
