/* Room: may so many bytes be written to a file system, and something be left for others? Arithmetic; pure but
 * for room_look(). */
#ifndef DISK_ROOM_H
#define DISK_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "job/verdict.h"

struct room {
	int64_t total_bytes;
	int64_t free_bytes; /* for those who are not root: f_bavail */
	bool no_inodes;	    /* no other file can be made */
	bool read_only;
};

/* 0 or -errno. Blocking: fstatvfs(3). */
int room_look(int fd, struct room *ret);
/* What is left to others: reserve_space, but at most a hundredth of the file system. */
int64_t room_reserve(const struct room *room, int64_t reserve_space);
/* Are need more bytes (-1: nobody knows) to be had beyond the reserve? Else the verdict says how much is
 * missing on the file system of path. */
bool room_suffices(const struct room *room, int64_t need, int64_t reserve_space, const char *path,
	struct verdict *verdict);
/* And is it one that takes a new file? */
bool room_takes_files(const struct room *room, const char *path, struct verdict *verdict);
/* After how many more bytes of a file that nothing was reserved for to look again. */
int64_t room_step(const struct room *room, int64_t reserve_space);

#endif
