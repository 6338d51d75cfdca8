/* base/alloc */
#include "config.h"

#include "unit.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_zero_sizes_are_memory(void **state)
{
	(void)state;
	void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xreallocarray(NULL, 0, 8);

	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	free(a);
	free(b);
	free(c);
}

static void test_calloc_is_zero(void **state)
{
	(void)state;
	unsigned char *p = xcalloc(16, 4);
	static const unsigned char zero[64];

	assert_memory_equal(p, zero, sizeof(zero));
	free(p);
}

static void test_reallocarray_keeps_bytes(void **state)
{
	(void)state;
	char *p = xstrdup("abc");

	p = xreallocarray(p, 1000, 10);
	assert_string_equal(p, "abc");
	free(p);
}

static void test_copies(void **state)
{
	(void)state;
	CHECK_STR_FREE("strdup", xstrdup("x"), "x");
	CHECK_STR_FREE("strndup cuts", xstrndup("hello", 3), "hel");
	CHECK_STR_FREE("strndup stops at NUL", xstrndup("hi\0there", 8), "hi");
	CHECK_STR_FREE("strndup of nothing", xstrndup("hi", 0), "");
	CHECK_STR_FREE("strdup_null", xstrdup_null("y"), "y");
	assert_null(xstrdup_null(NULL));
	CHECK_STR_FREE("asprintf", xasprintf("%d-%s", 7, "z"), "7-z");
	char *copy = xmemdup("a\0b", 4);

	assert_memory_equal(copy, "a\0b", 4);
	free(copy);
}

static void test_str_set(void **state)
{
	(void)state;
	char *slot = NULL;

	str_set(&slot, "one");
	assert_string_equal(slot, "one");
	str_set(&slot, slot + 1); /* a part of the old value */
	assert_string_equal(slot, "ne");
	str_set(&slot, NULL);
	assert_null(slot);
	str_set(&slot, NULL);
	assert_null(slot);
}

static void test_cleanup_frees(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		/* The leak checker is the judge. */
		CLEANUP_FREE char *p = xstrdup("scoped");

		assert_string_equal(p, "scoped");
	}
}

/* How a child ends that asks for more than there is. */
static int status_of_greedy_child(void)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit none = {0, 0};
		volatile size_t huge = SIZE_MAX / 2;

		setrlimit(RLIMIT_CORE, &none);
		close(STDERR_FILENO);
		free(xreallocarray(NULL, huge, 4));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_overflow_ends_the_process(void **state)
{
	(void)state;
	int status = status_of_greedy_child();

	/* abort(); a sanitizer's allocator ends the process itself. */
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_sizes_are_memory),
		cmocka_unit_test(test_calloc_is_zero),
		cmocka_unit_test(test_reallocarray_keeps_bytes),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_str_set),
		cmocka_unit_test(test_cleanup_frees),
		cmocka_unit_test(test_overflow_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
