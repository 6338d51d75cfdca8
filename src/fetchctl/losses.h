/* Losses: the jobs that ended otherwise than done, kept to be named once more at the end. */
#ifndef FETCHCTL_LOSSES_H
#define FETCHCTL_LOSSES_H

#include <stddef.h>

#include "job/job.h"

/* So many are named. */
#define LOSSES_MAX 20

struct losses {
	char *lines[LOSSES_MAX]; /* not escaped */
	size_t n;		 /* of all */
};

void losses_done(struct losses *losses);
void losses_add(struct losses *losses, const struct job *job);
/* On standard error; nothing when there are none. n_jobs: of all that were waited for. */
void losses_tell(const struct losses *losses, size_t n_jobs);

#endif
