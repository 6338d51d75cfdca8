/* Roots: opening, their folder of parts, whether they are still what they were. Main thread at start-up, then
 * lanes. Must never make a root, nor take another directory for it.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/log.h"
#include "job/classify.h"

/* ---- start */

/* Makes the folder for parts and takes the lock on it: two daemons never share a root. */
static int parts_open(struct disk_root *root, char **ret_error)
{
	if (mkdirat(root->fd, PARTS_DIR, 0700) != 0 && errno != EEXIST) {
		*ret_error = xasprintf("download root %s: cannot make %s/" PARTS_DIR ": %s", root->path,
			root->path, strerror(errno));
		return 78;
	}
	root->parts_fd = fileio_open_beneath(root->fd, PARTS_DIR, O_RDONLY | O_DIRECTORY, 0);
	if (root->parts_fd < 0) {
		*ret_error = xasprintf("download root %s: cannot open %s/" PARTS_DIR ": %s", root->path,
			root->path, strerror(-root->parts_fd));
		return 78;
	}
	if (flock(root->parts_fd, LOCK_EX | LOCK_NB) != 0) {
		*ret_error = xasprintf(
			"download root %s is in use by another fetchd; give this one a root of its own "
			"(Transfer.DownloadRoots)",
			root->path);
		return 75;
	}
	return 0;
}

int root_open(struct disk_root *root, char **ret_error)
{
	struct stat st;

	root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root->fd < 0 || fstat(root->fd, &st) != 0) {
		*ret_error = xasprintf("download root %s: %s", root->path, strerror(errno));
		return 78;
	}
	root->dev = st.st_dev;
	root->ino = st.st_ino;
	return parts_open(root, ret_error);
}

/* ---- later */

bool disk_root_present(const struct disk_root *root)
{
	struct stat st;

	return lstat(root->path, &st) == 0 && st.st_dev == root->dev && st.st_ino == root->ino;
}

bool root_ready(const struct disk_root *root, struct verdict *verdict)
{
	struct stat st;

	if (disk_root_present(root))
		return true;
	if (lstat(root->path, &st) != 0)
		verdict_set(verdict, VERDICT_HELD, "E_DEST_GONE", "the download root %s is gone", root->path);
	else
		verdict_set(verdict, VERDICT_HELD, "E_DEST_GONE",
			"something else stands in the place of the download root %s; if it is meant to be "
			"the "
			"root, restart fetchd",
			root->path);
	verdict->held_for = JOB_WAIT_DISK;
	return false;
}

static bool parts_present(const struct disk_root *root)
{
	struct stat named, open;

	return fstatat(root->fd, PARTS_DIR, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(root->parts_fd, &open) == 0 && named.st_dev == open.st_dev &&
	       named.st_ino == open.st_ino;
}

int root_mend(const struct disk_root *root)
{
	CLEANUP_CLOSE int fd = -1;

	if (parts_present(root))
		return 0;
	if (mkdirat(root->fd, PARTS_DIR, 0700) != 0 && errno != EEXIST)
		return -errno;
	fd = fileio_open_beneath(root->fd, PARTS_DIR, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	/* Another lane of ours may have been faster; or it is another daemon's. */
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return parts_present(root) ? 0 : -EBUSY;
	log_warning(
		"download root %s: " PARTS_DIR " was removed, with what was in it; made again", root->path);
	return dup3(fd, root->parts_fd, O_CLOEXEC) < 0 ? -errno : 0;
}

void root_fail(const struct disk_root *root, struct verdict *verdict, int err, const char *operation)
{
	struct room room;

	if (verdict->class != VERDICT_OK)
		return;
	/* The errno for used up inodes is the one for used up blocks. */
	if (err == -ENOSPC && room_look(root->fd, &room) == 0) {
		if (room_takes_files(&room, root->path, verdict) &&
			room_suffices(&room, -1, disk_reserve(root->fs->disk), root->path, verdict))
			classify_errno(verdict, ENOSPC, operation, root->path);
		return;
	}
	classify_errno(verdict, -err, operation, root->path);
}

/* ---- what a crash left */

static void sweep_root(struct disk_root *root, bool (*keep)(int64_t, int64_t, void *), void *arg)
{
	int fd = openat(root->parts_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!dir) {
		log_warning("download root %s: cannot list " PARTS_DIR ": %s", root->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		long long id, generation;
		int end = 0;

		if (sscanf(entry->d_name, "%lld.%lld.part%n", &id, &generation, &end) != 2 ||
			entry->d_name[end] != '\0' || end == 0 || keep(id, generation, arg))
			continue;
		if (unlinkat(root->parts_fd, entry->d_name, 0) != 0 && errno != ENOENT)
			log_warning("download root %s: cannot remove the part file %s: %s", root->path,
				entry->d_name, strerror(errno));
	}
	closedir(dir);
}

void disk_sweep(struct disk *disk, bool (*keep)(int64_t job_id, int64_t generation, void *arg), void *arg)
{
	for (size_t i = 0; i < disk->n_roots; i++)
		sweep_root(&disk->roots[i], keep, arg);
}
