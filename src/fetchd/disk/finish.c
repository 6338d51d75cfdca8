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

/* From so many files on, one syncfs(2) is cheaper than an fsync(2) each, unless much else is dirty: it would
 * wait for that. */
#define SYNCFS_FILES_MIN   8
#define SYNCFS_DIRTY_BYTES ((int64_t)64 << 20)

static bool failed(const struct disk_task *task)
{
	return task->verdict.class != VERDICT_OK;
}

static void fail(struct disk_task *task, int err, const char *operation)
{
	root_fail(task->file->root, &task->verdict, err, operation);
}

/* ---- before the sync */

static void verify(struct disk_task *task)
{
	sums_verify(&task->file->sums, &task->verdict, &task->ret_integrity, &task->ret_note);
	if (!failed(task))
		task->ret_digest = sums_own(&task->file->sums);
}

static void dress(struct disk_task *task, const struct disk_place *place)
{
	struct disk_file *file = task->file;
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = task->mtime_sec}};

	if (fchmod(file->fd, file->disk->file_mode) != 0)
		fail(task, -errno, "chmod");
	if (place->acl.n > 0) {
		int err = acl_inherit(file->fd, &place->acl);
		if (err)
			fail(task, err, "set an access list in");
	}
	if (task->mtime_sec >= 0)
		(void)futimens(file->fd, times);
	/* Best effort: without it a crash between rename and commit leads to a second copy, never to a wrong
	 * one. */
	(void)fsetxattr(file->fd, MARK_XATTR, file->mark, strlen(file->mark), 0);
	/* Without it a conditional request has the time alone. */
	if (task->etag)
		(void)fsetxattr(file->fd, ETAG_XATTR, task->etag, strlen(task->etag), 0);
}

/* ---- the sync */

/* What a file like /proc/meminfo says is dirty; -1: nothing. */
static int64_t read_dirty_bytes(const char *path)
{
	static const char key[] = "Dirty:";
	char buf[2048];
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, buf, sizeof(buf) - 1) : -1;

	buf[n > 0 ? n : 0] = '\0';
	const char *line = strstr(buf, key);
	return line ? strtoll(line + sizeof(key) - 1, NULL, 10) * 1024 : -1;
}

/* What the whole machine has dirty; syncfs(2) would wait for the part of it on this file system. Under
 * ProcSubset=pid (systemd.exec(5)) only the nodes of memory tell. */
static int64_t machine_dirty_bytes(void)
{
	int64_t sum = 0, all = read_dirty_bytes("/proc/meminfo");

	if (all >= 0)
		return all;
	for (int node = 0;; node++) {
		char path[64];

		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
		all = read_dirty_bytes(path);
		if (all < 0)
			return node > 0 ? sum : INT64_MAX;
		sum += all;
	}
}

/* After a sync that failed the kernel may call lost pages clean: never again for this file. */
static void sync_done(struct disk_task *task, int err)
{
	struct disk_file *file = task->file;

	if (err) {
		file->sync_failed = true;
		fail(task, err, "sync a file in");
	}
}

static void sync_each(struct disk_lane *lane, struct disk_task **tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (failed(tasks[i]))
			continue;
		lane_beat(lane);
		sync_done(tasks[i], fsync(tasks[i]->file->fd) == 0 ? 0 : -errno);
	}
}

static void sync_all(struct disk_lane *lane, struct disk_task **tasks, size_t n)
{
	struct disk_fs *fs = lane->fs;
	size_t live = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		live += !failed(tasks[i]);
	if (live < SYNCFS_FILES_MIN || fs_dirty(fs) > SYNCFS_DIRTY_BYTES ||
		machine_dirty_bytes() > SYNCFS_DIRTY_BYTES) {
		sync_each(lane, tasks, n);
		return;
	}
	lane_beat(lane);
	err = syncfs(fs->fd) == 0 ? 0 : -errno;
	/* Whose pages were lost nobody can say: none of them counts as written. */
	for (size_t i = 0; i < n; i++)
		if (!failed(tasks[i]))
			sync_done(tasks[i], err);
}

/* ---- the name */

static int name_as_is(const struct disk_task *task, int dir_fd, const char *name)
{
	const struct disk_file *file = task->file;

	if (task->conflict != JOB_CONFLICT_OVERWRITE)
		return fileio_rename_noreplace(file->root->parts_fd, file->part, dir_fd, name);
	return renameat(file->root->parts_fd, file->part, dir_fd, name) == 0 ? 0 : -errno;
}

/* The name, or as much of it as the file system takes; a numbered one when it is taken, if that is the rule.
 * *ret_name is the last one tried. */
static int name_that_fits(const struct disk_task *task, int dir_fd, char **ret_name)
{
	int err = -ENAMETOOLONG, form = 0, n = 0;

	while (err == -ENAMETOOLONG || (err == -EEXIST && task->conflict == JOB_CONFLICT_RENAME)) {
		char *name = NULL;

		if (err == -EEXIST && ++n > NAME_NUMBER_MAX)
			break;
		if (*ret_name && err == -ENAMETOOLONG)
			form++;
		name = name_candidate(task->name, form, n);
		if (!name)
			break;
		free(*ret_name);
		*ret_name = name;
		err = name_as_is(task, dir_fd, name);
	}
	return err;
}

static void name_taken(struct disk_task *task, const char *name)
{
	if (task->conflict != JOB_CONFLICT_SKIP) {
		verdict_set(
			&task->verdict, VERDICT_PERMANENT, "E_EXISTS", "the file %s is already there", name);
		return;
	}
	file_remove_part(task->file, &task->verdict);
	if (failed(task))
		return;
	task->ret_name = xstrdup(name);
	task->ret_integrity = JOB_INTEGRITY_NONE;
	free(task->ret_digest);
	task->ret_digest = NULL;
	free(task->ret_note);
	task->ret_note =
		xstrdup("a file of that name appeared meanwhile: it stays, what was fetched is dropped");
}

static void take_name(struct disk_task *task, const struct disk_place *place)
{
	CLEANUP_FREE char *name = NULL;
	int err;

	if (place->err == -ENODEV)
		(void)root_ready(task->file->root, &task->verdict);
	if (place->err)
		fail(task, place->err, "open a directory in");
	/* What is renamed is a name, and another file may have it by now. */
	else if (!file_intact(task->file))
		file_not_intact(&task->verdict);
	if (failed(task))
		return;
	err = name_that_fits(task, place->fd, &name);
	if (err == -EEXIST) {
		name_taken(task, name);
	} else if (err) {
		fail(task, err, "rename a file in");
	} else {
		task->ret_name = name;
		name = NULL;
	}
}

/* A name that may not outlive a power cut is taken back, lest the next attempt finds it taken. One that took
 * the place of another file stays: the next attempt does the same. */
static void take_back(struct disk_task *task, int dir_fd)
{
	const struct disk_file *file = task->file;
	struct stat open, named;

	if (task->conflict != JOB_CONFLICT_OVERWRITE && fstat(file->fd, &open) == 0 &&
		fstatat(dir_fd, task->ret_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
		named.st_dev == open.st_dev && named.st_ino == open.st_ino)
		(void)fileio_rename_noreplace(dir_fd, task->ret_name, file->root->parts_fd, file->part);
	free(task->ret_name);
	task->ret_name = NULL;
}

/* One directory sync for every run of files in one directory. The folder of parts needs none: should the old
 * name outlive a power cut, it is a second name of a file that is done, and the sweep at start-up takes it.
 */
static void settle(struct disk_task **tasks, size_t from, size_t to, const struct disk_place *place)
{
	int err = 0;

	if (from < to && place->fd >= 0)
		err = fileio_sync_dir(place->fd);
	for (size_t i = from; err && i < to; i++) {
		if (failed(tasks[i]))
			continue;
		take_back(tasks[i], place->fd);
		fail(tasks[i], err, "sync a directory in");
	}
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

/* What is kept of a file that could not be finished, for the next attempt. */
static void keep(struct disk_task *task)
{
	if (task->verdict.class == VERDICT_HELD || task->verdict.class == VERDICT_TRANSIENT)
		task->result = file_save(task->file);
}

void finish_batch(struct disk_lane *lane, struct disk_task **tasks, size_t n)
{
	struct disk_place place = DISK_PLACE_NONE;

	for (size_t i = 0; i < n; i++) {
		/* A checkpoint before it, whose answer nobody has seen yet. */
		if (!failed(tasks[i]) && tasks[i]->file->sync_failed)
			fail(tasks[i], -EIO, "sync a file in");
		if (!failed(tasks[i]))
			verify(tasks[i]);
		if (!failed(tasks[i])) {
			place_open(&place, tasks[i]->file);
			dress(tasks[i], &place);
		}
	}
	sync_all(lane, tasks, n);
	lane_beat(lane);
	take_names(&place, tasks, n);
	place_close(&place);
	for (size_t i = 0; i < n; i++) {
		if (failed(tasks[i]))
			keep(tasks[i]);
		file_close_fd(tasks[i]->file);
	}
}
