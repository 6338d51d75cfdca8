/* One part file: open beneath its root, find room, write, hash, sync, close, discard. Runs in the file's lane
 * (sync, close and discard of streams in the sync lane, after all writes). Never decides what a failure
 * means: classify_errno() names it.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/alloc.h"
#include "base/fileio.h"

/* Worth reserving room for in one piece. */
#define PREALLOCATE_MIN ((int64_t)1 << 20)
/* Start write-back of a stream this often, so that a sync finds little left. */
#define WRITEBACK_STEP ((int64_t)8 << 20)

struct disk_root *disk_root_of(struct disk *disk, const char *dir, const char **ret_rel)
{
	for (size_t i = 0; i < disk->n_roots; i++) {
		size_t n = strlen(disk->roots[i].path);

		if (strncmp(dir, disk->roots[i].path, n) == 0 &&
			(dir[n] == '/' || dir[n] == '\0' || n == 1)) {
			*ret_rel = dir[n] == '/' ? dir + n + 1 : dir + n;
			return &disk->roots[i];
		}
	}
	return NULL;
}

struct disk_file *disk_file_new(struct disk *disk, const struct disk_file_spec *spec)
{
	struct disk_file *file;
	const char *rel;
	struct disk_root *root = disk_root_of(disk, spec->dir, &rel);

	if (!root)
		return NULL;
	file = xcalloc(1, sizeof(*file));
	file->disk = disk;
	file->root = root;
	file->lane =
		&root->fs->lanes[spec->small ? LANE_SMALL : LANE_STREAM + (int)(spec->job_id % LANE_STREAMS)];
	file->dir = xstrdup(rel);
	file->job_id = spec->job_id;
	file->fd = -1;
	file->room_until = INT64_MAX;
	sums_init(&file->sums, spec->checksum, spec->digest);
	snprintf(file->part, sizeof(file->part), "%lld.%lld.part", (long long)spec->job_id,
		(long long)spec->generation);
	snprintf(file->mark, sizeof(file->mark), spec->edits > 0 ? "%s/%lld/%d" : "%s/%lld", disk->uuid,
		(long long)spec->job_id, spec->edits);
	return file;
}

int64_t disk_file_job(const struct disk_file *file)
{
	return file->job_id;
}

void disk_file_free(struct disk_file *file)
{
	if (!file)
		return;
	file_close_fd(file);
	sums_done(&file->sums);
	free(file->dir);
	free(file);
}

void file_close_fd(struct disk_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	fs_dirty_add(file->root->fs, -(file->wrote - file->synced));
	file->synced = file->wrote;
}

/* ---- opening */

/* A folder in its place can only go when it is empty; what cannot go is in nobody's way but the eye's. */
static int unlink_part(const struct disk_file *file)
{
	if (unlinkat(file->root->parts_fd, file->part, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno == EISDIR && unlinkat(file->root->parts_fd, file->part, AT_REMOVEDIR) == 0)
		return 0;
	return -errno;
}

void file_remove_part(const struct disk_file *file, struct verdict *verdict)
{
	int err = unlink_part(file);

	if (err)
		root_fail(file->root, verdict, err, "remove a part in");
}

/* A part that is there without the queue knowing any of its bytes is void: a crash came before the first
 * checkpoint. */
static int part_create(struct disk_file *file)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	file->fd = openat(file->root->parts_fd, file->part, flags, 0600);
	if (file->fd < 0 && ((errno == EEXIST && unlink_part(file) == 0) ||
				    (errno == ENOENT && root_mend(file->root) == 0)))
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

static bool as_written(const struct disk_file *file, struct stat *st)
{
	return fstat(file->fd, st) == 0 && st->st_size == file->written && st->st_nlink == 1 &&
	       st->st_uid == geteuid();
}

bool file_intact(const struct disk_file *file)
{
	struct stat open, named;

	return as_written(file, &open) &&
	       fstatat(file->root->parts_fd, file->part, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

void file_not_intact(struct verdict *verdict)
{
	verdict_set(verdict, VERDICT_RESTART, "E_PART",
		"the part file was changed, replaced or removed while it was written");
}

static int rehash(struct disk_file *file, int64_t bytes, struct disk_lane *lane)
{
	CLEANUP_FREE unsigned char *buf = xmalloc(DISK_BUFFER_MAX);
	int64_t offset = 0;

	while (sums_in_order(&file->sums) && offset < bytes) {
		int64_t left = bytes - offset;
		ssize_t n;

		lane_beat(lane);
		if (lane->which == LANE_VERIFY && disk_hurries(file->disk))
			return -ECANCELED;
		n = fileio_pread_full(file->fd, buf,
			left < (int64_t)DISK_BUFFER_MAX ? (size_t)left : DISK_BUFFER_MAX, offset);
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		sums_update(&file->sums, buf, (size_t)n);
		offset += n;
	}
	return 0;
}

static bool read_tail(struct disk_task *task)
{
	size_t n = (int64_t)task->tail < task->offset ? task->tail : (size_t)task->offset;
	ssize_t got;

	if (n == 0)
		return true;
	task->ret_tail = xmalloc(n);
	task->ret_tail_n = n;
	got = fileio_pread_full(task->file->fd, task->ret_tail, n, task->offset - (int64_t)n);
	return got == (ssize_t)n;
}

/* Bytes that cannot be read, or not be cut to what is known of them, are no bytes. */
static bool take_over(struct disk_task *task)
{
	struct disk_file *file = task->file;

	/* Whatever lies beyond the bytes that the queue knows is void. */
	if (!part_trusted(file->fd, task->offset) || ftruncate(file->fd, task->offset) != 0)
		return false;
	file->written = file->durable = task->offset;
	file->parts_synced = true;
	if (task->holes)
		sums_scatter(&file->sums);
	if (task->offset > 0)
		sums_forget_own(&file->sums);
	return rehash(file, task->offset, file->lane) == 0 && read_tail(task);
}

/* What these say of the part, time does not heal: something else has its name, or nothing. */
static bool part_lost(int error)
{
	return error == ENOENT || error == ELOOP || error == EISDIR || error == ENXIO || error == EACCES ||
	       error == EPERM || error == EIO;
}

void file_resume(struct disk_task *task)
{
	struct disk_file *file = task->file;

	task->result = 0;
	if (!root_ready(file->root, &task->verdict))
		return;
	file->fd = openat(file->root->parts_fd, file->part, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0 && !part_lost(errno))
		root_fail(file->root, &task->verdict, -errno, "open a part in");
	if (file->fd < 0)
		return;
	if (take_over(task))
		task->result = task->offset;
	else
		file_close_fd(file);
}

/* ---- room */

static bool find_room(const struct disk_root *root, int64_t need, struct verdict *verdict, struct room *room)
{
	int err = root_ready(root, verdict) ? room_look(root->fd, room) : 0;

	if (err)
		root_fail(root, verdict, err, "look for room on");
	return verdict->class == VERDICT_OK &&
	       room_suffices(room, need, disk_reserve(root->fs->disk), root->path, verdict);
}

/* In one piece, where the file system can. Sparse ones and their like need no reservation: they are looked at
 * while the file grows. */
static int allocate(struct disk_file *file, int64_t offset, int64_t bytes)
{
	if (bytes < PREALLOCATE_MIN)
		return -EOPNOTSUPP;
	if (fallocate(file->fd, FALLOC_FL_KEEP_SIZE, offset, bytes) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? -errno : -EOPNOTSUPP;
}

/* A part can only be renamed within its file system; better known now than at the end. What is not there yet
 * is made then. */
static bool place_ready(const struct disk_file *file, struct verdict *verdict)
{
	CLEANUP_CLOSE int dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	struct stat st;
	int err = dir_fd < 0 ? dir_fd : fstat(dir_fd, &st) != 0 ? -errno : 0;

	if (!err && st.st_dev != file->root->dev)
		err = -EXDEV;
	if (err && err != -ENOENT)
		root_fail(file->root, verdict, err, "write to a directory in");
	return verdict->class == VERDICT_OK;
}

/* Of the file what has no room yet: a part with holes may have all of theirs. */
static int64_t lacking(const struct disk_file *file, int64_t size, int64_t most)
{
	struct stat st;
	int64_t lacks = file->fd >= 0 && fstat(file->fd, &st) == 0 ? size - st.st_blocks * 512 : most;

	return lacks >= most ? most : lacks > 0 ? lacks : 0;
}

/* Before the first byte that this attempt writes: is there room for all that are to come? Makes the part.
 * -errno, or -ECANCELED with the verdict set. */
static int make_room(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int64_t n = task->buffer ? (int64_t)task->buffer->used : 0, need;
	bool known = task->expect_size >= 0 || task->msg.kind == DISK_FINISH;
	struct room room;
	int err = 0;

	need = task->expect_size > task->offset + n ? task->expect_size - task->offset : n;
	if (!find_room(
		    file->root, known ? lacking(file, task->offset + need, need) : -1, &task->verdict, &room))
		return -ECANCELED;
	/* A small file is renamed in the next moment anyway. */
	if (file->lane->which != LANE_SMALL && !place_ready(file, &task->verdict))
		return -ECANCELED;
	if (file->fd < 0 && !room_takes_files(&room, file->root->path, &task->verdict))
		return -ECANCELED;
	if (file->fd < 0)
		err = part_create(file);
	if (!err) {
		err = known ? allocate(file, task->offset, need) : -EOPNOTSUPP;
		if (err == -EOPNOTSUPP)
			file->room_until = task->offset + room_step(&room, disk_reserve(file->disk));
	}
	file->room_made = true;
	return err == -EOPNOTSUPP ? 0 : err;
}

/* Before each further one: a hole that someone cut would not show any more once it is written behind. And a
 * stream whose end nobody knows must not grow into the reserve. As above. */
static int go_on(struct disk_task *task)
{
	struct disk_file *file = task->file;
	struct room room;
	struct stat st;

	if (!as_written(file, &st)) {
		file_not_intact(&task->verdict);
		return -ECANCELED;
	}
	if (task->offset < file->room_until)
		return 0;
	if (!find_room(file->root, -1, &task->verdict, &room))
		return -ECANCELED;
	file->room_until = task->offset + room_step(&room, disk_reserve(file->disk));
	return 0;
}

/* What the figures do not tell (quotas, rights), trying tells: a file without a name. */
static int try_room(const struct disk_root *root, int64_t need)
{
	CLEANUP_CLOSE int fd = openat(root->parts_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct statfs fs;

	if (fd < 0)
		return errno == EOPNOTSUPP || errno == EISDIR ? 0 : -errno;
	/* There it would fill the machine's memory. */
	if (fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC)
		return 0;
	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, need > 0 ? need : 1) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT ? -errno : 0;
}

void file_room(struct disk_task *task)
{
	const struct disk_root *root = task->file->root;
	int64_t need = task->expect_size;
	struct room room;
	struct stat st;
	int err;

	/* Bytes of the part that are there already need no more room. */
	if (need > 0 && fstatat(root->parts_fd, task->file->part, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode))
		need = need > st.st_blocks * 512 ? need - st.st_blocks * 512 : 0;
	if (!find_room(root, need, &task->verdict, &room) ||
		!room_takes_files(&room, root->path, &task->verdict))
		return;
	err = need != 0 ? try_room(root, need) : 0;
	if (err)
		root_fail(root, &task->verdict, err, "write to");
}

/* ---- writing */

static void start_writeback(struct disk_file *file, int64_t before, int64_t after)
{
	int64_t from = before / WRITEBACK_STEP, to = after / WRITEBACK_STEP;

	if (to > from)
		(void)sync_file_range(
			file->fd, from * WRITEBACK_STEP, (to - from) * WRITEBACK_STEP, SYNC_FILE_RANGE_WRITE);
}

void file_write(struct disk_task *task)
{
	struct disk_file *file = task->file;
	const struct disk_buffer *buffer = task->buffer;
	size_t n = buffer ? buffer->used : 0;
	int64_t end;
	int err;

	if (file->broken) {
		verdict_set(&task->verdict, VERDICT_TRANSIENT, "E_IO", "an earlier write failed");
		return;
	}
	if (task->digest)
		sums_expect(&file->sums, task->digest, task->offset);
	err = file->room_made ? go_on(task) : make_room(task);
	if (!err && n)
		err = fileio_pwrite_all(file->fd, buffer->bytes, n, task->offset);
	if (err) {
		file->broken = true;
		file->torn = err == -EIO;
		root_fail(file->root, &task->verdict, err, "write to");
		return;
	}
	/* What nobody asked for must not hold up what comes faster than it can be hashed. */
	if (file->lane->which != LANE_SMALL && file->lane->left >= LANE_BEHIND)
		sums_forget_own(&file->sums);
	if (n && task->offset != file->written)
		sums_scatter(&file->sums);
	if (n)
		sums_update(&file->sums, buffer->bytes, n);
	end = task->offset + (int64_t)n;
	file->written = end > file->written ? end : file->written;
	file->wrote += (int64_t)n;
	if (task->msg.kind == DISK_WRITE)
		task->result = (int64_t)n;
	fs_dirty_add(file->root->fs, (int64_t)n);
	if (file->lane->which != LANE_SMALL)
		start_writeback(file, task->offset, end);
}

void file_rehash(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int err;

	if (!sums_restart(&file->sums))
		return;
	err = rehash(file, file->written, &file->root->fs->lanes[LANE_VERIFY]);
	if (err == -ECANCELED)
		verdict_set(&task->verdict, VERDICT_ABORTED, NULL, "stopped");
	else if (err)
		root_fail(file->root, &task->verdict, err, "read a part in");
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

static void now_durable(struct disk_file *file, int64_t written, int64_t wrote)
{
	fs_dirty_add(file->root->fs, -(wrote - file->synced));
	file->synced = wrote;
	file->durable = written;
}

/* task->offset is the snapshot that the writing lane took: later bytes may be on their way. */
void file_sync(struct disk_task *task)
{
	struct disk_file *file = task->file;
	int err;

	if (task->offset < 0)
		file->sync_failed = true;
	err = sync_part(file);
	if (err)
		root_fail(file->root, &task->verdict, err, "sync a part in");
	else
		now_durable(file, task->offset, task->wrote);
	task->result = file->durable;
}

int64_t file_save(struct disk_file *file)
{
	if (file->torn)
		file->sync_failed = true;
	if (sync_part(file) == 0)
		now_durable(file, file->written, file->wrote);
	/* What came in no order may end where an earlier sync ended, and have lost what lies before. */
	return file->synced == file->wrote ? file->durable : 0;
}

void file_close(struct disk_task *task)
{
	struct disk_file *file = task->file;
	bool opened = file->fd >= 0;

	file_sync(task);
	file_close_fd(file);
	/* The row knows no byte of it, so nobody would come back for it. */
	if (opened && task->result == 0)
		file_remove_part(file, &task->verdict);
}

void file_discard(struct disk_task *task)
{
	file_close_fd(task->file);
	file_remove_part(task->file, &task->verdict);
}
