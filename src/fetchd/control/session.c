/* Session: bytes of one connection in and out. Owns the bufferevent, the timers and the calls. Main
 * thread, in the loop's callbacks; must never trust a byte before wire_parse() has seen it, nor hold more
 * than one message of input.
 */
#include <config.h>

#include "fetchd/control/session.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "wire/frame.h"

static void set_timer(struct session *session, int64_t usec)
{
	struct timeval wait = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};
	event_add(session->timer, &wait);
}

/* ---- output */

static void free_text(const void *data, size_t len, void *arg)
{
	(void)len, (void)arg;
	free((void *)(uintptr_t)data);
}

void session_send(struct session *session, json_t *json)
{
	size_t len;
	char *text = wire_format(json, &len);
	json_decref(json);
	if (evbuffer_add_reference(bufferevent_get_output(session->bev), text, len, free_text, NULL) < 0)
		abort();
}

static void send_error(struct session *session, const char *error, json_t *parameters)
{
	session_send(session, json_pack("{s:s, s:o}", "error", error, "parameters", parameters));
}

/* ---- calls */

static void call_free(struct call *call)
{
	if (call->method && call->method->end)
		call->method->end(call);
	json_decref(call->message);
	json_decref(call->answer);
	free(call->bad);
	free(call);
}

static struct call *first_call(const struct session *session)
{
	return TAILQ_FIRST(&session->calls);
}

/* The first call is over, for whatever reason. */
static void drop_call(struct session *session)
{
	struct call *call = first_call(session);

	TAILQ_REMOVE(&session->calls, call, link);
	session->n_calls--;
	session->bytes -= call->bytes;
	call_free(call);
}

struct call *session_call(const struct session *session, uint64_t id)
{
	struct call *call;

	TAILQ_FOREACH(call, &session->calls, link)
		if (call->id == id)
			return call;
	return NULL;
}

/* The members of a call (varlink.org, "Service"). NULL when they are well-formed, else the bad one. */
static const char *read_members(struct call *call)
{
	const char *key;
	json_t *value;
	json_object_foreach(call->message, key, value)
	{
		if (!strcmp(key, "method") && json_is_string(value))
			call->method = method_find(json_string_value(value));
		else if (!strcmp(key, "more") && json_is_boolean(value))
			call->more = json_is_true(value);
		else if (!strcmp(key, "oneway") && json_is_boolean(value))
			call->oneway = json_is_true(value);
		else if (!strcmp(key, "parameters") && (json_is_object(value) || json_is_null(value)))
			continue;
		else if (strcmp(key, "upgrade") != 0 || !json_is_false(value))
			return key;
	}
	return json_object_get(call->message, "method") ? NULL : "method";
}

/* Takes message; NULL: there was none, and bad (taken) says why. */
static struct call *call_new(struct session *session, json_t *message, char *bad)
{
	struct call *call = xcalloc(1, sizeof(*call));
	call->control = session->control;
	call->session = session;
	call->peer = session->peer;
	call->id = ++session->control->next_id;
	call->message = message;
	call->bad = message ? xstrdup_null(read_members(call)) : bad;
	TAILQ_INSERT_TAIL(&session->calls, call, link);
	session->n_calls++;
	return call;
}

static void call_unknown(struct call *call, const char *method)
{
	const char *dot = strrchr(method, '.');
	if (!dot) {
		call_invalid_parameter(call, "method");
	} else if (method_interface_known(method)) {
		call_error(call, "org.varlink.service.MethodNotFound", json_pack("{s:s}", "method", method));
	} else {
		CLEANUP_FREE char *interface = xstrndup(method, (size_t)(dot - method));
		call_error(call, "org.varlink.service.InterfaceNotFound",
			json_pack("{s:s}", "interface", interface));
	}
}

static json_t *call_parameters(struct call *call)
{
	json_t *parameters = json_object_get(call->message, "parameters");

	if (json_is_object(parameters))
		return parameters;
	parameters = json_object();
	json_object_set_new(call->message, "parameters", parameters);
	return parameters;
}

static void begin(struct session *session, struct call *call)
{
	call->begun = true;
	if (call->bad) {
		/* No call at all: whoever sends this does not speak Varlink. */
		log_debug("uid %u: %s: connection closed", (unsigned)session->peer.uid, call->bad);
		call_invalid_parameter(call, call->bad);
		session_finish(session);
	} else if (!call->method) {
		call_unknown(call, json_string_value(json_object_get(call->message, "method")));
	} else if (call->method->streams && !call->more) {
		call_error(call, "org.varlink.service.ExpectedMore", json_object());
	} else {
		call->method->start(call, call_parameters(call));
	}
}

static bool goes_ahead(const struct call *call)
{
	return !call->bad && call->method && call->method->ahead;
}

static bool may_take(const struct session *session)
{
	const struct call *last = TAILQ_LAST(&session->calls, call_list);

	return !session->closing && !session->dead && session->n_calls < SESSION_CALLS &&
	       session->bytes < SESSION_BYTES && (!last || goes_ahead(last));
}

/* ---- input */

/* The first n bytes of input, which are overwritten there: messages hold secrets. Caller frees. */
static char *move_out(struct evbuffer *input, size_t n)
{
	int n_parts = evbuffer_peek(input, (ev_ssize_t)n, NULL, NULL, 0);
	struct evbuffer_iovec *parts = xcalloc((size_t)n_parts, sizeof(*parts));
	char *text = xmalloc(n), *to = text;

	evbuffer_peek(input, (ev_ssize_t)n, NULL, parts, n_parts);
	for (int i = 0; i < n_parts; i++) {
		size_t left = n - (size_t)(to - text);
		size_t here = parts[i].iov_len < left ? parts[i].iov_len : left;

		to = mempcpy(to, parts[i].iov_base, here);
		explicit_bzero(parts[i].iov_base, here);
	}
	free(parts);
	evbuffer_drain(input, n);
	return text;
}

/* len -1: it is too long. */
static struct call *read_message(struct session *session, struct evbuffer *input, ssize_t len)
{
	const char *why = "is longer than 1 MiB";
	size_t position = WIRE_MESSAGE_MAX;
	json_t *message = NULL;

	if (len >= 0 && (size_t)len <= WIRE_MESSAGE_MAX) {
		char *text = move_out(input, (size_t)len + 1);

		message = wire_parse(text, (size_t)len, &why, &position);
		explicit_bzero(text, (size_t)len);
		free(text);
		session->scanned = 0;
	}
	return call_new(session, message, message ? NULL : xasprintf("message, byte %zu: %s", position, why));
}

static void take_message(struct session *session, struct evbuffer *input, ssize_t len)
{
	struct call *call = read_message(session, input, len);

	call->bytes = len > 0 ? (size_t)len : 0;
	session->bytes += call->bytes;
	if (call == first_call(session) || goes_ahead(call))
		begin(session, call);
}

/* Length of the first message in input, its NUL not counted; -1 while that has not come. */
static ssize_t find_message(struct session *session, struct evbuffer *input)
{
	struct evbuffer_ptr from;
	if (evbuffer_get_length(input) <= session->scanned)
		return -1;
	evbuffer_ptr_set(input, &from, session->scanned, EVBUFFER_PTR_SET);
	struct evbuffer_ptr end = evbuffer_search(input, "", 1, &from);
	if (end.pos < 0)
		session->scanned = evbuffer_get_length(input);
	return end.pos;
}

/* 30 s for a message once its first byte came. */
static void watch_incomplete(struct session *session, struct evbuffer *input)
{
	if (!may_take(session) || evbuffer_get_length(input) == 0)
		event_del(session->timer);
	else if (!event_pending(session->timer, EV_TIMEOUT, NULL))
		set_timer(session, SESSION_MESSAGE_USEC);
}

/* In the loop's next round: in between, others are heard. */
static void read_again(struct session *session)
{
	static const struct timeval now = {0};
	struct evbuffer *input = bufferevent_get_input(session->bev);

	if (session->eof || evbuffer_get_length(input) > 0)
		event_add(session->again, &now);
}

/* One message. */
static void session_read(struct session *session)
{
	struct evbuffer *input = bufferevent_get_input(session->bev);
	ssize_t len = may_take(session) ? find_message(session, input) : -1;
	bool takes = may_take(session) && (len >= 0 || session->scanned > WIRE_MESSAGE_MAX);

	if (takes) {
		event_del(session->timer);
		take_message(session, input, len);
	}
	if (session->dead || session->closing)
		return;
	if (takes && may_take(session))
		read_again(session);
	else if (session->eof && !first_call(session))
		session_finish(session);
	else
		watch_incomplete(session, input);
}

void session_call_done(struct session *session)
{
	struct call *call;

	drop_call(session);
	while ((call = first_call(session)) && call->answered) {
		if (call->answer)
			session_send(session, json_incref(call->answer));
		drop_call(session);
	}
	if (session->control->ending)
		session_finish(session);
	else if (call && !call->begun)
		begin(session, call);
	else if (!session->dead)
		read_again(session);
}

/* ---- callbacks */

static void discard_input(struct session *session)
{
	struct evbuffer *input = bufferevent_get_input(session->bev);
	evbuffer_drain(input, evbuffer_get_length(input));
}

/* All is written: says so, and waits a moment for the peer to close. To close first, with input unread, would
 * break its writing before it has read why. */
static void end_output(struct session *session)
{
	if (evbuffer_get_length(bufferevent_get_output(session->bev)) > 0)
		return;
	if (session->eof || session->control->ending)
		session_close(session);
	else
		shutdown(bufferevent_getfd(session->bev), SHUT_WR);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct session *session = arg;
	if (session->closing)
		discard_input(session);
	else
		session_read(session);
	(void)bev;
}

static void on_write(struct bufferevent *bev, void *arg)
{
	struct session *session = arg;
	struct call *call = first_call(session);
	(void)bev;
	if (session->closing)
		end_output(session);
	else if (call && call->begun && call->method->drained)
		call->method->drained(call);
}

/* Whether the peer has closed its end wholly, and not only for writing: then nobody reads any answer. */
static bool peer_is_gone(struct bufferevent *bev)
{
	struct pollfd pfd = {.fd = bufferevent_getfd(bev)};
	return poll(&pfd, 1, 0) < 0 || (pfd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct session *session = arg;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if ((what & BEV_EVENT_ERROR) || peer_is_gone(bev)) {
		session_close(session);
		return;
	}
	/* It still reads the answers to what it has asked. */
	session->eof = true;
	bufferevent_disable(bev, EV_READ);
	if (session->closing)
		end_output(session);
	else
		session_read(session);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	session_read(arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	(void)fd, (void)what;
	if (!session->closing)
		log_debug("uid %u: a message did not come whole in time: connection closed",
			(unsigned)session->peer.uid);
	session_close(session);
}

/* ---- life */

struct session *session_find(struct control *control, uint64_t id)
{
	struct session *session;
	HASH_FIND(hh, control->sessions, &id, sizeof(id), session);
	return session;
}

static size_t count_user(const struct control *control, uid_t uid)
{
	size_t n = 0;
	for (const struct session *s = control->sessions; s; s = s->hh.next)
		n += s->peer.uid == uid;
	return n;
}

/* NULL, or why there is no room. */
static const char *crowd_refusal(const struct control *control, const struct peer *peer)
{
	size_t most = peer->uid == 0 ? SESSIONS_MAX : SESSIONS_MAX - SESSIONS_ROOT_RESERVE;
	if (control->n_sessions >= most)
		return "too many connections";
	if (peer->uid != 0 && count_user(control, peer->uid) >= SESSIONS_PER_USER)
		return "too many connections of this user";
	return NULL;
}

static struct session *session_new(struct control *control, int fd, const struct peer *peer)
{
	struct session *session = xcalloc(1, sizeof(*session));
	session->id = ++control->next_id;
	session->control = control;
	session->peer = *peer;
	session->bev = bufferevent_socket_new(control->setup.base, fd, BEV_OPT_CLOSE_ON_FREE);
	session->timer = event_new(control->setup.base, -1, 0, on_timer, session);
	session->again = event_new(control->setup.base, -1, 0, on_again, session);
	TAILQ_INIT(&session->calls);
	if (!session->bev || !session->timer || !session->again)
		abort();
	bufferevent_setcb(session->bev, on_read, on_write, on_event, session);
	/* A whole message and its NUL, and no more while a call is under way. */
	bufferevent_setwatermark(session->bev, EV_READ, 0, WIRE_MESSAGE_MAX + 1);
	bufferevent_setwatermark(session->bev, EV_WRITE, SESSION_OUTPUT_LOW, 0);
	bufferevent_enable(session->bev, EV_READ | EV_WRITE);
	HASH_ADD(hh, control->sessions, id, sizeof(session->id), session);
	control->n_sessions++;
	return session;
}

void session_open(struct control *control, int fd)
{
	struct peer peer = {.uid = (uid_t)-1};
	int unknown = peer_of_socket(fd, control->config->admin_gid, &peer);
	const char *crowd = unknown ? NULL : crowd_refusal(control, &peer);

	/* A refused one is told why, and so it is a session for a moment: a hard limit stands above. */
	if (control->n_sessions >= 2 * SESSIONS_MAX) {
		close(fd);
		return;
	}
	struct session *session = session_new(control, fd, &peer);
	if (!unknown && !crowd)
		return;
	if (unknown)
		send_error(session, WIRE_INTERFACE ".NotPermitted",
			json_pack("{s:s}", "message", "the kernel does not say which user you are"));
	else
		send_error(session, WIRE_INTERFACE ".TryAgain", json_pack("{s:s}", "message", crowd));
	log_debug("uid %u: connection refused: %s", (unsigned)peer.uid, crowd ? crowd : "unknown user");
	session_finish(session);
}

void session_finish(struct session *session)
{
	if (session->dead || session->closing)
		return;
	session->closing = true;
	set_timer(session, SESSION_FLUSH_USEC);
	discard_input(session);
	end_output(session);
}

void session_abandon_list(struct session *session)
{
	struct request *request;

	if (!session->adds_parts || session->control->stopping)
		return;
	session->adds_parts = false;
	request = request_new(REQUEST_ABANDON);
	request->session_id = session->id;
	mailbox_post(session->control->setup.engine, &request->msg);
}

static void hang_up(struct session *session)
{
	struct request *request;

	if (!session->waits || session->control->stopping)
		return;
	request = request_new(REQUEST_HANG_UP);
	request->session_id = session->id;
	mailbox_post(session->control->setup.engine, &request->msg);
}

void session_close(struct session *session)
{
	struct control *control = session->control;

	if (session->dead)
		return;
	session->dead = true;
	while (first_call(session))
		drop_call(session);
	session_abandon_list(session);
	hang_up(session);
	bufferevent_disable(session->bev, EV_READ | EV_WRITE);
	bufferevent_setcb(session->bev, NULL, NULL, NULL, NULL);
	event_del(session->timer);
	event_del(session->again);
	HASH_DEL(control->sessions, session);
	control->n_sessions--;
	session->next_dead = control->dead;
	control->dead = session;
	event_active(control->reap_event, EV_TIMEOUT, 0);
}

void session_reap(struct control *control)
{
	while (control->dead) {
		struct session *session = control->dead;
		control->dead = session->next_dead;
		bufferevent_free(session->bev);
		event_free(session->timer);
		event_free(session->again);
		free(session);
	}
}
