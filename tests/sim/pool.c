/* Sim: the stand-in for the hook pool: a START becomes a struct sim_hook, which ends when and as the caller
 * says. */
#include "config.h"

#include "tests/sim/sim.h"

#include "base/alloc.h"

struct mailbox *hook_pool_mailbox(struct hook_pool *pool)
{
	return &pool->mailbox;
}

static void take_hook_start(struct sim *sim, struct hook_task *task)
{
	struct sim_hook *hook = xcalloc(1, sizeof(*hook));

	hook->task = task;
	TAILQ_INSERT_TAIL(&sim->hooks, hook, link);
	sim->n_hooks++;
}

static void take_hook_cancel(struct sim *sim, struct hook_cancel *cancel)
{
	struct sim_hook *hook;

	TAILQ_FOREACH(hook, &sim->hooks, link) {
		hook->cancelled = hook->cancelled || hook->task->hook_id == cancel->hook_id;
	}
	free(cancel);
}

void sim_take_hooks(struct sim *sim)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct msg *msg;

	mailbox_take(&sim->pool.mailbox, &list, 0);
	while ((msg = STAILQ_FIRST(&list))) {
		STAILQ_REMOVE_HEAD(&list, link);
		if (msg->kind == HOOK_START)
			take_hook_start(sim, (struct hook_task *)msg);
		else
			take_hook_cancel(sim, (struct hook_cancel *)msg);
	}
}

static void drop_hook(struct sim *sim, struct sim_hook *hook)
{
	TAILQ_REMOVE(&sim->hooks, hook, link);
	sim->n_hooks--;
	free(hook);
}

void sim_drop_hooks(struct sim *sim)
{
	struct sim_hook *hook;

	sim_take_hooks(sim);
	while ((hook = TAILQ_FIRST(&sim->hooks))) {
		hook_task_free(hook->task);
		drop_hook(sim, hook);
	}
}

void sim_hook_finish(struct sim *sim, struct sim_hook *hook, enum hook_end end, int status)
{
	struct hook_task *task = hook->task;

	task->end = end;
	task->status = status;
	task->run_usec = USEC_PER_SEC;
	task->cpu_usec = task->peak_bytes = -1;
	if (end != HOOK_EXITED || status != 0)
		task->error = xstrdup("it did not go well");
	drop_hook(sim, hook);
	mailbox_post(task->reply, &task->msg);
}
