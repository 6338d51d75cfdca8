/* File-system calls that must be exactly right, once. 0 or -errno unless said otherwise. Blocking: never on a
 * loop thread. */
#ifndef BASE_FILEIO_H
#define BASE_FILEIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* openat2(2), or steps that come to the same, with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
 * RESOLVE_NO_MAGICLINKS, O_CLOEXEC added; path "" means dir_fd itself ("."). Tries EAGAIN (a racing rename)
 * 16 times more. A descriptor or -errno. */
int fileio_open_beneath(int dir_fd, const char *path, int flags, mode_t mode);
/* As above for a directory, creating what is missing with mode & ~umask, each component beneath dir_fd.
 * The parents of new directories are synced. Returns a descriptor (O_DIRECTORY) or -errno. */
int fileio_mkdir_beneath(int dir_fd, const char *path, mode_t mode);
/* All n bytes at offset, whatever short writes and EINTR come. */
int fileio_pwrite_all(int fd, const void *buf, size_t n, int64_t offset);
/* Bytes read at offset (fewer than n only at the end of the file), or -errno. */
ssize_t fileio_pread_full(int fd, void *buf, size_t n, int64_t offset);
/* renameat2(RENAME_NOREPLACE); where the file system has none (EINVAL), link and unlink. -EEXIST when the
 * target is there. */
int fileio_rename_noreplace(int old_dir_fd, const char *old_name, int new_dir_fd, const char *new_name);
/* fsync(2) of a directory descriptor; EINVAL from file systems that cannot is not an error. */
int fileio_sync_dir(int dir_fd);
/* mkdir -p with mode for the last component. path is absolute. */
int fileio_mkdir_path(const char *path, mode_t mode);
/* At the start of a program: standard descriptors that came closed are opened, so that no file or socket gets
 * their number, and with it what is meant for a reader. Using them fails as before. */
void fileio_hold_standard(void);
/* Whole file, at most max bytes, NUL added. -EFBIG when larger. Caller frees *ret. */
int fileio_read_file(const char *path, size_t max, char **ret, size_t *ret_len);

static inline void cleanup_closep(int *fd)
{
	extern int close(int);
	if (*fd >= 0)
		close(*fd);
}
/* Local descriptor closed when its scope ends. */
#define CLEANUP_CLOSE __attribute__((cleanup(cleanup_closep)))

#endif
