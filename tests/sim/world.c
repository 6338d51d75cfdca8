/* World: how attempts end, time, settings and restarts; and a history from its beginning to its end. */
#include "config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "job/classify.h"
#include "tests/sim/run.h"

#define FINALE_MAX 5000
#define MEBIBYTE   ((int64_t)1 << 20)

static struct sim_attempt *pick_attempt(const struct run_state *r, unsigned a)
{
	struct sim_attempt *attempt = TAILQ_FIRST(&r->sim.attempts);

	for (size_t i = 0; attempt && i < a % r->sim.n_attempts; i++)
		attempt = TAILQ_NEXT(attempt, link);
	return attempt;
}

enum answer {
	ANSWER_OK,
	ANSWER_NOT_FOUND,
	ANSWER_UNAVAILABLE,
	ANSWER_TOO_MANY,
	ANSWER_REFUSED,
	ANSWER_TIMEOUT,
	ANSWER_NO_SPACE,
	ANSWER_CHANGED,
	ANSWER_SERVER_ERROR,
	ANSWER_ABORTED,
};

/* As transfer/ makes them. */
static void make_verdict(struct verdict *v, enum answer answer)
{
	verdict_init(v);
	switch (answer) {
	case ANSWER_OK: return;
	case ANSWER_NOT_FOUND: classify_http(v, 404); return;
	case ANSWER_UNAVAILABLE: classify_http(v, 503); return;
	case ANSWER_TOO_MANY:
		v->retry_after_usec = 20 * USEC_PER_SEC;
		classify_http(v, 429);
		return;
	case ANSWER_REFUSED: classify_curl(v, 7, NULL); return;
	case ANSWER_TIMEOUT: classify_curl(v, 28, NULL); return;
	case ANSWER_NO_SPACE: classify_errno(v, 28, "write", "/srv/file"); return;
	case ANSWER_CHANGED:
		verdict_set(v, VERDICT_RESTART, "E_CHANGED", "the file changed on the server");
		return;
	case ANSWER_SERVER_ERROR: classify_http(v, 500); return;
	case ANSWER_ABORTED: v->class = VERDICT_ABORTED; return;
	}
}

static void finish(struct run_state *r, struct sim_attempt *attempt, enum answer answer, int64_t bytes)
{
	struct posted *p = run_remember(r, POSTED_FINISHED);
	struct verdict verdict;

	p->index = model_index(attempt->job);
	r->at_once |= r->model.jobs[p->index].deadline_usec - clock_wall_usec() < 7200 * USEC_PER_SEC;
	r->at_once |= r->model.jobs[p->index].n_mirrors > 0;
	p->progress = bytes;
	make_verdict(&p->verdict, answer);
	make_verdict(&verdict, answer);
	run_trace(r, "  j%d ends: %s\n", p->index,
		verdict.code ? verdict.code : verdict_class_name(verdict.class));
	if (verdict.class == VERDICT_OK)
		r->model.jobs[p->index].file = r->model.jobs[p->index].started.edits;
	sim_post(&r->sim, &sim_finish(&r->sim, attempt, &verdict, bytes)->msg);
}

static void op_finish(struct run_state *r, const struct op *op)
{
	static const enum answer answers[] = {ANSWER_OK, ANSWER_OK, ANSWER_OK, ANSWER_OK, ANSWER_NOT_FOUND,
		ANSWER_UNAVAILABLE, ANSWER_TOO_MANY, ANSWER_REFUSED, ANSWER_TIMEOUT, ANSWER_NO_SPACE,
		ANSWER_CHANGED, ANSWER_SERVER_ERROR};
	struct sim_attempt *attempt = pick_attempt(r, op->a);
	enum answer answer = answers[op->b % ARRAY_LEN(answers)];

	if (!attempt)
		return;
	if (attempt->cancelled && op->c % 4 != 0)
		answer = ANSWER_ABORTED;
	finish(r, attempt, answer, op->c % 5 == 0 ? 2 * MEBIBYTE : 100);
}

static void op_received(struct run_state *r, const struct op *op)
{
	struct sim_attempt *attempt = pick_attempt(r, op->a);

	if (!attempt || attempt->received)
		return;
	run_remember(r, POSTED_RECEIVED)->index = model_index(attempt->job);
	run_trace(r, "  j%d is received\n", model_index(attempt->job));
	sim_post(&r->sim, &sim_received(attempt)->msg);
}

static void op_checkpoint(struct run_state *r, const struct op *op)
{
	struct sim_attempt *attempt = pick_attempt(r, op->a);

	if (attempt)
		sim_post(&r->sim, &sim_checkpoint(attempt, 1000)->msg);
}

static void op_time(struct run_state *r, const struct op *op)
{
	static const int64_t spans[] = {1, 100 * USEC_PER_MSEC, USEC_PER_SEC, 2 * USEC_PER_SEC,
		10 * USEC_PER_SEC, 40 * USEC_PER_SEC, 600 * USEC_PER_SEC, 3600 * USEC_PER_SEC};
	int64_t next = engine_next_usec(r->sim.engine) - sim_now();

	/* Half of the time to the very moment when something is due, or just before. */
	if (op->a % 4 < 2 && next > 0 && next < 7200 * USEC_PER_SEC)
		sim_advance(next - (op->a % 4));
	else
		sim_advance(spans[op->b % ARRAY_LEN(spans)]);
	run_trace(r, "  time: %lld us\n", (long long)sim_now());
}

static struct config *make_config(const char *dir, unsigned active, unsigned per_host, unsigned rest)
{
	CLEANUP_FREE char *max_active = xasprintf("Queue.MaxActive=%u", 1 + active % 6);
	CLEANUP_FREE char *max_per_host = xasprintf("Queue.MaxPerHost=%u", 1 + per_host % 3);
	CLEANUP_FREE char *per_user = xasprintf("Queue.MaxActivePerUser=%u", rest / 2 % 4);
	const char *ageing = rest % 2 ? "Queue.Ageing=10s" : "Queue.Ageing=infinity";
	const char *governed = rest / 8 % 4 == 0 ? "yes" : "no";
	CLEANUP_FREE char *adaptive = xasprintf("Hosts.Adaptive=%s", governed);
	CLEANUP_FREE char *breaker = xasprintf("Hosts.Breaker=%s", governed);
	const char *budget = rest / 8 % 4 == 0 ? "Hosts.RetriesPerHost=1" : "Hosts.RetriesPerHost=0";
	const char *overrides[] = {max_active, max_per_host, per_user, ageing, adaptive, breaker, budget,
		"Queue.KeepFinished=3650d", "Queue.KeepFailed=3650d", "Retry.MaxAttempts=4"};

	return sim_config(dir, overrides, ARRAY_LEN(overrides));
}

static void op_reload(struct run_state *r, const struct op *op)
{
	struct request *request = request_new(REQUEST_RELOAD);

	run_settle(r);
	config_unref(r->sim.config);
	r->sim.config = make_config(r->sim.dir, op->a, op->b, op->c);
	run_trace(r, "  MaxActive=%d MaxPerHost=%d MaxActivePerUser=%d\n", (int)r->sim.config->max_active,
		(int)r->sim.config->max_per_host, (int)r->sim.config->max_active_per_user);
	request->config = config_ref(r->sim.config);
	model_plain(&r->model, request, REQUEST_OK);
	model_tune(&r->model, r->sim.config);
	sim_post(&r->sim, &request->msg);
}

/* A clean stop: attempts end, and the daemon is started again. */
static void op_restart(struct run_state *r, const struct op *op)
{
	struct request *request = request_new(REQUEST_STOP);
	unsigned i = 0;

	sim_advance(2 * USEC_PER_SEC); /* the database has room again, if it had none */
	run_settle(r);
	model_plain(&r->model, request, REQUEST_OK);
	r->model.stopping = true;
	sim_post(&r->sim, &request->msg);
	run_settle(r);
	while (r->sim.n_attempts > 0) {
		if (!TAILQ_FIRST(&r->sim.attempts)->cancelled)
			sim_fail("the stop did not reach an attempt");
		finish(r, TAILQ_FIRST(&r->sim.attempts),
			op->a % 2 && i++ == op->b % 4 ? ANSWER_OK : ANSWER_ABORTED, 100);
		run_settle(r);
	}
	if (!r->sim.engine->done)
		sim_fail("all attempts have ended, and the engine has not");
	sim_close(&r->sim);
	run_take_told(r);
	if (r->sim.n_asked > 0)
		sim_fail("stopped without an answer to a request");
	model_crashed(&r->model);
	run_open(r);
}

static void do_op(struct run_state *r, const struct op *op)
{
	run_trace(r, "%s:%u:%u:%u fault %u later %d\n", history_op_name(op->kind), op->a, op->b, op->c,
		op->fault, op->later);
	switch (op->kind) {
	case OP_ADD:
	case OP_MIRRORED: op_add(r, op); break;
	case OP_CHANGE: op_change(r, op); break;
	case OP_EDIT:
	case OP_MIRRORS: op_edit(r, op); break;
	case OP_FINISH: op_finish(r, op); break;
	case OP_RECEIVED: op_received(r, op); break;
	case OP_CHECKPOINT: op_checkpoint(r, op); break;
	case OP_TIME: op_time(r, op); break;
	case OP_RELOAD:
		op_reload(r, op);
		run_settle(r);
		return;
	case OP_CRASH: run_crash(r); return;
	case OP_RESTART:
		op_restart(r, op);
		run_settle(r);
		return;
	}
	if (op->fault != SIM_FAULT_NONE)
		run_settle_faulty(r, (enum sim_fault)op->fault);
	else if (!op->later || r->at_once || r->n_posted + 2 > POSTED_MAX / 2)
		run_settle(r);
}

static bool has_ended(const struct model *model)
{
	for (size_t i = 0; i < model->n_jobs; i++) {
		const struct model_job *m = &model->jobs[i];

		if (m->running || (m->there && !job_state_ended(m->state) && !model_is_stuck(model, m)))
			return false;
	}
	return true;
}

/* Hosts answer, and everything comes to its end. */
static void finale(struct run_state *r)
{
	run_trace(r, "finale\n");
	for (int round = 0; round < FINALE_MAX; round++) {
		int64_t next;

		run_settle(r);
		if (has_ended(&r->model))
			break;
		if (r->n_posted == 0 && r->sim.n_attempts > 0) {
			struct sim_attempt *attempt = TAILQ_FIRST(&r->sim.attempts);

			finish(r, attempt, attempt->cancelled ? ANSWER_ABORTED : ANSWER_OK, 100);
			continue;
		}
		next = engine_next_usec(r->sim.engine) - sim_now();
		sim_advance(next > 0 ? next : 1);
	}
	model_check_end(&r->model, &r->sim);
}

void history_run(const struct history *history, const char *dir, bool trace_on)
{
	struct run_state *r = xcalloc(1, sizeof(*r));
	struct config *config = make_config(
		dir, (unsigned)history->seed, (unsigned)(history->seed / 6), (unsigned)(history->seed / 18));

	r->trace = trace_on;
	sim_clock_reset();
	sim_init(&r->sim, dir, config);
	r->sim.seed = history->seed;
	model_init(&r->model, config);
	run_open(r);
	run_settle(r);
	for (size_t i = 0; i < history->n; i++)
		do_op(r, &history->ops[i]);
	finale(r);
	sim_crash(&r->sim);
	sim_done(&r->sim);
	free(r);
}
