/* What every unit test needs: cmocka with the headers it wants first, checks that name the row of a table, a
 * clock that stands still until it is moved, and a child process for what ends one.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/clock.h"

/* row says which one of a table failed; any string. */
#define CHECK_INT(row, got, want) check_int(__FILE__, __LINE__, row, (long long)(got), (long long)(want))
/* NULL equals NULL only. */
#define CHECK_STR(row, got, want) check_str(__FILE__, __LINE__, row, got, want)
/* As CHECK_STR, and frees got. */
#define CHECK_STR_FREE(row, got, want) check_str_free(__FILE__, __LINE__, row, got, want)

static inline void check_int(const char *file, int line, const char *row, long long got, long long want)
{
	if (got == want)
		return;
	print_error("\"%s\": got %lld, want %lld\n", row, got, want);
	_fail(file, line);
}

static inline void check_str(const char *file, int line, const char *row, const char *got, const char *want)
{
	if (got == want || (got && want && strcmp(got, want) == 0))
		return;
	print_error("\"%s\": got \"%s\", want \"%s\"\n", row, got ? got : "(null)", want ? want : "(null)");
	_fail(file, line);
}

static inline void check_str_free(const char *file, int line, const char *row, char *got, const char *want)
{
	check_str(file, line, row, got, want);
	free(got);
}

/* ---- the fake clock */

static int64_t fake_boot_usec, fake_wall_usec;

static inline int64_t fake_read_boot(void)
{
	return fake_boot_usec;
}

static inline int64_t fake_read_wall(void)
{
	return fake_wall_usec;
}

static inline int fake_clock_setup(void **state)
{
	static const struct clock_source fake = {.boot_usec = fake_read_boot, .wall_usec = fake_read_wall};

	(void)state;
	fake_boot_usec = 1000 * USEC_PER_SEC;
	fake_wall_usec = INT64_C(1700000000) * USEC_PER_SEC;
	clock_set_source(&fake);
	return 0;
}

static inline int fake_clock_teardown(void **state)
{
	(void)state;
	clock_set_source(NULL);
	return 0;
}

#endif
