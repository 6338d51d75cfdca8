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
		.offset = 100, .size = 1000, .etag = E1                                                      \
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
	{"the rest, no validator in it", PART, P206 "Content-Range: bytes 100-999/1000\r\n", GATE_APPEND,
		1000, NULL},
	{"from elsewhere", PART, P206 "Content-Range: bytes 99-999/1000\r\n", GATE_REFUSE, -1, "E_RANGE"},
	{"not to the end", PART, P206 "Content-Range: bytes 100-998/1000\r\n", GATE_REFUSE, -1, "E_RANGE"},
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
	{"whole with a range", PART, OK "Content-Length: 900\r\nContent-Range: bytes 100-999/1000\r\n",
		GATE_REFUSE, -1, "E_RANGE"},
	{"all there", {.offset = 1000, .size = 1000, .etag = E1},
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
		int64_t size;

		response_init(&r);
		verdict_init(&v);
		feed(&r, rows[i].head);
		CHECK_INT(rows[i].row, gate_judge(&rows[i].request, &r, &size, &v), rows[i].want);
		if (rows[i].want != GATE_REFUSE)
			CHECK_INT(rows[i].row, size, rows[i].size);
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
	CHECK_STR("strong", gate_validator(E1, minute_before, date), E1);
	CHECK_STR("weak, old date", gate_validator("W/\"one\"", minute_before, date), minute_before);
	CHECK_STR("too young", gate_validator(NULL, second_less, date), NULL);
	CHECK_STR("no date", gate_validator(NULL, minute_before, NULL), NULL);
	CHECK_STR("from the future", gate_validator(NULL, date, minute_before), NULL);
	CHECK_STR("garbage", gate_validator("one", "yesterday", date), NULL);
	CHECK_STR("none", gate_validator(NULL, NULL, NULL), NULL);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_validators),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_trailers_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
