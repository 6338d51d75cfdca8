/* transfer/gate and transfer/response: which answers may touch the file. */
#include "config.h"

#include "unit.h"

#include "fetchd/transfer/gate.h"

/* What was asked, the head that came, and what the gate must say. */
struct row {
	const char *row;
	struct gate_request request;
	const char *head;
	enum gate_answer want;
	int64_t size;
	const char *code;
};

#define E1 "\"one\""
#define PART                                                                                                 \
	{                                                                                                    \
		.offset = 100, .size = 1000, .etag = E1, .validator = JOB_VALIDATOR_ETAG                     \
	}
#define PIECE                                                                                                \
	{                                                                                                    \
		.offset = 100, .until = 500, .size = 1000, .etag = E1, .validator = JOB_VALIDATOR_ETAG       \
	}
#define FIRST_PIECE                                                                                          \
	{                                                                                                    \
		.until = 500, .size = 1000, .etag = E1, .validator = JOB_VALIDATOR_ETAG                      \
	}
#define OK   "HTTP/1.1 200 OK\r\n"
#define P206 "HTTP/1.1 206 Partial Content\r\n"

static const struct row rows[] = {
	{"whole", {.size = -1}, OK "Content-Length: 10\r\n", GATE_START, 10, NULL},
	{"whole of unknown size", {.size = -1}, OK, GATE_START, -1, NULL},
	{"empty", {.size = -1}, OK "Content-Length: 0\r\n", GATE_START, 0, NULL},
	{"too large", {.size = -1, .max_size = 9}, OK "Content-Length: 10\r\n", GATE_REFUSE, -1,
		"E_TOO_LARGE"},
	{"two lengths", {.size = -1}, OK "Content-Length: 1\r\nContent-Length: 2\r\n", GATE_REFUSE, -1,
		"E_HEADERS"},
	{"the same length twice", {.size = -1}, OK "Content-Length: 1\r\nContent-Length: 1\r\n", GATE_START,
		1, NULL},
	{"signed length", {.size = -1}, OK "Content-Length: +1\r\n", GATE_REFUSE, -1, "E_HEADERS"},
	{"length over 2^63", {.size = -1}, OK "Content-Length: 9223372036854775808\r\n", GATE_REFUSE, -1,
		"E_HEADERS"},
	{"part without asking", {.size = -1}, P206 "Content-Range: bytes 0-9/10\r\n", GATE_REFUSE, -1,
		"E_RANGE"},
	{"the rest", PART, P206 "Content-Range: bytes 100-999/1000\r\nETag: " E1 "\r\n", GATE_APPEND, 1000,
		NULL},
	{"the rest, no validator in it", PART, P206 "Content-Range: bytes 100-999/1000\r\n", GATE_REFUSE, -1,
		"E_RANGE"},
	{"from elsewhere", PART, P206 "Content-Range: bytes 99-999/1000\r\n", GATE_REFUSE, -1, "E_RANGE"},
	{"not to the end", PART, P206 "Content-Range: bytes 100-998/1000\r\n", GATE_REFUSE, -1, "E_RANGE"},
	{"a piece", PIECE, P206 "Content-Range: bytes 100-499/1000\r\nETag: " E1 "\r\n", GATE_APPEND, 1000,
		NULL},
	{"more than the piece", PIECE, P206 "Content-Range: bytes 100-999/1000\r\nETag: " E1 "\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"less than the piece", PIECE, P206 "Content-Range: bytes 100-498/1000\r\nETag: " E1 "\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"a piece of another file", PIECE, P206 "Content-Range: bytes 100-499/1000\r\nETag: \"two\"\r\n",
		GATE_REFUSE, -1, "E_CHANGED"},
	{"the first piece", FIRST_PIECE, P206 "Content-Range: bytes 0-499/1000\r\nETag: " E1 "\r\n",
		GATE_APPEND, 1000, NULL},
	{"whole instead of the first piece", FIRST_PIECE, OK "Content-Length: 1000\r\n", GATE_START, 1000,
		NULL},
	{"of another total", PART, P206 "Content-Range: bytes 100-1000/1001\r\n", GATE_REFUSE, -1,
		"E_CHANGED"},
	{"of an unknown total", PART, P206 "Content-Range: bytes 100-999/*\r\n", GATE_REFUSE, -1, "E_RANGE"},
	{"without saying which", PART, P206, GATE_REFUSE, -1, "E_RANGE"},
	{"said twice", PART,
		P206 "Content-Range: bytes 100-999/1000\r\nContent-Range: bytes 100-999/1000\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"in other units", PART, P206 "Content-Range: lines 100-999/1000\r\n", GATE_REFUSE, -1, "E_RANGE"},
	{"length against range", PART, P206 "Content-Range: bytes 100-999/1000\r\nContent-Length: 10\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"another validator", PART, P206 "Content-Range: bytes 100-999/1000\r\nETag: \"two\"\r\n",
		GATE_REFUSE, -1, "E_CHANGED"},
	{"encoded part", PART, P206 "Content-Range: bytes 100-999/1000\r\nContent-Encoding: gzip\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"whole instead of the rest", PART, OK "Content-Length: 1000\r\n", GATE_START, 1000, NULL},
	{"whole with a range of an unknown total", PART, OK "Content-Range: bytes 100-999/*\r\n", GATE_REFUSE,
		-1, "E_RANGE"},
	{"whole with a range", PART, OK "Content-Length: 900\r\nContent-Range: bytes 100-999/1000\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"all there", {.offset = 1000, .size = 1000, .etag = E1, .validator = JOB_VALIDATOR_ETAG},
		"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */1000\r\n", GATE_COMPLETE, -1,
		NULL},
	{"shorter than what is there", PART, "HTTP/1.1 416 X\r\nContent-Range: bytes */50\r\n", GATE_REFUSE,
		-1, "E_RANGE"},
	{"416 without asking", {.size = -1}, "HTTP/1.1 416 X\r\n", GATE_REFUSE, -1, "E_HTTP_416"},
	{"redirect", {.size = -1}, "HTTP/1.1 302 Found\r\nLocation: /b\r\n", GATE_REDIRECT, -1, NULL},
	{"error page", {.size = -1}, "HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n", GATE_REFUSE, -1,
		"E_HTTP_404"},
	{"error page in the middle", PART, "HTTP/1.1 503 X\r\nContent-Length: 900\r\n", GATE_REFUSE, -1,
		"E_HTTP_503"},
	{"no content", {.size = -1}, "HTTP/1.1 204 No Content\r\n", GATE_REFUSE, -1, "E_HTTP_UNEXPECTED"},
	{"interim first", {.size = -1}, "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 7\r\n",
		GATE_START, 7, NULL},
};

static void feed(struct response *r, const char *head)
{
	for (const char *end; (end = strstr(head, "\r\n")); head = end + 2)
		assert_true(response_line(r, head, (size_t)(end + 2 - head)));
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct response r;
		struct verdict v;
		struct gate_result result;

		response_init(&r);
		verdict_init(&v);
		feed(&r, rows[i].head);
		CHECK_INT(rows[i].row, gate_judge(&rows[i].request, &r, &result, &v), rows[i].want);
		if (rows[i].want == GATE_APPEND || rows[i].want == GATE_START)
			CHECK_INT(rows[i].row, result.size, rows[i].size);
		CHECK_STR(rows[i].row, v.code, rows[i].code);
		CHECK_INT(rows[i].row, v.class == VERDICT_OK, rows[i].code == NULL);
		response_done(&r);
		verdict_done(&v);
	}
}

static void test_validators(void **state)
{
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const char minute_before[] = "Sun, 06 Nov 1994 08:48:37 GMT";
	static const char second_less[] = "Sun, 06 Nov 1994 08:48:38 GMT";

	(void)state;
	CHECK_INT("strong", gate_validator(E1, minute_before, date), JOB_VALIDATOR_ETAG);
	CHECK_INT("weak, old date", gate_validator("W/\"one\"", minute_before, date), JOB_VALIDATOR_DATE);
	CHECK_INT("too young", gate_validator(NULL, second_less, date), JOB_VALIDATOR_NONE);
	CHECK_INT("no date", gate_validator(NULL, minute_before, NULL), JOB_VALIDATOR_NONE);
	CHECK_INT("from the future", gate_validator(NULL, date, minute_before), JOB_VALIDATOR_NONE);
	CHECK_INT("garbage", gate_validator("one", "yesterday", date), JOB_VALIDATOR_NONE);
	CHECK_INT("none", gate_validator(NULL, NULL, NULL), JOB_VALIDATOR_NONE);
}

/* What the table above cannot say: classes, notes and what is counted. */
static void judge(const char *what, const struct gate_request *q, const char *head, enum gate_answer want,
	struct gate_result *result, struct verdict *v)
{
	struct response r;

	response_init(&r);
	verdict_init(v);
	feed(&r, head);
	CHECK_INT(what, gate_judge(q, &r, result, v), want);
	response_done(&r);
}

static void test_range_faults(void **state)
{
	static const char wrong[] = P206 "Content-Range: bytes 0-999/1000\r\n";
	struct gate_request q = PART;
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("first", &q, wrong, GATE_REFUSE, &result, &v);
	CHECK_INT("bytes kept", v.class, VERDICT_TRANSIENT);
	CHECK_INT("counted", result.range_fault, true);
	verdict_done(&v);
	q.range_faults = 1;
	judge("second", &q, wrong, GATE_REFUSE, &result, &v);
	CHECK_INT("bytes dropped", v.class, VERDICT_RESTART);
	verdict_done(&v);
	q = (struct gate_request){.size = -1};
	judge("unasked", &q, wrong, GATE_REFUSE, &result, &v);
	CHECK_INT("nothing to keep", v.class, VERDICT_RESTART);
	CHECK_INT("no range was asked", result.range_fault, false);
	verdict_done(&v);
}

static void test_overlap(void **state)
{
	struct gate_request q = {
		.offset = 100000, .overlap = GATE_OVERLAP, .size = 200000, .etag = "W/\"one\""};
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("from the overlap", &q, P206 "Content-Range: bytes 34464-199999/200000\r\n", GATE_APPEND,
		&result, &v);
	verdict_done(&v);
	judge("from the offset", &q, P206 "Content-Range: bytes 100000-199999/200000\r\n", GATE_REFUSE,
		&result, &v);
	CHECK_STR("not what was asked", v.code, "E_RANGE");
	verdict_done(&v);
	judge("weakly the same", &q, P206 "Content-Range: bytes 34464-199999/200000\r\nETag: \"one\"\r\n",
		GATE_APPEND, &result, &v);
	verdict_done(&v);
	judge("weakly another", &q, P206 "Content-Range: bytes 34464-199999/200000\r\nETag: W/\"two\"\r\n",
		GATE_REFUSE, &result, &v);
	CHECK_STR("changed", v.code, "E_CHANGED");
	CHECK_INT("counted", result.changed, true);
	verdict_done(&v);
	judge("shorter than what is here",
		&(struct gate_request){.offset = 100000, .overlap = GATE_OVERLAP, .size = -1},
		P206 "Content-Range: bytes 34464-99998/99999\r\n", GATE_REFUSE, &result, &v);
	CHECK_STR("changed", v.code, "E_CHANGED");
	verdict_done(&v);
}

static void test_changes_have_an_end(void **state)
{
	struct gate_request q = PART;
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("begun anew", &q, OK "Content-Length: 900\r\nETag: \"two\"\r\n", GATE_START, &result, &v);
	CHECK_INT("counted", result.changed, true);
	CHECK_INT("told", result.note != NULL, true);
	verdict_done(&v);
	q.changes = GATE_CHANGES_MAX;
	judge("too often", &q, OK "Content-Length: 900\r\nETag: \"two\"\r\n", GATE_REFUSE, &result, &v);
	CHECK_INT("for good", v.class, VERDICT_PERMANENT);
	CHECK_STR("why", v.code, "E_CHANGED");
	verdict_done(&v);
}

static void test_conditions(void **state)
{
	struct gate_request q = {
		.size = -1, .conditional = true, .have_etag = E1, .have_modified_sec = 784111777};
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("304", &q, "HTTP/1.1 304 Not Modified\r\n", GATE_UNCHANGED, &result, &v);
	judge("the condition was ignored", &q, OK "ETag: W/" E1 "\r\n", GATE_UNCHANGED, &result, &v);
	judge("new", &q, OK "ETag: \"two\"\r\n", GATE_START, &result, &v);
	q.have_etag = NULL;
	judge("not later", &q, OK "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", GATE_UNCHANGED, &result,
		&v);
	judge("later", &q, OK "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n", GATE_START, &result, &v);
	q.conditional = false;
	judge("unasked 304", &q, "HTTP/1.1 304 Not Modified\r\n", GATE_REFUSE, &result, &v);
	verdict_done(&v);
}

static void test_pages_in_the_place_of_files(void **state)
{
	static const char page[] = OK "Content-Type: text/html; charset=utf-8\r\nContent-Length: 900\r\n";
	struct gate_request q = {.size = -1, .plain_http = true, .foreign = true, .expects_binary = true};
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("captive", &q, page, GATE_REFUSE, &result, &v);
	CHECK_INT("held", v.class, VERDICT_HELD);
	CHECK_STR("why", v.code, "E_CAPTIVE");
	verdict_done(&v);
	q.expects_binary = false;
	judge("a page was asked for", &q, page, GATE_START, &result, &v);
	q = (struct gate_request){.size = -1, .foreign = true, .expects_binary = true};
	judge("over TLS", &q, page, GATE_START, &result, &v);
	assert_true(
		gate_names_binary("a.tar.GZ") && !gate_names_binary("a.html") && !gate_names_binary("gz"));
}

static void test_ranges_refused_by_status(void **state)
{
	struct gate_request q = PART;
	struct gate_result result;
	struct verdict v;

	(void)state;
	judge("400 to a range", &q, "HTTP/1.1 400 X\r\n", GATE_REFUSE, &result, &v);
	CHECK_INT("once without", v.class, VERDICT_RESTART);
	verdict_done(&v);
	judge("403 to a range", &q, "HTTP/1.1 403 X\r\n", GATE_REFUSE, &result, &v);
	assert_non_null(strstr(v.message, "expired"));
	verdict_done(&v);
	judge("two ways to say where it ends", &q, OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		GATE_REFUSE, &result, &v);
	CHECK_STR("smuggling", v.code, "E_HEADERS");
	verdict_done(&v);
}

static void test_digests_that_differ(void **state)
{
	struct gate_request q = PART;
	struct gate_result result;
	struct verdict v;

	(void)state;
	q.digest = "sha-256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	judge("same", &q,
		P206 "Content-Range: bytes 100-999/1000\r\nETag: " E1 "\r\n"
		     "Repr-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n",
		GATE_APPEND, &result, &v);
	judge("another", &q,
		P206 "Content-Range: bytes 100-999/1000\r\nETag: " E1 "\r\n"
		     "Repr-Digest: sha-256=:AAAAQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n",
		GATE_REFUSE, &result, &v);
	CHECK_STR("changed", v.code, "E_CHANGED");
	verdict_done(&v);
}

static void test_caps(void **state)
{
	static char line[1024];
	struct response r;
	size_t n = 0;

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	response_init(&r);
	while (response_line(&r, line, sizeof(line) - 1))
		n++;
	assert_int_equal(n, RESPONSE_BYTES_MAX / (sizeof(line) - 1));
	response_done(&r);
	response_init(&r);
	for (n = 0; response_line(&r, "a: b\r\n", 6);)
		n++;
	assert_int_equal(n, RESPONSE_LINES_MAX);
	response_done(&r);
}

static void test_trailers_change_nothing(void **state)
{
	struct response r;

	(void)state;
	response_init(&r);
	feed(&r, OK "Content-Length: 7\r\nETag: " E1 "\r\n\r\nETag: \"two\"\r\nContent-Length: 9\r\n");
	CHECK_STR("etag", r.etag, E1);
	CHECK_INT("length", r.content_length, 7);
	CHECK_INT("sense", r.bad, 0);
	response_done(&r);
}

/* Trailers, once the head was judged, and should they look like another head. */
static void test_nothing_changes_what_was_judged(void **state)
{
	struct response r;

	(void)state;
	response_init(&r);
	feed(&r, OK "Content-Length: 7\r\nETag: " E1 "\r\n\r\n");
	r.closed = true;
	feed(&r, "HTTP/1.1 206 Partial Content\r\nETag: \"two\"\r\nContent-Range: bytes 0-1/2\r\n\r\n");
	CHECK_INT("status", r.status, 200);
	CHECK_STR("etag", r.etag, E1);
	CHECK_INT("length", r.content_length, 7);
	CHECK_INT("range", r.has_content_range, 0);
	CHECK_INT("complete", r.complete, 1);
	CHECK_INT("lines", r.lines, 8);
	response_done(&r);
}

static void test_statuses(void **state)
{
	static const struct {
		const char *line;
		int want;
	} lines[] = {
		{"HTTP/1.1 200 OK", 200},
		{"HTTP/1.1 200", 200},
		{"HTTP/2 206 ", 206},
		{"HTTP/1.0 999 x", 999},
		{"HTTP/1.1 2000 OK", 0},
		{"HTTP/1.1 20 OK", 0},
		{"HTTP/1.1 099 x", 0},
		{"HTTP/1.1 200OK", 0},
		{"HTTP/1.1 +200 OK", 0},
		{"HTTP/1.1 -200 OK", 0},
		{"HTTP/1.1  200 OK", 0},
		{"HTTP/1.1 99999999999999999999 OK", 0},
		{"HTTP/1.1 4294967496 OK", 0},
		{"HTTP/1.1", 0},
		{"HTTP/1.1 ", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct response r;

		response_init(&r);
		assert_true(response_line(&r, lines[i].line, strlen(lines[i].line)));
		CHECK_INT(lines[i].line, r.status, lines[i].want);
		response_done(&r);
	}
}

/* The date proves sameness, the weak ETag agrees and proves nothing. */
static void test_weak_etag_does_not_hide_a_new_date(void **state)
{
	static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	static const enum job_validator validators[] = {JOB_VALIDATOR_DATE, JOB_VALIDATOR_NONE};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(validators); i++) {
		struct gate_request q = {.offset = 100,
			.size = 1000,
			.etag = "W/\"one\"",
			.last_modified = date,
			.validator = validators[i],
			.have_modified_sec = -1};
		struct gate_result result;
		struct response r;
		struct verdict v;

		response_init(&r);
		verdict_init(&v);
		feed(&r, P206 "Content-Range: bytes 100-999/1000\r\nETag: W/\"one\"\r\n"
			      "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n");
		CHECK_INT("refused", gate_judge(&q, &r, &result, &v), GATE_REFUSE);
		CHECK_STR("code", v.code, "E_CHANGED");
		response_done(&r);
		verdict_done(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_validators),
		cmocka_unit_test(test_range_faults),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_changes_have_an_end),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_pages_in_the_place_of_files),
		cmocka_unit_test(test_ranges_refused_by_status),
		cmocka_unit_test(test_digests_that_differ),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_trailers_change_nothing),
		cmocka_unit_test(test_nothing_changes_what_was_judged),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_weak_etag_does_not_hide_a_new_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
