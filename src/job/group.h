/* Group: jobs that belong together. Plain data. */
#ifndef JOB_GROUP_H
#define JOB_GROUP_H

#include "job/job.h"

/* What one job's failure means for the others. Numbers are stored: append only. */
enum group_policy {
	GROUP_COLLECT = 0,   /* nothing: all run to their end, failures are reported together */
	GROUP_FAIL_FAST = 1, /* the first that fails for good cancels them */
};
#define GROUP_POLICY_LAST GROUP_FAIL_FAST

/* What is being done to all its jobs that have not ended. Numbers are stored: append only. */
enum group_fate {
	GROUP_FATE_NONE = 0,
	GROUP_FATE_CANCEL = 1, /* a sibling has failed */
	GROUP_FATE_EXPIRE = 2, /* its deadline has passed: they fail */
};

/* A group as it is stored; times are of the wall clock, but for its deadline. */
struct job_group {
	int64_t id;
	uid_t owner;
	char *name; /* owned */
	enum group_policy policy;
	enum group_fate fate;
	int64_t fate_job; /* whose failure brought it; 0 */
	bool filling;
	int64_t created_usec;
	int64_t finished_usec;	    /* 0: some of its jobs have not ended, or it never had one */
	int64_t deadline_usec;	    /* steady; wall in a GROUP_CREATE and where it is shown; -1: none */
	int64_t deadline_span_usec; /* how long it was when it was set; -1 */
	int64_t limit_rate;	    /* bytes/s; 0: none */
	char *hooks; /* names of what runs when it has ended: job/hook.h; NULL: the default; owned */
	enum job_hook_state hook;
	int64_t by_state[JOB_STATE_N];
};
/* Frees what it owns, not itself. */
void job_group_done(struct job_group *group);
/* How many of its jobs have not ended, and how many there are. */
int64_t job_group_open(const struct job_group *group);
int64_t job_group_size(const struct job_group *group);

/* "collect", "fail-fast". */
const char *group_policy_name(enum group_policy policy);
/* The value, or -1 for another word. */
int group_policy_parse(const char *word);

#endif
