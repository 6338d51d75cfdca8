/* Losses: a line for each, as far as they can be read. */
#include "config.h"

#include "fetchctl/losses.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "fetchctl/ctl.h"
#include "fetchctl/words.h"

void losses_done(struct losses *losses)
{
	for (size_t i = 0; i < LOSSES_MAX; i++)
		free(losses->lines[i]);
	*losses = (struct losses){.n = 0};
}

void losses_add(struct losses *losses, const struct job *job)
{
	CLEANUP_FREE char *error = words_error(job);

	if (losses->n < LOSSES_MAX)
		losses->lines[losses->n] = xasprintf("%lld  %s  %s%s%s", (long long)job->id,
			job_state_name(job->state), *error ? error : "", *error ? "  " : "", job->url);
	losses->n++;
}

void losses_tell(const struct losses *losses, size_t n_jobs)
{
	if (losses->n == 0)
		return;
	complain(STATUS_JOB_FAILED, "%zu of %zu files did not come:", losses->n, n_jobs);
	for (size_t i = 0; i < losses->n && i < LOSSES_MAX; i++)
		hint("    %s", losses->lines[i]);
	if (losses->n > LOSSES_MAX)
		hint("    … and %zu more; \"fetchctl list --state failed,cancelled\" names them all",
			losses->n - LOSSES_MAX);
}
