/* delayd: an origin whose answers take as long as the path asks.
 *
 * GET /delay/SECONDS/ANYTHING is answered SECONDS (a decimal fraction is fine) after the request came in,
 * with BODY_BYTES bytes; any other request with 404. HTTP/1.1 with keep-alive, one thread, loopback only, any
 * free port. Prints "port N" once it listens, and on SIGTERM or SIGINT "requests N peak N": how many it
 * answered, and how many waited for their answer at the same moment.
 */
#include <config.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX 12000
#define BACKLOG	    4096 /* net.core.somaxconn's default */
#define REQUEST_MAX 2048
#define BODY_BYTES  64
#define SECONDS_MAX 3600.0
/* Each listener has a queue of BACKLOG: together they hold CLIENTS_MAX that connect at once, so that no SYN
 * is dropped and sent again a second later, which would be measured as the client's time. */
#define LISTENERS_N 4

struct server {
	struct event_base *base;
	struct event *accepts[LISTENERS_N];
	struct event *stops[2];
	unsigned long requests;
	unsigned waiting;
	unsigned peak;
};

struct client {
	struct server *server;
	int fd;
	bool closing; /* the last answer is on its way */
	struct event readable;
	struct event due; /* pending while a request waits for its answer */
	size_t used;
	char request[REQUEST_MAX + 1];
};

static void die(const char *what)
{
	fprintf(stderr, "delayd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void client_free(struct client *client)
{
	if (evtimer_pending(&client->due, NULL))
		client->server->waiting--;
	event_del(&client->due);
	event_del(&client->readable);
	close(client->fd);
	free(client);
}

/* False when the client is gone. An answer always fits the empty send buffer of a socket, so there is no
 * partial send to go on with. */
static bool client_send(struct client *client, const char *text, size_t n)
{
	if (send(client->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n)
		return true;
	client_free(client);
	return false;
}

static bool client_answer(struct client *client)
{
	static const char body[BODY_BYTES + 1] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n";
	char text[256];
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n%s\r\n%s",
		BODY_BYTES, client->closing ? "Connection: close\r\n" : "", body);

	client->server->requests++;
	if (!client_send(client, text, (size_t)n))
		return false;
	if (client->closing)
		client_free(client);
	return !client->closing;
}

/* Seconds asked for by "GET /delay/SECONDS/...", or -1. */
static double request_delay(const char *request)
{
	static const char start[] = "GET /delay/";
	char *end;
	double seconds;

	if (strncmp(request, start, sizeof(start) - 1) != 0)
		return -1;
	seconds = strtod(request + sizeof(start) - 1, &end);
	if (*end != '/' || !isfinite(seconds) || seconds < 0 || seconds > SECONDS_MAX)
		return -1;
	return seconds;
}

/* Takes the next whole request, if one is there and none waits for its answer. */
static void client_next(struct client *client)
{
	static const char not_found[] =
		"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	struct server *server = client->server;
	struct timeval delay;
	double seconds;
	char *end = strstr(client->request, "\r\n\r\n");

	if (!end && client->used == REQUEST_MAX)
		client_free(client);
	if (!end || evtimer_pending(&client->due, NULL))
		return;
	*end = '\0';
	end += 4;
	seconds = request_delay(client->request);
	if (seconds < 0) {
		if (client_send(client, not_found, sizeof(not_found) - 1))
			client_free(client);
		return;
	}
	client->closing = strcasestr(client->request, "\nConnection: close") != NULL;
	client->used -= (size_t)(end - client->request);
	memmove(client->request, end, client->used + 1);
	delay.tv_sec = (time_t)seconds;
	delay.tv_usec = (suseconds_t)((seconds - (double)delay.tv_sec) * 1e6);
	evtimer_add(&client->due, &delay);
	if (++server->waiting > server->peak)
		server->peak = server->waiting;
}

static void on_due(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd;
	(void)what;
	client->server->waiting--;
	if (client_answer(client))
		client_next(client);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;
	ssize_t n = recv(fd, client->request + client->used, REQUEST_MAX - client->used, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(client);
		return;
	}
	client->used += (size_t)n;
	client->request[client->used] = '\0';
	client_next(client);
}

static void client_new(struct server *server, int fd)
{
	struct client *client = malloc(sizeof(*client));

	if (!client)
		die("malloc");
	client->server = server;
	client->fd = fd;
	client->closing = false;
	client->used = 0;
	client->request[0] = '\0';
	event_assign(&client->readable, server->base, fd, EV_READ | EV_PERSIST, on_readable, client);
	evtimer_assign(&client->due, server->base, on_due, client);
	if (event_add(&client->readable, NULL) < 0)
		die("event_add");
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	int fd;

	(void)what;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		client_new(arg, fd);
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		die("accept");
}

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
	struct server *server = arg;

	(void)signal_number;
	(void)what;
	event_base_loopbreak(server->base);
}

/* port 0: any free one. Returns the port. */
static in_port_t server_listen(struct server *server, unsigned i, in_port_t port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
		bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("listen");
	server->accepts[i] = event_new(server->base, fd, EV_READ | EV_PERSIST, on_accept, server);
	if (!server->accepts[i] || event_add(server->accepts[i], NULL) < 0)
		die("event_add");
	return ntohs(address.sin_port);
}

/* Delays are counted from the moment of each request, to the microsecond: no cached and no coarse time. */
static void server_open(struct server *server)
{
	static const int signals[] = {SIGTERM, SIGINT};
	struct event_config *config = event_config_new();

	if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) < 0 ||
		event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) < 0)
		die("event_config");
	server->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!server->base)
		die("event_base_new");
	for (unsigned i = 0; i < 2; i++) {
		server->stops[i] = evsignal_new(server->base, signals[i], on_stop, server);
		if (!server->stops[i] || evsignal_add(server->stops[i], NULL) < 0)
			die("signal");
	}
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	if (limit.rlim_cur < CLIENTS_MAX + 100)
		fprintf(stderr, "delayd: only %ju open files: ulimit -Hn\n", (uintmax_t)limit.rlim_cur);
}

int main(void)
{
	struct server server = {0};
	in_port_t port = 0;

	raise_file_limit();
	server_open(&server);
	for (unsigned i = 0; i < LISTENERS_N; i++)
		port = server_listen(&server, i, port);
	printf("port %u\n", port);
	fflush(stdout);
	if (event_base_dispatch(server.base) < 0)
		die("event loop");
	printf("requests %lu peak %u\n", server.requests, server.peak);
	return 0;
}
