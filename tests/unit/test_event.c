/* job/event: the words, and the numbers that are stored */
#include "config.h"

#include "unit.h"

#include "job/event.h"

static void test_names_and_numbers(void **state)
{
	static const char *const want[] = {[1] = "added",
		"queued",
		"started",
		"waiting",
		"paused",
		"done",
		"failed",
		"cancelled",
		"removed",
		"edited",
		"hook_ok",
		"hook_failed"};

	(void)state;
	assert_int_equal(EVENT_KIND_LAST, ARRAY_LEN(want) - 1);
	for (int kind = 1; kind <= EVENT_KIND_LAST; kind++)
		CHECK_STR(want[kind], event_kind_name((enum event_kind)kind), want[kind]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
