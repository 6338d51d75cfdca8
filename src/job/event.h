/* What happened to a job: the durable, numbered record that "watch" tells. Plain data. */
#ifndef JOB_EVENT_H
#define JOB_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Numbers are stored: append only. */
enum event_kind {
	EVENT_ADDED = 1,
	EVENT_QUEUED = 2, /* resumed, due again, or put back by a stop */
	EVENT_STARTED = 3,
	EVENT_WAITING = 4,
	EVENT_PAUSED = 5,
	EVENT_DONE = 6,
	EVENT_FAILED = 7,
	EVENT_CANCELLED = 8,
	EVENT_REMOVED = 9,
	EVENT_EDITED = 10, /* its request or its terms were changed; the state is as it was */
	EVENT_HOOK_OK = 11,
	EVENT_HOOK_FAILED = 12, /* for good */
};
#define EVENT_KIND_LAST EVENT_HOOK_FAILED

/* Of the name of a hook. */
#define EVENT_HOOK_MAX 64

struct event {
	int64_t id;	   /* grows by at least one an event, never reused: the cursor of "watch --since" */
	int64_t time_usec; /* wall */
	int64_t job_id;
	uid_t owner;
	enum event_kind kind;
	char hook[EVENT_HOOK_MAX + 1]; /* which, when one has ended; "" when an older program recorded it */
};

const char *event_kind_name(enum event_kind kind);
/* The job has ended, or its record is gone. False for a kind that a newer program stored. */
bool event_ends_job(enum event_kind kind);

#endif
