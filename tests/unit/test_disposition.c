/* job/disposition: the grammar, what servers send instead, and what must never come out */
#include "config.h"

#include "unit.h"

#include "base/rng.h"
#include "base/text.h"
#include "job/disposition.h"
#include "job/name.h"

#define E_ACUTE	      "\xc3\xa9"
#define EURO	      "\xe2\x82\xac"
#define RIGHT_TO_LEFT "\xe2\x80\xae"

struct row {
	const char *value, *want;
};

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_STR_FREE(rows[i].value, disposition_name(rows[i].value), rows[i].want);
}

static void test_filename(void **state)
{
	static const struct row rows[] = {
		{"attachment; filename=\"file.txt\"", "file.txt"},
		{"attachment; filename=file.txt", "file.txt"},
		{"inline; filename=\"file.txt\"", "file.txt"},
		{"AttachMent;FILENAME=file.txt", "file.txt"},
		{"attachment ; filename = \"file.txt\" ; size=5", "file.txt"},
		{"attachment;\tfilename=\tfile.txt\t", "file.txt"},
		{"attachment; filename=\"a b; c.txt\"", "a b; c.txt"},
		{"attachment; filename=\"a=b.txt\"", "a=b.txt"},
		{"attachment; filename=\"it\\\"s.txt\"", "it_s.txt"},
		{"attachment; filename=\"f\\oo.txt\"", "foo.txt"},
		{"attachment; filename=\"" E_ACUTE ".txt\"", E_ACUTE ".txt"},
		{"attachment; filename=\"\xe9.txt\"", E_ACUTE ".txt"},
		{"attachment; filename=\xe9.txt", E_ACUTE ".txt"},
		{"attachment; filename=\"a%20b.txt\"", "a%20b.txt"}, /* no decoding here */
		{"attachment; filename=\"..%2f..%2fx\"", "%2f..%2fx"},
		{"attachment; filename=\"one\"; filename=\"two\"", "one"},
		{"attachment; filename=one; FileName=two", "one"},
		{"attachment; xfilename=one; filename2=two", NULL},
		{"attachment; name=\"field\"; filename=\"file.txt\"", "file.txt"},
		{"form-data; name=\"filename=x\"; filename=\"y\"", "y"},
		{"attachment; name=\"\\\"; filename=x\"; filename=y", "y"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_sloppy_servers(void **state)
{
	static const struct row rows[] = {
		{"filename=file.txt", "file.txt"},
		{"filename=\"file.txt\"", "file.txt"},
		{"; filename=file.txt", "file.txt"},
		{"attachment filename=\"file.txt\"", "file.txt"},
		{"attachment;;; filename=file.txt;", "file.txt"},
		{"attachment; filename=my file.txt", "my file.txt"},
		{"attachment; filename=my file.txt ; x=y", "my file.txt"},
		{"attachment; filename=\"no end.txt", "no end.txt"},
		{"attachment; filename=\"end\\", NULL}, /* a directory */
		{"attachment; filename=\"file.txt\" trash; x=y", "file.txt"},
		{"attachment; filename='file.txt'", "'file.txt'"},
		{"attachment; filename=(file).txt", "(file).txt"},
		{"attachment; filename=a,b.txt", "a,b.txt"},
		{"attachment; filename==x", "=x"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_extended(void **state)
{
	static const struct row rows[] = {
		{"attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", EURO " rates.txt"},
		{"attachment; filename*=utf-8'en'%E2%82%AC.txt", EURO ".txt"},
		{"attachment; filename*=iso-8859-1'en'%A3%20x.txt", "\xc2\xa3 x.txt"},
		{"attachment; filename*=\"UTF-8''a%20b.txt\"", "a b.txt"},
		{"attachment; filename* = UTF-8''a.txt", "a.txt"},
		{"attachment; filename=\"old.txt\"; filename*=UTF-8''new.txt", "new.txt"},
		{"attachment; filename*=UTF-8''new.txt; filename=\"old.txt\"", "new.txt"},
		{"attachment; filename*=UTF-8''one; filename*=UTF-8''two", "one"},
		{"attachment; filename*=UTF-8''it's.txt", "it's.txt"},
		{"attachment; filename*=UTF-8''a%00b.txt", "ab.txt"},
		{"attachment; filename*=UTF-8''%252f.txt", "%2f.txt"}, /* decoded once */
		/* broken: the plain one counts */
		{"attachment; filename*=UTF-8''%e2%82.txt; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''%zz.txt; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''100%; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''%4; filename=plain", "plain"},
		{"attachment; filename*=UTF-8'x.txt; filename=plain", "plain"},
		{"attachment; filename*=x.txt; filename=plain", "plain"},
		{"attachment; filename*=''x.txt; filename=plain", "plain"},
		{"attachment; filename*=KOI8-R''%c1.txt; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''" EURO "; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''; filename=plain", "plain"},
		{"attachment; filename*=UTF-8''%2e%2e%2f; filename=plain", "plain"},
		{"attachment; filename*=; filename=plain", "plain"},
		{"attachment; filename*=broken; filename*=UTF-8''two; filename=plain", "plain"},
		{"attachment; filename*=x.txt", NULL},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_continued(void **state)
{
	static const struct row rows[] = {
		{"attachment; filename*0=\"long \"; filename*1=\"name.txt\"", "long name.txt"},
		{"attachment; filename*1=name.txt; filename*0=long-", "long-name.txt"},
		{"attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac.txt", EURO ".txt"},
		{"attachment; filename*0*=ISO-8859-1''%e9; filename*1=.txt", E_ACUTE ".txt"},
		{"attachment; filename*0*=UTF-8''a%20; filename*1=%20b", "a %20b"},
		{"attachment; filename*0=a; filename*2=c", "a"},
		{"attachment; filename*0=new; filename=old", "new"},
		{"attachment; filename*=UTF-8''newest; filename*0=new", "newest"},
		{"attachment; filename*1=b; filename=old", "old"},
		{"attachment; filename*00=b; filename=old", "old"},
		{"attachment; filename*0*=b; filename=old", "old"},
		{"attachment; filename*0=\xe9; filename=old", "old"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_one_component(void **state)
{
	static const struct row rows[] = {
		{"attachment; filename=\"../../x\"", "x"},
		{"attachment; filename=/etc/passwd", "passwd"},
		{"attachment; filename=\"C:\\x\\y\"", "y"},
		{"attachment; filename=\"C:\\\\x\\\\y\"", "y"},
		{"attachment; filename=C:\\x\\y", "y"},
		{"attachment; filename=\"a\\\\b/c\"", "c"},
		{"attachment; filename*=UTF-8''..%2F..%2fx", "x"},
		{"attachment; filename*=UTF-8''..%5cx", "x"},
		{"attachment; filename*=ISO-8859-1''%2fetc%2fpasswd", "passwd"},
		{"attachment; filename*0=\"..\"; filename*1=\"/\"; filename*2=\"x\"", "x"},
		{"attachment; filename=.bashrc", "bashrc"},
		{"attachment; filename=-rf", "rf"},
		{"attachment; filename=CON", "_CON"},
		{"attachment; filename=\"gpj." RIGHT_TO_LEFT "exe\"", "gpj.exe"},
		{"attachment; filename*=UTF-8''gpj.%E2%80%AEexe", "gpj.exe"},
		{"attachment; filename=\"\x1b[31m.txt\"", "[31m.txt"},
		{"attachment; filename=\"x.txt. . \"", "x.txt"},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_nothing_usable(void **state)
{
	static const char *const values[] = {"", ";", "=", ";;;", "attachment", "attachment;",
		"inline; size=5", "attachment; filename",
		"attachment; filename=", "attachment; filename=\"\"", "attachment; filename=\"",
		"attachment; filename=\"..\"", "attachment; filename=.", "attachment; filename=\"a/\"",
		"attachment; filename=\"\\\\\"", "attachment; filename=\" - \"",
		"attachment; filename=" RIGHT_TO_LEFT, "attachment; filename*",
		"attachment; filename*=UTF-8''", "report.pdf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		CHECK_STR_FREE(values[i], disposition_name(values[i]), NULL);
}

static void test_length(void **state)
{
	static const char start[] = "attachment; filename=";
	char value[9000];

	(void)state;
	memset(value, 'a', sizeof(value));
	memcpy(value, start, sizeof(start) - 1);
	value[8192] = '\0';
	CLEANUP_FREE char *name = disposition_name(value);

	assert_int_equal(strlen(name), NAME_BYTES_MAX);
	value[8192] = 'a';
	value[8193] = '\0';
	assert_null(disposition_name(value));
}

/* Whatever comes in: no name, or one that a user might have given. */
static void test_anything(void **state)
{
	static const char *const pieces[] = {"attachment", ";", "=", "\"", "\\", "'", "*", " ", "\t",
		"filename", "filename*", "filename*0", "filename*1*", "filename=", "UTF-8''", "ISO-8859-1''",
		"%2f", "%00", "%e2%80%ae", "%", "..", "/", "x", ".tar.gz", "\xff", EURO, RIGHT_TO_LEFT,
		"CON"};
	struct rng rng;
	int named = 0;

	(void)state;
	rng_seed(&rng, 5);
	for (int round = 0; round < 50000; round++) {
		char value[512] = "";

		for (int64_t n = rng_upto(&rng, 16); n > 0; n--)
			strcat(value, pieces[rng_upto(&rng, ARRAY_LEN(pieces) - 1)]);
		CLEANUP_FREE char *name = disposition_name(value);

		if (name)
			CHECK_STR(value, name_refusal(name), NULL);
		named += name != NULL;
	}
	assert_true(named > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filename),
		cmocka_unit_test(test_sloppy_servers),
		cmocka_unit_test(test_extended),
		cmocka_unit_test(test_continued),
		cmocka_unit_test(test_one_component),
		cmocka_unit_test(test_nothing_usable),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
