/* base/base64: the vectors of RFC 4648, 10, and what is none. */
#include "config.h"

#include "unit.h"

#include "base/base64.h"

static const struct vector {
	const char *bytes, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xfb\xef", "//vv"},
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP_FREE char *text = base64_encode(vectors[i].bytes, strlen(vectors[i].bytes));
		size_t n;
		CLEANUP_FREE void *bytes = base64_decode(vectors[i].text, &n);

		CHECK_STR(vectors[i].bytes, text, vectors[i].text);
		assert_non_null(bytes);
		assert_int_equal(n, strlen(vectors[i].bytes));
		assert_memory_equal(bytes, vectors[i].bytes, n);
	}
}

static void test_what_is_none(void **state)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Zh==", "Zm9=", "Zm 9v",
		"Zm9v\n", "====", "Zm9v====", "Zm_v"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		size_t n;
		CLEANUP_FREE void *bytes = base64_decode(bad[i], &n);

		if (bytes)
			print_error("%s was taken\n", bad[i]);
		assert_null(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
