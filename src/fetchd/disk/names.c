/* Names: what is asked of finished files. Is the name taken, whose is the file, remove it. Runs in the file's
 * lane, at start-up in the main thread. Must never touch a file that is not this queue's.
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

/* Larger than any attribute that is worth sending. */
#define ETAG_MAX 1024

char *name_form(const char *name, int i)
{
	/* ecryptfs keeps names of 143 bytes; below 100 no file system of today stays. */
	static const size_t limits[] = {143, 100};

	if (i == 0)
		return xstrdup(name);
	if ((size_t)i > ARRAY_LEN(limits) || strlen(name) <= limits[i - 1])
		return NULL;
	return name_shorten(name, limits[i - 1]);
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

/* Among the numbered forms of a name, which have no gap. *ret_err: why the first that could not be opened
 * could not. */
static bool find_numbered(const struct disk_file *file, int dir_fd, const char *wanted, char **ret_name,
	int64_t *ret_size, int *ret_err)
{
	*ret_err = 0;
	for (int n = 0; n <= 999; n++) {
		CLEANUP_FREE char *name = n ? name_numbered(wanted, n) : xstrdup(wanted);
		CLEANUP_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;

		if (fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG)) {
			*ret_err = -errno;
			return false;
		}
		if (fd >= 0 && marked_as(fd, file->mark) && fstat(fd, &st) == 0) {
			*ret_name = xstrdup(name);
			*ret_size = st.st_size;
			return true;
		}
	}
	return false;
}

bool disk_find_finished(struct disk *disk, const struct job *job, char **ret_name, int64_t *ret_size)
{
	struct disk_file *file =
		disk_file_new(disk, &(struct disk_file_spec){.job_id = job->id, .dir = job->dir});
	CLEANUP_CLOSE int dir_fd = -1;
	bool found = false;
	int err = -ENAMETOOLONG;

	if (file)
		dir_fd = fileio_open_beneath(file->root->fd, file->dir, O_PATH | O_DIRECTORY, 0);
	for (int i = 0; dir_fd >= 0 && !found && err == -ENAMETOOLONG; i++) {
		CLEANUP_FREE char *name = name_form(job->name, i);

		if (!name)
			break;
		found = find_numbered(file, dir_fd, name, ret_name, ret_size, &err);
	}
	disk_file_free(file);
	return found;
}
