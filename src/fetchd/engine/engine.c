/* The engine's thread: waits for mail or the timer, then one turn (step.c). Owns the store, the host table,
 * the runs and the one scheduler timer. Must never touch a CURL handle, JSON or a payload file.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetchd/engine/walltime.h"

/* A file system that hangs does not hold the end of a daemon that has failed. */
#define TASKS_WAIT_USEC (2 * USEC_PER_SEC)

/* ---- waiting */

static void arm_timer(struct engine *engine)
{
	int64_t at = engine_next_usec(engine);
	struct itimerspec spec = {0};

	spec.it_value.tv_sec = at / USEC_PER_SEC;
	spec.it_value.tv_nsec = at % USEC_PER_SEC * 1000;
	timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void wait_for_work(struct engine *engine)
{
	struct pollfd pfds[] = {
		{.fd = mailbox_fd(engine->mailbox), .events = POLLIN},
		{.fd = engine->timer_fd, .events = POLLIN},
		{.fd = engine->walltime_fd, .events = POLLIN},
		{.fd = engine->schedule.timer_fd, .events = POLLIN},
	};
	uint64_t expirations;

	arm_timer(engine);
	while (poll(pfds, ARRAY_LEN(pfds), -1) < 0 && errno == EINTR)
		;
	if (clock_boot_usec() >= engine->relax_usec && HASH_COUNT(engine->runs) == 0) {
		store_relax(engine->store);
		alloc_trim();
		engine->relax_usec = USEC_INFINITY;
	}
	if (pfds[1].revents && read(engine->timer_fd, &expirations, sizeof(expirations)) < 0 &&
		errno != EAGAIN)
		log_err("timer: %s", strerror(errno));
	/* The next turn sees by how much. */
	if (pfds[2].revents)
		(void)walltime_stepped(engine->walltime_fd);
	if (pfds[3].revents)
		schedule_ring(engine);
}

/* ---- the thread */

static void drop_task(struct engine *engine, struct disk_task *task)
{
	struct request *request = task->owner;

	engine->tasks--;
	if (request) {
		request->pending--;
		request_drop(engine, request, NULL, "fetchd is shutting down");
	}
	disk_file_free(task->file);
	disk_task_free(engine->disk, task);
}

static void drop_mail(struct engine *engine, struct msg_list *list)
{
	struct msg *msg;

	while ((msg = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, link);
		if (msg->kind == HOOK_START) {
			hook_task_free((struct hook_task *)msg);
		} else if (msg->kind >= DISK_RESUME) {
			drop_task(engine, (struct disk_task *)msg);
		} else if (msg->kind >= OUTCOME_RECEIVED) {
			outcome_message_free(msg);
		} else {
			request_drop(engine, (struct request *)msg, NULL, "fetchd is shutting down");
		}
	}
}

/* A failed engine may have tasks out: they come back to a mailbox that must still be there. */
static void await_tasks(struct engine *engine)
{
	int64_t until_usec = clock_boot_usec() + TASKS_WAIT_USEC;
	struct pollfd pfd = {.fd = mailbox_fd(engine->mailbox), .events = POLLIN};

	if (engine->tasks > 0)
		disk_hurry(engine->disk);
	while (engine->tasks > 0 && clock_boot_usec() < until_usec) {
		(void)poll(&pfd, 1, (int)(TASKS_WAIT_USEC / USEC_PER_MSEC));
		mailbox_take(engine->mailbox, &engine->backlog, 0);
		drop_mail(engine, &engine->backlog);
	}
}

int engine_recover(struct engine *engine)
{
	int err = recover(engine);

	if (err && !engine->failed)
		turn_fail(engine, err == -EAGAIN ? 75 : 74, "the queue database cannot be recovered");
	if (!engine->failed)
		turn_notice(engine, ENGINE_READY, 0, NULL);
	return err;
}

void engine_end(struct engine *engine)
{
	backup_stop(engine);
	hooks_unpark(engine);
	mailbox_take(engine->mailbox, &engine->backlog, 0);
	drop_mail(engine, &engine->backlog);
	drop_mail(engine, &engine->unfinished);
	drop_mail(engine, &engine->postponed);
	await_tasks(engine);
	store_close(engine->store);
	engine->store = NULL;
	if (!engine->failed)
		turn_notice(engine, ENGINE_STOPPED, 0, NULL);
	mailbox_post_all(engine->control, &engine->to_control);
}

static void *engine_main(void *arg)
{
	struct engine *engine = arg;

	/* By itself: another thread's name is a file in /proc, which the sandbox does not let it write. */
	pthread_setname_np(pthread_self(), "engine");
	(void)engine_recover(engine); /* has told, and set failed */
	while (!engine->failed && !engine->done) {
		if (!engine_step(engine) && !engine->done && !engine->failed)
			wait_for_work(engine);
	}
	engine_end(engine);
	return NULL;
}

void engine_free(struct engine *engine)
{
	struct run *run, *next;

	HASH_ITER(hh, engine->runs, run, next) {
		run_release(engine, run);
		run_free(run);
	}
	groups_free(engine);
	hooks_free(engine);
	rates_free(engine);
	schedule_done(engine);
	lanes_free(engine);
	hosts_free(engine);
	store_close(engine->store);
	config_unref(engine->config);
	if (engine->timer_fd >= 0)
		close(engine->timer_fd);
	if (engine->walltime_fd >= 0)
		close(engine->walltime_fd);
	free(engine->worker_load);
	free(engine->to_workers);
	free(engine);
}

static void engine_init(struct engine *engine, const struct engine_setup *setup)
{
	engine->mailbox = setup->mailbox;
	engine->control = setup->control;
	engine->store = setup->store;
	engine->disk = setup->disk;
	engine->hook_pool = setup->hooks ? hook_pool_mailbox(setup->hooks) : NULL;
	engine->workers = setup->workers;
	engine->n_workers = setup->n_workers;
	engine->worker_load = xcalloc(setup->n_workers, sizeof(*engine->worker_load));
	engine->to_workers = xcalloc(setup->n_workers, sizeof(*engine->to_workers));
	for (size_t i = 0; i < setup->n_workers; i++)
		STAILQ_INIT(&engine->to_workers[i]);
	engine->config = config_ref(setup->config);
	engine->total_rate = rate_new(0);
	engine->wall_offset_usec = clock_wall_usec() - clock_boot_usec();
	engine->next_due_usec = USEC_INFINITY;
	engine->next_group_deadline_usec = USEC_INFINITY;
	engine->next_due_usec = engine->next_scheduled_usec = USEC_INFINITY;
	engine->next_own_deadline_usec = engine->next_since_usec = USEC_INFINITY;
	engine->next_run_deadline_usec = USEC_INFINITY;
	engine->next_hook_usec = USEC_INFINITY;
	engine->relax_usec = usec_add(clock_boot_usec(), RELAX_USEC);
	engine->network_up = setup->network_up;
	engine->waking = setup->network_up; /* it may have come while nobody looked */
	rng_init(&engine->rng);
	fair_init(&engine->fair);
	tally_init(&engine->tally);
	engine->tally_told = engine->tally;
	TAILQ_INIT(&engine->idle);
	TAILQ_INIT(&engine->to_search);
	TAILQ_INIT(&engine->stuck);
	TAILQ_INIT(&engine->splits);
	TAILQ_INIT(&engine->ended);
	TAILQ_INIT(&engine->claimed);
	TAILQ_INIT(&engine->touched);
	TAILQ_INIT(&engine->edited);
	TAILQ_INIT(&engine->hooks_ended);
	TAILQ_INIT(&engine->hooks_claimed);
	STAILQ_INIT(&engine->backlog);
	STAILQ_INIT(&engine->unfinished);
	STAILQ_INIT(&engine->postponed);
	STAILQ_INIT(&engine->to_control);
	STAILQ_INIT(&engine->to_disk);
	STAILQ_INIT(&engine->to_hooks);
	STAILQ_INIT(&engine->parked);
	schedule_init(engine);
	limits_init(engine);
}

struct engine *engine_new(const struct engine_setup *setup)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));

	engine_init(engine, setup);
	engine->timer_fd = engine->walltime_fd = -1;
	return engine;
}

struct engine *engine_start(const struct engine_setup *setup, char **ret_error)
{
	struct engine *engine = engine_new(setup);
	int err = 0;

	engine->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (engine->timer_fd < 0)
		err = errno;
	engine->walltime_fd = err ? -1 : walltime_open();
	if (!err && engine->walltime_fd < 0)
		err = -engine->walltime_fd;
	if (!err)
		err = -schedule_start_timer(engine);
	if (!err)
		err = pthread_create(&engine->thread, NULL, engine_main, engine);
	if (err) {
		*ret_error = xasprintf("cannot start the engine: %s", strerror(err));
		engine_free(engine);
		return NULL;
	}
	return engine;
}

void engine_join(struct engine *engine)
{
	if (!engine)
		return;
	pthread_join(engine->thread, NULL);
	engine_free(engine);
}
