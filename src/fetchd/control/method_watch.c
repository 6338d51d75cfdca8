/* io.fetchd.Manager.Watch: the call, its phases, and the events that come for it. Main thread. What is told
 * stands in watch_tell.c.
 */
#include <config.h>

#include "fetchd/control/methods.h"

#include <event2/event.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchd/control/watch.h"

/* More unsent output than this, and a live watch falls back to catching up (FAULTS S4). */
#define WATCH_BEHIND_SIZE ((size_t)256 * 1024)

struct watch_params {
	json_t *selection;
	bool all_users;
	int64_t since;
	bool snapshot, progress, ended, hooks;
	const char *until;
};

static const struct param watch_params[] = {
	{"selection", PARAM_OBJECT, offsetof(struct watch_params, selection), false},
	{"all_users", PARAM_BOOL, offsetof(struct watch_params, all_users), false},
	{"since", PARAM_INT, offsetof(struct watch_params, since), false},
	{"snapshot", PARAM_BOOL, offsetof(struct watch_params, snapshot), false},
	{"progress", PARAM_BOOL, offsetof(struct watch_params, progress), false},
	{"ended", PARAM_BOOL, offsetof(struct watch_params, ended), false},
	{"until", PARAM_STRING, offsetof(struct watch_params, until), false},
	{"hooks", PARAM_BOOL, offsetof(struct watch_params, hooks), false},
};

/* -1 for another word. */
static int until_parse(const char *word)
{
	if (!word)
		return WATCH_FOREVER;
	if (!strcmp(word, "any"))
		return WATCH_UNTIL_ANY;
	return strcmp(word, "all") ? -1 : WATCH_UNTIL_ALL;
}

/* ---- phases */

static void post_subscription(struct watch *watch, int delta)
{
	struct request *request = request_new(REQUEST_WATCHERS);
	request->watchers_delta = delta;
	mailbox_post(watch->call->control->setup.engine, &request->msg);
}

/* Jobs that were removed have events, too. */
static struct request *watch_request(const struct watch *watch, enum request_kind kind, bool with_ids)
{
	struct request *request = request_new(kind);
	job_filter_copy(&request->filter, &watch->filter);
	if (with_ids && watch->n_ids > 0) {
		request->filter.ids = xmemdup(watch->ids, watch->n_ids * sizeof(*watch->ids));
		request->filter.n_ids = watch->n_ids;
	}
	return request;
}

static void subscribe(struct call *call)
{
	struct watch *watch = call->state;
	struct request *request;

	if (!call->control->stopping) {
		TAILQ_INSERT_TAIL(&call->control->watches, watch, link);
		watch->subscribed = true;
	}
	request = watch_request(watch, REQUEST_WATCHERS, watch->since < 0);
	request->watchers_delta = 1;
	call_request(call, request);
}

static struct request *snapshot_request(const struct watch *watch)
{
	struct request *request = watch_request(watch, REQUEST_LIST, true);
	request->after_id = watch->listed;
	return request;
}

static struct request *events_request(const struct watch *watch)
{
	struct request *request = request_new(REQUEST_EVENTS);
	job_filter_copy(&request->filter, &watch->filter);
	request->after_id = watch->cursor;
	request->ended_only = watch->ended && !watch->hooks;
	return request;
}

void watch_ask_page(struct watch *watch)
{
	watch->wants_page = !call_output_low(watch->call);
	if (watch->wants_page)
		return;
	struct request *request =
		watch->phase == WATCH_SNAPSHOT ? snapshot_request(watch) : events_request(watch);
	request->limit = CALL_PAGE;
	call_request(watch->call, request);
}

static void enter(struct watch *watch, enum watch_phase phase)
{
	watch->phase = phase;
	if (phase == WATCH_SNAPSHOT || phase == WATCH_CATCHING_UP)
		watch_ask_page(watch);
	else if (phase == WATCH_LIVE && watch->progress)
		watch_tell_progress(watch);
}

static void subscribed(struct watch *watch, const struct request *request)
{
	watch->filter.all_owners = request->filter.all_owners;
	watch->filter.one_group = request->filter.one_group;
	watch->filter.owner = request->filter.owner;
	if (watch->snapshot)
		enter(watch, WATCH_SNAPSHOT);
	else
		enter(watch, watch->since >= 0 ? WATCH_CATCHING_UP : WATCH_LIVE);
}

/* The first page is as of its last event; what happened between it and the last one is caught up. */
static void take_snapshot(struct watch *watch, const struct request *page)
{
	bool first = watch->listed == 0;
	if (first && watch->since < 0)
		watch->cursor = page->last_event_id;
	if (!watch_tell_snapshot(watch, page))
		return;
	watch->listed = page->looked_id;
	if (page->more)
		watch_ask_page(watch);
	else
		enter(watch, first && watch->since < 0 && !page->spread ? WATCH_LIVE : WATCH_CATCHING_UP);
}

static void take_events(struct watch *watch, const struct request *page)
{
	/* A cursor of another queue is none of the past. */
	if (watch->cursor > 0 && watch->cursor < page->first_event_id - 1)
		watch_tell_lost(watch, page->first_event_id - 1);
	else if (watch->cursor > 0 && page->first_event_id == 0 && watch->cursor < page->last_event_id)
		watch_tell_lost(watch, page->last_event_id);
	for (size_t i = 0; i < page->n_found; i++)
		if (!watch_tell_event(watch, &page->events[i], page->found[i]))
			return;
	if (page->more) {
		watch_ask_page(watch);
		return;
	}
	/* Also when it was ahead: a cursor of another queue must not hide events for ever. */
	watch->cursor = page->last_event_id;
	enter(watch, WATCH_LIVE);
}

void method_watch_reply(struct call *call, struct request *request)
{
	struct watch *watch = call->state;
	switch (watch->phase) {
	case WATCH_SUBSCRIBING: subscribed(watch, request); break;
	case WATCH_SNAPSHOT: take_snapshot(watch, request); break;
	case WATCH_CATCHING_UP: take_events(watch, request); break;
	case WATCH_LIVE: break; /* nothing is asked then */
	}
}

void method_watch_drained(struct call *call)
{
	struct watch *watch = call->state;
	if (watch && watch->wants_page)
		watch_ask_page(watch);
}

/* ---- events as they come */

static void take_live_event(struct watch *watch, const struct engine_event *event)
{
	if (watch->phase != WATCH_LIVE || event->event.id <= watch->cursor)
		return;
	if (call_output_length(watch->call) > WATCH_BEHIND_SIZE) {
		watch->cursor = event->event.id - 1;
		enter(watch, WATCH_CATCHING_UP);
		return;
	}
	watch_tell_event(watch, &event->event, event->job);
}

void watch_event(struct control *control, const struct engine_event *event)
{
	struct watch *watch, *next;
	for (watch = TAILQ_FIRST(&control->watches); watch; watch = next) {
		next = TAILQ_NEXT(watch, link);
		take_live_event(watch, event);
	}
}

/* ---- start and end */

static struct watch *watch_new(
	struct call *call, const struct watch_params *params, struct job_filter *filter)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));
	watch->call = call;
	watch->ids = filter->ids;
	watch->n_ids = filter->n_ids;
	filter->ids = NULL;
	filter->n_ids = 0;
	watch->filter = *filter;
	watch->snapshot = params->snapshot;
	watch->progress = params->progress;
	watch->ended = params->ended;
	watch->hooks = params->hooks;
	watch->since = params->since;
	watch->cursor = params->since > 0 ? params->since : 0;
	watch->until = (enum watch_until)until_parse(params->until);
	return watch;
}

void method_watch_start(struct call *call, json_t *parameters)
{
	struct watch_params params = {.since = -1};
	struct job_filter filter;
	const char *bad = NULL;

	if (!call_read_params(call, parameters, watch_params, ARRAY_LEN(watch_params), &params))
		return;
	if (params.since < -1 ||
		(params.since == -1 && json_is_integer(json_object_get(parameters, "since"))))
		bad = "since";
	else if (until_parse(params.until) < 0 || (params.until && !params.snapshot))
		bad = "until";
	if (bad) {
		call_invalid_parameter(call, bad);
		return;
	}
	if (!call_read_scope(call, parameters, params.selection, params.all_users, &filter))
		return;
	call->state = watch_new(call, &params, &filter);
	subscribe(call);
}

void method_watch_end(struct call *call)
{
	struct watch *watch = call->state;
	if (!watch)
		return;
	if (watch->subscribed) {
		TAILQ_REMOVE(&call->control->watches, watch, link);
		if (!call->control->stopping)
			post_subscription(watch, -1);
	}
	if (watch->progress_timer)
		event_free(watch->progress_timer);
	idset_done(&watch->pending);
	job_filter_done(&watch->filter);
	free(watch->ids);
	free(watch);
}
