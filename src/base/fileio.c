/* File-system calls that must be exactly right. Owns nothing; blocking, so never on a loop thread. Must never
 * follow a link out of the directory it was given.
 */
#include "config.h"

#include "base/fileio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"

/* A rename elsewhere in the tree makes a scoped lookup give up with EAGAIN: openat2(2). */
#define RACE_RETRIES 16

static int step(int dir_fd, const char *name, int flags, mode_t mode)
{
	struct stat st;

	if (strcmp(name, "..") == 0)
		return -EXDEV;
	int fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd >= 0)
		return fd;
	if (errno == ENOTDIR && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return -ELOOP;
	return -errno;
}

/* The same in steps, where openat2(2) is not to be had: an old kernel, or a filter of system calls that
 * cannot look into its arguments (RestrictSUIDSGID= of systemd.exec(5)). No step goes up or follows a link.
 */
static int open_in_steps(int dir_fd, const char *path, int flags, mode_t mode)
{
	CLEANUP_FREE char *copy = xstrdup(path);
	char *rest = copy, *name;
	int fd = dir_fd;

	if (*path == '/')
		return -EXDEV;
	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		if (rest)
			rest += strspn(rest, "/");
		if (rest && !*rest)
			rest = NULL;
		int next = step(fd, *name ? name : ".", rest ? O_PATH | O_DIRECTORY : flags, mode);

		if (fd != dir_fd)
			close(fd);
		fd = next;
	}
	return fd;
}

int fileio_open_beneath(int dir_fd, const char *path, int flags, mode_t mode)
{
	/* openat2(2) refuses a mode where no file can come of it. */
	bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = makes ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	for (int tries = 0;;) {
		long fd = syscall(SYS_openat2, dir_fd, *path ? path : ".", &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno == EINTR || (errno == EAGAIN && tries++ < RACE_RETRIES))
			continue;
		return errno == ENOSYS ? open_in_steps(dir_fd, *path ? path : ".", flags, mode) : -errno;
	}
}

int fileio_sync_dir(int dir_fd)
{
	return fsync(dir_fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* One component below parent_fd, made where it is missing. Returns a descriptor or -errno. */
static int enter_dir(int parent_fd, const char *name, mode_t mode)
{
	int fd = fileio_open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd != -ENOENT)
		return fd;
	if (mkdirat(parent_fd, name, mode) < 0) {
		if (errno != EEXIST)
			return -errno;
	} else {
		int r = fileio_sync_dir(parent_fd);

		if (r < 0)
			return r;
	}
	return fileio_open_beneath(parent_fd, name, O_RDONLY | O_DIRECTORY, 0);
}

int fileio_mkdir_beneath(int dir_fd, const char *path, mode_t mode)
{
	CLEANUP_FREE char *copy = xstrdup(path);
	char *rest = copy, *name;

	if (*path == '/')
		return -EXDEV;
	int fd = fileio_open_beneath(dir_fd, "", O_RDONLY | O_DIRECTORY, 0);

	while (fd >= 0 && (name = strsep(&rest, "/"))) {
		if (*name == '\0' || strcmp(name, ".") == 0)
			continue;
		int next = enter_dir(fd, name, mode);

		close(fd);
		fd = next;
	}
	return fd;
}

int fileio_pwrite_all(int fd, const void *buf, size_t n, int64_t offset)
{
	const char *p = buf;

	while (n > 0) {
		ssize_t written = pwrite(fd, p, n, offset);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		/* Not to happen for n > 0; an endless loop would be worse. */
		if (written == 0)
			return -EIO;
		p += written;
		n -= (size_t)written;
		offset += written;
	}
	return 0;
}

ssize_t fileio_pread_full(int fd, void *buf, size_t n, int64_t offset)
{
	char *p = buf;
	size_t at = 0;

	while (at < n) {
		ssize_t got = pread(fd, p + at, n - at, offset + (int64_t)at);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (got == 0)
			break;
		at += (size_t)got;
	}
	return (ssize_t)at;
}

int fileio_rename_noreplace(int old_dir_fd, const char *old_name, int new_dir_fd, const char *new_name)
{
	if (renameat2(old_dir_fd, old_name, new_dir_fd, new_name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* link(2) never replaces either. A crash in between leaves both names, on one inode. */
	if (linkat(old_dir_fd, old_name, new_dir_fd, new_name, 0) < 0)
		return -errno;
	return unlinkat(old_dir_fd, old_name, 0) < 0 ? -errno : 0;
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fileio_mkdir_path(const char *path, mode_t mode)
{
	CLEANUP_FREE char *copy = xstrdup(path);

	if (*path != '/')
		return -EINVAL;
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		/* The last component may have a slash behind it. */
		if (slash[strspn(slash, "/")] == '\0')
			break;
		*slash = '\0';
		int r = make_dir(copy, 0755);

		*slash = '/';
		if (r < 0)
			return r;
	}
	return make_dir(copy, mode);
}

/* Reads on until the end or max + 1 bytes. */
static ssize_t read_upto(int fd, char **buf, size_t max)
{
	size_t size = 4096, at = 0;

	for (;;) {
		*buf = xreallocarray(*buf, size + 1, 1);
		ssize_t got = read(fd, *buf + at, size - at);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return (ssize_t)at;
		if (got > 0)
			at += (size_t)got;
		if (at > max)
			return -EFBIG;
		if (at == size)
			size *= 2;
	}
}

int fileio_read_file(const char *path, size_t max, char **ret, size_t *ret_len)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *buf = NULL;

	if (fd < 0)
		return -errno;
	ssize_t n = read_upto(fd, &buf, max);

	if (n < 0) {
		free(buf);
		return (int)n;
	}
	buf[n] = '\0';
	*ret = buf;
	*ret_len = (size_t)n;
	return 0;
}

void fileio_hold_standard(void)
{
	/* Each in the direction that it is not for. */
	static const int flags[] = {O_WRONLY, O_RDONLY, O_RDONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", flags[fd]);
}
