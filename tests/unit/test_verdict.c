/* job/verdict */
#include "config.h"

#include "unit.h"

#include "job/verdict.h"

static void test_empty(void **state)
{
	struct verdict v;

	(void)state;
	verdict_init(&v);
	assert_int_equal(v.class, VERDICT_OK);
	assert_int_equal(v.retry_after_usec, -1);
	assert_int_equal(v.most_attempts, 0);
	assert_int_equal(v.http_status, 0);
	assert_null(v.code);
	assert_null(v.message);
	verdict_done(&v);
}

static void test_first_cause_wins(void **state)
{
	struct verdict v;

	(void)state;
	verdict_init(&v);
	verdict_set(&v, VERDICT_HELD, "E_NO_SPACE", "need %d, have %d", 5, 3);
	verdict_set(&v, VERDICT_TRANSIENT, "E_RECV", "the transfer was stopped");
	assert_int_equal(v.class, VERDICT_HELD);
	assert_string_equal(v.code, "E_NO_SPACE");
	assert_string_equal(v.message, "need 5, have 3");
	verdict_done(&v);
	assert_null(v.message);
	verdict_done(&v);
}

static void test_names(void **state)
{
	static const struct {
		enum verdict_class class;
		const char *want;
	} rows[] = {{VERDICT_OK, "ok"}, {VERDICT_TRANSIENT, "transient"}, {VERDICT_RESTART, "restart"},
		{VERDICT_PERMANENT, "permanent"}, {VERDICT_HELD, "held"}, {VERDICT_ABORTED, "aborted"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(rows[i].want, verdict_class_name(rows[i].class), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_first_cause_wins),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
