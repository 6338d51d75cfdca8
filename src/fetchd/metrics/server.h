/* Server: answers GET and HEAD of /metrics on a listening Unix socket, by libevent's HTTP. Main thread, on
 * the daemon's event loop. Few connections at once, each for one request and a bounded time; nothing is asked
 * of who connects, as nothing in the answer is anyone's. Never a network socket. */
#ifndef METRICS_SERVER_H
#define METRICS_SERVER_H

#include <event2/event.h>

struct metrics_server;

/* Takes listen_fd, which is listening and not blocking. text() makes the answer, which is freed. */
struct metrics_server *metrics_server_start(
	struct event_base *base, int listen_fd, char *(*text)(void *arg), void *arg);
/* Closes what is open. NULL is fine. */
void metrics_server_free(struct metrics_server *server);

#endif
