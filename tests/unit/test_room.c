/* disk/room: what may be written, and what is left to others */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fileio.h"
#include "fetchd/disk/room.h"
#include "job/job.h"

#define KIB ((int64_t)1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

static void test_reserve(void **state)
{
	static const struct {
		const char *row;
		int64_t total, reserve, want;
	} rows[] = {
		{"large", 1000 * GIB, 64 * MIB, 64 * MIB},
		{"as configured at the limit", 6400 * MIB, 64 * MIB, 64 * MIB},
		{"small: a hundredth", 100 * MIB, 64 * MIB, MIB},
		{"none asked", 100 * MIB, 0, 0},
		{"unknown size", 0, 64 * MIB, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct room room = {.total_bytes = rows[i].total};

		CHECK_INT(rows[i].row, room_reserve(&room, rows[i].reserve), rows[i].want);
	}
}

static void test_suffices(void **state)
{
	static const struct {
		int64_t total, free, need;
		const char *want; /* NULL: there is room */
	} rows[] = {
		{1000 * GIB, 10 * GIB, 5 * GIB, NULL},
		{1000 * GIB, 5 * GIB + 64 * MIB, 5 * GIB, NULL},
		{1000 * GIB, 5 * GIB + 64 * MIB - 1, 5 * GIB,
			"need 5.0GiB and 64.0MiB in reserve, 5.1GiB free on /r"},
		{1000 * GIB, 1288490189, 5 * GIB, "need 5.0GiB and 64.0MiB in reserve, 1.2GiB free on /r"},
		{1000 * GIB, 64 * MIB, -1, NULL},
		{1000 * GIB, 64 * MIB - 1, -1, "need 64.0MiB in reserve, 64.0MiB free on /r"},
		{1000 * GIB, 64 * MIB, 0, NULL},
		{1000 * GIB, 0, 0, NULL},
		{1000 * GIB, 64 * MIB, 1, "need 1B and 64.0MiB in reserve, 64.0MiB free on /r"},
		{1000 * GIB, 0, -1, "need 64.0MiB in reserve, 0B free on /r"},
		{100 * MIB, 20 * MIB, 19 * MIB, NULL},
		{100 * MIB, 20 * MIB, INT64_MAX, "need 8.0EiB and 1.0MiB in reserve, 20.0MiB free on /r"},
		/* A file system that has no figures. */
		{0, 0, 5 * GIB, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct room room = {.total_bytes = rows[i].total, .free_bytes = rows[i].free};
		const char *row = rows[i].want ? rows[i].want : "there is room";
		struct verdict v;

		verdict_init(&v);
		CHECK_INT(row, room_suffices(&room, rows[i].need, 64 * MIB, "/r", &v), !rows[i].want);
		CHECK_STR(row, v.message, rows[i].want);
		CHECK_STR(row, v.code, rows[i].want ? "E_NO_SPACE" : NULL);
		CHECK_INT(row, v.class, rows[i].want ? VERDICT_HELD : VERDICT_OK);
		CHECK_INT(row, v.held_for, rows[i].want ? JOB_WAIT_DISK : JOB_WAIT_NONE);
		verdict_done(&v);
	}
}

static void test_takes_files(void **state)
{
	static const struct {
		struct room room;
		const char *want;
		enum job_wait held_for;
	} rows[] = {
		{{0}, NULL, JOB_WAIT_NONE},
		{{.read_only = true}, "E_READONLY", JOB_WAIT_DISK},
		{{.no_inodes = true}, "E_QUOTA", JOB_WAIT_QUOTA},
		{{.no_inodes = true, .read_only = true}, "E_READONLY", JOB_WAIT_DISK},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		CHECK_INT(rows[i].want, room_takes_files(&rows[i].room, "/r", &v), !rows[i].want);
		CHECK_STR("code", v.code, rows[i].want);
		CHECK_INT(rows[i].want, v.held_for, rows[i].held_for);
		verdict_done(&v);
	}
}

static void test_step(void **state)
{
	struct room room = {.total_bytes = 1000 * GIB};

	(void)state;
	room.free_bytes = 500 * GIB;
	CHECK_INT("plenty", room_step(&room, 64 * MIB), 16 * MIB);
	room.free_bytes = 68 * MIB;
	CHECK_INT("a quarter of what is left", room_step(&room, 64 * MIB), MIB);
	room.free_bytes = 10 * MIB;
	CHECK_INT("in the reserve", room_step(&room, 64 * MIB), 256 * KIB);
}

static void test_look(void **state)
{
	CLEANUP_CLOSE int fd = open("/", O_PATH | O_CLOEXEC);
	struct room room;

	(void)state;
	CHECK_INT("no descriptor", room_look(-1, &room), -EBADF);
	CHECK_INT("a real one", room_look(fd, &room), 0);
	assert_true(room.total_bytes > 0 && room.free_bytes >= 0 && room.free_bytes <= room.total_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_suffices),
		cmocka_unit_test(test_takes_files),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
