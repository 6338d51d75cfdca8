/* job/name: corpora, and the property that whatever comes in, one safe component comes out */
#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "base/rng.h"
#include "base/text.h"
#include "job/name.h"

static void test_from_url(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{"http://h/file.iso", "file.iso"},
		{"http://h/a/b/file.iso?x=/y#z/w", "file.iso"},
		{"http://h", "index.html"},
		{"http://h/", "index.html"},
		{"http://h/dir/", "index.html"},
		{"http://h?file.iso", "index.html"},
		{"http://h/?/file.iso", "index.html"},
		{"http://h/..", "index.html"},
		{"http://h/%2e%2E", "index.html"},
		{"http://h/.", "index.html"},
		{"http://h/a%20b.txt", "a b.txt"},
		{"http://h/caf%C3%A9.txt", "caf\xc3\xa9.txt"},
		{"http://h/%252F.txt", "%2F.txt"}, /* decoded once */
		{"http://h/100%.txt", "100%.txt"},
		{"http://h/%4", "%4"},
		{"http://h/%zz", "%zz"},
		{"http://h/a%2Fb%2fc", "a_b_c"},
		{"http://h/..%2f..%2fetc%2fpasswd", "_.._etc_passwd"},
		{"http://h/%2e%2e%5cwin", "_win"},
		{"http://h/.bashrc", "bashrc"},
		{"http://h/-rf", "rf"},
		{"http://h/%00%01", "download"},
		{"http://h/a%00b", "ab"},
		{"http://h/%0d%0aX", "X"},
		{"http://h/%FF%FE.bin", "__.bin"},
		{"http://h/gpj.%E2%80%AEexe", "gpj.exe"}, /* right-to-left override */
		{"http://h/CON", "_CON"},
		{"http://h/nul.txt", "_nul.txt"},
		{"http://u:p@h/f", "f"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].url, name_from_url(rows[i].url), rows[i].want);
}

static void test_sanitize(void **state)
{
	static const struct {
		const char *raw, *want;
	} rows[] = {
		{"file.txt", "file.txt"},
		{"", "download"},
		{"...", "download"},
		{" . - ", "download"},
		{"/", "_"},
		{"../../x", "_.._x"},
		{"a/b\\c:d*e?f\"g<h>i|j~k", "a_b_c_d_e_f_g_h_i_j_k"},
		{"  .hidden", "hidden"},
		{"--help", "help"},
		{"trail. . ", "trail"},
		{"a b  c", "a b  c"},
		{"tab\there", "tabhere"},
		{"esc\x1b[31m", "esc[31m"},
		{"c1\xc2\x9b", "c1"},
		{"zero\xe2\x80\x8bwidth", "zerowidth"},
		{"\xef\xbb\xbf"
		 "bom",
			"bom"},
		{"bad\x80utf", "bad_utf"},
		{"cut\xe2\x82", "cut__"},
		{"\xed\xa0\x80", "___"},
		{"COM1", "_COM1"},
		{"com1.tar.gz", "_com1.tar.gz"},
		{"aux .txt", "_aux .txt"},
		{"COM10", "COM10"},
		{"lpt0.txt", "_lpt0.txt"},
		{"com\xc2\xb9.txt", "_com\xc2\xb9.txt"},
		{"conin$", "_conin$"},
		{"CONOUT$ .log", "_CONOUT$ .log"},
		{"CONSOLE", "CONSOLE"},
		{"%n%s", "%n%s"},
		{"\xe6\x97\xa5\xe6\x9c\xac.zip", "\xe6\x97\xa5\xe6\x9c\xac.zip"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].raw, name_sanitize(rows[i].raw, strlen(rows[i].raw)), rows[i].want);
}

static char *repeated(const char *piece, size_t n, const char *end)
{
	char *s = xmalloc(strlen(piece) * n + strlen(end) + 1);

	s[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strcat(s, piece);
	return strcat(s, end);
}

static void test_long_names_keep_their_extension(void **state)
{
	static const struct {
		const char *piece;
		size_t n;
		const char *end;
		size_t want_len;
		const char *want_end;
	} rows[] = {
		{"a", 240, "", 240, "a"}, {"a", 241, "", 240, "a"}, {"a", 300, ".iso", 240, "a.iso"},
		{"a", 300, ".tar.gz", 240, "a.tar.gz"}, {"\xc3\xa9", 200, ".iso", 240, "\xc3\xa9.iso"},
		{"\xe2\x82\xac", 100, ".iso", 238, "\xe2\x82\xac.iso"}, /* 236 = 78 * 3 + 2 */
		{"\xf0\x9f\x98\x80", 100, "", 240, "\xf0\x9f\x98\x80"},
		{"a ", 200, ".iso", 239, "a.iso"}, /* no space before the dot */
		{"a", 300, ".notanextensionatall", 240, "a"}, {".a", 300, "", 239, "a.a"}, /* nor a dot */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP_FREE char *raw = repeated(rows[i].piece, rows[i].n, rows[i].end);
		CLEANUP_FREE char *name = name_sanitize(raw, strlen(raw));
		size_t len = strlen(name), end_len = strlen(rows[i].want_end);

		CHECK_INT(name, len, rows[i].want_len);
		CHECK_STR(name, name + len - end_len, rows[i].want_end);
	}
}

/* Between a device's name and the extension there was more than fits. */
static void test_cutting_makes_no_device(void **state)
{
	(void)state;
	CLEANUP_FREE char *spaces = repeated(" ", 300, "x.txt");
	CLEANUP_FREE char *raw = xasprintf("CON%s", spaces);

	CHECK_STR_FREE("CON and spaces", name_sanitize(raw, strlen(raw)), "_CON.txt");
}

/* Written apart from the code under test. */
static void check_safe(const char *raw_row, const char *name)
{
	size_t n = strlen(name);
	unsigned cp;

	if (n == 0 || n > NAME_BYTES_MAX || !text_utf8_valid(name, n) || strpbrk(name, "/\\:*?\"<>|~") ||
		strchr(". -", name[0]) || strchr(". ", name[n - 1]))
		fail_msg("\"%s\" became \"%s\"", raw_row, name);
	for (size_t i = 0; i < n;) {
		i += text_utf8_decode(name + i, n - i, &cp);
		if (text_cp_hidden(cp))
			fail_msg("\"%s\" became \"%s\" with U+%04X", raw_row, name, cp);
	}
}

/* Bytes that matter here come often, others at times. */
static size_t random_bytes(struct rng *rng, char *buf, size_t size)
{
	static const char *const pieces[] = {".", "..", "/", "\\", " ", "-", "~", "a", "tar", ".tar.gz",
		".txt", "CON", "nul", "\xe2\x80\xae", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "\xc2",
		"\xed\xa0\x80", "\x1b", "\n", "%2e", "%2f", "%00"};
	size_t at = 0, want = (size_t)rng_upto(rng, rng_upto(rng, 9) == 0 ? 400 : 30);

	while (at < want) {
		const char *piece = pieces[rng_upto(rng, ARRAY_LEN(pieces) - 1)];
		char byte[2] = {(char)rng_upto(rng, 255), '\0'};

		if (rng_upto(rng, 3) == 0)
			piece = byte;
		size_t len = *piece ? strlen(piece) : 1;

		if (at + len >= size)
			break;
		memcpy(buf + at, piece, len);
		at += len;
	}
	buf[at] = '\0';
	return at;
}

static void test_anything_becomes_one_safe_component(void **state)
{
	struct rng rng;
	char raw[512];

	(void)state;
	rng_seed(&rng, 20);
	for (int n = 0; n < 50000; n++) {
		size_t len = random_bytes(&rng, raw, sizeof(raw));
		CLEANUP_FREE char *name = name_sanitize(raw, len);
		CLEANUP_FREE char *again = name_sanitize(name, strlen(name));
		CLEANUP_FREE char *url = xasprintf("http://h/%s", raw);
		CLEANUP_FREE char *from_url = name_from_url(url);

		check_safe(raw, name);
		check_safe(url, from_url);
		/* What was made safe may be asked for, and stays. */
		CHECK_STR(name, name_refusal(name), NULL);
		CHECK_STR(raw, again, name);
	}
}

/* ---- a corpus: every beginning with every middle and every end, in every spelling */

/* Cc, Cf, line separators, surrogates, noncharacters, unassigned beyond; again apart from base/text. */
static bool is_shown(unsigned cp)
{
	static const unsigned hidden[][2] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xd800, 0xdfff},
		{0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xfffe, 0xffff}, {0x1fffe, 0x1ffff},
		{0xe0001, 0xe0001}, {0xe0020, 0xe007f}, {0x10fffe, 0xffffffff}};

	for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
		if (cp >= hidden[i][0] && cp <= hidden[i][1])
			return false;
	}
	return true;
}

/* The well-formed sequences of Unicode's table 3-7, row by row. 0: none. */
static size_t well_formed(const unsigned char *s, unsigned *ret_cp)
{
	static const struct {
		unsigned char first_low, first_high, second_low, second_high;
		size_t n;
	} rows[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

	*ret_cp = s[0];
	if (s[0] < 0x80)
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (s[0] < rows[i].first_low || s[0] > rows[i].first_high || s[1] < rows[i].second_low ||
			s[1] > rows[i].second_high)
			continue;
		*ret_cp = s[0] & (0xffu >> (rows[i].n + 1));
		for (size_t k = 1; k < rows[i].n; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			*ret_cp = *ret_cp << 6 | (s[k] & 0x3f);
		}
		return rows[i].n;
	}
	return 0;
}

static void check_property(const char *raw, char *name)
{
	CLEANUP_FREE char *owned = name;
	size_t n = strlen(owned);
	unsigned cp;

	if (n == 0 || n > 240 || strchr(". -", owned[0]) || strchr(". ", owned[n - 1]))
		fail_msg("\"%s\" became \"%s\"", raw, owned);
	for (size_t i = 0, len; i < n; i += len) {
		len = well_formed((const unsigned char *)owned + i, &cp);
		if (len == 0 || !is_shown(cp) || (cp < 0x80 && strchr("/\\:*?\"<>|~", (int)cp)))
			fail_msg("\"%s\" became \"%s\"", raw, owned);
	}
	CHECK_STR_FREE(raw, name_sanitize(owned, n), owned);
	CLEANUP_FREE char *numbered = name_numbered(owned, 999);

	assert_true(strlen(numbered) <= 247);
	CHECK_STR(numbered, name_refusal(strlen(numbered) <= 240 ? numbered : "fine"), NULL);
}

/* Percent-encodes everything, or everything twice. */
static char *encoded(const char *raw, int times)
{
	char *s = xstrdup(raw);

	for (; times > 0; times--) {
		char *out = xmalloc(strlen(s) * 3 + 1), *at = out;

		for (const char *c = s; *c; c++, at += 3)
			snprintf(at, 4, "%%%02X", (unsigned)(unsigned char)*c);
		*at = '\0';
		free(s);
		s = out;
	}
	return s;
}

static void test_corpus(void **state)
{
	static const char *const beginnings[] = {"", ".", "..", "../", "../../../", "/", "//", "..\\", "C:\\",
		"C:", "-", "--", " ", " .-", "~", "~root/", "\xe2\x80\xae", "\xef\xbb\xbf", "\x1b[2J", "\r\n",
		"\xff", "\xc0\xaf", "\xe0\x80\xaf", "%2e%2e%2f", "$(x)", "_"};
	static const char *const middles[] = {"", "a", "etc/passwd", "CON", "nul", "com1", "LPT\xc2\xb2",
		"aux ", "a b", "caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x98\x80", "cut\xe2\x82",
		"\xed\xa0\x80", "x\xe2\x80\x8by", "\xc2\x9b", "|;&`", "\xf4\x90\x80\x80", "\xef\xbf\xbf"};
	static const char *const ends[] = {"", ".", "..", " ", ". .", ".txt", ".tar.gz", ".tar.gz.",
		".bashrc", "~", "/", "/..", "\\", ":stream", ".lnk\xe2\x80\xae", "\xf3\xa0\x81\xa1", "?x=y",
		"#z", "\n"};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(beginnings) * ARRAY_LEN(middles) * ARRAY_LEN(ends); i++) {
		const char *middle = middles[i / ARRAY_LEN(beginnings) % ARRAY_LEN(middles)];
		const char *end = ends[i / ARRAY_LEN(beginnings) / ARRAY_LEN(middles)];
		/* Every seventh is too long. */
		CLEANUP_FREE char *filler = repeated(i % 2 ? "y" : " ", i % 7 ? 0 : 300, "");
		CLEANUP_FREE char *raw =
			xasprintf("%s%s%s%s", beginnings[i % ARRAY_LEN(beginnings)], middle, filler, end);

		check_property(raw, name_sanitize(raw, strlen(raw)));
		n++;
		for (int times = 0; times < 3; times++, n++) {
			CLEANUP_FREE char *segment = encoded(raw, times);
			CLEANUP_FREE char *url = xasprintf("https://h/%s", segment);

			check_property(url, name_from_url(url));
		}
	}
	assert_true(n > 5000);
}

static void test_refusal(void **state)
{
	static const struct {
		const char *name, *say; /* NULL: may be used */
	} rows[] = {
		{"file.txt", NULL},
		{"a b (1).tar.gz", NULL},
		{"caf\xc3\xa9", NULL},
		{"CONTENT", NULL},
		{"a.", "end in a dot"},
		{"", "is empty"},
		{".", "begin with a dot"},
		{"..", "begin with a dot"},
		{".fetchd", "begin with a dot"},
		{"-o", "begin with a dot, a dash"},
		{" x", "or a space"},
		{"x ", "or a space"},
		{"a/b", "--dir"},
		{"/etc/passwd", "--dir"},
		{"../x", "--dir"},
		{"a\\b", "must not contain any of"},
		{"a:b", "must not contain any of"},
		{"a~", "must not contain any of"},
		{"a\nb", "control"},
		{"a\x7f", "control"},
		{"a\xe2\x80\xae"
		 "b",
			"invisible"},
		{"a\xff", "UTF-8"},
		{"con", "device"},
		{"LPT9.txt", "device"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = name_refusal(rows[i].name);

		if (!rows[i].say)
			CHECK_STR(rows[i].name, why, NULL);
		else if (!why || !strstr(why, rows[i].say))
			fail_msg("\"%s\": says \"%s\"", rows[i].name, why ? why : "(null)");
	}
	CLEANUP_FREE char *longest = repeated("a", NAME_BYTES_MAX, ""),
			  *longer = repeated("a", NAME_BYTES_MAX + 1, "");

	assert_null(name_refusal(longest));
	assert_non_null(strstr(name_refusal(longer), "240 bytes"));
}

static void test_numbered(void **state)
{
	static const struct {
		const char *name;
		int n;
		const char *want;
	} rows[] = {
		{"file.txt", 1, "file (1).txt"},
		{"file.txt", 999, "file (999).txt"},
		{"file", 2, "file (2)"},
		{"file.tar.gz", 1, "file (1).tar.gz"},
		{"file.tar.xz", 1, "file (1).tar.xz"},
		{"file.tar.bz2", 1, "file (1).tar.bz2"},
		{"file.TAR.ZST", 1, "file (1).TAR.ZST"},
		{"db.sql.gz", 1, "db (1).sql.gz"},
		{"v1.2.gz", 1, "v1.2 (1).gz"},
		{"report.final.gz", 1, "report.final (1).gz"},
		{"a.b.txt", 1, "a.b (1).txt"},
		{"tar.gz", 1, "tar (1).gz"},
		{"Dr. No", 1, "Dr. No (1)"},
		{"file.txt (1)", 1, "file.txt (1) (1)"},
		{"x.", 1, "x. (1)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].name, name_numbered(rows[i].name, rows[i].n), rows[i].want);
}

static void test_numbered_is_bounded(void **state)
{
	static const char *const ends[] = {"", ".iso", ".tar.gz"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		CLEANUP_FREE char *raw = repeated("\xe2\x82\xac", 100, ends[i]);
		CLEANUP_FREE char *name = name_sanitize(raw, strlen(raw));

		for (int n = 1; n < 100000000; n = n * 3 + 1) {
			CLEANUP_FREE char *numbered = name_numbered(name, n);
			size_t len = strlen(numbered);
			CLEANUP_FREE char *want_end = xasprintf(" (%d)%s", n, ends[i]);

			assert_true(len <= NAME_BYTES_MAX + 7);
			assert_true(text_utf8_valid(numbered, len));
			CHECK_STR(name, numbered + len - strlen(want_end), want_end);
		}
	}
}

static void test_shorten(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		const char *want;
	} rows[] = {
		{"short.txt", 100, "short.txt"},
		{"0123456789.tar.gz", 12, "01234.tar.gz"},
		{"0123456789.txt", 13, "012345678.txt"},
		{"0123456789", 4, "0123"},
		/* Never in the middle of a character, nor with a space before the extension. */
		{"\xc3\xa4\xc3\xa4\xc3\xa4.txt", 9, "\xc3\xa4\xc3\xa4.txt"},
		{"\xc3\xa4\xc3\xa4\xc3\xa4.txt", 7, "\xc3\xa4.txt"},
		{"abc def.txt", 8, "abc.txt"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].name, name_shorten(rows[i].name, rows[i].max), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_url),
		cmocka_unit_test(test_sanitize),
		cmocka_unit_test(test_long_names_keep_their_extension),
		cmocka_unit_test(test_cutting_makes_no_device),
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_anything_becomes_one_safe_component),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_numbered),
		cmocka_unit_test(test_numbered_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
