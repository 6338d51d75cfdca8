/* Names: what is asked of finished files. Is the name taken, whose is the file, remove it. Runs in the file's
 * lane, at start-up in the main thread. Must never touch a file that is not this queue's.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fileio.h"
#include "job/classify.h"
#include "job/name.h"

/* Larger than any attribute that is worth sending. */
#define ETAG_MAX 1024
/* " (999)" */
#define NUMBER_BYTES 6

char *name_candidate(const char *wanted, int form, int n)
{
	/* ecryptfs keeps names of 143 bytes; below 100 no file system of today stays. */
	static const size_t limits[] = {143, 100};
	CLEANUP_FREE char *cut = NULL;

	if (form > (int)ARRAY_LEN(limits) || (form > 0 && strlen(wanted) <= limits[form - 1]))
		return NULL;
	if (form > 0)
		wanted = cut = name_shorten(wanted, limits[form - 1] - (n ? NUMBER_BYTES : 0));
	return n ? name_numbered(wanted, n) : xstrdup(wanted);
}

/* ---- attributes */

static bool marked_as(int fd, const char *mark)
{
	char value[128];
	ssize_t n;

	errno = 0;
	n = fgetxattr(fd, MARK_XATTR, value, sizeof(value));
	return n == (ssize_t)strlen(mark) && memcmp(value, mark, (size_t)n) == 0;
}

/* It is to go into a request, and anyone who may write the file may have set it: RFC 9110, 8.8.3. */
static bool is_etag(const char *s, size_t n)
{
	size_t start = n > 2 && s[0] == 'W' && s[1] == '/' ? 2 : 0;

	if (n < start + 2 || s[start] != '"' || s[n - 1] != '"')
		return false;
	for (size_t i = start + 1; i < n - 1; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c <= 0x20 || c == '"' || c == 0x7f)
			return false;
	}
	return true;
}

static char *etag_of(int dir_fd, const char *name)
{
	CLEANUP_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char value[ETAG_MAX];
	ssize_t n = fd >= 0 ? fgetxattr(fd, ETAG_XATTR, value, sizeof(value)) : -1;

	return n > 0 && is_etag(value, (size_t)n) ? xstrndup(value, (size_t)n) : NULL;
}

/* ---- tasks */

void file_exists(struct disk_task *task)
{
	struct disk_file *file = task->file;
	CLEANUP_CLOSE int dir_fd = -1;
	struct stat st;

	task->ret_mtime_sec = -1;
	if (!root_ready(file->root, &task->verdict))
		return;
	dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	if (dir_fd < 0 || fstatat(dir_fd, task->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	task->result = 1;
	if (!S_ISREG(st.st_mode))
		return;
	task->ret_mtime_sec = st.st_mtim.tv_sec;
	task->ret_etag = etag_of(dir_fd, task->name);
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

/* Among the numbered names of one form, which have no gap. *form: then the one to look at next, -1 when there
 * is nothing more to see. */
static bool find_in_form(const struct disk_file *file, int dir_fd, const char *wanted, int *form,
	char **ret_name, int64_t *ret_size)
{
	for (int n = 0; n <= NAME_NUMBER_MAX; n++) {
		CLEANUP_FREE char *name = name_candidate(wanted, *form, n);
		CLEANUP_CLOSE int fd = -1;
		struct stat st;

		if (name)
			fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (!name || (fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG))) {
			*form = name && errno == ENAMETOOLONG ? *form + 1 : -1;
			return false;
		}
		if (fd >= 0 && marked_as(fd, file->mark) && fstat(fd, &st) == 0) {
			*ret_name = xstrdup(name);
			*ret_size = st.st_size;
			return true;
		}
	}
	*form = -1;
	return false;
}

static bool is_marked(const struct disk_file *file, int dir_fd, const char *name)
{
	CLEANUP_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && marked_as(fd, file->mark);
}

/* The server may have named it, and the queue does not know how: among all files that got their name since
 * the job began. */
static bool find_by_mark(
	const struct disk_file *file, int dir_fd, const struct job *job, char **ret_name, int64_t *ret_size)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	struct stat st;
	bool found = false;

	if (!dir && fd >= 0)
		close(fd);
	while (dir && !found && (entry = readdir(dir))) {
		found = fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode) && st.st_ctim.tv_sec >= job->started_usec / USEC_PER_SEC &&
			is_marked(file, dir_fd, entry->d_name);
		if (found) {
			*ret_name = xstrdup(entry->d_name);
			*ret_size = st.st_size;
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

bool disk_find_finished(struct disk *disk, const struct job *job, char **ret_name, int64_t *ret_size)
{
	struct disk_file *file = disk_file_new(
		disk, &(struct disk_file_spec){.job_id = job->id, .edits = job->edits, .dir = job->dir});
	CLEANUP_CLOSE int dir_fd = -1;
	bool found = false;
	int form = 0;

	if (file)
		dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	while (dir_fd >= 0 && !found && form >= 0)
		found = find_in_form(file, dir_fd, job->name, &form, ret_name, ret_size);
	if (dir_fd >= 0 && !found && job->options.remote_name)
		found = find_by_mark(file, dir_fd, job, ret_name, ret_size);
	disk_file_free(file);
	return found;
}
