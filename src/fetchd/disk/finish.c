/* Finishing: bytes → a final name that means complete. Many files at once share what costs: the sync, the
 * look at the root, the directory syncs. Runs in the small and the sync lane.
 *
 * Order for each file: mode, time, mark → sync → rename → directory sync → told. A name is never visible
 * before its bytes are on disk, and never told before the name is.
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

/* From so many files on, one syncfs(2) is cheaper than an fsync(2) each, unless much else is dirty: it would
 * wait for that. */
#define SYNCFS_FILES_MIN   8
#define SYNCFS_DIRTY_BYTES ((int64_t)64 << 20)
#define NUMBER_MAX	   999

static bool failed(const struct disk_task *task)
{
	return task->verdict.class != VERDICT_OK;
}

static void fail(struct disk_task *task, int err, const char *operation)
{
	classify_errno(&task->verdict, -err, operation, task->file->root->path);
}

/* ---- before the sync */

static void verify(struct disk_task *task)
{
	struct disk_file *file = task->file;
	CLEANUP_FREE char *got = NULL;
	int answer;

	if (!file->hash)
		return;
	answer = hash_matches(file->hash, &got);
	if (answer < 0)
		verdict_set(&task->verdict, VERDICT_PERMANENT, "E_CHECKSUM",
			"the checksum's algorithm is not available here");
	else if (answer == 0)
		verdict_set(&task->verdict, VERDICT_RESTART, "E_CHECKSUM",
			"checksum mismatch: want %s, got %s", hash_wanted(file->hash), got);
}

static void dress(struct disk_task *task)
{
	struct disk_file *file = task->file;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = task->mtime_sec}};

	if (fchmod(file->fd, file->disk->file_mode) != 0)
		fail(task, -errno, "chmod");
	if (task->mtime_sec >= 0)
		(void)futimens(file->fd, times);
	/* Best effort: without it a crash between rename and commit leads to a second copy, never to a wrong
	 * one. */
	(void)fsetxattr(file->fd, MARK_XATTR, file->mark, strlen(file->mark), 0);
}

/* ---- the sync */

/* What the whole machine has dirty; syncfs(2) would wait for the part of it on this file system. */
static int64_t machine_dirty_bytes(void)
{
	char buf[2048];
	const char *line;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return INT64_MAX;
	buf[n] = '\0';
	line = strstr(buf, "\nDirty:");
	return line ? strtoll(line + 7, NULL, 10) * 1024 : INT64_MAX;
}

static void sync_each(struct disk_task **tasks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!failed(tasks[i]) && fsync(tasks[i]->file->fd) != 0)
			fail(tasks[i], -errno, "sync");
}

static void sync_all(struct disk_fs *fs, struct disk_task **tasks, size_t n)
{
	size_t live = 0;

	for (size_t i = 0; i < n; i++)
		live += !failed(tasks[i]);
	if (live < SYNCFS_FILES_MIN || fs_dirty(fs) > SYNCFS_DIRTY_BYTES ||
		machine_dirty_bytes() > SYNCFS_DIRTY_BYTES) {
		sync_each(tasks, n);
		return;
	}
	if (syncfs(fs->fd) == 0)
		return;
	/* Whose pages were lost nobody can say: none of them counts as written. */
	for (size_t i = 0; i < n; i++)
		if (!failed(tasks[i]))
			fail(tasks[i], -errno, "sync");
}

/* ---- the name */

static int name_numbered_free(const struct disk_file *file, int dir_fd, const char *wanted, char **ret_name)
{
	for (int n = 0; n <= NUMBER_MAX; n++) {
		char *name = n ? name_numbered(wanted, n) : xstrdup(wanted);
		int err = fileio_rename_noreplace(file->root->parts_fd, file->part, dir_fd, name);

		if (!err) {
			*ret_name = name;
			return 0;
		}
		free(name);
		if (err != -EEXIST)
			return err;
	}
	return -EEXIST;
}

static int name_as_asked(
	const struct disk_file *file, int dir_fd, const char *name, bool overwrite, char **ret_name)
{
	int err = 0;

	if (!overwrite)
		err = fileio_rename_noreplace(file->root->parts_fd, file->part, dir_fd, name);
	else if (renameat(file->root->parts_fd, file->part, dir_fd, name) != 0)
		err = -errno;
	if (!err)
		*ret_name = xstrdup(name);
	return err;
}

static void take_name(struct disk_task *task, const struct disk_place *place)
{
	struct disk_file *file = task->file;
	int err = 0;

	if (place->err == -ENODEV) {
		verdict_set(&task->verdict, VERDICT_HELD, "E_DEST_GONE", "the download root %s is gone",
			file->root->path);
		task->verdict.held_for = JOB_WAIT_DISK;
		return;
	}
	if (place->err) {
		fail(task, place->err, "open the directory");
		return;
	}
	switch (task->conflict) {
	case JOB_CONFLICT_RENAME:
		err = name_numbered_free(file, place->fd, task->name, &task->ret_name);
		break;
	case JOB_CONFLICT_OVERWRITE:
		err = name_as_asked(file, place->fd, task->name, true, &task->ret_name);
		break;
	case JOB_CONFLICT_FAIL:
	case JOB_CONFLICT_SKIP:
		err = name_as_asked(file, place->fd, task->name, false, &task->ret_name);
		break;
	}
	if (err == -EEXIST)
		verdict_set(&task->verdict, VERDICT_PERMANENT, "E_EXISTS", "the file %s is already there",
			task->name);
	else if (err)
		fail(task, err, "rename");
}

/* One directory sync for every run of files in one directory. The folder of parts needs none: should the old
 * name outlive a power cut, it is a second name of a file that is done, and the sweep at start-up takes it.
 */
static void settle(struct disk_task **tasks, size_t from, size_t to, const struct disk_place *place)
{
	int err = 0;

	if (from < to && place->fd >= 0)
		err = fileio_sync_dir(place->fd);
	for (size_t i = from; err && i < to; i++)
		if (!failed(tasks[i]))
			fail(tasks[i], err, "sync the directory");
}

static void take_names(struct disk_place *place, struct disk_task **tasks, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		const struct disk_file *file = tasks[i]->file;

		if (failed(tasks[i]))
			continue;
		if (!place_is(place, file)) {
			settle(tasks, from, i, place);
			from = i;
			place_open(place, file);
		}
		take_name(tasks[i], place);
	}
	settle(tasks, from, n, place);
}

void finish_batch(struct disk_fs *fs, struct disk_task **tasks, size_t n)
{
	struct disk_place place = DISK_PLACE_NONE;

	for (size_t i = 0; i < n; i++) {
		if (!failed(tasks[i]))
			verify(tasks[i]);
		if (!failed(tasks[i]))
			dress(tasks[i]);
	}
	sync_all(fs, tasks, n);
	take_names(&place, tasks, n);
	place_close(&place);
	for (size_t i = 0; i < n; i++)
		file_close_fd(tasks[i]->file);
}
