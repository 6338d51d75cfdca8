/* Listener: accepts connections, and waits a little when the process has no descriptor left, instead of
 * spinning (FAULTS P5). Main thread.
 */
#include <config.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetchd/control/session.h"

#define PAUSE_MIN_USEC (100 * USEC_PER_MSEC)
#define PAUSE_MAX_USEC (1000 * USEC_PER_MSEC)

struct listener {
	struct control *control;
	struct evconnlistener *accepting;
	struct event *resume;
	int64_t pause_usec;
};

static void on_accept(
	struct evconnlistener *accepting, evutil_socket_t fd, struct sockaddr *address, int len, void *arg)
{
	struct listener *listener = arg;
	(void)accepting, (void)address, (void)len;
	listener->pause_usec = 0;
	session_open(listener->control, fd);
}

static void on_error(struct evconnlistener *accepting, void *arg)
{
	struct listener *listener = arg;
	int error = errno;
	if (listener->pause_usec == 0) /* once, not a line a second */
		log_warning("connections cannot be accepted: %s", strerror(error));
	listener->pause_usec = listener->pause_usec ? 2 * listener->pause_usec : PAUSE_MIN_USEC;
	if (listener->pause_usec > PAUSE_MAX_USEC)
		listener->pause_usec = PAUSE_MAX_USEC;
	struct timeval wait = {
		.tv_sec = listener->pause_usec / USEC_PER_SEC,
		.tv_usec = listener->pause_usec % USEC_PER_SEC,
	};
	evconnlistener_disable(accepting);
	event_add(listener->resume, &wait);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	(void)fd, (void)what;
	evconnlistener_enable(listener->accepting);
}

struct listener *listener_new(struct control *control, int fd)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));
	listener->control = control;
	listener->resume = event_new(control->setup.base, -1, 0, on_resume, listener);
	/* Backlog 0: it listens already. */
	listener->accepting = evconnlistener_new(control->setup.base, on_accept, listener,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener->resume || !listener->accepting)
		abort();
	evconnlistener_set_error_cb(listener->accepting, on_error);
	return listener;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	evconnlistener_free(listener->accepting);
	event_free(listener->resume);
	free(listener);
}
