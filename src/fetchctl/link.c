/* Link: one connection to the daemon. Owns the socket and what was read from it and not yet taken. */
#include "config.h"

#include "fetchctl/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "wire/frame.h"

#define READ_SIZE ((size_t)256 << 10)
/* A reply may be larger than a call: Status has every active job. */
#define REPLY_MAX ((size_t)256 << 20)

struct link {
	int fd;
	bool ended; /* the other side will send no more */
	char *in;   /* bytes read, from start up to len */
	size_t start;
	size_t scanned; /* no NUL before this */
	size_t len;
	size_t cap;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	/* place_choose() has seen to the length. */
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* A listener whose queue is full lets connect(2) wait; after that it is non-blocking. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

struct link *link_open(const char *path, int *ret_error)
{
	struct link *link;
	int fd = connect_to(path);

	if (fd < 0) {
		*ret_error = -fd;
		return NULL;
	}
	link = xcalloc(1, sizeof(*link));
	link->fd = fd;
	return link;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	close(link->fd);
	free(link->in);
	free(link);
}

/* Room for READ_SIZE more bytes; what was taken makes place first. */
static bool make_room(struct link *link)
{
	if (link->start > 0 && link->cap - link->len < READ_SIZE) {
		memmove(link->in, link->in + link->start, link->len - link->start);
		link->len -= link->start;
		link->scanned -= link->start;
		link->start = 0;
	}
	if (link->cap - link->len >= READ_SIZE)
		return true;
	if (link->len > REPLY_MAX)
		return false;
	link->cap = link->cap ? link->cap * 2 : 2 * READ_SIZE;
	link->in = xreallocarray(link->in, link->cap, 1);
	return true;
}

/* Reads what is there. False when the connection is lost; its end is only noted. */
static bool read_some(struct link *link)
{
	ssize_t n;

	if (!make_room(link))
		return false;
	n = recv(link->fd, link->in + link->len, link->cap - link->len, MSG_DONTWAIT);
	if (n > 0)
		link->len += (size_t)n;
	else if (n == 0)
		link->ended = true;
	else
		return errno == EAGAIN || errno == EINTR;
	return true;
}

bool link_send(struct link *link, const char *text, size_t n)
{
	while (n > 0) {
		struct pollfd ready = {.fd = link->fd, .events = link->ended ? POLLOUT : POLLIN | POLLOUT};
		ssize_t sent;

		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return false;
		if ((ready.revents & POLLIN) && !read_some(link))
			return false;
		if (!(ready.revents & (POLLOUT | POLLERR | POLLHUP)))
			continue;
		sent = send(link->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0) {
			text += sent;
			n -= (size_t)sent;
		}
	}
	return true;
}

bool link_send_call(struct link *link, const char *method, json_t *params, bool more)
{
	json_t *call = json_object();
	CLEANUP_FREE char *name = xasprintf(WIRE_INTERFACE ".%s", method);
	CLEANUP_FREE char *text = NULL;
	size_t n;

	json_object_set_new(call, "method", json_string(name));
	json_object_set_new(call, "parameters", params);
	if (more)
		json_object_set_new(call, "more", json_true());
	text = wire_format(call, &n);
	json_decref(call);
	return link_send(link, text, n);
}

/* The next whole message, if there is one: its text without the NUL. */
static char *take_message(struct link *link, size_t *ret_len)
{
	char *text = link->in + link->start;
	char *end = link->len > link->scanned
			    ? memchr(link->in + link->scanned, '\0', link->len - link->scanned)
			    : NULL;

	if (!end) {
		link->scanned = link->len;
		return NULL;
	}
	*ret_len = (size_t)(end - text);
	link->start = link->scanned = (size_t)(end + 1 - link->in);
	if (link->start == link->len)
		link->start = link->scanned = link->len = 0;
	return text;
}

/* LINK_REPLY when something was read, else the event that ends the wait. */
static enum link_event wait_readable(struct link *link, int64_t until_usec, const sigset_t *mask)
{
	struct pollfd ready = {.fd = link->fd, .events = POLLIN};
	struct timespec left = {0}, *timeout = NULL;
	int n;

	if (until_usec != USEC_INFINITY) {
		int64_t usec = until_usec - clock_boot_usec();

		if (usec > 0)
			left = (struct timespec){usec / USEC_PER_SEC, usec % USEC_PER_SEC * 1000};
		timeout = &left;
	}
	n = ppoll(&ready, 1, timeout, mask);
	if (n < 0)
		return errno == EINTR ? LINK_SIGNAL : LINK_LOST;
	if (n == 0)
		return LINK_TIMEOUT;
	return read_some(link) ? LINK_REPLY : LINK_LOST;
}

enum link_event link_next(struct link *link, int64_t until_usec, const sigset_t *mask, json_t **ret)
{
	const char *why, *text;
	size_t n, position;

	while (!(text = take_message(link, &n))) {
		enum link_event event;

		if (link->ended)
			return LINK_LOST;
		event = wait_readable(link, until_usec, mask);
		if (event != LINK_REPLY)
			return event;
	}
	*ret = wire_parse(text, n, &why, &position);
	return *ret ? LINK_REPLY : LINK_GARBAGE;
}

int link_fd(const struct link *link)
{
	return link->fd;
}

bool link_has_more(const struct link *link)
{
	return link && link->len > link->start;
}
