/* One part file: open beneath its root, write, hash, sync, close, discard. Runs in the file's lane (sync,
 * close and discard of streams in the sync lane, after all writes). Never decides what a failure means:
 * classify_errno() names it.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "job/classify.h"
#include "job/name.h"

/* Worth reserving room for in one piece. */
#define PREALLOCATE_MIN ((int64_t)1 << 20)
/* Start write-back of a stream this often, so that a sync finds little left. */
#define WRITEBACK_STEP ((int64_t)8 << 20)

struct disk_file *disk_file_new(struct disk *disk, const struct disk_file_spec *spec)
{
	struct disk_file *file;
	struct disk_root *root = NULL;
	const char *rel = NULL;

	for (size_t i = 0; i < disk->n_roots && !root; i++) {
		size_t n = strlen(disk->roots[i].path);

		if (strncmp(spec->dir, disk->roots[i].path, n) == 0 &&
			(spec->dir[n] == '/' || spec->dir[n] == '\0' || n == 1)) {
			root = &disk->roots[i];
			rel = spec->dir + n;
		}
	}
	if (!root)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->disk = disk;
	file->root = root;
	file->lane =
		&root->fs->lanes[spec->small ? LANE_SMALL
					     : LANE_STREAM + (int)(spec->job_id % (LANE_N - LANE_STREAM))];
	file->dir = xstrdup(*rel == '/' ? rel + 1 : rel);
	file->job_id = spec->job_id;
	file->fd = -1;
	if (spec->checksum)
		file->hash = hash_new(spec->checksum);
	snprintf(file->part, sizeof(file->part), "%lld.%lld.part", (long long)spec->job_id,
		(long long)spec->generation);
	snprintf(file->mark, sizeof(file->mark), "%s/%lld", disk->uuid, (long long)spec->job_id);
	return file;
}

void disk_file_free(struct disk_file *file)
{
	if (!file)
		return;
	file_close_fd(file);
	hash_free(file->hash);
	free(file->dir);
	free(file);
}

void file_close_fd(struct disk_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	fs_dirty_add(file->root->fs, -(file->written - file->synced));
	file->synced = file->written;
}

/* ---- opening */

/* A part that is there without the queue knowing any of its bytes is void: a crash came before the first
 * checkpoint. */
static int part_create(struct disk_file *file)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	file->fd = openat(file->root->parts_fd, file->part, flags, 0600);
	if (file->fd < 0 && errno == EEXIST && unlinkat(file->root->parts_fd, file->part, 0) == 0)
		file->fd = openat(file->root->parts_fd, file->part, flags, 0600);
	return file->fd < 0 ? -errno : 0;
}

/* Only a plain file of ours with no second name can be trusted (FAULTS D10). */
static bool part_trusted(int fd, int64_t bytes)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid() &&
	       st.st_size >= bytes;
}

static int rehash(struct disk_file *file, int64_t bytes)
{
	CLEANUP_FREE unsigned char *buf = xmalloc(DISK_BUFFER_MAX);
	int64_t offset = 0;

	while (file->hash && offset < bytes) {
		int64_t left = bytes - offset;
		ssize_t n = fileio_pread_full(file->fd, buf,
			left < (int64_t)DISK_BUFFER_MAX ? (size_t)left : DISK_BUFFER_MAX, offset);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		hash_update(file->hash, buf, (size_t)n);
		offset += n;
	}
	return 0;
}

void file_resume(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int fd = openat(file->root->parts_fd, file->part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	task->result = 0;
	if (fd < 0)
		return;
	/* Whatever lies beyond the bytes that the queue knows is void. */
	if (!part_trusted(fd, task->offset) || ftruncate(fd, task->offset) != 0) {
		close(fd);
		return;
	}
	file->fd = fd;
	file->written = file->synced = task->offset;
	file->parts_synced = true;
	if (rehash(file, task->offset) != 0) {
		file_close_fd(file);
		return;
	}
	task->result = task->offset;
}

/* ---- writing */

static int reserve_room(struct disk_file *file, int64_t size)
{
	if (size < PREALLOCATE_MIN || fallocate(file->fd, FALLOC_FL_KEEP_SIZE, 0, size) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -errno : 0;
}

static void start_writeback(struct disk_file *file, int64_t before)
{
	int64_t from = before / WRITEBACK_STEP, to = file->written / WRITEBACK_STEP;

	if (to > from)
		(void)sync_file_range(
			file->fd, from * WRITEBACK_STEP, (to - from) * WRITEBACK_STEP, SYNC_FILE_RANGE_WRITE);
}

void file_write(struct disk_task *task)
{
	struct disk_file *file = task->file;
	const struct disk_buffer *buffer = task->buffer;
	size_t n = buffer ? buffer->used : 0;
	int err = 0;

	if (file->broken) {
		verdict_set(&task->verdict, VERDICT_TRANSIENT, "E_IO", "an earlier write failed");
		return;
	}
	if (file->fd < 0) {
		err = part_create(file);
		if (!err)
			err = reserve_room(file, task->expect_size);
	}
	if (!err && n)
		err = fileio_pwrite_all(file->fd, buffer->bytes, n, task->offset);
	if (err) {
		file->broken = true;
		classify_errno(&task->verdict, -err, "write", file->root->path);
		return;
	}
	if (file->hash && n)
		hash_update(file->hash, buffer->bytes, n);
	file->written = task->offset + (int64_t)n;
	fs_dirty_add(file->root->fs, (int64_t)n);
	if (file->lane->which != LANE_SMALL)
		start_writeback(file, task->offset);
}

/* ---- syncing */

static int sync_part(struct disk_file *file)
{
	if (file->fd < 0)
		return 0;
	if (file->sync_failed)
		return -EIO;
	if (fdatasync(file->fd) != 0) {
		file->sync_failed = true;
		return -errno;
	}
	if (!file->parts_synced) {
		int err = fileio_sync_dir(file->root->parts_fd);

		if (err)
			return err;
		file->parts_synced = true;
	}
	return 0;
}

/* task->offset is the snapshot that the writing lane took: later bytes may be on their way. */
void file_sync(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int err = sync_part(file);

	if (err) {
		classify_errno(&task->verdict, -err, "sync", file->root->path);
		return;
	}
	task->result = task->offset;
	fs_dirty_add(file->root->fs, -(task->offset - file->synced));
	file->synced = task->offset;
}

void file_close(struct disk_task *task)
{
	file_sync(task);
	file_close_fd(task->file);
}

void file_discard(struct disk_task *task)
{
	struct disk_file *file = task->file;

	file_close_fd(file);
	if (unlinkat(file->root->parts_fd, file->part, 0) != 0 && errno != ENOENT)
		classify_errno(&task->verdict, errno, "remove", file->root->path);
}

/* ---- names */

void file_exists(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	struct stat st;

	task->result = dir_fd >= 0 && fstatat(dir_fd, task->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (dir_fd >= 0)
		close(dir_fd);
}

static bool marked_as(int fd, const char *mark)
{
	char value[128];
	ssize_t n;

	errno = 0;
	n = fgetxattr(fd, MARK_XATTR, value, sizeof(value));
	return n == (ssize_t)strlen(mark) && memcmp(value, mark, (size_t)n) == 0;
}

/* A foreign file that took the name since is not ours to remove. Where the file system has no marks, the
 * user's word counts. */
void file_remove(struct disk_task *task)
{
	struct disk_file *file = task->file;
	CLEANUP_CLOSE int dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	CLEANUP_CLOSE int fd = -1;

	if (dir_fd < 0)
		return;
	fd = openat(dir_fd, task->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || (!marked_as(fd, file->mark) && errno != ENOTSUP))
		return;
	if (unlinkat(dir_fd, task->name, 0) != 0)
		classify_errno(&task->verdict, errno, "remove", file->root->path);
	else
		task->result = 1;
}

bool disk_find_finished(struct disk *disk, const struct job *job, char **ret_name, int64_t *ret_size)
{
	struct disk_file *file =
		disk_file_new(disk, &(struct disk_file_spec){.job_id = job->id, .dir = job->dir});
	CLEANUP_CLOSE int dir_fd = -1;
	bool found = false;

	if (file)
		dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	for (int n = 0; dir_fd >= 0 && !found && n < 1000; n++) {
		char *name = n ? name_numbered(job->name, n) : xstrdup(job->name);
		int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;

		found = fd >= 0 && marked_as(fd, file->mark) && fstat(fd, &st) == 0;
		if (found) {
			*ret_name = name;
			*ret_size = st.st_size;
		} else {
			free(name);
		}
		if (fd < 0 && errno == ENOENT)
			n = 1000;
		if (fd >= 0)
			close(fd);
	}
	disk_file_free(file);
	return found;
}
