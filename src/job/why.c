/* Why: its words. Owns nothing; any thread. */
#include "config.h"

#include "job/why.h"

#include "base/alloc.h"

void why_done(struct why *why)
{
	str_set(&why->message, NULL);
}

const char *why_reason_name(enum why_reason reason)
{
	switch (reason) {
	case WHY_NEXT: return "next";
	case WHY_SLOT: return "slot";
	case WHY_USER_LIMIT: return "user_limit";
	case WHY_HOST_LIMIT: return "host_limit";
	case WHY_HOST_PACE: return "host_pace";
	case WHY_HOST_HOLD: return "host_hold";
	case WHY_HOST_BREAKER: return "host_breaker";
	case WHY_GROUP: return "group";
	case WHY_SCHEDULE: return "schedule";
	case WHY_DRAIN: return "drain";
	case WHY_RETRY: return "retry";
	case WHY_DEPENDENCY: return "dependency";
	case WHY_HOST: return "host";
	case WHY_DISK: return "disk";
	case WHY_NETWORK: return "network";
	case WHY_QUOTA: return "quota";
	case WHY_ACTIVE: return "active";
	case WHY_PAUSED: return "paused";
	case WHY_DONE: return "done";
	case WHY_FAILED: return "failed";
	case WHY_CANCELLED: return "cancelled";
	}
	return "?";
}
