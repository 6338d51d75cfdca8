/* Why: the one reason that a job does not run now, or what became of it. Plain data. */
#ifndef JOB_WHY_H
#define JOB_WHY_H

#include <stdbool.h>
#include <stdint.h>

enum why_reason {
	/* queued: ready, but */
	WHY_NEXT,	  /* nothing is in its way: it starts with the next turn */
	WHY_SLOT,	  /* MaxActive transfers run */
	WHY_USER_LIMIT,	  /* as many of its owner's jobs run as may */
	WHY_HOST_LIMIT,	  /* as many run at its host as may */
	WHY_HOST_PACE,	  /* the host's last start is too near */
	WHY_HOST_HOLD,	  /* the host asked to wait */
	WHY_HOST_BREAKER, /* the host failed again and again */
	WHY_GROUP,	  /* its group is being added, or ended */
	WHY_SCHEDULE,	  /* a time that its user gave, or a window of the configuration */
	WHY_DRAIN,	  /* nothing new is started */
	/* waiting */
	WHY_RETRY,
	WHY_DEPENDENCY,
	WHY_HOST, /* what its host said holds it */
	WHY_DISK,
	WHY_NETWORK,
	WHY_QUOTA,
	/* the other states */
	WHY_ACTIVE,
	WHY_PAUSED,
	WHY_DONE,
	WHY_FAILED,
	WHY_CANCELLED,
};
#define WHY_LAST WHY_CANCELLED

struct why {
	enum why_reason reason;
	int64_t until_usec; /* when it is over, or is looked at again; wall; 0: not a matter of time */
	char *message;	    /* one plain sentence, malloc'd */
	int64_t ahead;	    /* queued: ready jobs of the same owner, group and host that come first; -1 */
	bool ahead_more;    /* at least so many */
};

void why_done(struct why *why);
/* "next", "slot", "user-limit", … */
const char *why_reason_name(enum why_reason reason);

#endif
