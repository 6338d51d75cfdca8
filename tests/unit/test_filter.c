/* job/filter */
#include "config.h"

#include "unit.h"

#include "job/filter.h"

static void test_host(void **state)
{
	static const struct {
		const char *host, *origin;
		bool want;
	} rows[] = {
		{"example.org", "https://example.org:443", true},
		{"EXAMPLE.org", "https://example.org:443", true},
		{"example.org:443", "https://example.org:443", true},
		{"https://example.org:443", "https://example.org:443", true},
		{"https://example.org", "https://example.org:443", true},
		{"https://example.org/", "https://example.org:443", true},
		{"http://example.org", "https://example.org:443", false},
		{"example.org:80", "https://example.org:443", false},
		{"example", "https://example.org:443", false},
		{"example.org.", "https://example.org:443", false},
		{"ample.org", "https://example.org:443", false},
		{"443", "https://example.org:443", false},
		{"https", "https://example.org:443", false},
		{"", "https://example.org:443", false},
		{"[::1]", "http://[::1]:80", true},
		{"[::1]:80", "http://[::1]:80", true},
		{"http://[::1]", "http://[::1]:80", true},
		{"http://", "http://h:80", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].host, job_filter_host_match(rows[i].host, rows[i].origin), rows[i].want);
}

static int64_t ids_hit[] = {3, 7}, ids_miss[] = {8, 70};

static void test_match(void **state)
{
	/* The job: id 7, owner 1000, group "g", https://h.test:443, waiting. */
	static const struct {
		const char *row;
		struct job_filter filter;
		bool want;
	} rows[] = {
		{"nothing narrows", {.all_owners = true}, true},
		{"own", {.owner = 1000}, true},
		{"another's", {.owner = 1001}, false},
		{"root is another too", {.owner = 0}, false},
		{"id", {.owner = 1000, .ids = ids_hit, .n_ids = 2}, true},
		{"other ids", {.owner = 1000, .ids = ids_miss, .n_ids = 2}, false},
		{"id of another's", {.owner = 1, .ids = ids_hit, .n_ids = 2}, false},
		{"group", {.all_owners = true, .group = (char *)"g"}, true},
		{"other group", {.all_owners = true, .group = (char *)"G"}, false},
		{"state",
			{.all_owners = true, .states = JOB_STATE_BIT(JOB_WAITING) | JOB_STATE_BIT(JOB_DONE)},
			true},
		{"other state", {.all_owners = true, .states = JOB_STATES_ALL & ~JOB_STATE_BIT(JOB_WAITING)},
			false},
		{"host", {.all_owners = true, .host = (char *)"h.test"}, true},
		{"other host", {.all_owners = true, .host = (char *)"i.test"}, false},
		{"all but one fit",
			{.owner = 1000,
				.ids = ids_hit,
				.n_ids = 2,
				.group = (char *)"g",
				.host = (char *)"h.test",
				.states = JOB_STATE_BIT(JOB_DONE)},
			false},
		{"all fit",
			{.owner = 1000,
				.ids = ids_hit,
				.n_ids = 2,
				.group = (char *)"g",
				.host = (char *)"h.test",
				.states = JOB_STATE_BIT(JOB_WAITING)},
			true},
	};
	struct job job;

	(void)state;
	job_init(&job);
	job.id = 7;
	job.owner = 1000;
	job.state = JOB_WAITING;
	str_set(&job.group, "g");
	str_set(&job.origin, "https://h.test:443");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].row, job_filter_match(&rows[i].filter, &job), rows[i].want);
	str_set(&job.group, NULL);
	str_set(&job.origin, NULL);
	assert_false(job_filter_match(&(struct job_filter){.all_owners = true, .group = (char *)"g"}, &job));
	assert_false(
		job_filter_match(&(struct job_filter){.all_owners = true, .host = (char *)"h.test"}, &job));
	job_done(&job);
}

static void test_copy_is_deep(void **state)
{
	struct job_filter a, b;

	(void)state;
	job_filter_init(&a);
	assert_false(a.all_owners);
	job_filter_copy(&b, &a);
	assert_null(b.ids);
	job_filter_done(&b);
	a.ids = xmemdup(ids_hit, sizeof(ids_hit));
	a.n_ids = 2;
	str_set(&a.group, "g");
	str_set(&a.host, "h");
	a.states = 4;
	job_filter_copy(&b, &a);
	job_filter_done(&a);
	assert_int_equal(b.n_ids, 2);
	assert_int_equal(b.ids[1], 7);
	assert_string_equal(b.group, "g");
	assert_string_equal(b.host, "h");
	assert_int_equal(b.states, 4);
	job_filter_done(&b);
	assert_int_equal(b.n_ids, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_copy_is_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
