/* A simulated origin and a client with endless work for it, for test_governor and bench/governor: no time
 * passes but that of the simulation, and the same seed gives the same run.
 */
#ifndef UNIT_ORIGIN_SIM_H
#define UNIT_ORIGIN_SIM_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/rng.h"
#include "job/governor.h"

#define SIM_ACTIVE_MAX 1024
/* A transfer tells of its bytes so often, and at its end. */
#define SIM_REPORT_USEC (5 * USEC_PER_SEC)

/* What the origin does with what is more than it takes. */
enum sim_kind {
	SIM_REFUSE, /* more than limit at once: 429 */
	SIM_QUEUE,  /* more than limit at once wait for their turn, in order */
	SIM_SHARE,  /* as fast as you like, but all share bytes_per_sec after the latency */
	SIM_RATE,   /* more than limit requests a second: 429; a bucket of burst */
};

struct sim_origin {
	enum sim_kind kind;
	unsigned limit; /* 0: none */
	unsigned burst; /* SIM_RATE */
	int64_t latency_min_usec, latency_max_usec;
	int64_t refusal_usec; /* after which a 429 is there */
	int64_t file_bytes;
	int64_t bytes_per_sec; /* SIM_SHARE */
	int64_t change_usec;   /* from then on limit is next_limit; 0: never */
	unsigned next_limit;
	unsigned broken_permille;	 /* so many of 1000 jobs get refused_as, whatever the load */
	enum governor_answer refused_as; /* SUCCESS (0): GOVERNOR_OVERLOAD */
};

/* What the client does; a span may be left out of the figures. */
struct sim_client {
	const struct governor_policy *policy; /* adaptive=false: a fixed limit */
	int64_t total_usec, from_usec;	      /* figures count answers in [from, total) */
	unsigned jobs;			      /* 0: endless */
	uint64_t seed;
};

struct sim_result {
	double bytes; /* from from_usec on */
	unsigned long answers, refused;
	unsigned long early_answers, early_refused; /* before */
	unsigned limit, peak_limit, peak_active;    /* at the end, highest, most active */
	double mean_limit;			    /* over the answers, from from_usec on */
	int64_t end_usec;
};

enum sim_state {
	SIM_WAITING, /* in the origin's queue */
	SIM_RUNNING, /* until due_usec, or until its bytes are there */
};

struct sim_attempt {
	struct governor_ticket ticket;
	enum sim_state state;
	enum governor_answer answer;
	int64_t due_usec; /* end, or SIM_SHARE: begin of the bytes */
	double left_bytes, told_bytes;
	int64_t latency_usec;
	int64_t job_id;
	uint64_t order;
	bool holds; /* one of the origin's limit */
};

struct sim {
	const struct sim_origin *o;
	const struct sim_client *c;
	struct governor governor;
	struct rng rng;
	int64_t now_usec, report_usec;
	double tokens;
	int64_t tokens_usec;
	unsigned held;
	unsigned active;
	uint64_t started;
	double limit_sum;
	struct sim_result *ret;
	struct sim_attempt attempts[SIM_ACTIVE_MAX];
};

static inline unsigned sim_limit(const struct sim *s)
{
	unsigned limit =
		s->o->change_usec > 0 && s->now_usec >= s->o->change_usec ? s->o->next_limit : s->o->limit;

	return limit > 0 ? limit : SIM_ACTIVE_MAX;
}

static inline bool sim_take_token(struct sim *s)
{
	double rate = (double)sim_limit(s);

	s->tokens += (double)(s->now_usec - s->tokens_usec) / (double)USEC_PER_SEC * rate;
	if (s->tokens > s->o->burst)
		s->tokens = s->o->burst;
	s->tokens_usec = s->now_usec;
	if (s->tokens < 1)
		return false;
	s->tokens -= 1;
	return true;
}

static inline bool sim_admits(struct sim *s)
{
	switch (s->o->kind) {
	case SIM_REFUSE: return s->held < sim_limit(s);
	case SIM_RATE: return sim_take_token(s);
	case SIM_QUEUE:
	case SIM_SHARE: break;
	}
	return true;
}

static inline void sim_run(struct sim *s, struct sim_attempt *a)
{
	a->state = SIM_RUNNING;
	a->due_usec = s->now_usec + a->latency_usec;
	a->holds = true;
	s->held++;
}

static inline void sim_start(struct sim *s)
{
	struct sim_attempt *a = &s->attempts[s->active++];
	int64_t spread_usec = s->o->latency_max_usec - s->o->latency_min_usec;

	assert(s->active <= SIM_ACTIVE_MAX);
	*a = (struct sim_attempt){
		.answer = GOVERNOR_SUCCESS, .job_id = (int64_t)++s->started, .order = s->started};
	a->latency_usec = s->o->latency_min_usec + rng_upto(&s->rng, spread_usec);
	a->left_bytes = a->told_bytes = (double)s->o->file_bytes;
	governor_started(&s->governor, s->c->policy, s->active, s->now_usec, &a->ticket);
	if (s->active > s->ret->peak_active)
		s->ret->peak_active = s->active;
	if (!sim_admits(s) || rng_upto(&s->rng, 999) < s->o->broken_permille) {
		a->state = SIM_RUNNING;
		a->answer = s->o->refused_as ? s->o->refused_as : GOVERNOR_OVERLOAD;
		a->due_usec = s->now_usec + s->o->refusal_usec;
	} else if (s->o->kind == SIM_QUEUE && s->held >= sim_limit(s)) {
		a->state = SIM_WAITING;
	} else {
		sim_run(s, a);
	}
}

static inline bool sim_flows(const struct sim *s, const struct sim_attempt *a)
{
	return s->o->kind == SIM_SHARE && a->answer == GOVERNOR_SUCCESS && a->due_usec <= s->now_usec;
}

static inline double sim_flow_share(const struct sim *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->active; i++)
		n += sim_flows(s, &s->attempts[i]);
	return n > 0 ? (double)s->o->bytes_per_sec / n : 0;
}

static inline void sim_see_limit(struct sim *s)
{
	unsigned limit = governor_limit(&s->governor, s->c->policy);

	if (limit > s->ret->peak_limit)
		s->ret->peak_limit = limit;
}

/* When the next thing happens: an end, the begin of bytes, or what blocks starts is over. */
static inline int64_t sim_next(const struct sim *s, int64_t blocked_until_usec)
{
	int64_t next = s->c->total_usec < s->report_usec ? s->c->total_usec : s->report_usec;
	double share = sim_flow_share(s);

	if (blocked_until_usec > s->now_usec && blocked_until_usec < next)
		next = blocked_until_usec;
	for (unsigned i = 0; i < s->active; i++) {
		const struct sim_attempt *a = &s->attempts[i];
		int64_t at = a->due_usec;

		if (a->state == SIM_WAITING)
			continue;
		if (sim_flows(s, a))
			at = s->now_usec + 1 + (int64_t)(a->left_bytes / share * (double)USEC_PER_SEC);
		if (at < next)
			next = at;
	}
	return next;
}

/* Bytes that have come since the last report. */
static inline void sim_report(struct sim *s, struct sim_attempt *a)
{
	double bytes = a->told_bytes - a->left_bytes;

	a->told_bytes = a->left_bytes;
	if (bytes < 1)
		return;
	if (s->now_usec >= s->c->from_usec)
		s->ret->bytes += bytes;
	governor_bytes(&s->governor, s->c->policy, (int64_t)bytes, s->now_usec);
	sim_see_limit(s);
}

static inline void sim_pass(struct sim *s, int64_t until_usec)
{
	double bytes = sim_flow_share(s) * (double)(until_usec - s->now_usec) / (double)USEC_PER_SEC;

	for (unsigned i = 0; i < s->active; i++) {
		struct sim_attempt *a = &s->attempts[i];

		if (sim_flows(s, a))
			a->left_bytes = a->left_bytes > bytes ? a->left_bytes - bytes : 0;
	}
	s->now_usec = until_usec;
	if (until_usec < s->report_usec)
		return;
	s->report_usec += SIM_REPORT_USEC;
	for (unsigned i = 0; i < s->active; i++)
		sim_report(s, &s->attempts[i]);
}

static inline void sim_count(struct sim *s, const struct sim_attempt *a)
{
	struct sim_result *r = s->ret;
	bool late = s->now_usec >= s->c->from_usec, refused = a->answer != GOVERNOR_SUCCESS;

	*(late ? &r->answers : &r->early_answers) += 1;
	*(late ? &r->refused : &r->early_refused) += refused;
	if (late)
		s->limit_sum += governor_limit(&s->governor, s->c->policy);
}

/* The longest waiting one's turn. */
static inline void sim_admit_waiting(struct sim *s)
{
	while (s->held < sim_limit(s)) {
		struct sim_attempt *first = NULL;

		for (unsigned i = 0; i < s->active; i++) {
			struct sim_attempt *a = &s->attempts[i];

			if (a->state == SIM_WAITING && (!first || a->order < first->order))
				first = a;
		}
		if (!first)
			return;
		sim_run(s, first);
	}
}

static inline bool sim_is_over(const struct sim *s, const struct sim_attempt *a)
{
	if (a->state == SIM_WAITING || a->due_usec > s->now_usec)
		return false;
	return !sim_flows(s, a) || a->left_bytes < 1;
}

static inline void sim_end(struct sim *s, unsigned i)
{
	struct sim_attempt a = s->attempts[i];

	s->attempts[i] = s->attempts[--s->active];
	s->held -= a.holds;
	sim_count(s, &a);
	if (a.answer == GOVERNOR_SUCCESS)
		a.left_bytes = 0;
	sim_report(s, &a);
	governor_ended(&s->governor, s->c->policy, &a.ticket, a.answer, a.job_id, s->now_usec);
	sim_see_limit(s);
}

/* As the engine does: silence is listened to before each start. Returns when to look again; 0: not before
 * something ends. */
static inline int64_t sim_fill(struct sim *s)
{
	int64_t until_usec = 0, ramp_usec = 0;

	while (s->c->jobs == 0 || s->started < s->c->jobs) {
		enum governor_block block;

		governor_ramp(&s->governor, s->c->policy, s->now_usec, &ramp_usec);
		sim_see_limit(s);
		block = governor_may_start(&s->governor, s->c->policy, s->active, s->now_usec, &until_usec);
		if (block == GOVERNOR_LIMIT)
			return ramp_usec;
		if (block != GOVERNOR_FREE)
			return until_usec;
		sim_start(s);
	}
	return 0;
}

/* The attempts end in the order they started in where they end in the same moment. */
static inline void sim_play(
	const struct sim_origin *origin, const struct sim_client *client, struct sim_result *ret)
{
	static struct sim s;

	*ret = (struct sim_result){0};
	memset(&s, 0, sizeof(s));
	s.o = origin;
	s.c = client;
	s.ret = ret;
	s.tokens = origin->burst;
	s.report_usec = SIM_REPORT_USEC;
	rng_seed(&s.rng, client->seed);
	governor_init(&s.governor, client->policy, 0);
	while (s.now_usec < client->total_usec) {
		int64_t until_usec = sim_fill(&s);

		if (s.active == 0 && until_usec == 0)
			break;
		sim_pass(&s, sim_next(&s, until_usec));
		for (unsigned i = 0; i < s.active;) {
			if (sim_is_over(&s, &s.attempts[i]))
				sim_end(&s, i);
			else
				i++;
		}
		sim_admit_waiting(&s);
	}
	ret->limit = governor_limit(&s.governor, client->policy);
	ret->mean_limit = ret->answers > 0 ? s.limit_sum / (double)ret->answers : 0;
	ret->end_usec = s.now_usec;
}

#endif
