/* wire/frame: hostile text in, one clear refusal out */
#include "config.h"

#include "unit.h"

#include "base/rng.h"
#include "base/text.h"
#include "wire/frame.h"

static void test_accepted(void **state)
{
	static const char *const texts[] = {"{}", " {} ", "{\"a\":1}",
		"{\"a\":[{\"b\":null}],\"c\":\"\\u00e9\"}", "{\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}",
		"{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[\"}", "{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\"}",
		"{\"a\":\"\\\\\",\"b\":\"\\ud83d\\ude00\"}", "{\"a\":9223372036854775807}", "{\"a\":1.5}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *why = "untouched";
		size_t position = 0;
		json_t *message = wire_parse(texts[i], strlen(texts[i]), &why, &position);

		if (!message)
			fail_msg("%s: %s at %zu", texts[i], why, position);
		json_decref(message);
	}
}

static void test_refused(void **state)
{
	static const char *const texts[] = {"", " ", "{", "}", "[]", "1", "null", "true", "\"x\"", "{}{}",
		"{} x", "{a:1}", "{'a':1}", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{,}", "{\"a\":1,\"a\":2}",
		"{\"a\":{\"b\":1,\"b\":1}}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1e999}",
		"{\"a\":9223372036854775808}", "{\"a\":18446744073709551616}", "{\"a\":NaN}",
		"{\"a\":Infinity}", "{\"a\":0x1}", "{\"a\":\"\xff\"}", "{\"\xff\":1}",
		"{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\\ud800\"}",
		"{\"a\":\"\\udc00\"}", "{\"a\":\"\\u0000\"}", "{\"a\\u0000b\":1}", "{\"a\":\"\\x41\"}",
		"{\"a\":\"\n\"}", "{\"a\":\"", "{\"a\":\"\\", "/* */{}", "\xef\xbb\xbf{}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *why = NULL;
		size_t position = 9999;
		json_t *message = wire_parse(texts[i], strlen(texts[i]), &why, &position);

		if (message || !why || !*why || position > strlen(texts[i]))
			fail_msg("row %zu \"%s\": %s at %zu", i, texts[i], why ? why : "accepted", position);
	}
}

static void test_reasons(void **state)
{
	static const struct {
		const char *text, *say;
		size_t position; /* SIZE_MAX: any */
	} rows[] = {
		{"[]", "object", 0},
		{"{\"a\":\"\xff\"}", "UTF-8", SIZE_MAX},
		{"{\"a\":1,\"a\":2}", "twice", SIZE_MAX},
		{"{\"a\":\"\\u0000\"}", "NUL", SIZE_MAX},
		{"{\"a\":1e999}", "range", SIZE_MAX},
		{"{\"a\":1", "ends too early", SIZE_MAX},
		{"{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "deep", 20},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = NULL;
		size_t position = 9999;

		assert_null(wire_parse(rows[i].text, strlen(rows[i].text), &why, &position));
		if (!why || !strstr(why, rows[i].say))
			fail_msg("%s: says \"%s\"", rows[i].text, why ? why : "(null)");
		if (rows[i].position != SIZE_MAX)
			CHECK_INT(rows[i].text, position, rows[i].position);
	}
}

static char *nested(size_t depth)
{
	char *text = xmalloc(depth * 2 + 8);

	/* The object is one level itself. */
	strcpy(text, "{\"a\":");
	memset(text + 5, '[', depth - 1);
	memset(text + 5 + depth - 1, ']', depth - 1);
	strcpy(text + 5 + 2 * (depth - 1), "}");
	return text;
}

static void test_depth(void **state)
{
	static const struct {
		size_t depth;
		bool want;
	} rows[] = {{1, true}, {WIRE_DEPTH_MAX, true}, {WIRE_DEPTH_MAX + 1, false}, {400000, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP_FREE char *text = nested(rows[i].depth);
		const char *why = NULL;
		size_t position;
		json_t *message;

		if (rows[i].depth == 1)
			strcpy(text, "{\"a\":1}");
		message = wire_parse(text, strlen(text), &why, &position);
		CHECK_INT(why ? why : "accepted", message != NULL, rows[i].want);
		json_decref(message);
	}
}

/* The length counts, not a NUL: bytes beyond it are not looked at. */
static void test_bytes_beyond(void **state)
{
	const char *why;
	size_t position;
	json_t *message = wire_parse("{\"a\":1}garbage", 7, &why, &position);

	(void)state;
	assert_non_null(message);
	json_decref(message);
	assert_null(wire_parse("{\"a\":1}\0", 8, &why, &position));
	/* Not even when the text ends inside a string or an escape. */
	CLEANUP_FREE char *exact = xmemdup("{\"a\\", 4);

	assert_null(wire_parse(exact, 4, &why, &position));
}

static void test_random_changes(void **state)
{
	static const char text[] =
		"{\"method\":\"io.fetchd.Manager.Add\",\"parameters\":{\"jobs\":[{\"url\":\"http://h/\"}]}}";
	struct rng rng;

	(void)state;
	rng_seed(&rng, 4);
	for (int n = 0; n < 50000; n++) {
		/* Its own allocation, so that a byte too far is seen. */
		size_t len = (size_t)rng_upto(&rng, sizeof(text) - 2) + 1;
		CLEANUP_FREE char *copy = xmemdup(text, len);
		const char *why = NULL;
		size_t position = 0;

		for (int64_t changes = rng_upto(&rng, 3); changes > 0; changes--)
			copy[rng_upto(&rng, (int64_t)len - 1)] = (char)rng_upto(&rng, 255);
		json_t *message = wire_parse(copy, len, &why, &position);

		assert_true(message ? json_is_object(message) : why && position <= len);
		json_decref(message);
	}
}

static void test_format(void **state)
{
	size_t len;
	json_t *message = json_pack("{s:i, s:[s, n]}", "a", 1, "b", "x");

	(void)state;
	assert_non_null(message);
	CLEANUP_FREE char *text = wire_format(message, &len);

	assert_int_equal(len, strlen(text) + 1);
	const char *why;
	size_t position;
	json_t *back = wire_parse(text, len - 1, &why, &position);

	assert_true(json_equal(message, back));
	assert_null(strpbrk(text, " \n"));
	json_decref(back);
	json_decref(message);
}

static void test_string(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"caf\xe9", "caf\\xe9"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"a\xe2\x82", "a\\xe2\\x82"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"esc\x1b", "esc\x1b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *string = wire_string(rows[i].in);

		CHECK_STR(rows[i].want, json_string_value(string), rows[i].want);
		assert_true(text_utf8_valid(json_string_value(string), json_string_length(string)));
		json_decref(string);
	}
	json_t *none = wire_string(NULL);

	assert_true(json_is_null(none));
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_bytes_beyond),
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
