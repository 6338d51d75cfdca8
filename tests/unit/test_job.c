/* job/job: life of the struct, and the words of the contract */
#include "config.h"

#include "unit.h"

#include "base/alloc.h"
#include "job/job.h"
#include "job/same.h"

static void test_empty_job(void **state)
{
	struct job job;

	(void)state;
	job_init(&job);
	assert_int_equal(job.state, JOB_QUEUED);
	assert_int_equal(job.waiting_for, JOB_WAIT_NONE);
	assert_int_equal(job.intent, JOB_INTENT_RUN);
	assert_int_equal(job.id, 0);
	assert_int_equal(job.received, 0);
	assert_int_equal(job.size, -1);
	assert_int_equal(job.options.limit_rate, -1);
	assert_int_equal(job.options.max_filesize, -1);
	assert_int_equal(job.options.retry_delay_usec, -1);
	assert_int_equal(job.options.max_time_usec, -1);
	assert_int_equal(job.options.connect_timeout_usec, -1);
	assert_int_equal(job.options.deadline_usec, -1);
	assert_int_equal(job.options.max_attempts, -1);
	assert_int_equal(job.options.on_conflict, -1);
	assert_null(job.url);
	assert_null(job.options.headers);
	job_done(&job);
	job_free(NULL);
}

/* Every string of a job, so that a forgotten one is a leak or a double free here. */
static void fill(struct job *job)
{
	char **const strings[] = {&job->url, &job->origin, &job->dir, &job->name, &job->group, &job->key,
		&job->etag, &job->last_modified, &job->effective_url, &job->error_code, &job->error_message,
		&job->options.headers, &job->options.user_agent, &job->options.referer,
		&job->options.checksum, &job->mirrors};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		*strings[i] = xasprintf("string %zu", i);
	job->id = 7;
	job->received = 99;
	job->options.max_attempts = 3;
}

static void test_dup_is_deep(void **state)
{
	struct job *job = job_new();

	(void)state;
	fill(job);
	struct job *copy = job_dup(job);

	assert_string_equal(copy->options.checksum, job->options.checksum);
	assert_ptr_not_equal(copy->options.checksum, job->options.checksum);
	job_free(job);
	assert_int_equal(copy->id, 7);
	assert_int_equal(copy->received, 99);
	assert_int_equal(copy->options.max_attempts, 3);
	assert_string_equal(copy->url, "string 0");
	assert_string_equal(copy->options.checksum, "string 14");
	job_done(copy);
	assert_null(copy->url);
	assert_null(copy->options.checksum);
	job_free(copy);
	struct job *empty = job_new(), *empty_copy = job_dup(empty);

	assert_null(empty_copy->url);
	job_free(empty);
	job_free(empty_copy);
}

static void test_path(void **state)
{
	static const struct {
		const char *dir, *name, *want;
	} rows[] = {{"/srv/files", "a.iso", "/srv/files/a.iso"}, {"/", "a.iso", "/a.iso"},
		{"/srv", NULL, NULL}, {NULL, "a.iso", NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;

		job_init(&job);
		str_set(&job.dir, rows[i].dir);
		str_set(&job.name, rows[i].name);
		CHECK_STR_FREE(rows[i].dir ? rows[i].dir : "no dir", job_path(&job), rows[i].want);
		job_done(&job);
	}
}

/* Words are promises to users, numbers to the database. */
static void test_states(void **state)
{
	static const char *const words[] = {
		[1] = "queued", "waiting", "active", "paused", "done", "failed", "cancelled"};

	(void)state;
	for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++) {
		CHECK_STR(words[s], job_state_name((enum job_state)s), words[s]);
		CHECK_INT(words[s], job_state_parse(words[s]), s);
		CHECK_INT(words[s], job_state_ended((enum job_state)s), s >= JOB_DONE);
		assert_true(JOB_STATES_ALL & JOB_STATE_BIT(s));
	}
	assert_int_equal(job_state_parse(""), -1);
	assert_int_equal(job_state_parse("Queued"), -1);
	assert_int_equal(job_state_parse("done "), -1);
}

static void test_waits(void **state)
{
	static const char *const words[] = {
		"", "retry", "schedule", "dependency", "host", "disk", "network", "quota"};

	(void)state;
	assert_int_equal(ARRAY_LEN(words), JOB_WAIT_LAST + 1);
	for (int wait = 0; wait <= JOB_WAIT_LAST; wait++) {
		CHECK_STR(words[wait], job_wait_name((enum job_wait)wait), words[wait]);
		CHECK_INT(words[wait], job_wait_parse(words[wait]), wait);
	}
	assert_int_equal(job_wait_parse("disks"), -1);
}

static void test_conflicts(void **state)
{
	static const char *const words[] = {"rename", "fail", "overwrite", "skip"};

	(void)state;
	assert_int_equal(ARRAY_LEN(words), JOB_CONFLICT_LAST + 1);
	for (int conflict = 0; conflict <= JOB_CONFLICT_LAST; conflict++) {
		CHECK_STR(words[conflict], job_conflict_name((enum job_conflict)conflict), words[conflict]);
		CHECK_INT(words[conflict], job_conflict_parse(words[conflict]), conflict);
	}
	assert_int_equal(job_conflict_parse(""), -1);
}

/* What tells two jobs apart tells their hashes apart: many of one file would all be looked at. */
static void test_hash_of_the_same(void **state)
{
	struct job a, b;
	char **const strings[] = {&b.url, &b.dir, &b.name, &b.group, &b.options.headers,
		&b.options.user_agent, &b.options.referer, &b.options.checksum};

	(void)state;
	job_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		job_init(&b);
		assert_true(job_same(&a, &b));
		assert_int_equal(job_same_hash(&a, JOB_CONFLICT_SKIP), job_same_hash(&b, JOB_CONFLICT_SKIP));
		*strings[i] = xstrdup("x");
		assert_false(job_same(&a, &b));
		assert_int_not_equal(
			job_same_hash(&a, JOB_CONFLICT_SKIP), job_same_hash(&b, JOB_CONFLICT_SKIP));
		job_done(&b);
	}
	job_init(&b);
	b.options.insecure = true;
	assert_int_not_equal(job_same_hash(&a, JOB_CONFLICT_SKIP), job_same_hash(&b, JOB_CONFLICT_SKIP));
	assert_int_equal(job_same_hash(&a, JOB_CONFLICT_RENAME), 0);
	job_done(&a);
	job_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_job),
		cmocka_unit_test(test_dup_is_deep),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_hash_of_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
