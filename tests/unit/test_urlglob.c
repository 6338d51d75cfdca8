/* fetchctl/urlglob: curl's patterns */
#include "config.h"

#include "unit.h"

#include "fetchctl/urlglob.h"

/* All that pattern stands for, with spaces between. Caller frees. */
static char *all(const char *pattern)
{
	struct url_glob *glob;
	size_t position;
	char *text = xstrdup(""), *url;

	assert_null(url_glob_parse(pattern, &glob, &position));
	while ((url = url_glob_next(glob))) {
		char *longer = xasprintf("%s%s%s", text, *text ? " " : "", url);

		free(text);
		free(url);
		text = longer;
	}
	assert_null(url_glob_next(glob));
	url_glob_free(glob);
	return text;
}

static void test_expand(void **state)
{
	static const struct {
		const char *pattern, *want;
	} rows[] = {
		{"http://a/b", "http://a/b"},
		{"http://{a,b}/c", "http://a/c http://b/c"},
		{"http://a/{,b,}", "http://a/ http://a/b http://a/"},
		{"http://a/[1-3]", "http://a/1 http://a/2 http://a/3"},
		{"http://a/[08-10]", "http://a/08 http://a/09 http://a/10"},
		{"http://a/[000-100:50]x", "http://a/000x http://a/050x http://a/100x"},
		{"http://a/[1-6:4]", "http://a/1 http://a/5"},
		{"http://a/[7-7]", "http://a/7"},
		{"http://a/[a-c][1-2]",
			"http://a/a1 http://a/a2 http://a/b1 http://a/b2 http://a/c1 http://a/c2"},
		{"http://a/[a-e:2]", "http://a/a http://a/c http://a/e"},
		{"http://a/[X-Z]", "http://a/X http://a/Y http://a/Z"},
		{"http://[::1]:80/[1-2]", "http://[::1]:80/1 http://[::1]:80/2"},
		{"http://u@[fe80::1]/{a,b}", "http://u@[fe80::1]/a http://u@[fe80::1]/b"},
		{"http://[1-2].a/", "http://1.a/ http://2.a/"},
		{"http://a/\\{b\\}\\[c\\]\\\\", "http://a/{b}[c]\\"},
		{"http://a/{b\\,c,d\\}}", "http://a/b,c http://a/d}"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP_FREE char *got = all(rows[i].pattern);

		assert_string_equal(got, rows[i].want);
	}
}

static void test_refuse(void **state)
{
	static const struct {
		const char *pattern;
		size_t position;
	} rows[] = {
		{"http://a/{b", 9},
		{"http://a/{b,{c}}", 9},
		{"http://a/b}", 10},
		{"http://a/b]", 10},
		{"http://a/[", 9},
		{"http://a/[]", 9},
		{"http://a/[1]", 9},
		{"http://a/[1-", 9},
		{"http://a/[1-2", 9},
		{"http://a/[2-1]", 9},
		{"http://a/[b-a]", 9},
		{"http://a/[a-Z]", 9},
		{"http://a/[a-9]", 9},
		{"http://a/[1-9:0]", 9},
		{"http://a/[1-9:]", 9},
		{"http://a/[1-9:x]", 9},
		{"http://a/[1-1000001]", 9},
		{"http://a/[1-1000][1-1001]", 17},
		{"http://a/[-1-3]", 9},
		{"http://a/[1-99999999999999999999]", 9},
		{"http://a/[::1]", 9},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url_glob *glob;
		size_t position;

		assert_non_null(url_glob_parse(rows[i].pattern, &glob, &position));
		assert_null(glob);
		assert_int_equal(position, rows[i].position);
	}
}

static void test_most(void **state)
{
	struct url_glob *glob;
	size_t position, n = 0;
	char *url;

	(void)state;
	assert_null(url_glob_parse("[1-1000][1-1000]", &glob, &position));
	assert_int_equal(url_glob_count(glob), URL_GLOB_MAX);
	while ((url = url_glob_next(glob))) {
		free(url);
		n++;
	}
	assert_int_equal(n, URL_GLOB_MAX);
	url_glob_free(glob);
}

static void test_names(void **state)
{
	static const char *const want[] = {
		"one-01-#3-#.txt", "one-02-#3-#.txt", "two-01-#3-#.txt", "two-02-#3-#.txt"};
	struct url_glob *glob;
	size_t position;

	(void)state;
	assert_null(url_glob_parse("http://a/{one,two}/x[01-02]", &glob, &position));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		CLEANUP_FREE char *url = url_glob_next(glob), *name = url_glob_name(glob, "#1-#2-#3-#.txt");

		assert_non_null(url);
		assert_string_equal(name, want[i]);
	}
	url_glob_free(glob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand),
		cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
