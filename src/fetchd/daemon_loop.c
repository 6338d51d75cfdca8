/* The main thread's loop: signals, watchdog, status line, and the control mailbox, which it shares out. Owns
 * the loop's events. Must never block.
 */
#include <config.h>

#include "fetchd/daemon_private.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchd/config_hook.h"
#include "fetchd/engine/engine.h"
#include "fetchd/hook/hook.h"
#include "fetchd/network.h"
#include "fetchd/pulse.h"
#include "fetchd/reload.h"
#include "fetchd/service.h"
#include "fetchd/transfer/worker.h"
#include "job/message.h"

/* Messages of the control mailbox handled before the loop looks at sockets again. */
#define LOOP_BATCH 1024
/* A stop waits so long for the engine; rows are safe all the time. A service manager gives up later. */
#define STOP_WAIT_USEC (9 * USEC_PER_SEC)
/* Whatever hangs after that: the process ends. */
#define STOP_GUARD_SEC 10
#define STATUS_USEC    USEC_PER_SEC

static struct timeval timeval_of(int64_t usec)
{
	return (struct timeval){.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};
}

/* ---- stop */

static struct request *own_request(enum request_kind kind)
{
	struct request *request = request_new(kind);
	request->privileged = true;
	request->call_id = (uint64_t)kind; /* no session asks: session_id stays 0 */
	return request;
}

static void post_engine(struct daemon *d, enum request_kind kind, struct config *config)
{
	struct request *request = own_request(kind);
	request->config = config;
	mailbox_post(&d->engine_box, &request->msg);
}

/* At once, not when the engine comes to it: their time is bounded, and they may need it. */
static void stop_hooks(struct daemon *d)
{
	struct msg *stop = xcalloc(1, sizeof(*stop));

	stop->kind = HOOK_STOP;
	mailbox_post(hook_pool_mailbox(d->hooks), stop);
}

static void begin_stop(struct daemon *d)
{
	struct timeval wait = timeval_of(STOP_WAIT_USEC);
	if (d->stopping)
		return;
	d->stopping = true;
	alarm(STOP_GUARD_SEC);
	service_stopping();
	service_status("stopping: transfers are put back into the queue");
	log_message(LOG_LEVEL_NOTICE, MESSAGE_STOPPING, "stopping: transfers are put back into the queue");
	control_stop(d->control);
	stop_hooks(d);
	post_engine(d, REQUEST_STOP, NULL);
	event_add(d->stop_timer, &wait);
}

/* The rows are safe whenever the process ends: that is what they are for. */
static void end_at_once(struct daemon *d, const char *why)
{
	log_warning("%s: ending at once", why);
	control_socket_remove(&d->socket);
	control_socket_remove(&d->metrics_socket);
	_exit(d->exit_code);
}

static void on_stop_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	end_at_once(arg, "transfers did not stop in time");
}

/* ---- exit when idle */

static void arm_idle(struct daemon *d)
{
	struct timeval wait = timeval_of(d->config->exit_idle_usec);

	if (d->config->exit_idle_usec == USEC_INFINITY || *d->socket.path)
		event_del(d->idle_timer);
	else
		event_add(d->idle_timer, &wait);
}

/* Idle twice in a row, and nobody came in between: the socket is the manager's, who starts fetchd for the
 * next client. What waits for its time needs somebody to look at the clock. */
static void on_idle_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct control_summary summary;
	(void)fd, (void)what;

	control_get_summary(d->control, &summary);
	bool was = d->idle && d->idle_calls == summary.calls;
	d->idle = d->ready && summary.sessions == 0 &&
		  summary.queued + summary.waiting + summary.active + summary.hooks == 0;
	d->idle_calls = summary.calls;
	if (d->idle && was && !d->stopping) {
		log_notice("nothing to do: ending, until someone asks");
		begin_stop(d);
	} else {
		arm_idle(d);
	}
}

/* ---- reload, notices */

void daemon_tell_hooks(const struct daemon *d)
{
	const struct config *config = d->config;

	for (size_t i = 0; i < config->n_hooks; i++)
		if (config->hooks[i].problem) {
			CLEANUP_FREE char *shown = text_escape(config->hooks[i].problem);
			log_warning("hook %s cannot run: %s", config->hooks[i].name, shown);
		}
	if (config->n_hooks > 0 && !d->can_execute)
		log_warning("hooks cannot run before the next start: nothing may be executed where there was "
			    "none");
}

static void begin_reload(struct daemon *d)
{
	if (d->stopping)
		return;
	service_reloading();
	struct config *config = reload_config(d->source, d->config);
	if (!config) {
		service_ready();
		return;
	}
	config_unref(d->config);
	d->config = config;
	log_set_level((enum log_level)config->log_level);
	control_set_config(d->control, config);
	daemon_tell_hooks(d);
	arm_idle(d);
	post_engine(d, REQUEST_RELOAD, config_ref(config));
}

/* Rows are safe and the engine's thread ends, or has failed. */
static void engine_over(struct daemon *d)
{
	event_del(d->stop_timer);
	control_end(d->control);
}

static void on_engine_failed(struct daemon *d, const struct engine_notice *notice)
{
	const char *why = notice->message ? notice->message : "the engine failed";

	log_message(LOG_LEVEL_ERR, MESSAGE_DATABASE_FAILED, "%s", why);
	service_status(why);
	d->exit_code = notice->exit_code;
	d->stopping = true;
	alarm(STOP_GUARD_SEC);
	service_stopping();
	engine_over(d);
}

static void on_ready(struct daemon *d)
{
	d->ready = true;
	arm_idle(d);
	service_ready();
	log_message(LOG_LEVEL_NOTICE, MESSAGE_READY, "ready: %zu workers, state %s, socket %s", d->n_workers,
		d->config->state_directory,
		*d->socket.path ? d->socket.path : "passed in by the service manager");
}

static void on_notice(struct daemon *d, const struct engine_notice *notice)
{
	switch (notice->notice) {
	case ENGINE_WORKING: service_working(); break;
	case ENGINE_READY: on_ready(d); break;
	case ENGINE_STOPPED: engine_over(d); break;
	case ENGINE_DRAINED:
		log_notice("drained");
		begin_stop(d);
		break;
	case ENGINE_FAILED: on_engine_failed(d, notice); break;
	}
}

/* The daemon's own requests come back like all others. */
static bool is_own_reply(const struct msg *msg)
{
	return msg->kind == CONTROL_REPLY && ((const struct request *)msg)->session_id == 0 &&
	       (((const struct request *)msg)->call_id == REQUEST_RELOAD ||
		       ((const struct request *)msg)->call_id == REQUEST_STOP ||
		       ((const struct request *)msg)->call_id == REQUEST_NETWORK);
}

static void on_own_reply(const struct request *request)
{
	if (request->call_id != REQUEST_RELOAD)
		return;
	service_ready();
	log_message(LOG_LEVEL_NOTICE, MESSAGE_RELOADED, "configuration read again");
}

static void dispatch(struct daemon *d, struct msg *msg)
{
	if (msg->kind == CONTROL_NOTICE) {
		on_notice(d, (struct engine_notice *)msg);
		control_message_free(msg);
	} else if (is_own_reply(msg)) {
		on_own_reply((struct request *)msg);
		control_message_free(msg);
	} else {
		control_dispatch(d->control, msg);
	}
}

static void on_mailbox(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	(void)fd, (void)what;

	mailbox_take(&d->mailbox, &list, LOOP_BATCH);
	while (!STAILQ_EMPTY(&list)) {
		struct msg *msg = STAILQ_FIRST(&list);
		STAILQ_REMOVE_HEAD(&list, link);
		dispatch(d, msg);
	}
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct signalfd_siginfo info;
	(void)what;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			begin_reload(d);
		else if (d->stopping)
			end_at_once(d, "signalled again");
		else
			begin_stop(d);
	}
}

/* ---- status line and watchdog */

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	(void)fd, (void)what;

	/* Who recovers, or ends, has no time to answer; a time of its own bounds either. */
	if (d->ready && !d->stopping && !pulse_look(d->pulse))
		return;
	service_watchdog();
	d->watchdog_pings++;
}

static void on_status_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct control_summary summary;
	char rate[UNITS_MAX], text[DAEMON_STATUS_MAX];
	(void)fd, (void)what;

	control_get_summary(d->control, &summary);
	snprintf(text, sizeof(text), "%s%lld active, %lld queued, %lld waiting, %s%s",
		summary.draining ? "draining: " : "", (long long)summary.active, (long long)summary.queued,
		(long long)summary.waiting, units_format_rate(rate, summary.speed),
		summary.stalled ? "; a disk does not respond" : "");
	if (!strcmp(text, d->status))
		return;
	memcpy(d->status, text, sizeof(text));
	service_status(text);
}

/* At most one line a second, and no timer while nothing changes. */
static void on_change(void *arg)
{
	struct daemon *d = arg;
	struct timeval wait = timeval_of(STATUS_USEC);
	if (!event_pending(d->status_timer, EV_TIMEOUT, NULL))
		event_add(d->status_timer, &wait);
}

static void on_control_end(void *arg)
{
	struct daemon *d = arg;
	event_base_loopbreak(d->base);
}

static struct event *loop_event(
	struct daemon *d, int fd, short what, void (*callback)(evutil_socket_t, short, void *))
{
	struct event *event = event_new(d->base, fd, what, callback, d);
	if (!event)
		abort();
	return event;
}

int daemon_loop_up(struct daemon *d)
{
	d->base = event_base_new();
	if (!d->base)
		return daemon_fail(d, DAEMON_EXIT_FAILURE, xstrdup("the event loop cannot be made"));
	d->mailbox_event = loop_event(d, mailbox_fd(&d->mailbox), EV_READ | EV_PERSIST, on_mailbox);
	d->signal_event = loop_event(d, d->signal_fd, EV_READ | EV_PERSIST, on_signal);
	d->stop_timer = loop_event(d, -1, 0, on_stop_timer);
	d->status_timer = loop_event(d, -1, 0, on_status_timer);
	d->idle_timer = loop_event(d, -1, 0, on_idle_timer);
	event_add(d->mailbox_event, NULL);
	event_add(d->signal_event, NULL);
	return 0;
}

void daemon_loop_down(struct daemon *d)
{
	event_free(d->idle_timer);
	event_free(d->status_timer);
	event_free(d->stop_timer);
	event_free(d->signal_event);
	event_free(d->mailbox_event);
	event_base_free(d->base);
}

/* Behind all whom it watches. */
int daemon_watchdog_up(struct daemon *d)
{
	struct timeval half = timeval_of(service_watchdog_usec());

	d->pulse = pulse_new();
	pulse_watch(d->pulse, "the engine", &d->engine_box);
	pulse_watch(d->pulse, "the hook pool", hook_pool_mailbox(d->hooks));
	for (size_t i = 0; i < d->n_workers; i++) {
		CLEANUP_FREE char *name = xasprintf("worker %zu", i);
		pulse_watch(d->pulse, name, worker_mailbox(d->workers[i]));
	}
	d->watchdog_timer = loop_event(d, -1, EV_PERSIST, on_watchdog);
	if (half.tv_sec || half.tv_usec)
		event_add(d->watchdog_timer, &half);
	return 0;
}

void daemon_watchdog_down(struct daemon *d)
{
	event_free(d->watchdog_timer);
	pulse_free(d->pulse);
}

static void on_network(bool up, void *arg)
{
	struct daemon *d = arg;
	if (d->stopping)
		return;
	struct request *request = own_request(REQUEST_NETWORK);
	request->network_up = up;
	mailbox_post(&d->engine_box, &request->msg);
}

/* Before the engine, which is told at its start how it is. */
int daemon_network_up(struct daemon *d)
{
	d->network = network_start(d->base, on_network, d);
	return 0;
}

void daemon_network_down(struct daemon *d)
{
	network_stop(d->network);
}

int daemon_control_up(struct daemon *d)
{
	const struct control_setup setup = {
		.base = d->base,
		.config = d->config,
		.engine = &d->engine_box,
		.listen_fd = d->socket.fd,
		.sandbox = d->sandbox,
		.on_change = on_change,
		.on_end = on_control_end,
		.metrics = daemon_metrics_text,
		.arg = d,
	};
	d->control = control_start(&setup);
	d->socket.fd = -1; /* the listener's now */
	return 0;
}

void daemon_control_down(struct daemon *d)
{
	control_free(d->control);
}
