/* Control: the mouth. Listener, sessions, the live table; everything that users say and hear. Main thread
 * only, on the daemon's event loop; must never block: no disk, no SQL, no DNS.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "fetchd/config.h"
#include "fetchd/engine/engine.h"
#include "job/job.h"
#include "job/limit.h"

struct control;

struct control_setup {
	struct event_base *base;
	struct config *config;	/* control takes its own reference */
	struct mailbox *engine; /* where requests go */
	int listen_fd;		/* listening; control owns it from here on */
	const char *sandbox;	/* what confines the daemon, for people; outlives control */
	/* Called when a figure of control_summary() may have changed. */
	void (*on_change)(void *arg);
	/* Called once, after control_end(), when the last session is gone. */
	void (*on_end)(void *arg);
	/* The text of Metrics; caller frees. */
	char *(*metrics)(bool prometheus, void *arg);
	void *arg;
};

struct control *control_start(const struct control_setup *setup);
/* Closes what is open. NULL is fine. */
void control_free(struct control *control);

/* A message of the control mailbox, but CONTROL_NOTICE. Takes it. */
void control_dispatch(struct control *control, struct msg *msg);
/* After a reload. control takes its own reference. */
void control_set_config(struct control *control, struct config *config);
/* No new connections; calls that need the engine are answered with TryAgain. */
void control_stop(struct control *control);
/* The engine is gone: calls that still wait are answered with TryAgain, what is written is flushed for a
 * moment, then on_end() is called. */
void control_end(struct control *control);

/* For the service manager's status line, and for whether there is any use in staying. */
struct control_summary {
	int64_t queued, waiting, active;
	int64_t hooks;	 /* that run, or are still to run */
	int64_t stalled; /* active ones whose disk does not respond */
	int64_t speed;	 /* bytes/s */
	bool draining;
	size_t sessions;
	uint64_t calls; /* grows with each connection and call */
};
void control_get_summary(const struct control *control, struct control_summary *ret);

/* For metrics. */
struct control_figures {
	int64_t by_state[JOB_STATE_N];
	int64_t disk_bytes; /* of all users' jobs */
	int64_t received;   /* bytes since the daemon started */
	size_t sessions, watches;
	bool draining, schedule_stopped;
	struct limits limits; /* in force */
	struct tally tally;
};
void control_get_figures(const struct control *control, struct control_figures *ret);

#endif
