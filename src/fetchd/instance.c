/* The lock that keeps a second daemon away from the same state: flock(2) on <state>/lock, the holder's pid
 * inside. The kernel lets go of it however the process ends. Main thread, before others start.
 */
#include <config.h>

#include "fetchd/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchd/daemon.h"

/* Why the state directory cannot be used; NULL when it can. Caller frees. */
static char *make_state_directory(const struct config *config)
{
	const char *dir = config->state_directory;
	struct stat st;
	/* The system's downloads are below it, and read by their users; the database itself is 0600. */
	int error = fileio_mkdir_path(dir, config->mode == CONFIG_SYSTEM ? 0755 : 0700);
	if (!error && stat(dir, &st) < 0)
		error = -errno;
	if (error)
		return xasprintf("Daemon.StateDirectory: %s: %s", dir, strerror(-error));
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return xasprintf(
			"Daemon.StateDirectory: %s can be written by others: chmod go-w %s", dir, dir);
	return NULL;
}

static char *explain_holder(int fd, const char *dir)
{
	char pid[24] = "";
	ssize_t n = fileio_pread_full(fd, pid, sizeof(pid) - 1, 0);
	pid[n > 0 ? n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	return xasprintf(
		"another fetchd (pid %s) holds this state directory: %s", *pid ? pid : "unknown", dir);
}

static void write_pid(int fd)
{
	char pid[24];
	int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	/* Only for the message above: a full disk is no reason not to start. */
	if (ftruncate(fd, 0) == 0)
		fileio_pwrite_all(fd, pid, (size_t)n, 0);
}

int instance_lock(const struct config *config, char **ret_error, int *ret_exit_code)
{
	CLEANUP_FREE char *path = xasprintf("%s/lock", config->state_directory);

	*ret_exit_code = DAEMON_EXIT_CONFIG;
	*ret_error = make_state_directory(config);
	if (*ret_error)
		return -1;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		*ret_error = xasprintf("%s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		write_pid(fd);
		return fd;
	}
	if (errno == EWOULDBLOCK) {
		*ret_exit_code = DAEMON_EXIT_BUSY;
		*ret_error = explain_holder(fd, config->state_directory);
	} else {
		*ret_error = xasprintf("%s: cannot be locked: %s", path, strerror(errno));
	}
	close(fd);
	return -1;
}

void instance_unlock(int lock_fd)
{
	if (lock_fd >= 0)
		close(lock_fd);
}
