/* Room: free space against need and reserve. Owns nothing; called in lanes. Must never let one download take
 * what the rest of the machine needs to go on.
 */
#include "config.h"

#include "fetchd/disk/room.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "base/units.h"
#include "job/job.h"

#define STEP_MIN ((int64_t)256 << 10)
#define STEP_MAX ((int64_t)16 << 20)

static int64_t blocks_to_bytes(fsblkcnt_t blocks, unsigned long block_size)
{
	int64_t bytes;

	return __builtin_mul_overflow(blocks, block_size, &bytes) ? INT64_MAX : bytes;
}

int room_look(int fd, struct room *ret)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) != 0)
		return -errno;
	*ret = (struct room){
		.total_bytes = blocks_to_bytes(fs.f_blocks, fs.f_frsize),
		.free_bytes = blocks_to_bytes(fs.f_bavail, fs.f_frsize),
		/* File systems without a table of inodes say 0 of 0. */
		.no_inodes = fs.f_files > 0 && fs.f_favail == 0,
		.read_only = fs.f_flag & ST_RDONLY,
	};
	return 0;
}

int64_t room_reserve(const struct room *room, int64_t reserve_space)
{
	return reserve_space < room->total_bytes / 100 ? reserve_space : room->total_bytes / 100;
}

bool room_suffices(const struct room *room, int64_t need, int64_t reserve_space, const char *path,
	struct verdict *verdict)
{
	int64_t reserve = room_reserve(room, reserve_space);
	char want[UNITS_MAX], kept[UNITS_MAX], there[UNITS_MAX];

	/* Nothing more to be written always fits. Some file systems of the network and of user space say 0 of
	 * 0. */
	if (need == 0 || room->total_bytes == 0 ||
		(room->free_bytes >= reserve && room->free_bytes - reserve >= need))
		return true;
	units_format_size(kept, reserve);
	units_format_size(there, room->free_bytes);
	if (need >= 0)
		verdict_set(verdict, VERDICT_HELD, "E_NO_SPACE", "need %s and %s in reserve, %s free on %s",
			units_format_size(want, need), kept, there, path);
	else
		verdict_set(verdict, VERDICT_HELD, "E_NO_SPACE", "need %s in reserve, %s free on %s", kept,
			there, path);
	verdict->held_for = JOB_WAIT_DISK;
	return false;
}

bool room_takes_files(const struct room *room, const char *path, struct verdict *verdict)
{
	if (room->read_only) {
		verdict_set(verdict, VERDICT_HELD, "E_READONLY", "the file system of %s is read-only", path);
		verdict->held_for = JOB_WAIT_DISK;
	} else if (room->no_inodes) {
		verdict_set(verdict, VERDICT_HELD, "E_QUOTA",
			"the file system of %s can hold no more files: all its inodes are in use", path);
		verdict->held_for = JOB_WAIT_QUOTA;
	}
	return !room->read_only && !room->no_inodes;
}

int64_t room_step(const struct room *room, int64_t reserve_space)
{
	/* Other files grow meanwhile too. */
	int64_t step = (room->free_bytes - room_reserve(room, reserve_space)) / 4;

	if (step < STEP_MIN)
		return STEP_MIN;
	return step < STEP_MAX ? step : STEP_MAX;
}
