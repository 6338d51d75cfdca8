/* What a watch tells: snapshot, events, progress, and whether that was the last. Main thread. */
#include <config.h>

#include "fetchd/control/watch.h"

#include <event2/event.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "fetchd/control/live.h"
#include "wire/jobjson.h"

#define PROGRESS_USEC (200 * USEC_PER_MSEC)

/* ---- selection */

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

bool watch_matches(const struct watch *watch, int64_t job_id, uid_t owner, const struct job *job)
{
	const struct job_filter *filter = &watch->filter;
	/* What is waited for stays selected, whatever its state. */
	if (idset_has(&watch->pending, job_id))
		return true;
	if (!filter->all_owners && filter->owner != owner)
		return false;
	if (watch->n_ids > 0 && !bsearch(&job_id, watch->ids, watch->n_ids, sizeof(job_id), by_id))
		return false;
	if (job)
		return job_filter_match(filter, job);
	return !filter->group && !filter->host && !filter->states;
}

/* ---- events */

static bool tell(struct watch *watch, json_t *event, bool last)
{
	call_reply(watch->call, json_pack("{s:o}", "event", event), !last);
	return !last;
}

static bool has_ended(const struct watch *watch, const struct job *job)
{
	return job_state_ended(job->state) && !(watch->hooks && job_hook_open(job->hook));
}

/* job NULL: its record is gone. */
static bool ends_job(const struct watch *watch, const struct event *event, const struct job *job)
{
	if (!watch->hooks || !job || event->kind == EVENT_REMOVED)
		return event_ends_job(event->kind);
	return has_ended(watch, job);
}

/* Nothing is left to wait for. */
static bool is_over(const struct watch *watch)
{
	if (watch->until == WATCH_FOREVER)
		return false;
	return idset_empty(&watch->pending) || (watch->until == WATCH_UNTIL_ANY && watch->any_ended);
}

bool watch_tell_event(struct watch *watch, const struct event *event, const struct job *job)
{
	bool matches = watch_matches(watch, event->job_id, event->owner, job);

	watch->cursor = event->id;
	/* Who waits for a group waits for what joins it, too. */
	if (matches && job && watch->until == WATCH_UNTIL_ALL && watch->filter.group &&
		!has_ended(watch, job))
		idset_add(&watch->pending, job->id);
	bool ends = ends_job(watch, event, job);
	if (!matches || (watch->ended && !ends))
		return true;
	bool ended = ends && idset_remove(&watch->pending, event->job_id);
	watch->any_ended |= ended;
	json_t *json = wire_event_to_json(event, NULL);
	if (job && event->kind != EVENT_REMOVED)
		json_object_set_new(json, "job", call_job_json(watch->call->control, job));
	return tell(watch, json, ended && is_over(watch));
}

/* ---- snapshot and progress: the present state, not an event of the record */

static json_t *state_json(const struct control *control, const char *kind, const struct job *job)
{
	json_t *json = json_pack("{s:I, s:s, s:I}", "time_usec", (json_int_t)clock_wall_usec(), "kind", kind,
		"job_id", (json_int_t)(job ? job->id : 0));
	if (job)
		json_object_set_new(json, "job", call_job_json(control, job));
	return json;
}

static void note_page(struct watch *watch, const struct request *page)
{
	for (size_t i = 0; i < page->n_found; i++)
		if (has_ended(watch, page->found[i]))
			watch->any_ended = true;
		else
			idset_add(&watch->pending, page->found[i]->id);
}

/* The jobs of a page that are told, moved to its front. */
static size_t told_of_page(const struct watch *watch, const struct request *page, const struct job **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < page->n_found; i++)
		if (!watch->ended || has_ended(watch, page->found[i]))
			ret[n++] = page->found[i];
	return n;
}

bool watch_tell_snapshot(struct watch *watch, const struct request *page)
{
	const struct control *control = watch->call->control;
	CLEANUP_FREE const struct job **jobs = xcalloc(page->n_found + 1, sizeof(*jobs));
	size_t n = told_of_page(watch, page, jobs);

	if (watch->until != WATCH_FOREVER)
		note_page(watch, page);
	bool over = !page->more && is_over(watch);
	for (size_t i = 0; i < n; i++)
		if (!tell(watch, state_json(control, "snapshot", jobs[i]), over && i + 1 == n))
			return false;
	/* The last answer carries an event like all others: one about no job, when there is none to tell. */
	return over ? tell(watch, state_json(control, "snapshot", NULL), true) : true;
}

void watch_tell_lost(struct watch *watch, int64_t last_id)
{
	json_t *json = state_json(watch->call->control, "lost", NULL);

	watch->cursor = last_id;
	json_object_set_new(json, "id", json_integer((json_int_t)last_id));
	tell(watch, json, false);
}

/* ---- progress */

static void on_progress_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	watch_tell_progress(arg);
}

static void arm_progress(struct watch *watch, int64_t wait_usec)
{
	struct timeval wait = {.tv_sec = wait_usec / USEC_PER_SEC, .tv_usec = wait_usec % USEC_PER_SEC};
	if (!watch->progress_timer)
		watch->progress_timer =
			event_new(watch->call->control->setup.base, -1, 0, on_progress_timer, watch);
	if (!watch->progress_timer)
		abort();
	if (!event_pending(watch->progress_timer, EV_TIMEOUT, NULL))
		event_add(watch->progress_timer, &wait);
}

/* The first change that was not told yet; the list is in the order of changes. */
static const struct live_job *first_untold(const struct watch *watch)
{
	const struct live_job *entry = TAILQ_LAST(&watch->call->control->live->by_change, live_job_list);
	const struct live_job *first = NULL;
	for (; entry && entry->change > watch->progress_change;
		entry = TAILQ_PREV(entry, live_job_list, link))
		first = entry;
	return first;
}

void watch_tell_progress(struct watch *watch)
{
	int64_t now = clock_boot_usec();
	const struct live_job *entry = watch->phase == WATCH_LIVE ? first_untold(watch) : NULL;

	if (!entry || !call_output_low(watch->call))
		return; /* the next report, or the end of the lag, comes back here */
	if (now - watch->progress_usec < PROGRESS_USEC) {
		arm_progress(watch, PROGRESS_USEC - (now - watch->progress_usec));
		return;
	}
	watch->progress_usec = now;
	for (; entry && call_output_low(watch->call); entry = TAILQ_NEXT(entry, link)) {
		watch->progress_change = entry->change;
		if (watch_matches(watch, entry->id, entry->job->owner, entry->job))
			tell(watch, state_json(watch->call->control, "progress", entry->job), false);
	}
}

void watch_progress(struct control *control)
{
	struct watch *watch;
	TAILQ_FOREACH(watch, &control->watches, link)
		if (watch->progress)
			watch_tell_progress(watch);
}
