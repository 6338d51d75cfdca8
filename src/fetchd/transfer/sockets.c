/* Sockets by number, and by the two ends of their connection as soon as these were asked for. A connection is
 * new when it is asked for first, so the newest sockets are looked at; later the table knows. Worker's
 * thread.
 */
#include "config.h"

#include "fetchd/transfer/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"

struct socket {
	int fd;
	bool known;			      /* its ends are */
	char ends[2 * INET6_ADDRSTRLEN + 16]; /* "LOCAL PORT REMOTE PORT" */
	UT_hash_handle hh;		      /* by fd */
	UT_hash_handle hh_ends;
	TAILQ_ENTRY(socket) link; /* until its ends are known */
};
TAILQ_HEAD(socket_list, socket);

struct sockets {
	struct socket *by_fd;
	struct socket *by_ends;
	struct socket_list fresh; /* newest first */
};

struct sockets *sockets_new(void)
{
	struct sockets *sockets = xcalloc(1, sizeof(*sockets));

	TAILQ_INIT(&sockets->fresh);
	return sockets;
}

void sockets_free(struct sockets *sockets)
{
	struct socket *socket, *next;

	if (!sockets)
		return;
	HASH_CLEAR(hh_ends, sockets->by_ends);
	HASH_ITER(hh, sockets->by_fd, socket, next) {
		HASH_DEL(sockets->by_fd, socket);
		free(socket);
	}
	free(sockets);
}

curl_socket_t sockets_open(struct sockets *sockets, const struct curl_sockaddr *address)
{
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
	struct socket *added;

	if (fd < 0)
		return CURL_SOCKET_BAD;
	added = xcalloc(1, sizeof(*added));
	added->fd = fd;
	HASH_ADD_INT(sockets->by_fd, fd, added);
	TAILQ_INSERT_HEAD(&sockets->fresh, added, link);
	return fd;
}

int sockets_close_cb(void *arg, curl_socket_t fd)
{
	struct sockets *sockets = arg;
	struct socket *found;

	HASH_FIND_INT(sockets->by_fd, &fd, found);
	if (found) {
		if (found->known)
			HASH_DELETE(hh_ends, sockets->by_ends, found);
		else
			TAILQ_REMOVE(&sockets->fresh, found, link);
		HASH_DEL(sockets->by_fd, found);
		free(found);
	}
	return close(fd);
}

static int port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0)
		return -1;
	if (ss.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)&ss)->sin_port);
	if (ss.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&ss)->sin6_port);
	return -1;
}

/* The newest, should one port lead to two places. */
static struct socket *find_fresh(struct sockets *sockets, int local_port)
{
	struct socket *socket;

	TAILQ_FOREACH(socket, &sockets->fresh, link)
		if (port_of(socket->fd) == local_port)
			return socket;
	return NULL;
}

bool sockets_silent(struct sockets *sockets, const char *ip, const char *local_ip, int port, int local_port)
{
	char ends[sizeof(((struct socket *)NULL)->ends)], byte;
	struct socket *found;

	snprintf(ends, sizeof(ends), "%s %d %s %d", local_ip, local_port, ip, port);
	HASH_FIND(hh_ends, sockets->by_ends, ends, strlen(ends), found);
	if (!found) {
		found = find_fresh(sockets, local_port);
		if (!found)
			return false;
		TAILQ_REMOVE(&sockets->fresh, found, link);
		memcpy(found->ends, ends, sizeof(ends));
		found->known = true;
		HASH_ADD_KEYPTR(hh_ends, sockets->by_ends, found->ends, strlen(found->ends), found);
	}
	return recv(found->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}
