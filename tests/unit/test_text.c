/* base/text */
#include "config.h"

#include "unit.h"

#include <locale.h>
#include <stdio.h>

#include "base/text.h"

static void test_escape(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", ""},
		{"plain ~ text", "plain ~ text"},
		{"back\\slash", "back\\slash"},
		{"\x1b[2J", "\\x1b[2J"},
		{"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"},
		{"\x7f", "\\x7f"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"\xc2\x9b", "\\u{9b}"},       /* CSI as a C1 control */
		{"\xe2\x80\xae", "\\u{202e}"}, /* right-to-left override */
		{"\xe2\x81\xa6", "\\u{2066}"}, /* left-to-right isolate */
		{"\xe2\x80\xa8", "\\u{2028}"}, /* line separator */
		{"\xef\xbb\xbf", "\\u{feff}"},
		{"\xef\xbf\xbe", "\\u{fffe}"},	    /* noncharacter */
		{"\xf3\xa0\x81\x81", "\\u{e0041}"}, /* tag */
		{"\xff", "\\xff"},
		{"\xc3", "\\xc3"},	    /* cut short */
		{"\xc0\xaf", "\\xc0\\xaf"}, /* overlong '/' */
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},	      /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond U+10FFFF */
		{"\xc3(", "\\xc3("},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].want, text_escape(rows[i].in), rows[i].want);
	CHECK_STR_FREE("with NUL", text_escape_n("a\0b", 3), "a\\x00b");
}

/* Whatever bytes come, none that a terminal obeys goes out, and what goes out is UTF-8. */
static void test_escape_lets_nothing_through(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		const char in[] = {(char)(pair >> 8), (char)pair, 'x'};
		CLEANUP_FREE char *out = text_escape_n(in, sizeof(in));
		unsigned cp;

		assert_true(text_utf8_valid(out, strlen(out)));
		for (size_t at = 0, len; out[at]; at += len) {
			len = text_utf8_decode(out + at, strlen(out + at), &cp);
			assert_false(text_cp_hidden(cp));
		}
	}
}

static void test_decode(void **state)
{
	static const struct {
		const char *bytes;
		size_t n, want_len;
		unsigned want_cp;
	} rows[] = {
		{"A", 1, 1, 'A'},
		{"\0", 1, 1, 0},
		{"\xc2\x80", 2, 2, 0x80},
		{"\xdf\xbf", 2, 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 3, 0x800},
		{"\xef\xbf\xbf", 3, 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
		{"\xf4\x8f\xbf\xbf", 3, 0, 0},
		{"\x80", 1, 0, 0},
		{"\xc1\xbf", 2, 0, 0},
		{"\xe0\x9f\xbf", 3, 0, 0},
		{"\xed\xbf\xbf", 3, 0, 0},
		{"\xf0\x8f\xbf\xbf", 4, 0, 0},
		{"\xf5\x80\x80\x80", 4, 0, 0},
		{"\xe2\x28\xa1", 3, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char row[16];
		unsigned cp = 0;

		snprintf(row, sizeof(row), "row %zu", i);
		CHECK_INT(row, text_utf8_decode(rows[i].bytes, rows[i].n, &cp), rows[i].want_len);
		if (rows[i].want_len > 0)
			CHECK_INT(row, cp, rows[i].want_cp);
	}
	assert_true(text_utf8_valid("", 0));
	assert_true(text_utf8_valid("\xe2\x82\xac", 3));
	assert_false(text_utf8_valid("\xe2\x82\xac", 2));
}

static void test_hidden(void **state)
{
	static const unsigned hidden[] = {0, 0x1f, 0x7f, 0x80, 0x9f, 0xad, 0x61c, 0x180e, 0x200b, 0x200f,
		0x2028, 0x202a, 0x202e, 0x2060, 0x2069, 0xfeff, 0xfdd0, 0xfdef, 0xfffe, 0x1ffff, 0x10ffff,
		0xe0001, 0xe007f};
	static const unsigned shown[] = {' ', '~', 0xa0, 0xac, 0xae, 0x2010, 0x2027, 0x202f, 0x3042, 0xfdcf,
		0xfdf0, 0xfffd, 0x1f600, 0x10fffd};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		if (!text_cp_hidden(hidden[i]))
			fail_msg("U+%04X is shown", hidden[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		if (text_cp_hidden(shown[i]))
			fail_msg("U+%04X is hidden", shown[i]);
	}
}

static const struct {
	const char *text;
	size_t columns;
	const char *want;
} cut_rows[] = {
	{"hello", 5, "hello"},
	{"hello", 9, "hello"},
	{"hello", 4, "hel\xe2\x80\xa6"},
	{"hello", 1, "\xe2\x80\xa6"},
	{"hello", 0, ""},
	{"", 0, ""},
	{"", 3, ""},
	{"h\xc3\xa9llo", 5, "h\xc3\xa9llo"},
	{"h\xc3\xa9llo", 3, "h\xc3\xa9\xe2\x80\xa6"},
};

static void test_ellipsize_middle(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
		const char *want;
	} rows[] = {
		{"report-2026.pdf", 15, "report-2026.pdf"},
		{"report-2026.pdf", 14, "repo\xe2\x80\xa6-2026.pdf"},
		{"report-2026.pdf", 8,
			"re\xe2\x80\xa6"
			"6.pdf"},
		{"report-2026.pdf", 4,
			"r\xe2\x80\xa6"
			"df"},
		{"report-2026.pdf", 3, "re\xe2\x80\xa6"},
		{"report-2026.pdf", 0, ""},
		{"", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(
			rows[i].text, text_ellipsize_middle(rows[i].text, rows[i].columns), rows[i].want);
}

static void test_ellipsize(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cut_rows); i++)
		CHECK_STR_FREE(cut_rows[i].text, text_ellipsize(cut_rows[i].text, cut_rows[i].columns),
			cut_rows[i].want);
}

/* Characters of two columns and of none are counted where the locale knows them. */
static void test_wide_characters(void **state)
{
	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	CHECK_INT("two CJK", text_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	CHECK_INT("combining acute", text_width("e\xcc\x81"), 1);
	CHECK_STR_FREE("half of a wide one does not fit", text_ellipsize("\xe6\x97\xa5\xe6\x9c\xac", 3),
		"\xe6\x97\xa5\xe2\x80\xa6");
	CHECK_STR_FREE("nor here", text_ellipsize("\xe6\x97\xa5\xe6\x9c\xac", 2), "\xe2\x80\xa6");
	test_ellipsize(state);
	CHECK_STR_FREE("wide ones on both sides",
		text_ellipsize_middle("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5", 6),
		"\xe6\x97\xa5\xe2\x80\xa6\xe6\x97\xa5");
	setlocale(LC_CTYPE, "C");
}

static void test_width_without_unicode(void **state)
{
	(void)state;
	CHECK_INT("ASCII", text_width("abc"), 3);
	CHECK_INT("one a character", text_width("\xe6\x97\xa5"), 1);
	CHECK_INT("empty", text_width(""), 0);
}

static void test_compare(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {{"", "", true}, {"Host", "hOST", true}, {"a", "b", false}, {"a", "ab", false},
		{"ab", "a", false}, {"[", "{", false}, {"@", "`", false}, {"\xc3\x89", "\xc3\xa9", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].a, text_ieq(rows[i].a, rows[i].b), rows[i].want);
	assert_true(text_starts("https://x", "https:"));
	assert_true(text_starts("x", ""));
	assert_false(text_starts("htt", "http"));
	assert_false(text_starts("HTTP", "http"));
	assert_int_equal(text_percent_byte("%41"), 'A');
	assert_int_equal(text_percent_byte("%fF0"), 0xff);
	assert_int_equal(text_percent_byte("%00"), 0);
	assert_int_equal(text_percent_byte("%"), -1);
	assert_int_equal(text_percent_byte("%4"), -1);
	assert_int_equal(text_percent_byte("%g0"), -1);
	assert_int_equal(text_percent_byte("%0g"), -1);
	assert_int_equal(text_percent_byte("41"), -1);
	assert_int_equal(text_percent_byte(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_lets_nothing_through),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_ellipsize),
		cmocka_unit_test(test_ellipsize_middle),
		cmocka_unit_test(test_wide_characters),
		cmocka_unit_test(test_width_without_unicode),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
