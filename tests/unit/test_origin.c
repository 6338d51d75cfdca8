/* job/origin */
#include "config.h"

#include "unit.h"

#include "job/origin.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"http://example.org", "http://example.org:80"},
		{"http://example.org/", "http://example.org:80"},
		{"https://example.org/a/b?c#d", "https://example.org:443"},
		{"HTTPS://EXAMPLE.Org:443/", "https://example.org:443"},
		{"ftp://h/f", "ftp://h:21"},
		{"ftps://h/f", "ftps://h:990"},
		{"sftp://h/f", "sftp://h:22"},
		{"http://h:8080/x", "http://h:8080"},
		{"http://h:0080/x", "http://h:80"},
		{"http://h:/x", "http://h:80"},
		{"http://h:65535", "http://h:65535"},
		{"http://h?q=a/b@c", "http://h:80"},
		{"http://h#f@g", "http://h:80"},
		{"http://user:pw@h:81/", "http://h:81"},
		{"http://a@b@h/", "http://h:80"}, /* the last one counts */
		{"http://user@h/x@y", "http://h:80"},
		{"http://example.org./x", "http://example.org.:80"},
		{"http://my_host-1.test/", "http://my_host-1.test:80"},
		{"http://127.0.0.1:9/", "http://127.0.0.1:9"},
		{"http://[::1]:8080/x", "http://[::1]:8080"},
		{"http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]:80"},
		{"http://u@[::1]", "http://[::1]:80"},
		{"http://h/%20%zz", "http://h:80"},
		/* not ours to fetch, but URLs */
		{"magnet:?xt=urn:btih:1", "magnet://:0"},
		{"mailto:a@b", "mailto://:0"},
		{"file:///etc/passwd", "file://:0"},
		{"gopher://Old.test:70/", "gopher://old.test:70"},
		{"data:text/plain,x", "data://:0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct origin origin = {0};

		CHECK_INT(rows[i].url, origin_parse(rows[i].url, &origin), ORIGIN_OK);
		CHECK_STR_FREE(rows[i].url, origin_text(&origin), rows[i].want);
		origin_done(&origin);
	}
}

#define LABEL63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static void test_refused(void **state)
{
	static const struct {
		const char *url;
		enum origin_error want;
	} rows[] = {
		{"", ORIGIN_EMPTY},
		{" ", ORIGIN_BAD_CHAR},
		{"http://h/a b", ORIGIN_BAD_CHAR},
		{" http://h/", ORIGIN_BAD_CHAR},
		{"http://h/\n", ORIGIN_BAD_CHAR},
		{"http://h/\r\nHost:x", ORIGIN_BAD_CHAR},
		{"http://h/\x7f", ORIGIN_BAD_CHAR},
		{"http://h/\xc3\xa9", ORIGIN_BAD_CHAR},
		{"http://b\xc3\xbc.test/", ORIGIN_BAD_CHAR},
		{"http://good.test\\@evil.test/", ORIGIN_BAD_CHAR},
		{"http:\\\\h\\", ORIGIN_BAD_CHAR},
		{"example.org", ORIGIN_NO_SCHEME},
		{"example.org/file", ORIGIN_NO_SCHEME},
		{"example.org:8080/file", ORIGIN_NO_SCHEME},
		{"localhost:8080/file", ORIGIN_NO_SCHEME},
		{"//example.org/", ORIGIN_NO_SCHEME},
		{"/etc/passwd", ORIGIN_NO_SCHEME},
		{"://h", ORIGIN_NO_SCHEME},
		{"1http://h", ORIGIN_NO_SCHEME},
		{"ht_tp://h", ORIGIN_NO_SCHEME},
		{"http:", ORIGIN_NO_HOST},
		{"http:/h", ORIGIN_NO_HOST},
		{"http:h", ORIGIN_NO_HOST},
		{"http://", ORIGIN_NO_HOST},
		{"http:///x", ORIGIN_NO_HOST},
		{"http://?x", ORIGIN_NO_HOST},
		{"http://user@/x", ORIGIN_NO_HOST},
		{"http://:80/", ORIGIN_NO_HOST},
		{"http://./", ORIGIN_BAD_HOST},
		{"http://a..b/", ORIGIN_BAD_HOST},
		{"http://.a/", ORIGIN_BAD_HOST},
		{"http://a../", ORIGIN_BAD_HOST},
		{"http://a%2eb/", ORIGIN_BAD_HOST},
		{"http://a,b/", ORIGIN_BAD_HOST},
		{"http://a;b/", ORIGIN_BAD_HOST},
		{"http://{a}/", ORIGIN_BAD_HOST},
		{"http://" LABEL63 "h/", ORIGIN_BAD_HOST},
		{"http://" LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "/", ORIGIN_BAD_HOST}, /* 255 */
		{"http://[::1/", ORIGIN_BAD_HOST},
		{"http://[]/", ORIGIN_BAD_HOST},
		{"http://[::1]x/", ORIGIN_BAD_HOST},
		{"http://[::g]/", ORIGIN_BAD_HOST},
		{"http://[127.0.0.1]/", ORIGIN_BAD_HOST},
		{"http://[fe80::1%25eth0]/", ORIGIN_BAD_HOST},
		{"http://::1/", ORIGIN_NO_HOST},
		{"http://h:0/", ORIGIN_BAD_PORT},
		{"http://h:65536/", ORIGIN_BAD_PORT},
		{"http://h:99999999999999999999/", ORIGIN_BAD_PORT},
		{"http://h:80x/", ORIGIN_BAD_PORT},
		{"http://h:-1/", ORIGIN_BAD_PORT},
		{"http://h:+1/", ORIGIN_BAD_PORT},
		{"http://h:80:90/", ORIGIN_BAD_PORT},
		{"http://2001:db8::1/", ORIGIN_BAD_PORT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct origin origin;

		CHECK_INT(rows[i].url, origin_parse(rows[i].url, &origin), rows[i].want);
	}
}

static void test_length(void **state)
{
	static const char start[] = "http://h/";
	struct origin origin;

	(void)state;
	CLEANUP_FREE char *url = xmalloc(ORIGIN_URL_MAX + 2);

	memset(url, 'a', ORIGIN_URL_MAX + 1);
	memcpy(url, start, sizeof(start) - 1);
	url[ORIGIN_URL_MAX + 1] = '\0';
	assert_int_equal(origin_parse(url, &origin), ORIGIN_TOO_LONG);
	url[ORIGIN_URL_MAX] = '\0';
	assert_int_equal(origin_parse(url, &origin), ORIGIN_OK);
	origin_done(&origin);
}

static void test_sentences(void **state)
{
	(void)state;
	for (int error = ORIGIN_EMPTY; error <= ORIGIN_BAD_PORT; error++) {
		const char *text = origin_error_text((enum origin_error)error);

		assert_true(strstr(text, "the URL") == text);
		for (int other = ORIGIN_EMPTY; other < error; other++)
			assert_string_not_equal(text, origin_error_text((enum origin_error)other));
	}
}

static void test_redact(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"https://host/path", "https://host/path"},
		{"https://user:secret@host/path", "https://***@host/path"},
		{"https://user@host", "https://***@host"},
		{"https://a:b@c:d@host/x@y", "https://***@host/x@y"},
		{"https://host/user:pw@x", "https://host/user:pw@x"},
		{"https://host?u@v", "https://host?u@v"},
		{"user:secret@host/x", "***@host/x"},
		{"user:secret@host/?u=http://x", "***@host/?u=http://x"},
		{"https://user:sec ret@host/", "https://***@host/"},
		/* parameters */
		{"https://h/f?X-Amz-Date=20260101&X-Amz-Credential=AK/x&X-Amz-Signature=0af&x=y",
			"https://h/f?X-Amz-Date=20260101&X-Amz-Credential=***&X-Amz-Signature=***&x=y"},
		{"https://h/f?x-amz-security-token=a%2Fb==", "https://h/f?x-amz-security-token=***"},
		{"https://h/f?X-Goog-Credential=a&X-Goog-Signature=b",
			"https://h/f?X-Goog-Credential=***&X-Goog-Signature=***"},
		{"https://h/f?Expires=1&Signature=a~b_&Key-Pair-Id=K",
			"https://h/f?Expires=1&Signature=***&Key-Pair-Id=K"},
		{"https://h/f?sv=1&sig=a%3D&se=2", "https://h/f?sv=1&sig=***&se=2"},
		{"https://h/f?ACCESS_TOKEN=a&Token=b&api_key=c&apikey=d",
			"https://h/f?ACCESS_TOKEN=***&Token=***&api_key=***&apikey=***"},
		{"https://h/f?password=a;passwd=b;secret=c",
			"https://h/f?password=***;passwd=***;secret=***"},
		{"https://h/f?%73ig=x&to%6ben=y", "https://h/f?%73ig=***&to%6ben=***"},
		{"https://h/f?a=b#access_token=x&y=z", "https://h/f?a=b#access_token=***&y=z"},
		{"https://h/f;token=x/g?token=a?b/c=d", "https://h/f;token=***"},
		{"https://u:p@h/f?sig=x#y", "https://***@h/f?sig=***#y"},
		{"h/f?sig=x", "h/f?sig=***"},
		/* and what only looks like one */
		{"https://h/f?key=a&mysig=b&sig2=c&sig", "https://h/f?key=a&mysig=b&sig2=c&sig"},
		{"https://h/f?sig=&token=", "https://h/f?sig=&token="},
		{"https://h/f?sig=&a=b&token=#c", "https://h/f?sig=&a=b&token=#c"},
		{"https://h/f?=x&&;=", "https://h/f?=x&&;="},
		{"https://h/f?x=sig=y", "https://h/f?x=sig=y"},
		{"https://h/token=x", "https://h/token=x"},
		{"https://h/f?%", "https://h/f?%"},
		{"https://h/f?%73i%", "https://h/f?%73i%"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].url, origin_redact(rows[i].url), rows[i].want);
}

static void test_split_userinfo(void **state)
{
	static const struct {
		const char *url, *want, *want_userinfo;
	} rows[] = {
		{"https://host/path@x", "https://host/path@x", NULL},
		{"https://user:secret@host:81/path", "https://host:81/path", "user:secret"},
		{"https://a%40:b@c@host?x", "https://host?x", "a%40:b@c"},
		{"https://@host/", "https://host/", ""},
		{"http://u@[::1]:8/", "http://[::1]:8/", "u"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *userinfo = NULL;

		CHECK_STR_FREE(rows[i].url, origin_split_userinfo(rows[i].url, &userinfo), rows[i].want);
		CHECK_STR_FREE(rows[i].url, userinfo, rows[i].want_userinfo);
	}
}

static void test_scheme_in(void **state)
{
	static const struct {
		const char *scheme, *list;
		bool want;
	} rows[] = {
		{"http", "http,https", true},
		{"https", "http,https", true},
		{"https", "http, https", true},
		{"HTTP", "http", true},
		{"http", "https", false},
		{"https", "http", false},
		{"htt", "http", false},
		{"", "http,,https", false},
		{"ftp", "", false},
		{"ftp", ", ,", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].list, origin_scheme_in(rows[i].scheme, rows[i].list), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_redact),
		cmocka_unit_test(test_split_userinfo),
		cmocka_unit_test(test_scheme_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
