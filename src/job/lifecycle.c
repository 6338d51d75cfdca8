/* The life of a job: one table. Owns nothing; any thread. Must never be bypassed: the engine asks here before
 * it changes a state.
 */
#include "config.h"

#include "job/lifecycle.h"

#include <assert.h>

struct cell {
	enum lifecycle_answer answer; /* what stands nowhere in the table is refused */
	enum job_state state;
	enum job_intent intent;
};

/* clang-format off */
#define SAME		{.answer = LIFECYCLE_SAME}
#define MOVE(to)	{.answer = LIFECYCLE_MOVE, .state = (to)}
#define INTENT(what)	{.answer = LIFECYCLE_INTENT, .intent = (what)}
#define DELETE		{.answer = LIFECYCLE_DELETE}

static const struct cell table[JOB_STATE_N][JOB_EVENT_LAST + 1] = {
	[JOB_QUEUED] = {
		[JOB_EVENT_DEFER]	= MOVE(JOB_WAITING),
		[JOB_EVENT_CLAIM]	= MOVE(JOB_ACTIVE),
		[JOB_EVENT_REQUEUE]	= SAME,
		[JOB_EVENT_FAIL]	= MOVE(JOB_FAILED),
		[JOB_EVENT_PAUSE]	= MOVE(JOB_PAUSED),
		[JOB_EVENT_RESUME]	= SAME,
		[JOB_EVENT_CANCEL]	= MOVE(JOB_CANCELLED),
		[JOB_EVENT_RETRY_NOW]	= SAME,
		[JOB_EVENT_REMOVE]	= DELETE,
	},
	[JOB_WAITING] = {
		[JOB_EVENT_DUE]		= MOVE(JOB_QUEUED),
		[JOB_EVENT_FAIL]	= MOVE(JOB_FAILED),
		[JOB_EVENT_PAUSE]	= MOVE(JOB_PAUSED),
		[JOB_EVENT_RESUME]	= SAME,
		[JOB_EVENT_CANCEL]	= MOVE(JOB_CANCELLED),
		[JOB_EVENT_RETRY_NOW]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_REMOVE]	= DELETE,
	},
	[JOB_ACTIVE] = {
		[JOB_EVENT_SUCCEED]	= MOVE(JOB_DONE),
		[JOB_EVENT_RETRY]	= MOVE(JOB_WAITING),
		[JOB_EVENT_REQUEUE]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_FAIL]	= MOVE(JOB_FAILED),
		[JOB_EVENT_STOP_PAUSED]	= MOVE(JOB_PAUSED),
		[JOB_EVENT_STOP_CANCELLED] = MOVE(JOB_CANCELLED),
		[JOB_EVENT_PAUSE]	= INTENT(JOB_INTENT_PAUSE),
		[JOB_EVENT_RESUME]	= INTENT(JOB_INTENT_RUN),
		[JOB_EVENT_CANCEL]	= INTENT(JOB_INTENT_CANCEL),
		[JOB_EVENT_RETRY_NOW]	= SAME,
		[JOB_EVENT_REMOVE]	= INTENT(JOB_INTENT_REMOVE),
	},
	[JOB_PAUSED] = {
		[JOB_EVENT_FAIL]	= MOVE(JOB_FAILED),
		[JOB_EVENT_DEFER]	= MOVE(JOB_WAITING),
		[JOB_EVENT_PAUSE]	= SAME,
		[JOB_EVENT_RESUME]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_CANCEL]	= MOVE(JOB_CANCELLED),
		[JOB_EVENT_RETRY_NOW]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_REMOVE]	= DELETE,
	},
	[JOB_DONE] = {
		[JOB_EVENT_REMOVE]	= DELETE,
	},
	[JOB_FAILED] = {
		[JOB_EVENT_DEFER]	= MOVE(JOB_WAITING),
		[JOB_EVENT_RETRY_NOW]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_REMOVE]	= DELETE,
	},
	[JOB_CANCELLED] = {
		[JOB_EVENT_DEFER]	= MOVE(JOB_WAITING),
		[JOB_EVENT_CANCEL]	= SAME,
		[JOB_EVENT_RETRY_NOW]	= MOVE(JOB_QUEUED),
		[JOB_EVENT_REMOVE]	= DELETE,
	},
};
/* clang-format on */

static_assert(LIFECYCLE_REFUSED == 0, "an empty cell refuses");

enum lifecycle_answer lifecycle_next(
	enum job_state state, enum job_event event, enum job_state *ret_state, enum job_intent *ret_intent)
{
	assert(state >= JOB_STATE_FIRST && state <= JOB_STATE_LAST);
	assert((int)event >= 0 && event <= JOB_EVENT_LAST);
	const struct cell *cell = &table[state][event];

	if (cell->answer == LIFECYCLE_MOVE)
		*ret_state = cell->state;
	if (cell->answer == LIFECYCLE_INTENT)
		*ret_intent = cell->intent;
	return cell->answer;
}

enum job_event lifecycle_intent_event(enum job_intent intent)
{
	switch (intent) {
	case JOB_INTENT_RUN: return JOB_EVENT_REQUEUE;
	case JOB_INTENT_PAUSE: return JOB_EVENT_STOP_PAUSED;
	case JOB_INTENT_CANCEL: return JOB_EVENT_STOP_CANCELLED;
	case JOB_INTENT_REMOVE: return JOB_EVENT_REMOVE;
	}
	return JOB_EVENT_REQUEUE;
}

const char *lifecycle_event_name(enum job_event event)
{
	switch (event) {
	case JOB_EVENT_DUE: return "due";
	case JOB_EVENT_CLAIM: return "claim";
	case JOB_EVENT_SUCCEED: return "succeed";
	case JOB_EVENT_RETRY: return "retry";
	case JOB_EVENT_REQUEUE: return "requeue";
	case JOB_EVENT_FAIL: return "fail";
	case JOB_EVENT_STOP_PAUSED: return "stop-paused";
	case JOB_EVENT_STOP_CANCELLED: return "stop-cancelled";
	case JOB_EVENT_DEFER: return "defer";
	case JOB_EVENT_PAUSE: return "pause";
	case JOB_EVENT_RESUME: return "resume";
	case JOB_EVENT_CANCEL: return "cancel";
	case JOB_EVENT_RETRY_NOW: return "retry-now";
	case JOB_EVENT_REMOVE: return "remove";
	}
	return "?";
}
