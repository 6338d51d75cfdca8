/* The pool: roots, file systems, lanes. A lane takes a batch of tasks, does them in order, lets the finishing
 * ones share their syncs, and posts all back. Start and join run on the main thread.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

/* A message of the pool's own: the lane ends. */
#define LANE_STOP 499
/* Of the budget, to each of many file systems. */
#define SHARE_MIN (16 * (int64_t)DISK_BUFFER_MAX)

/* ---- tasks */

struct disk_task *disk_task_new(int kind, struct mailbox *reply, void *owner, struct disk_file *file)
{
	struct disk_task *task = xcalloc(1, sizeof(*task));

	task->msg.kind = kind;
	task->reply = reply;
	task->owner = owner;
	task->file = file;
	task->expect_size = -1;
	task->mtime_sec = -1;
	verdict_init(&task->verdict);
	return task;
}

void disk_task_free(struct disk *disk, struct disk_task *task)
{
	if (!task)
		return;
	disk_buffer_free(disk, task->buffer);
	verdict_done(&task->verdict);
	free(task->digest);
	free(task->ret_name);
	free(task->ret_note);
	free(task->ret_tail);
	free(task->ret_etag);
	free(task->ret_digest);
	free(task);
}

static void queued_add(struct disk_fs *fs, const struct disk_buffer *buffer, int sign)
{
	if (!buffer)
		return;
	pthread_mutex_lock(&fs->lock);
	fs->queued_bytes += sign * (int64_t)buffer->size;
	pthread_mutex_unlock(&fs->lock);
}

void disk_post(struct disk *disk, struct disk_task *task)
{
	struct disk_file *file = task->file;
	struct disk_fs *fs = file->root->fs;
	bool reads = task->msg.kind == DISK_VERIFY || task->msg.kind == DISK_REHASH;
	struct disk_lane *lane = reads ? &fs->lanes[LANE_VERIFY] : file->lane;

	(void)disk;
	queued_add(fs, task->buffer, 1);
	mailbox_post(&lane->mailbox, &task->msg);
}

/* ---- a file system's figures */

void fs_dirty_add(struct disk_fs *fs, int64_t bytes)
{
	if (bytes == 0)
		return;
	pthread_mutex_lock(&fs->lock);
	fs->dirty_bytes += bytes;
	pthread_mutex_unlock(&fs->lock);
}

int64_t fs_dirty(struct disk_fs *fs)
{
	int64_t bytes;

	pthread_mutex_lock(&fs->lock);
	bytes = fs->dirty_bytes;
	pthread_mutex_unlock(&fs->lock);
	return bytes;
}

bool disk_crowded(const struct disk_file *file)
{
	struct disk_fs *fs = file->root->fs;
	int64_t share = DISK_BUDGET_BYTES / (int64_t)file->disk->n_fs, queued;

	if (file->disk->n_fs == 1)
		return false;
	pthread_mutex_lock(&fs->lock);
	queued = fs->queued_bytes;
	pthread_mutex_unlock(&fs->lock);
	/* Where there are many, each may still have some of its buffers on the way. */
	return queued >= (share > SHARE_MIN ? share : SHARE_MIN);
}

/* ---- how long a call takes */

static void lane_clock(struct disk_lane *lane, int64_t since_usec)
{
	pthread_mutex_lock(&lane->fs->lock);
	lane->since_usec = since_usec;
	pthread_mutex_unlock(&lane->fs->lock);
}

void lane_beat(struct disk_lane *lane)
{
	lane_clock(lane, clock_boot_usec());
}

int64_t disk_stalled_usec(const struct disk_file *file)
{
	struct disk_fs *fs = file->root->fs;
	int64_t own, sync, oldest, span;

	pthread_mutex_lock(&fs->lock);
	own = file->lane->since_usec;
	sync = fs->lanes[LANE_SYNC].since_usec;
	pthread_mutex_unlock(&fs->lock);
	oldest = own == 0 || (sync > 0 && sync < own) ? sync : own;
	span = oldest ? clock_boot_usec() - oldest : 0;
	return span > DISK_STALLED_USEC ? span : 0;
}

/* ---- what may change while it runs */

void disk_tune(struct disk *disk, const struct config *config)
{
	pthread_mutex_lock(&disk->lock);
	disk->reserve_bytes = config->reserve_space;
	pthread_mutex_unlock(&disk->lock);
}

int64_t disk_reserve(struct disk *disk)
{
	int64_t bytes;

	pthread_mutex_lock(&disk->lock);
	bytes = disk->reserve_bytes;
	pthread_mutex_unlock(&disk->lock);
	return bytes;
}

void disk_hurry(struct disk *disk)
{
	pthread_mutex_lock(&disk->lock);
	disk->hurry = true;
	pthread_mutex_unlock(&disk->lock);
}

bool disk_hurries(struct disk *disk)
{
	bool hurry;

	pthread_mutex_lock(&disk->lock);
	hurry = disk->hurry;
	pthread_mutex_unlock(&disk->lock);
	return hurry;
}

/* ---- a lane's work */

/* What has been written by now is what a sync covers, be it in another lane; nothing, if some of it is void.
 */
static void snapshot(struct disk_task *task)
{
	if (task->msg.kind == DISK_FINISH)
		return;
	task->offset = task->file->torn ? -1 : task->file->written;
	task->wrote = task->file->wrote;
}

static bool hands_over(const struct disk_lane *lane)
{
	return lane->which == LANE_STREAM || lane->which == LANE_STREAM_2;
}

/* True: the task is through. False: it waits in *finishing, or went to another lane. */
static bool lane_do(
	struct disk_lane *lane, struct disk_task *task, struct disk_task **finishing, size_t *n_finishing)
{
	switch ((enum disk_kind)task->msg.kind) {
	case DISK_RESUME: file_resume(task); return true;
	case DISK_WRITE: file_write(task); return true;
	case DISK_EXISTS: file_exists(task); return true;
	case DISK_REMOVE: file_remove(task); return true;
	case DISK_ROOM: file_room(task); return true;
	case DISK_VERIFY: file_verify(task); return true;
	case DISK_REHASH: file_rehash(task); return true;
	case DISK_FINISH:
		if (lane->which != LANE_SYNC)
			file_write(task);
		break;
	case DISK_SYNC:
	case DISK_CLOSE:
	case DISK_DISCARD: break;
	}
	if (lane->which != LANE_SYNC)
		snapshot(task);
	if (hands_over(lane)) {
		mailbox_post(&lane->fs->lanes[LANE_SYNC].mailbox, &task->msg);
		return false;
	}
	switch ((enum disk_kind)task->msg.kind) {
	case DISK_FINISH: finishing[(*n_finishing)++] = task; return false;
	case DISK_SYNC: file_sync(task); return true;
	case DISK_CLOSE: file_close(task); return true;
	case DISK_DISCARD: file_discard(task); return true;
	case DISK_RESUME:
	case DISK_WRITE:
	case DISK_EXISTS:
	case DISK_REMOVE:
	case DISK_ROOM:
	case DISK_VERIFY:
	case DISK_REHASH: break;
	}
	return true;
}

static void task_back(struct disk_task *task)
{
	queued_add(task->file->root->fs, task->buffer, -1);
	disk_buffer_free(task->file->disk, task->buffer);
	task->buffer = NULL;
	mailbox_post(task->reply, &task->msg);
}

static bool lane_batch(struct disk_lane *lane)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct disk_task *finishing[BATCH_MAX];
	size_t n = 0;
	struct msg *msg;
	bool go_on = true;

	lane->left = mailbox_take(&lane->mailbox, &list, BATCH_MAX);
	while ((msg = STAILQ_FIRST(&list))) {
		STAILQ_REMOVE_HEAD(&list, link);
		lane->left--;
		lane_beat(lane);
		if (msg->kind == LANE_STOP) {
			free(msg);
			go_on = false;
		} else if (lane_do(lane, (struct disk_task *)msg, finishing, &n)) {
			task_back((struct disk_task *)msg);
		}
	}
	if (n)
		finish_batch(lane, finishing, n);
	lane_clock(lane, 0);
	for (size_t i = 0; i < n; i++)
		task_back(finishing[i]);
	return go_on;
}

static void *lane_main(void *arg)
{
	static const char *const names[LANE_N] = {
		"disk-small", "disk-sync", "disk-stream", "disk-stream2", "disk-verify"};
	struct disk_lane *lane = arg;
	struct pollfd pfd = {.fd = mailbox_fd(&lane->mailbox), .events = POLLIN};

	pthread_setname_np(pthread_self(), names[lane->which]);
	do {
		while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
			;
	} while (lane_batch(lane));
	pthread_mutex_lock(&lane->fs->lock);
	lane->ended = true;
	pthread_cond_broadcast(&lane->fs->lane_end);
	pthread_mutex_unlock(&lane->fs->lock);
	return NULL;
}

/* ---- start */

static int lane_start(struct disk_lane *lane)
{
	int err = mailbox_init(&lane->mailbox);

	if (err)
		return err;
	err = pthread_create(&lane->thread, NULL, lane_main, lane);
	if (err) {
		mailbox_done(&lane->mailbox);
		return -err;
	}
	lane->started = true;
	return 0;
}

/* Waited for until a time of the monotonic clock, as the wall clock may be set meanwhile. */
static void lane_end_init(struct disk_fs *fs)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&fs->lane_end, &attr);
	pthread_condattr_destroy(&attr);
}

static struct disk_fs *fs_of(struct disk *disk, const struct disk_root *root)
{
	struct disk_fs *fs;

	for (size_t i = 0; i < disk->n_fs; i++)
		if (disk->fs[i]->dev == root->dev)
			return disk->fs[i];
	fs = xcalloc(1, sizeof(*fs));
	fs->disk = disk;
	fs->dev = root->dev;
	fs->fd = dup(root->fd);
	pthread_mutex_init(&fs->lock, NULL);
	lane_end_init(fs);
	disk->fs = xreallocarray(disk->fs, disk->n_fs + 1, sizeof(struct disk_fs *));
	disk->fs[disk->n_fs++] = fs;
	return fs;
}

static int roots_open(struct disk *disk, char *const *paths, char **ret_error)
{
	size_t n = 0;

	while (paths[n])
		n++;
	disk->roots = xcalloc(n, sizeof(*disk->roots));
	for (; disk->n_roots < n; disk->n_roots++) {
		disk->roots[disk->n_roots].path = xstrdup(paths[disk->n_roots]);
		disk->roots[disk->n_roots].fd = disk->roots[disk->n_roots].parts_fd = -1;
	}
	for (size_t i = 0; i < n; i++) {
		int status = root_open(&disk->roots[i], ret_error);

		if (status)
			return status;
		disk->roots[i].fs = fs_of(disk, &disk->roots[i]);
	}
	return 0;
}

static void find_users(struct disk *disk, const struct config *config)
{
	const char *rel;

	if (config->mode != CONFIG_SYSTEM)
		return;
	disk->users_root = disk_root_of(disk, config->default_directory, &rel);
	disk->users_dir = disk->users_root ? xstrdup(rel) : NULL;
}

static int lanes_start(struct disk *disk, char **ret_error)
{
	for (size_t i = 0; i < disk->n_fs; i++) {
		for (int which = 0; which < LANE_N; which++) {
			struct disk_lane *lane = &disk->fs[i]->lanes[which];
			int err;

			lane->fs = disk->fs[i];
			lane->which = which;
			err = lane_start(lane);
			if (err) {
				*ret_error = xasprintf("cannot start a disk thread: %s", strerror(-err));
				return 71;
			}
		}
	}
	return 0;
}

struct disk *disk_start(
	const struct config *config, const char *store_uuid, char **ret_error, int *ret_exit_code)
{
	struct disk *disk = xcalloc(1, sizeof(*disk));
	mode_t mask = umask(022);

	umask(mask);
	disk->file_mode = 0666 & ~mask;
	disk->uuid = xstrdup(store_uuid);
	disk->budget_bytes = DISK_BUDGET_BYTES;
	disk->reserve_bytes = config->reserve_space;
	pthread_mutex_init(&disk->lock, NULL);
	*ret_exit_code = roots_open(disk, config->download_roots, ret_error);
	if (*ret_exit_code == 0)
		find_users(disk, config);
	if (*ret_exit_code == 0)
		*ret_exit_code = lanes_start(disk, ret_error);
	if (*ret_exit_code == 0)
		return disk;
	disk_join(disk, USEC_INFINITY);
	return NULL;
}

/* ---- the end */

static bool lane_ended(struct disk_lane *lane, const struct timespec *deadline)
{
	struct disk_fs *fs = lane->fs;
	int err = 0;

	pthread_mutex_lock(&fs->lock);
	while (!lane->ended && err == 0)
		err = pthread_cond_timedwait(&fs->lane_end, &fs->lock, deadline);
	bool ended = lane->ended;
	pthread_mutex_unlock(&fs->lock);
	return ended;
}

/* False: the lane is stuck in the kernel. */
static bool lane_join(struct disk_lane *lane, int64_t until_usec)
{
	struct msg *stop = xcalloc(1, sizeof(*stop));
	struct timespec deadline;
	int64_t left_usec =
		until_usec == USEC_INFINITY ? 86400 * USEC_PER_SEC : until_usec - clock_boot_usec();

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += left_usec > 0 ? left_usec / USEC_PER_SEC : 0;
	stop->kind = LANE_STOP;
	mailbox_post(&lane->mailbox, stop);
	if (!lane_ended(lane, &deadline))
		return false;
	pthread_join(lane->thread, NULL);
	mailbox_done(&lane->mailbox);
	return true;
}

static bool fs_join(struct disk_fs *fs, int64_t until_usec)
{
	/* Streams hand over to the sync lane: that one ends last. */
	static const int order[LANE_N] = {LANE_STREAM, LANE_STREAM_2, LANE_SMALL, LANE_VERIFY, LANE_SYNC};
	bool all = true;

	for (int i = 0; i < LANE_N; i++)
		if (fs->lanes[order[i]].started)
			all = lane_join(&fs->lanes[order[i]], until_usec) && all;
	if (!all)
		return false;
	if (fs->fd >= 0)
		close(fs->fd);
	pthread_cond_destroy(&fs->lane_end);
	pthread_mutex_destroy(&fs->lock);
	free(fs);
	return true;
}

void disk_join(struct disk *disk, int64_t wait_usec)
{
	int64_t until_usec = usec_add(clock_boot_usec(), wait_usec);
	bool all = true;

	if (!disk)
		return;
	disk_hurry(disk);
	for (size_t i = 0; i < disk->n_fs; i++)
		all = fs_join(disk->fs[i], until_usec) && all;
	if (!all) {
		/* A thread may still look at its parts of this: they are left to the end of the process. */
		log_warning("a file system does not answer; its thread is left behind");
		return;
	}
	for (size_t i = 0; i < disk->n_roots; i++) {
		if (disk->roots[i].parts_fd >= 0)
			close(disk->roots[i].parts_fd);
		if (disk->roots[i].fd >= 0)
			close(disk->roots[i].fd);
		free(disk->roots[i].path);
	}
	disk_trim(disk);
	pthread_mutex_destroy(&disk->lock);
	free(disk->roots);
	free(disk->fs);
	free(disk->uuid);
	free(disk->users_dir);
	free(disk);
}
