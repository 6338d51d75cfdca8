/* engine/dependencies: an edit that would make a job follow itself, on a database of its own */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <unistd.h>

#include "fetchd/engine/internal.h"

static char folder[64];

static int setup(void **state)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));
	char *error = NULL;
	int exit_code;

	snprintf(folder, sizeof(folder), "/tmp/fetchd-dependencies-XXXXXX");
	assert_non_null(mkdtemp(folder));
	engine->store = store_open(folder, NULL, &error, &exit_code);
	assert_non_null(engine->store);
	*state = engine;
	return 0;
}

static int teardown(void **state)
{
	struct engine *engine = *state;
	char path[128];

	store_close(engine->store);
	free(engine);
	snprintf(path, sizeof(path), "%s/queue.db", folder);
	unlink(path);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

/* In a turn. Paused jobs: what they wait for moves nothing else. */
static int64_t add_in_turn(struct engine *engine, uid_t owner)
{
	struct job *job = job_new();
	int64_t id;

	job->url = xstrdup("http://example.org/a");
	job->origin = xstrdup("http://example.org:80");
	job->dir = xstrdup("/tmp");
	job->name = xstrdup("a");
	job->owner = owner;
	job->state = JOB_PAUSED;
	assert_int_equal(store_add(engine->store, job), 0);
	id = job->id;
	job_free(job);
	return id;
}

static int64_t add_job(struct engine *engine, uid_t owner)
{
	int64_t id;

	assert_int_equal(store_begin(engine->store), 0);
	id = add_in_turn(engine, owner);
	assert_int_equal(store_commit(engine->store), 0);
	return id;
}

/* NULL when it was taken, else the code. */
static const char *follow(struct engine *engine, int64_t job_id, int64_t after_id, bool any)
{
	struct request *request = request_new(REQUEST_CHANGE);
	const char *code;
	struct job *job;

	assert_int_equal(store_get(engine->store, job_id, &job), 0);
	assert_int_equal(store_begin(engine->store), 0);
	assert_int_equal(dependency_add(engine, request, job, after_id, any), 0);
	assert_int_equal(store_commit(engine->store), 0);
	code = request->error == REQUEST_OK ? NULL : request->error_code ? request->error_code : "state";
	job_free(job);
	request_free(request);
	return code;
}

static size_t waits_for(struct engine *engine, int64_t job_id)
{
	struct job_dependency *after;
	size_t n;

	assert_int_equal(store_dependencies(engine->store, job_id, &after, &n), 0);
	free(after);
	return n;
}

static void test_no_job_follows_itself(void **state)
{
	struct engine *engine = *state;
	int64_t a = add_job(engine, 0), b = add_job(engine, 0), c = add_job(engine, 0),
		d = add_job(engine, 0);

	CHECK_STR("a, a", follow(engine, a, a, true), "E_DEPENDENCY");
	CHECK_STR("b, a", follow(engine, b, a, false), NULL);
	CHECK_STR("c, b", follow(engine, c, b, true), NULL);
	CHECK_STR("a, c", follow(engine, a, c, false), "E_DEPENDENCY");
	CHECK_STR("a, b", follow(engine, a, b, true), "E_DEPENDENCY");
	/* Two ways to the same job are no circle. */
	CHECK_STR("d, c", follow(engine, d, c, false), NULL);
	CHECK_STR("d, a", follow(engine, d, a, false), NULL);
	assert_int_equal(waits_for(engine, a), 0);
	assert_int_equal(waits_for(engine, d), 2);
}

static void test_a_chain_too_long_to_look_through(void **state)
{
	struct engine *engine = *state;
	int64_t first = add_job(engine, 0), last = first, other = add_job(engine, 0);

	assert_int_equal(store_begin(engine->store), 0);
	for (int i = 0; i < 10000; i++) {
		const struct job_dependency after = {.id = last};

		last = add_in_turn(engine, 0);
		assert_int_equal(store_dependency_add(engine->store, last, &after), 0);
	}
	assert_int_equal(store_commit(engine->store), 0);
	CHECK_STR("too long", follow(engine, other, last, false), "E_DEPENDENCY");
	CHECK_STR("long", follow(engine, other, last - 5000, false), NULL);
}

static void test_whom_nobody_can_follow(void **state)
{
	struct engine *engine = *state;
	int64_t mine = add_job(engine, 0), theirs = add_job(engine, 5), job_id = add_job(engine, 0);
	struct job *job;

	CHECK_STR("no job", follow(engine, mine, 4711, true), "E_DEPENDENCY");
	CHECK_STR("another's", follow(engine, mine, theirs, true), "E_DEPENDENCY");
	assert_int_equal(store_get(engine->store, job_id, &job), 0);
	job->state = JOB_FAILED;
	assert_int_equal(store_begin(engine->store), 0);
	assert_int_equal(store_update(engine->store, job, JOB_PAUSED), 0);
	assert_int_equal(store_commit(engine->store), 0);
	job_free(job);
	CHECK_STR("failed", follow(engine, mine, job_id, false), "E_DEPENDENCY");
	CHECK_STR("ended", follow(engine, mine, job_id, true), NULL);
	CHECK_STR("a job that has ended", follow(engine, job_id, mine, true), "state");
	assert_int_equal(waits_for(engine, mine), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_job_follows_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_chain_too_long_to_look_through, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whom_nobody_can_follow, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
