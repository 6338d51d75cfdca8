/* History: making, telling and carrying out. Owns nothing that outlives a run. */
#include "config.h"

#include "tests/sim/history.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "job/classify.h"
#include "tests/sim/model.h"

#define ADD_MAX	   6
#define POSTED_MAX 64
#define FINALE_MAX 5000
#define MEBIBYTE   ((int64_t)1 << 20)

/* ---- making */

static const struct {
	const char *name;
	unsigned weight;
} kinds[OP_KINDS] = {
	[OP_ADD] = {"add", 16},
	[OP_CHANGE] = {"change", 20},
	[OP_EDIT] = {"edit", 10},
	[OP_FINISH] = {"finish", 36},
	[OP_RECEIVED] = {"received", 4},
	[OP_CHECKPOINT] = {"checkpoint", 3},
	[OP_TIME] = {"time", 15},
	[OP_RELOAD] = {"reload", 2},
	[OP_CRASH] = {"crash", 2},
	[OP_RESTART] = {"restart", 2},
};

static enum op_kind random_kind(struct rng *rng)
{
	unsigned total = 0, at;
	int kind;

	for (kind = 0; kind < OP_KINDS; kind++)
		total += kinds[kind].weight;
	at = (unsigned)rng_upto(rng, total - 1);
	for (kind = 0; at >= kinds[kind].weight; kind++)
		at -= kinds[kind].weight;
	return (enum op_kind)kind;
}

static unsigned small_number(struct rng *rng)
{
	return (unsigned)rng_upto(rng, 999);
}

void history_make(struct history *history, uint64_t seed)
{
	struct rng rng;

	memset(history, 0, sizeof(*history));
	rng_seed(&rng, seed);
	history->seed = seed;
	history->n = 10 + (size_t)rng_upto(&rng, HISTORY_MAX - 10);
	for (size_t i = 0; i < history->n; i++) {
		struct op *op = &history->ops[i];

		op->kind = random_kind(&rng);
		op->a = small_number(&rng);
		op->b = small_number(&rng);
		op->c = small_number(&rng);
		op->later = rng_upto(&rng, 4) == 0;
		if (rng_upto(&rng, 24) == 0)
			op->fault = 1 + (unsigned)rng_upto(&rng, SIM_FAULT_FULL - 1);
	}
}

/* ---- telling */

char *history_text(const struct history *history)
{
	char *text = xasprintf("%llu", (unsigned long long)history->seed);

	for (size_t i = 0; i < history->n; i++) {
		const struct op *op = &history->ops[i];
		char *longer = xasprintf("%s %s:%u:%u:%u:%u:%u", text, kinds[op->kind].name, op->a, op->b,
			op->c, op->fault, op->later);

		free(text);
		text = longer;
	}
	return text;
}

static bool parse_op(struct op *op, const char *word)
{
	char name[16];
	unsigned later;

	if (sscanf(word, "%15[a-z]:%u:%u:%u:%u:%u", name, &op->a, &op->b, &op->c, &op->fault, &later) != 6 ||
		op->fault > SIM_FAULT_FULL || later > 1)
		return false;
	op->later = later;
	for (int kind = 0; kind < OP_KINDS; kind++) {
		op->kind = (enum op_kind)kind;
		if (strcmp(kinds[kind].name, name) == 0)
			return true;
	}
	return false;
}

bool history_parse(struct history *history, const char *text)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	char *rest = copy, *word = strsep(&rest, " ");

	memset(history, 0, sizeof(*history));
	history->seed = strtoull(word, NULL, 10);
	while ((word = strsep(&rest, " "))) {
		if (history->n == HISTORY_MAX || !parse_op(&history->ops[history->n++], word))
			return false;
	}
	return true;
}

/* ---- carrying out */

enum posted_kind { POSTED_REQUEST, POSTED_RECEIVED, POSTED_FINISHED };

/* A message that the engine has and has not taken yet. */
struct posted {
	enum posted_kind kind;
	const struct request *request;
	size_t first, n; /* ADD */
	struct model_edit edit;
	int index; /* of the attempt's job */
	struct verdict verdict;
	int64_t progress;
};

struct run_state {
	struct sim sim;
	struct model model;
	struct posted posted[POSTED_MAX];
	size_t n_posted;
	int n_edits;
	bool at_once; /* whether it fails is known when its row is read: before the next that changes it */
	bool trace;
};

static void trace(const struct run_state *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void trace(const struct run_state *r, const char *fmt, ...)
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

static struct posted *remember(struct run_state *r, enum posted_kind kind)
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

static void take_told(struct run_state *r)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&r->sim.told))) {
		STAILQ_REMOVE_HEAD(&r->sim.told, link);
		if (msg->kind == CONTROL_REPLY)
			model_replied(&r->model, (struct request *)msg);
		control_message_free(msg);
	}
}

static void on_start(struct sim_attempt *attempt, void *arg)
{
	struct run_state *r = arg;

	model_started(&r->model, attempt->job);
	trace(r, "    start j%d\n", model_index(attempt->job));
}

static void open_again(struct run_state *r)
{
	if (sim_open(&r->sim) != 0)
		sim_fail("the queue cannot be opened again");
	r->sim.on_start = on_start;
	r->sim.arg = r;
	model_tune(&r->model, r->sim.config);
}

static void settle(struct run_state *r)
{
	bool full = is_full(r);

	r->at_once = false;
	tell_posted(r, full);
	model_work(&r->model, full);
	sim_settle(&r->sim);
	if (r->sim.engine->failed)
		sim_fail("the engine has failed by itself");
	take_told(r);
	model_check(&r->model, &r->sim, full);
}

static void crash(struct run_state *r)
{
	forget_posted(r);
	sim_crash(&r->sim);
	model_crashed(&r->model);
	open_again(r);
	settle(r);
}

/* The turn that takes what was posted does not come through as a turn should. */
static void settle_faulty(struct run_state *r, enum sim_fault fault)
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
		take_told(r);
		model_check(&r->model, &r->sim, true);
		return;
	}
	tell_posted(r, was_full);
	model_work(&r->model, was_full);
	r->sim.on_start = NULL;
	(void)sim_turn(&r->sim);
	if (fault == SIM_FAULT_BEFORE)
		r->model = before;
	crash(r);
}

/* ---- operations */

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

static struct sim_attempt *pick_attempt(const struct run_state *r, unsigned a)
{
	struct sim_attempt *attempt = TAILQ_FIRST(&r->sim.attempts);

	for (size_t i = 0; attempt && i < a % r->sim.n_attempts; i++)
		attempt = TAILQ_NEXT(attempt, link);
	return attempt;
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
		int index = pick_followed(r, small_number(rng), m->owner);

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
	if (rng_upto(&rng, 5) > 0)
		return;
	m->key = (int)rng_upto(&rng, MODEL_KEYS - 1);
	m->variant = rng_upto(&rng, 3) == 0;
	m->origin = m->key % MODEL_ORIGINS;
}

static void trace_followed(const struct run_state *r, const struct model_job *m)
{
	for (size_t i = 0; i < m->n_asked; i++)
		trace(r, "    follows j%d%s\n", m->asked[i].index,
			m->asked[i].any ? ", however it ends" : "");
}

static void op_add(struct run_state *r, const struct op *op)
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
		jobs[i] = model_make_job(&r->model, index);
		trace(r, "  j%d: %s, group %s, priority %d, key %d%s\n", index, jobs[i]->origin,
			jobs[i]->group ? jobs[i]->group : "-", (int)jobs[i]->priority,
			r->model.jobs[index].key,
			jobs[i]->options.deadline_usec > 0 ? ", has a deadline" : "");
		trace_followed(r, &r->model.jobs[index]);
	}
	trace(r, "  add j%zu to j%zu by %u\n", first, first + n - 1, (unsigned)jobs[0]->owner);
	p = remember(r, POSTED_REQUEST);
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

static void op_change(struct run_state *r, const struct op *op)
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
	trace(r, "  change verb %d, %s%lld %s %s\n", request->verb,
		request->filter.n_ids ? "job " : "selection ",
		request->filter.n_ids ? (long long)request->filter.ids[0] : 0LL,
		request->filter.group ? request->filter.group : "",
		request->filter.host ? request->filter.host : "");
	remember(r, POSTED_REQUEST)->request = request;
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

static void op_edit(struct run_state *r, const struct op *op)
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
	p = remember(r, POSTED_REQUEST);
	p->request = request;
	choose_edit(r, &p->edit, op);
	request->edit = make_edit(r, &p->edit);
	trace(r, "  edit j%d: fields %llx, e%d at %s, priority %d, deadline %lld, after j%d\n", index,
		(unsigned long long)p->edit.fields, p->edit.values.url, model_origins[p->edit.origin],
		(int)p->edit.priority, (long long)p->edit.values.deadline_usec, p->edit.after.index);
	sim_post(&r->sim, &request->msg);
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
	struct posted *p = remember(r, POSTED_FINISHED);
	struct verdict verdict;

	p->index = model_index(attempt->job);
	r->at_once |= r->model.jobs[p->index].deadline_usec - clock_wall_usec() < 7200 * USEC_PER_SEC;
	p->progress = bytes;
	make_verdict(&p->verdict, answer);
	make_verdict(&verdict, answer);
	trace(r, "  j%d ends: %s\n", p->index,
		verdict.code ? verdict.code : verdict_class_name(verdict.class));
	r->model.jobs[p->index].has_file |= verdict.class == VERDICT_OK;
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
	remember(r, POSTED_RECEIVED)->index = model_index(attempt->job);
	trace(r, "  j%d is received\n", model_index(attempt->job));
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
	trace(r, "  time: %lld us\n", (long long)sim_now());
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

	settle(r);
	config_unref(r->sim.config);
	r->sim.config = make_config(r->sim.dir, op->a, op->b, op->c);
	trace(r, "  MaxActive=%d MaxPerHost=%d MaxActivePerUser=%d\n", (int)r->sim.config->max_active,
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
	settle(r);
	model_plain(&r->model, request, REQUEST_OK);
	r->model.stopping = true;
	sim_post(&r->sim, &request->msg);
	settle(r);
	while (r->sim.n_attempts > 0) {
		if (!TAILQ_FIRST(&r->sim.attempts)->cancelled)
			sim_fail("the stop did not reach an attempt");
		finish(r, TAILQ_FIRST(&r->sim.attempts),
			op->a % 2 && i++ == op->b % 4 ? ANSWER_OK : ANSWER_ABORTED, 100);
		settle(r);
	}
	if (!r->sim.engine->done)
		sim_fail("all attempts have ended, and the engine has not");
	sim_close(&r->sim);
	take_told(r);
	if (r->sim.n_asked > 0)
		sim_fail("stopped without an answer to a request");
	model_crashed(&r->model);
	open_again(r);
}

static void do_op(struct run_state *r, const struct op *op)
{
	trace(r, "%s:%u:%u:%u fault %u later %d\n", kinds[op->kind].name, op->a, op->b, op->c, op->fault,
		op->later);
	switch (op->kind) {
	case OP_ADD: op_add(r, op); break;
	case OP_CHANGE: op_change(r, op); break;
	case OP_EDIT: op_edit(r, op); break;
	case OP_FINISH: op_finish(r, op); break;
	case OP_RECEIVED: op_received(r, op); break;
	case OP_CHECKPOINT: op_checkpoint(r, op); break;
	case OP_TIME: op_time(r, op); break;
	case OP_RELOAD:
		op_reload(r, op);
		settle(r);
		return;
	case OP_CRASH: crash(r); return;
	case OP_RESTART:
		op_restart(r, op);
		settle(r);
		return;
	}
	if (op->fault != SIM_FAULT_NONE)
		settle_faulty(r, (enum sim_fault)op->fault);
	else if (!op->later || r->at_once || r->n_posted + 2 > POSTED_MAX / 2)
		settle(r);
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
	trace(r, "finale\n");
	for (int round = 0; round < FINALE_MAX; round++) {
		int64_t next;

		settle(r);
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
	open_again(r);
	settle(r);
	for (size_t i = 0; i < history->n; i++)
		do_op(r, &history->ops[i]);
	finale(r);
	sim_crash(&r->sim);
	sim_done(&r->sim);
	free(r);
}
