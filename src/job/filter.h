/* Filter: which jobs a verb, a list or a watch means. Plain data. Empty parts do not narrow. */
#ifndef JOB_FILTER_H
#define JOB_FILTER_H

#include <stddef.h>

#include "job/job.h"

struct job_filter {
	bool all_owners;
	uid_t owner; /* unless all_owners */
	/* With all_owners: of the groups of that name owner's own alone, or else one of another. Whose it is
	 * has to be found out; then it is that owner's. */
	bool one_group;
	int64_t *ids; /* explicit ids: each must exist */
	size_t n_ids;
	char *group;
	char *host;	 /* "host", "host:port" or an origin */
	unsigned states; /* JOB_STATE_BIT()s; 0: all */
	unsigned hooks;	 /* JOB_HOOK_STATE_BIT()s; 0: all */
};

void job_filter_init(struct job_filter *filter);
void job_filter_done(struct job_filter *filter);
void job_filter_copy(struct job_filter *to, const struct job_filter *from);
/* Whether job is meant, ids included (linear in n_ids: callers with many ids keep their own set). */
bool job_filter_match(const struct job_filter *filter, const struct job *job);
/* What is asked of its hooks alone. */
bool job_filter_hook_match(const struct job_filter *filter, enum job_hook_state state);
/* Whether origin ("scheme://host:port") is what host means. */
bool job_filter_host_match(const char *host, const char *origin);

#endif
