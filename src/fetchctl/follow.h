/* Follow: waits for jobs to end, with progress on a terminal; the heart of wait and get. */
#ifndef FETCHCTL_FOLLOW_H
#define FETCHCTL_FOLLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/ctl.h"

/* What goes to standard output when a job ends. */
enum follow_report {
	FOLLOW_LINES,	/* each job: state, id, path or reason */
	FOLLOW_PATHS,	/* the path of each finished file */
	FOLLOW_NOTHING, /* failures are told on standard error */
	FOLLOW_LATER,	/* the caller tells, at the end */
};

struct follow {
	json_t *selection; /* borrowed; NULL: all jobs of the caller that have not ended */
	/* Ids that are known beforehand, or NULL: then the selection says which jobs there are. */
	const int64_t *ids;
	size_t n_ids;
	size_t n_expected;    /* how many jobs the selection had to begin with; 0: not known */
	bool any;	      /* until one ends, not all */
	bool hooks;	      /* a job has ended when its hooks have, too */
	const char *group;    /* whose own hooks are waited for then, with hooks; NULL: none's */
	int64_t timeout_usec; /* USEC_INFINITY: none */
	enum follow_report report;
	const char *come_back; /* what waits for the same jobs again: "wait 12" */
};

/* Returns the exit status: 0 when all jobs waited for are done, 1 when one is not, 75 when the time is over,
 * 130 after Ctrl-C (128 and its number after another signal), or another after a message. */
int follow_run(struct ctl *ctl, const struct follow *follow);

#endif
