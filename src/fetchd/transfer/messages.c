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

void outcome_message_free(struct msg *msg)
{
	if (msg->kind == OUTCOME_PARTS)
		free(msg); /* its failure has no sentence */
	else
		outcome_free((struct outcome *)msg);
}

void worker_message_free(struct msg *msg)
{
	if (msg->kind == WORKER_START) {
		struct worker_start *start = (struct worker_start *)msg;

		job_free(start->job);
		for (size_t i = 0; i < RATES_N; i++)
			rate_unref(start->rates[i]);
	}
	if (msg->kind == WORKER_TUNE)
		config_unref(((struct worker_tune *)msg)->config);
	free(msg);
}
