/* A watch: one Watch call while it streams. Main thread.
 *
 * It goes through phases: subscribe (the engine tells of additions while anyone watches), snapshot (pages of
 * jobs), catch up (pages of durable events after a cursor), live (events as they come). A client that reads
 * too slowly falls back from live to catching up, and so misses nothing.
 */
#ifndef CONTROL_WATCH_H
#define CONTROL_WATCH_H

#include "fetchd/control/idset.h"
#include "fetchd/control/internal.h"

enum watch_phase { WATCH_SUBSCRIBING, WATCH_SNAPSHOT, WATCH_CATCHING_UP, WATCH_LIVE };
enum watch_until { WATCH_FOREVER, WATCH_UNTIL_ANY, WATCH_UNTIL_ALL };

struct watch {
	struct call *call;
	TAILQ_ENTRY(watch) link; /* in control->watches once subscribed */
	enum watch_phase phase;
	bool subscribed;
	bool wants_page; /* as soon as the client has taken what is written */

	struct job_filter filter; /* without its ids: */
	int64_t *ids;		  /* sorted */
	size_t n_ids;
	bool snapshot, progress;
	bool ended;    /* only what has ended is told */
	bool hooks;    /* a job has ended when its hooks have, too */
	int64_t since; /* -1: not given */
	enum watch_until until;

	int64_t cursor;	      /* events up to here are told, or before the beginning */
	int64_t listed;	      /* snapshot: jobs up to this id are told */
	struct idset pending; /* until: selected jobs that have not ended */
	bool any_ended;

	uint64_t progress_change; /* live changes up to here are told */
	int64_t progress_usec;	  /* when, on the boot clock */
	struct event *progress_timer;
};

/* Whether an event of owner and job (NULL: gone) is for this watch. */
bool watch_matches(const struct watch *watch, int64_t job_id, uid_t owner, const struct job *job);
/* Asks for the next page of the phase, now or when the client has taken more. */
void watch_ask_page(struct watch *watch);

/* Events after its cursor are no longer kept, up to last_id. */
void watch_tell_lost(struct watch *watch, int64_t last_id);
/* Each answers the call; false when that was the last answer and watch is gone. */
bool watch_tell_event(struct watch *watch, const struct event *event, const struct job *job);
bool watch_tell_snapshot(struct watch *watch, const struct request *page);

/* watch_progress.c: tells what changed, now or when it is due. */
void watch_tell_progress(struct watch *watch);

#endif
