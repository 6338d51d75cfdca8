/* fetchctl/cookies: data and files of -b */
#include "config.h"

#include "unit.h"

#include "fetchctl/cookies.h"

#define NOW_USEC (INT64_C(1795340726) * USEC_PER_SEC)
#define LINE	 "h.test\tFALSE\t/\tTRUE\t0\tname\tvalue"

static void test_files(void **state)
{
	static const struct {
		const char *text, *want_cookies, *want_jar;
	} rows[] = {
		{LINE "\n", NULL, LINE "\n"},
		{"# Netscape HTTP Cookie File\n\n" LINE, NULL, "# Netscape HTTP Cookie File\n\n" LINE "\n"},
		{"# nothing\n", NULL, "# nothing\n"},
		{"a=1; b=2\n", "a=1; b=2", NULL},
		{"a=1\r\n", "a=1", NULL},
		{"Set-Cookie: a=1", "a=1", NULL},
		{"set-cookie:a=1; Path=/; HttpOnly; SameSite=Lax\r\nSet-Cookie: b=\r\n", "a=1; b=", NULL},
		{"HTTP/1.1 200 OK\r\nDate: x=y\r\nSet-Cookie: a=1\r\n\r\n", "a=1", NULL},
		{"Set-Cookie: a=1; Domain=h.test", NULL, ".h.test\tTRUE\t/\tFALSE\t0\ta\t1\n"},
		{"Set-Cookie: a=b=c; domain=.h.test; path=/x; secure\nSet-Cookie: d=1", "d=1",
			".h.test\tTRUE\t/x\tTRUE\t0\ta\tb=c\n"},
		{"Set-Cookie: a=1; Domain=h.test; Expires=Tue, 22 Nov 2033 09:45:26 GMT", NULL,
			".h.test\tTRUE\t/\tFALSE\t2016265526\ta\t1\n"},
		{"Set-Cookie: a=1; Expires=Wed, 22 Nov 2023 09:45:26 GMT", NULL, NULL},
		{"Set-Cookie: a=1; Max-Age=0\nSet-Cookie: b=1; Max-Age=60", "b=1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;

		job_init(&job);
		CHECK_STR(rows[i].text, cookies_add_file(&job, rows[i].text, NOW_USEC), NULL);
		CHECK_STR(rows[i].text, job.secrets ? job.secrets->cookies : NULL, rows[i].want_cookies);
		CHECK_STR(rows[i].text, job.secrets ? job.secrets->cookie_jar : NULL, rows[i].want_jar);
		job_done(&job);
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"a=1\nb=2\n",
		"<html>\n</html>\n",
		"no cookie",
		LINE "\nSomething else\n",
		"Set-Cookie: a=1; Secure",
		"Set-Cookie: a=1; Path=/only",
		"Set-Cookie: =1; Domain=h",
		"Set-Cookie: a",
		"Set-Cookie: a=1\t2; Domain=h.test",
		"Set-Cookie: a=1\x01",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;

		job_init(&job);
		CHECK_INT(rows[i], cookies_add_file(&job, rows[i], NOW_USEC) != NULL, true);
		job_done(&job);
	}
}

/* As with curl, each -b adds to the ones before. */
static void test_more_than_one(void **state)
{
	struct job job;

	(void)state;
	job_init(&job);
	assert_null(cookies_add_pairs(&job, "a=1"));
	assert_null(cookies_add_pairs(&job, "b=2; c=3"));
	assert_null(cookies_add_file(&job, LINE, NOW_USEC));
	assert_null(cookies_add_file(&job, LINE, NOW_USEC));
	assert_non_null(cookies_add_pairs(&job, "d"));
	assert_string_equal(job.secrets->cookies, "a=1; b=2; c=3");
	assert_string_equal(job.secrets->cookie_jar, LINE "\n" LINE "\n");
	job_done(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_more_than_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
