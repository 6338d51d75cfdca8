/* Group: jobs that belong together. Plain data. */
#ifndef JOB_GROUP_H
#define JOB_GROUP_H

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

/* "collect", "fail-fast". */
const char *group_policy_name(enum group_policy policy);
/* The value, or -1 for another word. */
int group_policy_parse(const char *word);

#endif
