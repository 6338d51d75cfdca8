/* Control: the parts of the mouth together, and messages from the engine and the workers shared out to them.
 * Main thread. */
#include <config.h>

#include "fetchd/control/control.h"

#include <event2/event.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchd/control/live.h"
#include "fetchd/control/session.h"
#include "fetchd/control/watch.h"
#include "wire/frame.h"

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	(void)fd, (void)what;
	session_reap(control);
	if (control->ending && control->n_sessions == 0)
		control->setup.on_end(control->setup.arg);
}

struct control *control_start(const struct control_setup *setup)
{
	struct control *control = xcalloc(1, sizeof(*control));
	wire_init();
	control->setup = *setup;
	control->config = config_ref(setup->config);
	control->started_usec = clock_wall_usec();
	control->live = xcalloc(1, sizeof(*control->live));
	live_init(control->live);
	TAILQ_INIT(&control->watches);
	tally_init(&control->tally);
	control->reap_event = event_new(setup->base, -1, 0, on_reap, control);
	if (!control->reap_event)
		abort();
	control->listener = listener_new(control, setup->listen_fd);
	return control;
}

static void close_all(struct control *control)
{
	struct session *session, *next;
	HASH_ITER(hh, control->sessions, session, next)
		session_close(session);
	session_reap(control);
}

void control_free(struct control *control)
{
	if (!control)
		return;
	control->stopping = true;
	listener_free(control->listener);
	close_all(control);
	event_free(control->reap_event);
	live_done(control->live);
	free(control->live);
	if (control->limits)
		control_message_free(&control->limits->msg);
	config_unref(control->config);
	free(control);
}

void control_set_config(struct control *control, struct config *config)
{
	config_unref(control->config);
	control->config = config_ref(config);
}

void control_stop(struct control *control)
{
	control->stopping = true;
	listener_free(control->listener);
	control->listener = NULL;
}

void control_end(struct control *control)
{
	struct session *session, *next;

	control_stop(control);
	control->ending = true;
	HASH_ITER(hh, control->sessions, session, next) {
		struct call *call;

		while ((call = TAILQ_FIRST(&session->calls)))
			call_try_again(call, "the daemon is shutting down");
		session_finish(session);
	}
	event_active(control->reap_event, EV_TIMEOUT, 0);
}

/* ---- messages */

static void dispatch_reply(struct control *control, struct request *request)
{
	struct session *session = session_find(control, request->session_id);
	struct call *call = session ? session_call(session, request->call_id) : NULL;

	if (call)
		call_take_reply(call, request);
}

static void dispatch_event(struct control *control, const struct engine_event *event)
{
	live_event(control->live, event);
	watch_event(control, event);
}

/* Takes over limits. */
static void take_limits(struct control *control, struct engine_limits *limits)
{
	if (control->limits)
		control_message_free(&control->limits->msg);
	control->limits = limits;
	control->setup.on_change(control->setup.arg);
}

void control_dispatch(struct control *control, struct msg *msg)
{
	switch ((enum control_kind)msg->kind) {
	case CONTROL_REPLY: dispatch_reply(control, (struct request *)msg); break;
	case CONTROL_EVENT: dispatch_event(control, (struct engine_event *)msg); break;
	case CONTROL_COUNTERS: live_counters(control->live, (struct engine_counters *)msg); break;
	case CONTROL_PROGRESS:
		live_progress(control->live, (struct progress_report *)msg);
		watch_progress(control);
		break;
	case CONTROL_LIMITS: take_limits(control, (struct engine_limits *)msg); return;
	case CONTROL_TALLY: control->tally = ((struct engine_tally *)msg)->tally; break;
	case CONTROL_NOTICE: break; /* the daemon's */
	}
	if (msg->kind == CONTROL_COUNTERS || msg->kind == CONTROL_PROGRESS)
		control->setup.on_change(control->setup.arg);
	control_message_free(msg);
}

void control_get_summary(const struct control *control, struct control_summary *ret)
{
	int64_t by_state[JOB_STATE_N];
	live_count(control->live, NULL, by_state);
	*ret = (struct control_summary){
		.queued = by_state[JOB_QUEUED],
		.waiting = by_state[JOB_WAITING],
		.active = by_state[JOB_ACTIVE],
		.hooks = (int64_t)(control->tally.n_hooks + control->tally.hooks_pending),
		.stalled = control->live->stalled,
		.speed = live_speed(control->live, NULL),
		.draining = control->draining,
		.sessions = control->n_sessions,
		.calls = control->next_id,
	};
}

void control_get_figures(const struct control *control, struct control_figures *ret)
{
	const struct engine_limits *limits = control->limits;
	const struct watch *watch;

	*ret = (struct control_figures){
		.disk_bytes = live_bytes(control->live),
		.received = control->live->received,
		.sessions = control->n_sessions,
		.draining = control->draining,
		.schedule_stopped = limits && limits->stopped,
		.limits = limits ? limits->limits : control->config->limits,
		.tally = control->tally,
	};
	live_count(control->live, NULL, ret->by_state);
	TAILQ_FOREACH(watch, &control->watches, link)
		ret->watches++;
}
