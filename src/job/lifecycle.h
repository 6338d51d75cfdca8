/* The life of a job as one table: state × event → next state, or "refused". Pure.
 *
 * Only lifecycle_next() decides; the engine's one function job_apply() (engine/turn.h) carries it out.
 */
#ifndef JOB_LIFECYCLE_H
#define JOB_LIFECYCLE_H

#include "job/job.h"

enum job_event {
	/* from the clock and the scheduler */
	JOB_EVENT_DUE,	 /* what it waited for has come */
	JOB_EVENT_CLAIM, /* a slot is free */
	/* the outcome of an attempt */
	JOB_EVENT_SUCCEED,
	JOB_EVENT_RETRY,   /* wait, then again */
	JOB_EVENT_REQUEUE, /* back to the queue without delay: stop, restart */
	JOB_EVENT_FAIL,
	JOB_EVENT_STOP_PAUSED, /* stopped, as a user wished */
	JOB_EVENT_STOP_CANCELLED,
	JOB_EVENT_DEFER, /* wanted again, but what it waits for has not come */
	/* verbs of users */
	JOB_EVENT_PAUSE,
	JOB_EVENT_RESUME,
	JOB_EVENT_CANCEL,
	JOB_EVENT_RETRY_NOW, /* the verb "retry" */
	JOB_EVENT_REMOVE,
};
#define JOB_EVENT_LAST JOB_EVENT_REMOVE

enum lifecycle_answer {
	LIFECYCLE_REFUSED, /* wrong state for this event */
	LIFECYCLE_SAME,	   /* already so: a verb repeated is no error */
	LIFECYCLE_MOVE,	   /* to *ret_state */
	LIFECYCLE_INTENT,  /* active: set *ret_intent, move when the attempt ends */
	LIFECYCLE_DELETE,  /* the record goes */
};

enum lifecycle_answer lifecycle_next(
	enum job_state state, enum job_event event, enum job_state *ret_state, enum job_intent *ret_intent);
/* What becomes of an active job whose attempt was stopped for an intent. With JOB_EVENT_REMOVE the record
 * goes; the table would only note that intent again. */
enum job_event lifecycle_intent_event(enum job_intent intent);
const char *lifecycle_event_name(enum job_event event);

#endif
