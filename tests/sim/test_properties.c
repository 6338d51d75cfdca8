/* Properties of the queue, over random histories: tests/sim/model.h says what holds, after each step and at
 *the end. A failure is shrunk and printed as it can be run again:
 *
 *	FETCHD_SIM_HISTORIES=10000	so many, instead of 100
 *	FETCHD_SIM_SEED=7		from this seed on, instead of 1
 *	FETCHD_SIM_OPS='7 add:0:0:0 …'	this one alone, told step by step
 *
 * What random_histories() makes of a seed changes with the operations there are; a shrunk history that found
 * something is kept.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "tests/sim/history.h"

#define HISTORIES 100
#define SLICE	  100

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void report(uint64_t seed)
{
	static struct history history;
	size_t before;

	history_make(&history, seed);
	before = history.n;
	if (!history_fails(&history, true)) {
		print_error("seed %llu failed, and does not when run alone\n", (unsigned long long)seed);
		return;
	}
	history_shrink(&history);
	CLEANUP_FREE char *text = history_text(&history);

	print_error("seed %llu, shrunk from %zu operations to %zu:\n", (unsigned long long)seed, before,
		history.n);
	(void)history_fails(&history, false);
	print_error("again: FETCHD_SIM_OPS='%s' tests/sim/test_properties\n", text);
}

static void random_histories(void **state)
{
	uint64_t seed = number_of("FETCHD_SIM_SEED", 1), n = number_of("FETCHD_SIM_HISTORIES", HISTORIES);

	(void)state;
	for (uint64_t done = 0; done < n; done += SLICE) {
		size_t slice = n - done < SLICE ? (size_t)(n - done) : SLICE;
		int64_t bad = histories_run(seed + done, slice);

		if (bad >= 0) {
			report((uint64_t)bad);
			fail();
		}
	}
}

/* Shrunk ones that have found something. */
static const char *const found[] = {
	/* An end failed what followed it, that its group, that what followed another of the group, and that a
	 * second group: one of which had been started in the same turn. */
	"8834 add:0:0:0:0:0 add:820:188:383:0:0 finish:0:0:0:0:0 finish:0:419:0:0:0 add:978:0:0:0:0 "
	"finish:0:0:0:0:0 finish:0:918:0:0:0 add:857:31:425:0:0",
	/* What was added to a group that had ended failed in the same turn: its fate was one of the life
	   before. */
	"3713 add:802:404:169:0:0 add:34:675:733:0:0 finish:0:0:0:0:0 finish:0:0:0:0:0 finish:61:0:0:0:0 "
	"add:819:795:857:0:0 finish:0:0:0:3:0 finish:0:0:0:0:0 finish:0:0:0:0:0 add:861:467:633:0:1 "
	"time:0:0:0:0:0 finish:0:0:0:0:0 finish:0:0:0:0:0 time:0:0:0:0:0 add:0:19:0:0:0 reload:0:473:0:0:0 "
	"finish:323:0:0:0:0 add:611:82:0:0:0 finish:0:0:0:0:0 finish:0:0:0:0:0 finish:0:0:0:0:0 "
	"finish:0:0:0:0:0 add:556:0:0:0:1 time:0:0:0:0:0",
};

static void kept_histories(void **state)
{
	static struct history history;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		assert_true(history_parse(&history, found[i]));
		assert_false(history_fails(&history, true));
	}
}

static void one_history(void **state)
{
	static struct history history;

	(void)state;
	assert_true(history_parse(&history, getenv("FETCHD_SIM_OPS")));
	assert_false(history_fails(&history, false));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(kept_histories), cmocka_unit_test(random_histories)};
	const struct CMUnitTest one[] = {cmocka_unit_test(one_history)};

	if (getenv("FETCHD_SIM_OPS"))
		return cmocka_run_group_tests(one, NULL, NULL);
	return cmocka_run_group_tests(all, NULL, NULL);
}
