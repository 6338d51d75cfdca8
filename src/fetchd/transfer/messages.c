/* Messages: owns nothing; any thread. */
#include "config.h"

#include "fetchd/transfer/messages.h"

#include <stdlib.h>

void outcome_free(struct outcome *o)
{
	if (!o)
		return;
	job_free(o->job);
	attempt_free(o->record);
	verdict_done(&o->verdict);
	free(o);
}
