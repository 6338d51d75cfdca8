/* Inside of control: what its files share. Main thread. */
#ifndef CONTROL_INTERNAL_H
#define CONTROL_INTERNAL_H

#include <sys/queue.h>

#include "fetchd/control/call.h"
#include "fetchd/control/control.h"
#include "base/hash.h"

struct live;
struct listener;
struct watch;
TAILQ_HEAD(watch_list, watch);

struct control {
	struct control_setup setup;
	struct config *config;
	struct listener *listener;
	struct session *sessions; /* hash, by id */
	struct session *dead; /* to be freed by reap_event: a callback of theirs may still be on the stack */
	struct event *reap_event;
	uint64_t next_id; /* of sessions and calls */
	size_t n_sessions;
	struct live *live;
	struct watch_list watches;
	int64_t started_usec;
	bool stopping; /* the engine takes no more requests */
	bool ending;   /* sessions are closed as soon as they are flushed */
	bool draining;
	struct engine_limits *limits; /* that hold; NULL before the engine told them */
	struct tally tally;	      /* as last told */
};

/* listener.c. Takes fd. */
struct listener *listener_new(struct control *control, int fd);
void listener_free(struct listener *listener);

/* methods.c: NULL when there is none. */
const struct method *method_find(const char *name);
bool method_interface_known(const char *name);

/* method_watch.c */
void watch_event(struct control *control, const struct engine_event *event);
void watch_progress(struct control *control);

#endif
