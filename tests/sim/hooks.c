/* The scene for hooks. */
#include "config.h"

#include "tests/sim/hooks.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

static const char *const overrides[] = {
	"Hooks.Concurrency=3",
	"Hook one.Command=/bin/true",
	"Hook one.MaxAttempts=3",
	"Hook two.Command=/bin/true",
	"Hook two.On=done,failed",
	"Hook slow.Command=/bin/true",
	"Hook slow.Concurrency=1",
	"Hook sorry.Command=/bin/true",
	"Hook sorry.On=failed",
	"Hook all.Command=/bin/true",
	"Hook all.On=group-done",
	"Hook allmore.Command=/bin/true",
	"Hook allmore.On=group-done",
	"Hook once.Command=/bin/true",
	"Hook once.MaxAttempts=1",
};

struct config *scene_config(const struct scene *s, bool has_one)
{
	size_t skip = has_one ? 0 : 3;

	return sim_config(s->dir, overrides + skip, ARRAY_LEN(overrides) - skip);
}

void scene_open(struct scene *s)
{
	*s = (struct scene){.dir = sim_make_directory()};
	log_set_level(LOG_LEVEL_ERR);
	sim_clock_reset();
	sim_init(&s->sim, s->dir, scene_config(s, true));
	assert_int_equal(sim_open(&s->sim), 0);
}

void scene_close(struct scene *s)
{
	sim_crash(&s->sim);
	sim_done(&s->sim);
	sim_remove_directory(s->dir);
	free(s->dir);
}

/* ---- driving */

struct request *add_of(size_t n, const char *prefix, const char *hooks, const char *group)
{
	struct job **jobs = xcalloc(n, sizeof(struct job *));

	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *name = xasprintf("%s-%zu", prefix, i);

		jobs[i] = sim_job(ANNA, "http://a.example:80", name);
		jobs[i]->hooks = xstrdup_null(hooks);
		jobs[i]->group = xstrdup_null(group);
	}
	return sim_add(ANNA, jobs, n);
}

void check_bounds(struct scene *s)
{
	struct sim_hook *hook;
	size_t slow = 0;

	TAILQ_FOREACH(hook, &s->sim.hooks, link) {
		slow += strcmp(hook->task->hook->name, "slow") == 0;
	}
	assert_true(s->sim.n_hooks <= 3 && slow <= 1);
	s->most = s->sim.n_hooks > s->most ? s->sim.n_hooks : s->most;
	s->most_slow = slow > s->most_slow ? slow : s->most_slow;
}

void forget_told(struct scene *s)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		control_message_free(msg);
	}
}

/* How often the event was told since the last look. */
size_t settle(struct scene *s, enum event_kind kind)
{
	struct msg *msg;
	size_t n = 0;

	sim_settle(&s->sim);
	check_bounds(s);
	STAILQ_FOREACH(msg, &s->sim.told, link) {
		n += msg->kind == CONTROL_EVENT && ((struct engine_event *)msg)->event.kind == kind;
	}
	forget_told(s);
	return n;
}

/* The answer to what was posted last; the caller's. NULL: none came. */
struct request *answer(struct scene *s)
{
	struct request *found = NULL;
	struct msg *msg;

	sim_settle(&s->sim);
	while ((msg = STAILQ_FIRST(&s->sim.told))) {
		STAILQ_REMOVE_HEAD(&s->sim.told, link);
		if (msg->kind == CONTROL_REPLY && !found)
			found = (struct request *)msg;
		else
			control_message_free(msg);
	}
	return found;
}

void expect(struct scene *s, struct request *request, enum request_error error)
{
	struct request *reply;

	sim_post(&s->sim, &request->msg);
	reply = answer(s);
	assert_non_null(reply);
	assert_int_equal(reply->error, error);
	request_free(reply);
}

void end_attempt(struct scene *s, enum verdict_class class)
{
	struct verdict verdict;

	verdict_init(&verdict);
	if (class == VERDICT_OK)
		verdict.class = VERDICT_OK;
	else
		verdict_set(&verdict, class, "E_HTTP_404", "no");
	sim_post(&s->sim, &sim_finish(&s->sim, TAILQ_FIRST(&s->sim.attempts), &verdict, 10)->msg);
}

/* All that run now, as they stand in line. */
void end_attempts(struct scene *s, enum verdict_class class)
{
	sim_settle(&s->sim);
	while (s->sim.n_attempts > 0) {
		end_attempt(s, class);
		sim_settle(&s->sim);
	}
}

void end_hook(struct scene *s, enum hook_end end, int status)
{
	assert_true(s->sim.n_hooks > 0);
	sim_hook_finish(&s->sim, TAILQ_FIRST(&s->sim.hooks), end, status);
}

const char *running(struct scene *s)
{
	return s->sim.n_hooks > 0 ? TAILQ_FIRST(&s->sim.hooks)->task->hook->name : "";
}

struct request *verb(enum request_verb verb, int64_t id, bool hooks)
{
	struct request *request = request_new(REQUEST_CHANGE);

	request->uid = ANNA;
	request->verb = verb;
	request->filter.owner = ANNA;
	request->hooks_only = hooks;
	request->filter.ids = xcalloc(1, sizeof(int64_t));
	request->filter.ids[0] = id;
	request->filter.n_ids = 1;
	return request;
}

/* ---- looking */

enum job_hook_state sum_of(struct scene *s, int64_t job_id)
{
	enum job_hook_state sum;
	struct job *job;

	assert_int_equal(store_get(s->sim.engine->store, job_id, &job), 0);
	sum = job->hook;
	job_free(job);
	return sum;
}

/* One row of a job; job_hook_done(). */
struct job_hook row_of(struct scene *s, int64_t job_id, int64_t group_id, size_t i)
{
	struct job_hook *hooks, found;
	size_t n;

	assert_int_equal(store_hooks(s->sim.engine->store, job_id, group_id, &hooks, &n), 0);
	assert_true(i < n);
	found = hooks[i];
	job_hook_init(&hooks[i]);
	job_hooks_free(hooks, n);
	return found;
}

size_t count_rows(struct scene *s, int64_t job_id, int64_t group_id)
{
	struct job_hook *hooks;
	size_t n;

	assert_int_equal(store_hooks(s->sim.engine->store, job_id, group_id, &hooks, &n), 0);
	job_hooks_free(hooks, n);
	return n;
}

void check_row(struct scene *s, int64_t job_id, size_t i, enum job_hook_state state, int attempts)
{
	struct job_hook row = row_of(s, job_id, 0, i);

	assert_int_equal(row.state, state);
	assert_int_equal(row.attempts, attempts);
	job_hook_done(&row);
}
