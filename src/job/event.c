/* Names of events. Owns nothing; any thread.
 */
#include "config.h"

#include "job/event.h"

const char *event_kind_name(enum event_kind kind)
{
	switch (kind) {
	case EVENT_ADDED: return "added";
	case EVENT_QUEUED: return "queued";
	case EVENT_STARTED: return "started";
	case EVENT_WAITING: return "waiting";
	case EVENT_PAUSED: return "paused";
	case EVENT_DONE: return "done";
	case EVENT_FAILED: return "failed";
	case EVENT_CANCELLED: return "cancelled";
	case EVENT_REMOVED: return "removed";
	case EVENT_EDITED: return "edited";
	case EVENT_HOOK_OK: return "hook_ok";
	case EVENT_HOOK_FAILED: return "hook_failed";
	}
	return "?";
}

bool event_ends_job(enum event_kind kind)
{
	switch (kind) {
	case EVENT_DONE:
	case EVENT_FAILED:
	case EVENT_CANCELLED:
	case EVENT_REMOVED: return true;
	case EVENT_ADDED:
	case EVENT_QUEUED:
	case EVENT_STARTED:
	case EVENT_WAITING:
	case EVENT_PAUSED:
	case EVENT_EDITED:
	case EVENT_HOOK_OK:
	case EVENT_HOOK_FAILED: return false;
	}
	return false;
}
