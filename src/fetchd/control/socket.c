/* The control socket: made, or taken from the service manager. A path that another daemon answers on is never
 * taken away. Main thread, before the loop runs; the only blocking calls are to the local file system.
 */
#include <config.h>

#include "fetchd/control/socket.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"

#define CONTROL_BACKLOG 512

static_assert(sizeof(((struct control_socket *)NULL)->path) == sizeof(((struct sockaddr_un *)NULL)->sun_path),
	"a path that can be bound can be kept");

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strncpy(address.sun_path, path,
		sizeof(address.sun_path) - 1); /* its length was checked with the configuration */
	return address;
}

/* 0: nobody answers (a file that is there is stale), -EBUSY: somebody does, -ENOTSOCK, or another -errno. */
static int probe(const char *path)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	struct sockaddr_un address = socket_address(path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN)
		return -EBUSY;
	return errno == ECONNREFUSED ? 0 : -errno;
}

static int bind_and_listen(struct control_socket *sock, const char *path, mode_t mode)
{
	struct sockaddr_un address = socket_address(path);
	struct stat st;

	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(sock->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (chmod(path, mode) < 0 || lstat(path, &st) < 0 || listen(sock->fd, CONTROL_BACKLOG) < 0)
		return -errno;
	memcpy(sock->path, address.sun_path, sizeof(sock->path));
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	return 0;
}

/* Two daemons that start at once must not take each other's socket away. Anyone who can read the directory
 * can hold this lock: wait for it a moment, not for ever. */
static int lock_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int tries = 0; fd >= 0 && tries < 50 && flock(fd, LOCK_EX | LOCK_NB) < 0; tries++)
		nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
	return fd < 0 ? -errno : fd;
}

/* Probe and bind as one step. */
static int bind_alone(struct control_socket *sock, const char *path, const char *dir, mode_t mode)
{
	CLEANUP_CLOSE int dir_fd = lock_directory(dir);
	if (dir_fd < 0)
		return dir_fd;
	int error = probe(path);
	return error ? error : bind_and_listen(sock, path, mode);
}

static char *explain(int error, const char *key, const char *path)
{
	if (error == -EBUSY)
		return xasprintf("another fetchd answers on this socket: %s", path);
	if (error == -ENOTSOCK)
		return xasprintf("%s: %s is there and is no socket", key, path);
	return xasprintf("%s: %s: %s", key, path, strerror(-error));
}

/* What is open of it after an error, too. */
static int opened(struct control_socket *sock, int error, const char *key, const char *path, char **ret_error)
{
	if (!error)
		return 0;
	*ret_error = explain(error, key, path);
	if (sock->fd >= 0)
		close(sock->fd);
	sock->fd = -1;
	return error;
}

static int take_passed(struct control_socket *sock, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	sock->fd = fd;
	return 0;
}

static int make_own(struct control_socket *sock, const char *path, bool shared)
{
	CLEANUP_FREE char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	const char *parent = *dir ? dir : "/";
	int error = fileio_mkdir_path(parent, shared ? 0755 : 0700);
	return error ? error : bind_alone(sock, path, parent, shared ? 0666 : 0600);
}

int control_socket_open(
	struct control_socket *sock, const struct config *config, int passed_fd, char **ret_error)
{
	*sock = (struct control_socket){.fd = -1};
	/* In the system everyone may ask; SO_PEERCRED says who does. */
	bool shared = config->mode == CONFIG_SYSTEM;
	int error = passed_fd >= 0 ? take_passed(sock, passed_fd) : make_own(sock, config->socket, shared);
	return opened(sock, error, "Daemon.Socket", config->socket, ret_error);
}

int control_socket_make(
	struct control_socket *sock, const char *path, bool shared, const char *key, char **ret_error)
{
	*sock = (struct control_socket){.fd = -1};
	return opened(sock, make_own(sock, path, shared), key, path, ret_error);
}

void control_socket_remove(const struct control_socket *sock)
{
	struct stat st;
	if (*sock->path && lstat(sock->path, &st) == 0 && st.st_dev == sock->dev && st.st_ino == sock->ino)
		unlink(sock->path);
}
