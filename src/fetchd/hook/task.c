/* The task: what crosses between engine and pool. Owns nothing; any thread. */
#include "config.h"

#include "fetchd/hook/hook.h"

#include <stdlib.h>

void hook_task_free(struct hook_task *task)
{
	if (!task)
		return;
	config_unref(task->config);
	job_free(task->job);
	if (task->group)
		job_group_done(task->group);
	free(task->group);
	free(task->key);
	free(task->error);
	free(task->output);
	free(task);
}
