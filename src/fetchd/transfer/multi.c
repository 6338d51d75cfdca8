/* curl multi ⇄ libevent. Runs in its worker's thread; knows nothing of jobs. */
#include "config.h"

#include "fetchd/transfer/multi.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"

struct multi {
	CURLM *curlm;
	struct event_base *base;
	struct event *timer;
	uid_t owner;
	size_t n; /* transfers in it */
	bool retired;
	multi_done_fn *done;
	void *arg;
};

struct multi_socket {
	struct multi *multi;
	struct event *event;
	curl_socket_t fd;
};

/* ---- out of libcurl */

static void drain(struct multi *multi)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi->curlm, &left))) {
		CURL *easy = msg->easy_handle;
		CURLcode result = msg->data.result;

		if (msg->msg != CURLMSG_DONE)
			continue;
		multi_remove(multi, easy);
		multi->done(easy, result, multi->arg);
	}
}

static void drive(struct multi *multi, curl_socket_t fd, int flags)
{
	int running = 0;
	CURLMcode rc = curl_multi_socket_action(multi->curlm, fd, flags, &running);

	/* Only a broken handle or no memory leads here; systemd starts us again and the queue goes on. */
	if (rc != CURLM_OK && rc != CURLM_BAD_SOCKET) {
		log_err("libcurl: %s", curl_multi_strerror(rc));
		abort();
	}
	drain(multi);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct multi_socket *sock = arg;
	int flags = ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);

	/* sock may be gone when this returns. */
	drive(sock->multi, fd, flags);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- out of libcurl's callbacks: arm and disarm only */

static void socket_forget(struct multi *multi, curl_socket_t fd, struct multi_socket *sock)
{
	if (!sock)
		return;
	event_free(sock->event);
	free(sock);
	curl_multi_assign(multi->curlm, fd, NULL);
}

static int socket_cb(CURL *easy, curl_socket_t fd, int what, void *arg, void *socketp)
{
	struct multi *multi = arg;
	struct multi_socket *sock = socketp;
	short events = EV_PERSIST;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		socket_forget(multi, fd, sock);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	if (!sock) {
		sock = xcalloc(1, sizeof(*sock));
		sock->multi = multi;
		sock->fd = fd;
		sock->event = event_new(multi->base, fd, events, on_socket, sock);
		curl_multi_assign(multi->curlm, fd, sock);
	} else {
		event_del(sock->event);
		event_assign(sock->event, multi->base, fd, events, on_socket, sock);
	}
	event_add(sock->event, NULL);
	return 0;
}

static int timer_cb(CURLM *curlm, long timeout_ms, void *arg)
{
	struct multi *multi = arg;
	struct timeval tv = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

	(void)curlm;
	if (timeout_ms < 0)
		evtimer_del(multi->timer);
	else
		evtimer_add(multi->timer, &tv);
	return 0;
}

/* ---- the object */

struct multi *multi_new(struct event_base *base, uid_t owner, long keep, multi_done_fn *done, void *arg)
{
	struct multi *multi = xcalloc(1, sizeof(*multi));

	multi->base = base;
	multi->owner = owner;
	multi->done = done;
	multi->arg = arg;
	multi->curlm = curl_multi_init();
	multi->timer = evtimer_new(base, on_timer, multi);
	if (!multi->curlm || !multi->timer)
		abort();
	curl_multi_setopt(multi->curlm, CURLMOPT_SOCKETFUNCTION, socket_cb);
	curl_multi_setopt(multi->curlm, CURLMOPT_SOCKETDATA, multi);
	curl_multi_setopt(multi->curlm, CURLMOPT_MAXCONNECTS, keep);
	curl_multi_setopt(multi->curlm, CURLMOPT_TIMERFUNCTION, timer_cb);
	curl_multi_setopt(multi->curlm, CURLMOPT_TIMERDATA, multi);
	return multi;
}

void multi_free(struct multi *multi)
{
	if (!multi)
		return;
	curl_multi_cleanup(multi->curlm);
	event_free(multi->timer);
	free(multi);
}

uid_t multi_owner(const struct multi *multi)
{
	return multi->owner;
}

int multi_add(struct multi *multi, CURL *easy)
{
	CURLMcode rc = curl_multi_add_handle(multi->curlm, easy);

	if (rc != CURLM_OK) {
		log_err("libcurl: cannot add a transfer: %s", curl_multi_strerror(rc));
		return -EIO;
	}
	multi->n++;
	return 0;
}

void multi_retire(struct multi *multi)
{
	multi->retired = true;
}

bool multi_retired(const struct multi *multi)
{
	return multi->retired;
}

bool multi_empty(const struct multi *multi)
{
	return multi->n == 0;
}

void multi_remove(struct multi *multi, CURL *easy)
{
	multi->n--;
	curl_multi_remove_handle(multi->curlm, easy);
}
