/* job/edit: what changes, what stays, and what must not go to another origin. */
#include "config.h"

#include "unit.h"

#include "job/edit.h"

static struct job *some_job(void)
{
	struct job *job = job_new();
	struct job_secrets *secrets = job_need_secrets(job);

	job->url = xstrdup("http://example.org/a");
	job->name = xstrdup("a");
	job->priority = 4;
	job->options.headers = xstrdup("X-One: 1\nX-Two: 2\n");
	job->options.checksum = xstrdup("md5=00");
	job->options.limit_rate = 7;
	secrets->user = xstrdup("me");
	secrets->password = xstrdup("pw");
	secrets->cookies = xstrdup("c=1");
	secrets->cookie_jar = xstrdup("jar");
	secrets->headers = xstrdup("X-Token: t\n");
	secrets->proxy = xstrdup("http://proxy:1");
	secrets->ca_pem = xstrdup("ca");
	secrets->cert_pem = xstrdup("cert");
	secrets->key_pem = xstrdup("key");
	return job;
}

static void test_only_what_is_named_changes(void **state)
{
	struct job *job = some_job();
	struct job_edit edit;

	(void)state;
	job_edit_init(&edit);
	edit.values.priority = -3;
	edit.fields = EDIT_BIT(EDIT_PRIORITY) | EDIT_BIT(EDIT_CHECKSUM);
	job_edit_apply(&edit, job);
	assert_int_equal(job->priority, -3);
	assert_null(job->options.checksum);
	assert_int_equal(job->options.limit_rate, 7);
	assert_string_equal(job->url, "http://example.org/a");
	assert_string_equal(job->secrets->user, "me");
	assert_true(job_edit_is_request(&edit));
	edit.fields = EDIT_BIT(EDIT_PRIORITY) | EDIT_BIT(EDIT_DEADLINE);
	assert_false(job_edit_is_request(&edit));
	job_edit_done(&edit);
	job_free(job);
}

static const struct header_case {
	const char *label, *changes, *want;
} header_cases[] = {
	{"one more", "X-Three: 3\n", "X-One: 1\nX-Two: 2\nX-Token: t\nX-Three: 3\n"},
	{"another value", "x-one: one\n", "X-Two: 2\nX-Token: t\nx-one: one\n"},
	{"taken away", "X-Two:\n", "X-One: 1\nX-Token: t\n"},
	{"spaces are no value", "X-Two: \t\n", "X-One: 1\nX-Token: t\n"},
	{"a secret one", "X-TOKEN:\n", "X-One: 1\nX-Two: 2\n"},
	{"not there", "X-None:\n", "X-One: 1\nX-Two: 2\nX-Token: t\n"},
	{"twice", "X-One: a\nX-One: b\n", "X-Two: 2\nX-Token: t\nX-One: a\nX-One: b\n"},
	{"all", NULL, NULL},
};

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(header_cases); i++) {
		struct job *job = some_job();
		struct job_edit edit;

		job_edit_init(&edit);
		edit.fields = EDIT_BIT(EDIT_HEADERS);
		edit.values.options.headers = xstrdup_null(header_cases[i].changes);
		job_edit_apply(&edit, job);
		CHECK_STR(header_cases[i].label, job->options.headers, header_cases[i].want);
		assert_null(job->secrets->headers);
		job_edit_done(&edit);
		job_free(job);
	}
}

static const struct url_case {
	const char *url;
	bool keeps;
} url_cases[] = {
	{"http://example.org/b", true},
	{"http://EXAMPLE.org:80/b", true},
	{"https://example.org/b", false},
	{"http://example.org:81/b", false},
	{"http://example.org.evil/b", false},
	{"http://example.org@evil/b", false},
};

static void test_secrets_stay_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(url_cases); i++) {
		struct job *job = some_job();
		const char *label = url_cases[i].url;
		struct job_edit edit;
		bool keeps = url_cases[i].keeps;

		job_edit_init(&edit);
		edit.fields = EDIT_BIT(EDIT_URL);
		edit.values.url = xstrdup(url_cases[i].url);
		job_edit_apply(&edit, job);
		CHECK_STR(label, job->secrets->user, keeps ? "me" : NULL);
		CHECK_STR(label, job->secrets->password, keeps ? "pw" : NULL);
		CHECK_STR(label, job->secrets->cookies, keeps ? "c=1" : NULL);
		CHECK_STR(label, job->secrets->cookie_jar, keeps ? "jar" : NULL);
		CHECK_STR(label, job->secrets->cert_pem, keeps ? "cert" : NULL);
		CHECK_STR(label, job->secrets->key_pem, keeps ? "key" : NULL);
		CHECK_STR(label, job->secrets->proxy, "http://proxy:1");
		CHECK_STR(label, job->secrets->ca_pem, "ca");
		CHECK_STR(label, job->options.headers,
			keeps ? "X-One: 1\nX-Two: 2\nX-Token: t\n" : "X-One: 1\nX-Two: 2\n");
		job_edit_done(&edit);
		job_free(job);
	}
}

static void test_one_login_takes_the_place_of_another(void **state)
{
	struct job *job = some_job();
	struct job_edit edit;

	(void)state;
	job_edit_init(&edit);
	edit.fields = EDIT_BIT(EDIT_BEARER) | EDIT_BIT(EDIT_COOKIES);
	job_need_secrets(&edit.values)->bearer = xstrdup("token");
	edit.values.secrets->cookies = xstrdup("d=2");
	job_edit_apply(&edit, job);
	assert_string_equal(job->secrets->bearer, "token");
	assert_null(job->secrets->user);
	assert_null(job->secrets->password);
	assert_string_equal(job->secrets->cookies, "d=2");
	assert_null(job->secrets->cookie_jar);
	job_edit_done(&edit);
	job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_named_changes),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_secrets_stay_behind),
		cmocka_unit_test(test_one_login_takes_the_place_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
