/* Tally: what the engine counts of its work since the daemon started, for metrics. Only what was committed
 * counts. A copy goes to the control mailbox after each turn that changed it. */
#ifndef ENGINE_TALLY_H
#define ENGINE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "job/attempt.h"
#include "job/event.h"
#include "job/failure.h"

/* How an attempt of a hook ended. */
enum tally_hook { TALLY_HOOK_OK, TALLY_HOOK_RETRY, TALLY_HOOK_FAILED, TALLY_HOOK_N };

struct tally {
	/* never going back */
	uint64_t events[EVENT_KIND_LAST + 1];	     /* of jobs */
	uint64_t attempts[ATTEMPT_OUTCOME_LAST + 1]; /* ended */
	uint64_t failures[FAILURE_N];		     /* of those that had an error */
	uint64_t hooks[TALLY_HOOK_N];		     /* attempts of hooks */
	struct histogram commits;		     /* that wrote */
	struct histogram first_bytes;		     /* from an attempt's last request to its answer */
	struct histogram transfers;		     /* attempts that brought a file, as a whole */
	struct histogram hook_runs;		     /* of hooks that ran */
	/* as they are */
	size_t n_active;      /* attempts that hold a slot */
	size_t n_finishing;   /* those that wait for the disk without one */
	size_t n_hooks;	      /* that run */
	size_t hooks_pending; /* due, or for a time, or after another */
	size_t n_hosts;
	size_t n_held, n_broken; /* hosts that asked to wait; whose breaker is open */
	int64_t database_bytes, wal_bytes;
	bool database_full;
	bool network_up;
};

void tally_init(struct tally *tally);

#endif
