/* job/hold */
#include "config.h"

#include "unit.h"

#include "job/hold.h"

static struct verdict verdict_of(enum verdict_class class, const char *code)
{
	struct verdict v;

	verdict_init(&v);
	v.class = class;
	v.code = code;
	return v;
}

static void test_network(void **state)
{
	static const struct {
		enum verdict_class class;
		const char *code;
		bool explained;
	} rows[] = {
		{VERDICT_TRANSIENT, "E_DNS", true},
		{VERDICT_TRANSIENT, "E_CONNECT", true},
		{VERDICT_TRANSIENT, "E_TIMEOUT", true},
		{VERDICT_TRANSIENT, "E_STALL", true},
		{VERDICT_TRANSIENT, "E_RECV", true},
		{VERDICT_TRANSIENT, "E_PROXY", true},
		/* Somebody has answered, or it was looked at here. */
		{VERDICT_TRANSIENT, "E_HTTP_503", false},
		{VERDICT_TRANSIENT, "E_TLS_VERIFY", false},
		{VERDICT_TRANSIENT, "E_MEMORY", false},
		{VERDICT_PERMANENT, "E_CONNECT", false},
		{VERDICT_HELD, "E_NO_SPACE", false},
		{VERDICT_ABORTED, NULL, false},
		{VERDICT_OK, NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct verdict v = verdict_of(rows[i].class, rows[i].code);

		CHECK_INT(rows[i].code ? rows[i].code : "none", hold_explains_network(&v), rows[i].explained);
	}
}

static void test_clock(void **state)
{
	const int64_t first_2026 = INT64_C(1767225600) * USEC_PER_SEC;
	const struct verdict verify = verdict_of(VERDICT_TRANSIENT, "E_TLS_VERIFY");
	const struct verdict pinned = verdict_of(VERDICT_PERMANENT, "E_TLS_VERIFY");
	const struct verdict other = verdict_of(VERDICT_TRANSIENT, "E_TLS");

	(void)state;
	assert_true(hold_explains_clock(&verify, 0));
	assert_true(hold_explains_clock(&verify, first_2026 - 1));
	assert_false(hold_explains_clock(&verify, first_2026));
	assert_false(hold_explains_clock(&pinned, 0));
	assert_false(hold_explains_clock(&other, 0));
}

static void test_interval(void **state)
{
	struct verdict v = verdict_of(VERDICT_HELD, "E_NO_SPACE");
	bool spread = false;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 1);
	for (int i = 0; i < 1000; i++) {
		int64_t wait = hold_usec(30 * USEC_PER_SEC, &v, &rng);

		assert_in_range(wait, 30 * USEC_PER_SEC, 33 * USEC_PER_SEC);
		spread = spread || wait > 32 * USEC_PER_SEC;
	}
	assert_true(spread);
	v.retry_after_usec = USEC_PER_SEC;
	assert_in_range(hold_usec(30 * USEC_PER_SEC, &v, &rng), 30 * USEC_PER_SEC, 33 * USEC_PER_SEC);
	v.retry_after_usec = 300 * USEC_PER_SEC;
	assert_int_equal(hold_usec(30 * USEC_PER_SEC, &v, &rng), 300 * USEC_PER_SEC);
}

static void test_floor(void **state)
{
	const int64_t minute = 60 * USEC_PER_SEC;
	struct verdict v = verdict_of(VERDICT_TRANSIENT, "E_TLS_VERIFY");

	(void)state;
	assert_int_equal(hold_floor_usec(&v, 1), -1);
	v.retry_after_usec = 10 * minute;
	assert_int_equal(hold_floor_usec(&v, 1), 10 * minute);
	assert_int_equal(hold_floor_usec(&v, 3), 10 * minute);
	v.slow_growth = true;
	assert_int_equal(hold_floor_usec(&v, 1), 10 * minute);
	assert_int_equal(hold_floor_usec(&v, 2), 60 * minute);
	assert_int_equal(hold_floor_usec(&v, 3), 360 * minute);
	assert_int_equal(hold_floor_usec(&v, 1000), USEC_INFINITY);
	v.retry_after_usec = 0;
	assert_int_equal(hold_floor_usec(&v, 1000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_interval),
		cmocka_unit_test(test_floor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
