/* job/governor_answer: what every verdict that classify can give says of the origin */
#include "config.h"

#include "unit.h"

#include <errno.h>

#include "job/classify.h"
#include "job/governor_answer.h"

static enum governor_answer of_curl(int code, const char *detail)
{
	struct verdict v;
	enum governor_answer answer;

	verdict_init(&v);
	classify_curl(&v, code, detail);
	answer = governor_answer_of(&v);
	verdict_done(&v);
	return answer;
}

static enum governor_answer of_http(int status, int64_t retry_after_usec)
{
	struct verdict v;
	enum governor_answer answer;

	verdict_init(&v);
	v.retry_after_usec = retry_after_usec;
	classify_http(&v, status);
	answer = governor_answer_of(&v);
	verdict_done(&v);
	return answer;
}

static bool among(int n, const int *set, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (set[i] == n)
			return true;
	}
	return false;
}

/* libcurl-errors(3), by number; all others say nothing. */
static const int curl_timeouts[] = {7, 28, 45};
static const int curl_failures[] = {
	6, 8, 16, 18, 35, 52, 55, 56, 60, 64, 65, 79, 80, 83, 91, 90, 92, 95, 96, 101};
static const int curl_alive[] = {9, 10, 11, 12, 13, 14, 15, 17, 19, 21, 25, 26, 30, 31, 33, 36, 47, 61, 63,
	67, 70, 73, 78, 84, 87, 88, 94, 100};

static void test_every_curl_code(void **state)
{
	(void)state;
	for (int code = 1; code <= 110; code++) {
		CLEANUP_FREE char *row = xasprintf("curl %d", code);
		enum governor_answer want = GOVERNOR_NONE;

		if (among(code, curl_timeouts, ARRAY_LEN(curl_timeouts)))
			want = GOVERNOR_TIMEOUT;
		else if (among(code, curl_failures, ARRAY_LEN(curl_failures)))
			want = GOVERNOR_FAILURE;
		else if (among(code, curl_alive, ARRAY_LEN(curl_alive)))
			want = GOVERNOR_ALIVE;
		CHECK_INT(row, of_curl(code, NULL), want);
	}
	CHECK_INT("stall", of_curl(28, "Operation too slow. Less than 1 bytes/sec"), GOVERNOR_TIMEOUT);
}

static void test_every_status(void **state)
{
	static const int busy[] = {503, 509, 529}, timeouts[] = {504, 522, 524, 598, 599};

	(void)state;
	for (int status = 200; status <= 599; status++) {
		CLEANUP_FREE char *row = xasprintf("status %d", status);
		enum governor_answer want = status >= 500 ? GOVERNOR_FAILURE : GOVERNOR_ALIVE;

		if (status == 429)
			want = GOVERNOR_OVERLOAD;
		else if (status == 407 || status == 511) /* a proxy, the network here */
			want = GOVERNOR_NONE;
		else if (among(status, busy, ARRAY_LEN(busy)))
			want = GOVERNOR_BUSY;
		else if (among(status, timeouts, ARRAY_LEN(timeouts)))
			want = GOVERNOR_TIMEOUT;
		CHECK_INT(row, of_http(status, -1), want);
	}
	CHECK_INT("202 with Retry-After", of_http(202, 1), GOVERNOR_ALIVE);
	CHECK_INT("413 with Retry-After", of_http(413, 1), GOVERNOR_ALIVE);
	CHECK_INT("429 with Retry-After", of_http(429, 1), GOVERNOR_OVERLOAD);
}

/* This machine's files are not the origin's fault; at most there were bytes, so it lives. */
static void test_every_errno(void **state)
{
	(void)state;
	for (int error = 1; error < 134; error++) {
		CLEANUP_FREE char *row = xasprintf("errno %d", error);
		enum governor_answer want =
			error == EFBIG || error == EOVERFLOW ? GOVERNOR_ALIVE : GOVERNOR_NONE;
		struct verdict v;

		verdict_init(&v);
		classify_errno(&v, error, "write", "/x");
		CHECK_INT(row, governor_answer_of(&v), want);
		verdict_done(&v);
	}
}

static void test_proxies(void **state)
{
	(void)state;
	for (int i = 1; i < 40; i++) {
		struct verdict v;

		verdict_init(&v);
		classify_proxy(&v, i, NULL);
		CHECK_INT("proxy", governor_answer_of(&v), GOVERNOR_NONE);
		verdict_done(&v);
	}
	for (int status = 400; status < 600; status++) {
		struct verdict v;

		verdict_init(&v);
		classify_connect(&v, status);
		CHECK_INT("CONNECT", governor_answer_of(&v), GOVERNOR_NONE);
		verdict_done(&v);
	}
}

static void test_other_verdicts(void **state)
{
	static const struct {
		const char *code;
		enum verdict_class class;
		enum governor_answer want;
	} rows[] = {
		{NULL, VERDICT_OK, GOVERNOR_SUCCESS},
		{NULL, VERDICT_ABORTED, GOVERNOR_NONE},
		{NULL, VERDICT_TRANSIENT, GOVERNOR_NONE},
		{"E_NETWORK", VERDICT_HELD, GOVERNOR_NONE},
		{"E_CAPTIVE", VERDICT_HELD, GOVERNOR_NONE},
		{"E_CONNECT", VERDICT_HELD, GOVERNOR_NONE}, /* excused */
		{"E_TIMEOUT", VERDICT_TRANSIENT, GOVERNOR_TIMEOUT},
		{"E_STALL", VERDICT_TRANSIENT, GOVERNOR_TIMEOUT},
		{"E_TRUNCATED", VERDICT_TRANSIENT, GOVERNOR_FAILURE},
		{"E_CHANGED", VERDICT_RESTART, GOVERNOR_ALIVE},
		{"E_CHECKSUM", VERDICT_PERMANENT, GOVERNOR_ALIVE},
		{"E_EMPTY", VERDICT_TRANSIENT, GOVERNOR_ALIVE},
		{"E_OVERRUN", VERDICT_RESTART, GOVERNOR_ALIVE},
		{"E_REDIRECT_POLICY", VERDICT_PERMANENT, GOVERNOR_ALIVE},
		{"E_DIR", VERDICT_PERMANENT, GOVERNOR_ALIVE},
		{"E_BLOCKED_ADDR", VERDICT_PERMANENT, GOVERNOR_NONE},
		{"E_EXISTS", VERDICT_PERMANENT, GOVERNOR_NONE},
		{"E_PART", VERDICT_RESTART, GOVERNOR_NONE},
		{"E_INTERNAL", VERDICT_TRANSIENT, GOVERNOR_NONE},
		{"E_SOMETHING_NEW", VERDICT_TRANSIENT, GOVERNOR_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		v.class = rows[i].class;
		v.code = rows[i].code;
		CHECK_INT(rows[i].code ? rows[i].code : "no code", governor_answer_of(&v), rows[i].want);
		verdict_done(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_curl_code),
		cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_every_errno),
		cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_other_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
