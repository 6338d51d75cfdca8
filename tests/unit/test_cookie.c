/* job/cookie and job/proxy: what users write by hand, or export from browsers */
#include "config.h"

#include "unit.h"

#include "job/cookie.h"
#include "job/proxy.h"

static void test_pairs(void **state)
{
	static const struct {
		const char *pairs;
		bool good;
	} rows[] = {
		{"a=1", true},
		{"a=1; b=2", true},
		{"a=", true},
		{"a=b=c", true},
		{"a=caf\xc3\xa9", true},
		{"", false},
		{"a", false},
		{"a=1\r\nX: y", false},
		{"a=1\nb=2", false},
		{"a=\x01", false},
		{"a=\x7f", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].pairs, cookie_pairs_refusal(rows[i].pairs) == NULL, rows[i].good);
}

#define LINE "example.org\tFALSE\t/\tTRUE\t0\tname\tvalue\n"

static void test_jar(void **state)
{
	static const struct {
		const char *text;
		size_t bad_line; /* 0: good */
	} rows[] = {
		{"", 0},
		{"\n\n", 0},
		{"# Netscape HTTP Cookie File\n" LINE, 0},
		{LINE LINE, 0},
		{".example.org\tTRUE\t/a b\tfalse\t1900000000\tn\t", 0},
		{"#HttpOnly_.example.org\tTRUE\t/\tFALSE\t1900000000.5\tn\tv\r\n", 0},
		{"h\tTRUE\t/\tFALSE\t-1\tn\tv", 0},
		{"h\tTRUE\t/\tFALSE\t0\tn", 0},
		{"h\tTRUE\t/\tFALSE\t0\tn\tv\tmore", 1},
		{"h\tTRUE\t/\tFALSE\t0", 1},
		{LINE "a=1", 2},
		{LINE "Set-Cookie: a=1", 2},
		{"#\n\n" LINE "\tTRUE\t/\tFALSE\t0\tn\tv", 4},
		{"h\tmaybe\t/\tFALSE\t0\tn\tv", 1},
		{"h\tTRUE\t/\tno\t0\tn\tv", 1},
		{"h\tTRUE\t/\tFALSE\tsoon\tn\tv", 1},
		{"h\tTRUE\t/\tFALSE\t\tn\tv", 1},
		{"h\tTRUE\t/\tFALSE\t0\t\tv", 1},
		{"h\tTRUE\t/\tFALSE\t0\tn\tv\rw", 1},
		{"# \x1b[2J", 1},
	};
	size_t line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = cookie_jar_refusal(rows[i].text, &line);

		CHECK_INT(rows[i].text, why ? (long long)line : 0, rows[i].bad_line);
	}
}

static void test_proxies(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{"http://p:3128", "http://p:3128"},
		{"p:3128", "http://p:3128"},
		{"p", "http://p"},
		{"https://u:w@p/", "https://u:w@p/"},
		{"u:w@p:8080", "http://u:w@p:8080"},
		{"socks4://p", "socks4://p"},
		{"socks4a://p", "socks4a://p"},
		{"socks5://p:1080", "socks5://p:1080"},
		{"SOCKS5H://[::1]:1080", "SOCKS5H://[::1]:1080"},
		{"", NULL},
		{"http://", NULL},
		{"socks5://", NULL},
		{"ftp://p", NULL},
		{"tor://p", NULL},
		{"http://sesame:sesame@", NULL},
		{"http://u:se same@p", NULL},
		{"http://u:sesame@p:99999", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *why = NULL;

		CHECK_STR_FREE(rows[i].text, proxy_normalize(rows[i].text, &why), rows[i].want);
		CHECK_INT(rows[i].text, why != NULL, rows[i].want == NULL);
		assert_true(!why || !strstr(why, "same"));
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_jar),
		cmocka_unit_test(test_proxies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
