/* job/source: whose turn it is, which one was the first, and which failures are a source's. */
#include "config.h"

#include "unit.h"

#include <errno.h>

#include "job/classify.h"
#include "job/same.h"
#include "job/source.h"

#define A "http://a.test/f"
#define B "https://b.test/f"
#define C "http://c.test:81/f"

static struct job *some_job(const char *url, const char *mirrors)
{
	struct job *job = job_new();

	job->url = xstrdup(url);
	job->origin = source_origin(url, strlen(url));
	job->mirrors = xstrdup_null(mirrors);
	job->etag = xstrdup("\"tag\"");
	job->last_modified = xstrdup("Wed, 01 Jan 2020 00:00:00 GMT");
	job->validator = JOB_VALIDATOR_ETAG;
	job->digest = xstrdup("md5=00");
	job->received = 10;
	job->size = 20;
	job->no_ranges = true;
	job->range_faults = 1;
	return job;
}

static const struct turn_case {
	const char *label, *url, *mirrors;
	unsigned line;
	bool out;
	const char *want_url, *want_mirrors;
} turn_cases[] = {
	{"the next", A, B "\n" C "\n", 0, false, B, C "\n*" A "\n"},
	{"one later", A, B "\n" C "\n", 1, false, C, "*" A "\n" B "\n"},
	{"for good", A, B "\n" C "\n", 0, true, B, C "\n*!" A "\n"},
	{"of two", A, B "\n", 0, false, B, "*" A "\n"},
	{"back to the first", B, C "\n*" A "\n", 1, false, A, B "\n" C "\n"},
	{"past one that is out", B, "!" C "\n*" A "\n", 1, true, A, "!" B "\n!" C "\n"},
	{"past the first, which is out", B, "*!" A "\n" C "\n", 1, false, C, B "\n*!" A "\n"},
};

static void test_turns(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(turn_cases); i++) {
		const struct turn_case *c = &turn_cases[i];
		struct job *job = some_job(c->url, c->mirrors);
		CLEANUP_FREE char *first = source_first(job);

		source_turn(job, c->line, c->out);
		CHECK_STR(c->label, job->url, c->want_url);
		CHECK_STR(c->label, job->mirrors, c->want_mirrors);
		CHECK_STR_FREE(c->label, source_origin(job->url, strlen(job->url)), job->origin);
		CHECK_STR_FREE(c->label, source_first(job), first);
		CHECK_INT(c->label, sources_sane(job), true);
		/* Bytes, and what is known of them, stay; what the server alone can confirm goes. */
		CHECK_INT(c->label, job->received == 10 && job->size == 20 && job->digest, true);
		CHECK_INT(c->label, !job->etag && !job->last_modified && !job->no_ranges, true);
		CHECK_INT(c->label, job->validator, JOB_VALIDATOR_NONE);
		CHECK_INT(c->label, job->range_faults, 0);
		job_free(job);
	}
}

static const struct revive_case {
	const char *label, *url, *mirrors, *want_url, *want_mirrors;
	unsigned n, live;
} revive_cases[] = {
	{"nothing is out", A, B "\n" C "\n", A, B "\n" C "\n", 3, 3},
	{"others are", A, "!" B "\n!" C "\n", A, B "\n" C "\n", 3, 1},
	{"the first is next again", C, "*!" A "\n!" B "\n", A, B "\n" C "\n", 3, 1},
	{"in the middle", B, C "\n*!" A "\n", A, B "\n" C "\n", 3, 2},
	{"none", A, NULL, A, NULL, 1, 1},
};

static void test_all_are_asked_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(revive_cases); i++) {
		const struct revive_case *c = &revive_cases[i];
		struct job *job = some_job(c->url, c->mirrors);
		unsigned live;

		CHECK_INT(c->label, sources_count(job, &live), c->n);
		CHECK_INT(c->label, live, c->live);
		CHECK_INT(c->label, source_is_last(job), c->live == 1);
		sources_revive(job);
		CHECK_STR(c->label, job->url, c->want_url);
		CHECK_STR(c->label, job->mirrors, c->want_mirrors);
		CHECK_INT(c->label, (job->etag != NULL), strcmp(c->url, c->want_url) == 0);
		job_free(job);
	}
}

static const struct set_case {
	const char *label, *url, *mirrors, *lines, *want_url, *want_mirrors;
	bool same;
} set_cases[] = {
	{"some", A, NULL, B "\n", A, B "\n", true},
	{"none", A, "!" B "\n", NULL, A, NULL, true},
	{"what is asked stays", B, C "\n*!" A "\n", C "\n" B "\n", B, "*" A "\n" C "\n", true},
	{"what is asked is gone", B, C "\n*!" A "\n", C "\n", A, C "\n", false},
	{"no longer several", B, "*" A "\n", NULL, A, NULL, false},
	{"twice is once", A, NULL, B "\n" A "\n" B "\n" C "\n", A, B "\n" C "\n", true},
	{"the first alone", A, NULL, A "\n", A, NULL, true},
};

static void test_other_mirrors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(set_cases); i++) {
		const struct set_case *c = &set_cases[i];
		struct job *job = some_job(c->url, c->mirrors);

		sources_set(job, c->lines);
		CHECK_STR(c->label, job->url, c->want_url);
		CHECK_STR(c->label, job->mirrors, c->want_mirrors);
		CHECK_STR_FREE(c->label, source_first(job), A);
		/* What goes on being asked is known as before. */
		CHECK_INT(c->label, job->etag != NULL, c->same);
		job_free(job);
	}
}

static const struct foreign_case {
	const char *label, *url, *mirrors;
	bool foreign;
} foreign_cases[] = {
	{"the only one", A, NULL, false},
	{"the first", A, B "\n", false},
	{"another host", B, "*" A "\n", true},
	{"another port", C, "*http://c.test/f\n", true},
	{"another scheme", "https://a.test/f", "*" A "\n", true},
	{"another file there", "http://A.test:80/g", "*" A "\n", false},
};

static void test_whom_secrets_are_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(foreign_cases); i++) {
		const struct foreign_case *c = &foreign_cases[i];
		struct job *job = some_job(c->url, c->mirrors);

		CHECK_INT(c->label, source_is_foreign(job), c->foreign);
		job_free(job);
	}
}

/* The first URL says which file it is, whichever is asked. */
static void test_the_same_file(void **state)
{
	struct job *x = some_job(A, B "\n"), *y = some_job(A, NULL), *z = some_job(B, NULL);
	int64_t before = job_same_hash(x, JOB_CONFLICT_OVERWRITE);

	(void)state;
	source_turn(x, 0, false);
	assert_true(job_same_hash(x, JOB_CONFLICT_OVERWRITE) == before);
	assert_true(job_same_hash(y, JOB_CONFLICT_OVERWRITE) == before);
	assert_true(job_same(x, y) && !job_same(x, z));
	job_free(x);
	job_free(y);
	job_free(z);
}

static const struct sane_case {
	const char *label, *mirrors;
	bool sane;
} sane_cases[] = {
	{"one", B "\n", true},
	{"marks", "*!" B "\n!" C "\n", true},
	{"empty", "", false},
	{"no end", B, false},
	{"two first ones", "*" B "\n*" C "\n", false},
	{"marks the other way round", "!*" B "\n", false},
	{"no URL", "b.test\n", false},
	{"an empty line", B "\n\n", false},
	{"17",
		B "1\n" B "2\n" B "3\n" B "4\n" B "5\n" B "6\n" B "7\n" B "8\n" B "9\n" B "a\n" B "b\n" B
		  "c\n" B "d\n" B "e\n" B "f\n" B "g\n" B "h\n",
		false},
};

static void test_lines_of_another_hand(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sane_cases); i++) {
		struct job *job = some_job(A, sane_cases[i].mirrors);

		CHECK_INT(sane_cases[i].label, sources_sane(job), sane_cases[i].sane);
		job_free(job);
	}
}

static bool blamed(struct verdict *v)
{
	bool blame = source_is_to_blame(v);

	verdict_done(v);
	return blame;
}

/* Whatever a server, its name or the way to it may do; nothing that the disk does. */
static void test_whose_fault_it_is(void **state)
{
	/* Of those that no other source can make better, only these look like the server's. */
	static const int held[] = {ENOSPC, EDQUOT, EROFS, ENOENT, EMFILE, ENOMEM};
	static const int local[] = {EIO, EACCES, EPERM, ENAMETOOLONG, EINVAL, EXDEV, EEXIST, ENOTEMPTY,
		EMLINK, EOPNOTSUPP, ENOSYS, EAGAIN, ETIMEDOUT, EBADF};
	static const int curl[] = {6, 7, 16, 18, 28, 35, 52, 56, 60, 92, 8, 33, 47, 61, 67, 94, 97, 9, 78};
	static const int http[] = {
		400, 401, 403, 404, 408, 410, 412, 416, 429, 451, 500, 501, 503, 507, 599, 204};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(held) + ARRAY_LEN(local); i++) {
		int error = i < ARRAY_LEN(held) ? held[i] : local[i - ARRAY_LEN(held)];

		verdict_init(&v);
		classify_errno(&v, error, "write", "x");
		CHECK_INT(strerror(error), blamed(&v), false);
	}
	for (size_t i = 0; i < ARRAY_LEN(curl); i++) {
		verdict_init(&v);
		classify_curl(&v, curl[i], NULL);
		CHECK_INT("curl", blamed(&v), true);
	}
	for (size_t i = 0; i < ARRAY_LEN(http); i++) {
		verdict_init(&v);
		classify_http(&v, http[i]);
		CHECK_INT("http", blamed(&v), true);
	}
	verdict_init(&v);
	classify_connect(&v, 407);
	assert_false(blamed(&v));
	verdict_init(&v);
	verdict_set(&v, VERDICT_ABORTED, NULL, "stopped");
	assert_false(blamed(&v));
	verdict_init(&v);
	classify_http(&v, 511);
	assert_false(blamed(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_all_are_asked_again),
		cmocka_unit_test(test_other_mirrors),
		cmocka_unit_test(test_whom_secrets_are_for),
		cmocka_unit_test(test_the_same_file),
		cmocka_unit_test(test_lines_of_another_hand),
		cmocka_unit_test(test_whose_fault_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
