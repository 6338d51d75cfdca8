/* Group: its words. Owns nothing; any thread. */
#include "config.h"

#include "job/group.h"

#include <string.h>

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
