/* control/secrets: what is secret in a job spec goes to one place, and no refusal repeats it */
#include "config.h"

#include "unit.h"

#include "fetchd/control/secrets.h"

#define CERT "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
#define KEY  "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n"

/* "sesame" stands for every secret. */
static const char *complete(struct job *job)
{
	char *message = NULL;
	const char *code = secrets_complete(job, &message);

	CHECK_INT(code ? code : "(taken)", message != NULL, code != NULL);
	if (message && strstr(message, "sesame"))
		fail_msg("a secret in \"%s\"", message);
	assert_null(strstr(job->url, "sesame"));
	free(message);
	return code;
}

static void test_userinfo(void **state)
{
	static const struct {
		const char *url, *want_url, *want_user, *want_password;
	} rows[] = {
		{"http://h/a@b", "http://h/a@b", NULL, NULL},
		{"http://u:sesame@h:81/a?b#c", "http://h:81/a?b#c", "u", "sesame"},
		{"http://u@h/", "http://h/", "u", NULL},
		{"http://u:@h/", "http://h/", "u", ""},
		{"http://:sesame@h/", "http://h/", "", "sesame"},
		{"http://@h/", "http://h/", NULL, NULL},
		{"http://:@h/", "http://h/", "", ""},
		{"http://a%40b:%3a%2F%25%C3%a9@h/", "http://h/", "a@b", ":/%\xc3\xa9"},
		{"http://a@b:c:d@h/", "http://h/", "a@b", "c:d"},
		{"ftp://u:sesame@[::1]/f", "ftp://[::1]/f", "u", "sesame"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;

		job_init(&job);
		str_set(&job.url, rows[i].url);
		CHECK_STR(rows[i].url, complete(&job), NULL);
		CHECK_STR(rows[i].url, job.url, rows[i].want_url);
		CHECK_INT(rows[i].url, job.secrets != NULL, rows[i].want_user != NULL);
		CHECK_STR(rows[i].url, job.secrets ? job.secrets->user : NULL, rows[i].want_user);
		CHECK_STR(rows[i].url, job.secrets ? job.secrets->password : NULL, rows[i].want_password);
		job_done(&job);
	}
}

static void test_bad_userinfo(void **state)
{
	static const struct {
		const char *url, *want_code;
	} rows[] = {
		{"http://u:sesame%@h/", "E_BAD_URL"},
		{"http://u:sesame%4@h/", "E_BAD_URL"},
		{"http://u:%zzsesame@h/", "E_BAD_URL"},
		{"http://u:sesame%00@h/", "E_BAD_URL"},
		{"http://%00u:sesame@h/", "E_BAD_URL"},
		{"http://u:sesame%0d%0aX:y@h/", "E_AUTH"},
		{"http://u%0a:sesame@h/", "E_AUTH"},
		{"http://u%3Av:sesame@h/", "E_AUTH"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;

		job_init(&job);
		str_set(&job.url, rows[i].url);
		CHECK_STR(rows[i].url, complete(&job), rows[i].want_code);
		job_done(&job);
	}
}

/* What is given apart from the URL outranks it. */
static void test_given_user(void **state)
{
	struct job job;

	(void)state;
	job_init(&job);
	str_set(&job.url, "http://u:sesame@h/");
	str_set(&job_need_secrets(&job)->user, "given");
	assert_null(complete(&job));
	assert_string_equal(job.secrets->user, "given");
	assert_null(job.secrets->password);
	job_done(&job);
	job_init(&job);
	str_set(&job.url, "http://u:sesame@h/");
	str_set(&job_need_secrets(&job)->password, "given");
	assert_null(complete(&job));
	assert_string_equal(job.secrets->user, "u");
	assert_string_equal(job.secrets->password, "given");
	job_done(&job);
}

static void test_headers(void **state)
{
	struct job job;

	(void)state;
	job_init(&job);
	str_set(&job.url, "http://h/");
	str_set(&job.options.headers,
		"A: 1\nAuthorization: sesame\nAccept: x\nX-API-Key: sesame\nCOOKIE: a=sesame\n");
	assert_null(complete(&job));
	assert_string_equal(job.options.headers, "A: 1\nAccept: x\n");
	assert_string_equal(
		job.secrets->headers, "Authorization: sesame\nX-API-Key: sesame\nCOOKIE: a=sesame\n");
	job_done(&job);
	job_init(&job);
	str_set(&job.url, "http://h/");
	str_set(&job.options.headers, "Cookie: a=sesame\n");
	assert_null(complete(&job));
	assert_null(job.options.headers);
	assert_string_equal(job.secrets->headers, "Cookie: a=sesame\n");
	job_done(&job);
	job_init(&job);
	str_set(&job.url, "http://h/");
	str_set(&job.options.headers, "A: 1\n");
	assert_null(complete(&job));
	assert_null(job.secrets);
	job_done(&job);
}

static char *large(const char *start)
{
	size_t n = strlen(start);
	char *text = xmalloc(SECRETS_FILE_MAX + 2);

	memset(text, '\n', SECRETS_FILE_MAX + 1);
	memcpy(text, start, n);
	text[SECRETS_FILE_MAX + 1] = '\0';
	return text;
}

static void test_refused_and_taken(void **state)
{
	CLEANUP_FREE char *large_pem = large(CERT), *large_jar = large("# sesame");
	const struct {
		struct job_secrets given;
		const char *want_code;
	} rows[] = {
		{{.user = (char *)"u", .password = (char *)"sesame"}, NULL},
		{{.password = (char *)"sesame"}, "E_AUTH"},
		{{.user = (char *)"u", .bearer = (char *)"sesame"}, "E_AUTH"},
		{{.user = (char *)"u", .password = (char *)"sesame\r\n"}, "E_AUTH"},
		{{.bearer = (char *)"sesame.12~+/="}, NULL},
		{{.bearer = (char *)"1|sesame"}, NULL},
		{{.bearer = (char *)""}, "E_AUTH"},
		{{.bearer = (char *)"sesame street"}, "E_AUTH"},
		{{.bearer = (char *)"sesame\n"}, "E_AUTH"},
		{{.bearer = (char *)"sesame\xc3\xa9"}, "E_AUTH"},
		{{.cookies = (char *)"a=sesame"}, NULL},
		{{.cookies = (char *)"sesame"}, "E_COOKIE"},
		{{.cookies = (char *)"a=sesame\r\nb"}, "E_COOKIE"},
		{{.cookie_jar = (char *)"h\tTRUE\t/\tFALSE\t0\tn\tsesame\n"}, NULL},
		{{.cookie_jar = (char *)"sesame\n"}, "E_COOKIE"},
		{{.cookie_jar = large_jar}, "E_COOKIE"},
		{{.proxy = (char *)""}, NULL},
		{{.proxy = (char *)"http://u:sesame@p:3128"}, NULL},
		{{.proxy = (char *)"gopher://u:sesame@p:3128"}, "E_BAD_PROXY"},
		{{.proxy = (char *)"http://u:sesame@p:port"}, "E_BAD_PROXY"},
		{{.ca_pem = (char *)"text before\n" CERT CERT}, NULL},
		{{.ca_pem = (char *)"-----BEGIN TRUSTED CERTIFICATE-----\nM\n-----END TRUSTED "
				    "CERTIFICATE-----"},
			NULL},
		{{.ca_pem = (char *)KEY}, "E_PEM"},
		{{.ca_pem = (char *)"sesame"}, "E_PEM"},
		{{.ca_pem = (char *)""}, "E_PEM"},
		{{.ca_pem = (char *)"-----BEGIN CERTIFICATE-----\nMIIB\n"}, "E_PEM"},
		{{.ca_pem = large_pem}, "E_PEM"},
		{{.cert_pem = (char *)CERT KEY}, NULL},
		{{.cert_pem = (char *)KEY CERT}, NULL},
		{{.cert_pem = (char *)CERT}, "E_PEM"},
		{{.cert_pem = (char *)KEY}, "E_PEM"},
		{{.cert_pem = (char *)CERT, .key_pem = (char *)KEY}, NULL},
		{{.cert_pem = (char *)CERT, .key_pem = (char *)CERT}, "E_PEM"},
		{{.key_pem = (char *)KEY}, "E_PEM"},
		{{.cert_pem = (char *)CERT,
			 .key_pem =
				 (char *)"-----BEGIN EC PARAMETERS-----\nB\n-----END EC PARAMETERS-----\n"
					 "-----BEGIN EC PRIVATE KEY-----\nM\n-----END EC PRIVATE KEY-----"},
			NULL},
		{{.cert_pem = (char *)CERT,
			 .key_pem = (char *)"-----BEGIN ENCRYPTED PRIVATE KEY-----\nM\n"
					    "-----END ENCRYPTED PRIVATE KEY-----"},
			"E_PEM"},
		{{.cert_pem = (char *)CERT,
			 .key_pem = (char *)"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
					    "DEK-Info: x\n\nM\n-----END RSA PRIVATE KEY-----"},
			"E_PEM"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job shell, *job;
		CLEANUP_FREE char *row = xasprintf("row %zu", i);

		job_init(&shell);
		shell.url = (char *)"https://h/";
		shell.secrets = (struct job_secrets *)(uintptr_t)&rows[i].given;
		job = job_dup(&shell);
		CHECK_STR(row, complete(job), rows[i].want_code);
		job_free(job);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_userinfo),
		cmocka_unit_test(test_bad_userinfo),
		cmocka_unit_test(test_given_user),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_refused_and_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
