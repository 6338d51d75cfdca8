/* The metrics socket. libevent bounds neither the number of its connections nor their time as a whole, so
 * each has a visit here: a reference to its bufferevent, which is ended by a timer at the latest. While there
 * are as many as may be, others wait in the kernel's queue.
 */
#include "config.h"

#include "fetchd/metrics/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "fetchd/metrics/metrics.h"

#define VISITS_MAX  16
#define VISIT_SEC   5
#define HEADERS_MAX 8192
#define READ_MAX    ((size_t)16384)
/* When no descriptor was left. */
#define PAUSE_SEC 1

struct visit {
	struct metrics_server *server;
	struct bufferevent *bev;
	struct event *end;
	TAILQ_ENTRY(visit) link;
};
TAILQ_HEAD(visit_list, visit);

struct metrics_server {
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener; /* http's */
	struct event *resume;
	struct visit_list visits;
	size_t n_visits;
	char *(*text)(void *arg);
	void *arg;
};

/* ---- visits */

static void visit_free(struct visit *visit)
{
	struct metrics_server *server = visit->server;

	TAILQ_REMOVE(&server->visits, visit, link);
	server->n_visits--;
	event_free(visit->end);
	bufferevent_decref(visit->bev);
	free(visit);
}

/* Answered, or its time is over: should libevent still have it, it sees that the peer is gone. */
static void on_visit_end(evutil_socket_t fd, short what, void *arg)
{
	struct visit *visit = arg;
	struct metrics_server *server = visit->server;
	(void)fd, (void)what;

	shutdown(bufferevent_getfd(visit->bev), SHUT_RDWR);
	visit_free(visit);
	evconnlistener_enable(server->listener);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct metrics_server *server = arg;
	struct visit *visit = xcalloc(1, sizeof(*visit));
	const struct timeval most = {.tv_sec = VISIT_SEC};

	visit->server = server;
	visit->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	visit->end = evtimer_new(base, on_visit_end, visit);
	if (!visit->bev || !visit->end || evtimer_add(visit->end, &most) < 0)
		abort();
	bufferevent_incref(visit->bev);
	bufferevent_setwatermark(visit->bev, EV_READ, 0, READ_MAX);
	TAILQ_INSERT_TAIL(&server->visits, visit, link);
	if (++server->n_visits >= VISITS_MAX)
		evconnlistener_disable(server->listener);
	return visit->bev;
}

/* Freed in the next round of the loop: libevent is not through with it. */
static void on_answered(struct evhttp_request *request, void *arg)
{
	struct visit *visit = arg;
	(void)request;
	event_active(visit->end, EV_TIMEOUT, 0);
}

static void let_go_after(struct metrics_server *server, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	const struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);
	struct visit *visit;

	TAILQ_FOREACH(visit, &server->visits, link)
		if (visit->bev == bev)
			evhttp_request_set_on_complete_cb(request, on_answered, visit);
}

/* ---- requests */

static void put_header(struct evhttp_request *request, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/* text is taken. One request a connection: a scrape comes each some seconds. */
static void answer(struct metrics_server *server, struct evhttp_request *request, int status,
	const char *type, char *text)
{
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	char length[24];

	snprintf(length, sizeof(length), "%zu", strlen(text));
	put_header(request, "Content-Type", type);
	put_header(request, "Content-Length", length);
	put_header(request, "Connection", "close");
	if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
		evbuffer_add(body, text, strlen(text));
	free(text);
	let_go_after(server, request);
	evhttp_send_reply(request, status, NULL, NULL);
}

static void on_metrics(struct evhttp_request *request, void *arg)
{
	struct metrics_server *server = arg;
	answer(server, request, HTTP_OK, METRICS_OPENMETRICS_TYPE, server->text(server->arg));
}

static void on_other(struct evhttp_request *request, void *arg)
{
	answer(arg, request, HTTP_NOTFOUND, "text/plain; charset=utf-8",
		xstrdup("There is /metrics only.\n"));
}

/* ---- the socket */

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct metrics_server *server = arg;
	const struct timeval pause = {.tv_sec = PAUSE_SEC};

	evconnlistener_disable(listener);
	evtimer_add(server->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct metrics_server *server = arg;
	(void)fd, (void)what;
	if (server->n_visits < VISITS_MAX)
		evconnlistener_enable(server->listener);
}

static void listen_on(struct metrics_server *server, int fd)
{
	/* Backlog 0: it listens already. */
	server->listener = evconnlistener_new(
		server->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!server->listener || !evhttp_bind_listener(server->http, server->listener))
		abort();
	evconnlistener_set_error_cb(server->listener, on_accept_error);
}

struct metrics_server *metrics_server_start(
	struct event_base *base, int listen_fd, char *(*text)(void *arg), void *arg)
{
	struct metrics_server *server = xcalloc(1, sizeof(*server));

	server->base = base;
	server->text = text;
	server->arg = arg;
	TAILQ_INIT(&server->visits);
	server->http = evhttp_new(base);
	server->resume = evtimer_new(base, on_resume, server);
	if (!server->http || !server->resume)
		abort();
	evhttp_set_allowed_methods(server->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_timeout(server->http, VISIT_SEC);
	evhttp_set_max_headers_size(server->http, HEADERS_MAX);
	evhttp_set_max_body_size(server->http, 0);
	evhttp_set_bevcb(server->http, on_connection, server);
	evhttp_set_cb(server->http, "/metrics", on_metrics, server);
	evhttp_set_gencb(server->http, on_other, server);
	listen_on(server, listen_fd);
	return server;
}

void metrics_server_free(struct metrics_server *server)
{
	if (!server)
		return;
	evhttp_free(server->http);
	while (!TAILQ_EMPTY(&server->visits))
		visit_free(TAILQ_FIRST(&server->visits));
	event_free(server->resume);
	free(server);
}
