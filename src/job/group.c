/* Group: its words. Owns nothing; any thread. */
#include "config.h"

#include "job/group.h"

#include <string.h>

#include "base/alloc.h"

const char *group_policy_name(enum group_policy policy)
{
	switch (policy) {
	case GROUP_COLLECT: return "collect";
	case GROUP_FAIL_FAST: return "fail-fast";
	}
	return "?";
}

int group_policy_parse(const char *word)
{
	for (int policy = 0; policy <= GROUP_POLICY_LAST; policy++)
		if (strcmp(word, group_policy_name((enum group_policy)policy)) == 0)
			return policy;
	return -1;
}

void job_group_done(struct job_group *group)
{
	str_set(&group->name, NULL);
	str_set(&group->hooks, NULL);
}

int64_t job_group_open(const struct job_group *group)
{
	return group->by_state[JOB_QUEUED] + group->by_state[JOB_WAITING] + group->by_state[JOB_ACTIVE] +
	       group->by_state[JOB_PAUSED];
}

int64_t job_group_size(const struct job_group *group)
{
	return job_group_open(group) + group->by_state[JOB_DONE] + group->by_state[JOB_FAILED] +
	       group->by_state[JOB_CANCELLED];
}
