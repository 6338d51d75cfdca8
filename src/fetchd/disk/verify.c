/* Verify: a finished file, read again from the disk. Runs in a lane of its own, as it may take long; ends
 * early when the pool is in a hurry. Must never follow a link to what is not the file.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchd/disk/hash.h"

/* What has been read goes out of the cache behind the reader in such steps: others need the room more. */
#define BEHIND_STEP ((int64_t)8 << 20)

/* A descriptor, or -1 with the verdict set. */
static int open_finished(struct disk_task *task)
{
	struct disk_file *file = task->file;
	CLEANUP_CLOSE int dir_fd = -1;
	struct stat st;
	int fd = -1, err;

	if (!root_ready(file->root, &task->verdict))
		return -1;
	dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	if (dir_fd >= 0)
		fd = openat(dir_fd, task->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	err = dir_fd < 0 ? dir_fd : fd < 0 ? -errno : 0;
	if (!err && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	if (err == -ENOENT)
		verdict_set(&task->verdict, VERDICT_PERMANENT, "E_GONE", "the file is not there any more");
	else if (!err || err == -ELOOP || err == -ENOTDIR || err == -ENXIO)
		verdict_set(&task->verdict, VERDICT_PERMANENT, "E_GONE",
			"something else stands in the place of the file");
	else
		root_fail(file->root, &task->verdict, err, "read a file in");
	return -1;
}

/* Bytes read to the end, or -1 with the verdict set. */
static int64_t read_all(struct disk_task *task, int fd, struct hash *hash)
{
	CLEANUP_FREE unsigned char *buf = xmalloc(DISK_BUFFER_MAX);
	int64_t at = 0, dropped = 0;
	ssize_t n;

	do {
		if (disk_hurries(task->file->disk)) {
			verdict_set(&task->verdict, VERDICT_ABORTED, NULL, "stopped");
			return -1;
		}
		n = fileio_pread_full(fd, buf, DISK_BUFFER_MAX, at);
		if (n < 0) {
			root_fail(task->file->root, &task->verdict, (int)n, "read a file in");
			return -1;
		}
		hash_update(hash, buf, (size_t)n);
		at += n;
		if (at - dropped >= BEHIND_STEP) {
			(void)posix_fadvise(fd, dropped, at - dropped, POSIX_FADV_DONTNEED);
			dropped = at;
		}
	} while (n == (ssize_t)DISK_BUFFER_MAX);
	return at;
}

void file_verify(struct disk_task *task)
{
	CLEANUP_CLOSE int fd = open_finished(task);
	struct hash *hash;
	int answer;

	if (fd < 0)
		return;
	/* What the cache holds is not what the disk holds. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	hash = hash_new(task->digest ? task->digest : "sha-256=");
	task->ret_size = read_all(task, fd, hash);
	if (task->ret_size >= 0) {
		answer = hash_matches(hash, &task->ret_digest);
		if (answer < 0)
			verdict_set(&task->verdict, VERDICT_PERMANENT, "E_CHECKSUM",
				"the checksum's algorithm is not available here");
		task->result = answer > 0 && (task->expect_size < 0 || task->ret_size == task->expect_size);
	}
	hash_free(hash);
}
