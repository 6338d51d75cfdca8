/* job/header */
#include "config.h"

#include "unit.h"

#include <stdio.h>

#include "job/header.h"

static void test_accepted(void **state)
{
	static const char *const lines[] = {"X-Token: abc", "Accept: */*", "accept:text/html",
		"Authorization: Basic eA==", "X-Empty:", "X!#$%&'*+-.^_`|~9: v", "X-Tab: a\tb",
		"X-Latin: caf\xe9", "X-Utf: caf\xc3\xa9", "Ranges: x", "Hostname: x", "Tea: x", "Prox: x",
		"Proxy: x", "If-Match: \"x\"", "Cookie: a=b; c=d"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		CHECK_STR(lines[i], header_refusal(lines[i]), NULL);
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *say;
	} rows[] = {
		{"", "is written"},
		{"X", "is written"},
		{": v", "is written"},
		{"X : v", "is written"},
		{" X: v", "is written"},
		{"X Y: v", "is written"},
		{"X\xc3\xa9: v", "is written"},
		{"X;", "is written"},
		{"GET / HTTP/1.1", "is written"},
		{"X\r\nHost: h", "is written"},
		{"X: a\r\nHost: evil", "line break"},
		{"X: a\nHost: evil", "line break"},
		{"X: a\r", "line break"},
		{"X: a\x01", "control"},
		{"X: a\x7f", "control"},
		{"X: \x1b[0m", "control"},
		{"Host: h", "sets this header itself"},
		{"hOsT: h", "sets this header itself"},
		{"Content-Length: 5", "sets this header itself"},
		{"Transfer-Encoding: chunked", "sets this header itself"},
		{"Connection: close", "sets this header itself"},
		{"Range: bytes=0-", "sets this header itself"},
		{"If-Range: \"x\"", "sets this header itself"},
		{"Proxy-Authorization: x", "sets this header itself"},
		{"proxy-anything: x", "sets this header itself"},
		{"TE: trailers", "sets this header itself"},
		{"Accept-Encoding: gzip", "sets this header itself"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = header_refusal(rows[i].line);

		if (!why || !strstr(why, rows[i].say))
			fail_msg("\"%s\": says \"%s\"", rows[i].line, why ? why : "(null)");
	}
}

/* Every byte, in a name and in a value. */
static void test_grammar_of_bytes(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char name[8], value[8];
		bool token = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			     (byte >= 'A' && byte <= 'Z') || strchr("!#$%&'*+-.^_`|~", byte);
		bool field = byte == '\t' || (byte >= ' ' && byte != 0x7f);

		snprintf(name, sizeof(name), "X%cY:", byte);
		snprintf(value, sizeof(value), "%c", byte);
		/* "X:Y:" is the header X. */
		if (byte != ':')
			CHECK_INT(name, header_refusal(name) == NULL, token);
		CHECK_INT(value, header_value_refusal(value) == NULL, field);
	}
	assert_null(header_value_refusal(""));
}

static void test_secret_names(void **state)
{
	static const struct {
		const char *line;
		bool want;
	} rows[] = {
		{"Authorization: Bearer x", true},
		{"authorization:x", true},
		{"COOKIE: a=b", true},
		{"X-Auth-Token: x", true},
		{"PRIVATE-TOKEN: x", true},
		{"X-Amz-Security-Token: x", true},
		{"X-Client-Secret: x", true},
		{"X-Password: x", true},
		{"X-API-Key: x", true},
		{"apikey: x", true},
		{"X-Signature-256: x", true},
		{"X-Credentials: x", true},
		{"Accept: text/html", false},
		{"Accept-Language: eo", false},
		{"X-Key: x", false},
		{"Origin: https://token.example/?secret=authorization", false},
		{":token", false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].line, header_is_secret(rows[i].line), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_grammar_of_bytes),
		cmocka_unit_test(test_secret_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
