/* The pool: one thread, one poll(2) loop. Owns its runs, their descriptors and their processes; a task while
 * it runs. Must never block: what may is the starter's, and what does not die by SIGKILL is given up.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"

/* What SIGKILL has not ended after this hangs in the kernel: its task does not wait for it. */
#define LAST_USEC   USEC_PER_SEC
#define HELPER_USEC (10 * USEC_PER_SEC)

struct hook_pool {
	pthread_t thread;
	struct mailbox mailbox;
	struct starter *starter;
	struct prepare_base base;
	struct run_list runs;
	uint64_t last_number;
	struct pollfd *polls;
	size_t n_polls;
	bool stopping; /* what comes now goes back at once */
	bool ending;
	bool told_nice;
};

/* ---- starts */

static struct hook_run *add_run(struct hook_pool *pool)
{
	struct hook_run *run = hook_run_new(++pool->last_number);

	TAILQ_INSERT_TAIL(&pool->runs, run, link);
	return run;
}

static void drop_run(struct hook_pool *pool, struct hook_run *run)
{
	TAILQ_REMOVE(&pool->runs, run, link);
	hook_run_free(run);
}

static void launch(struct hook_pool *pool, struct hook_run *run, struct launch *launch)
{
	launch->number = run->number;
	launch->reply = &pool->mailbox;
	mailbox_post(starter_mailbox(pool->starter), &launch->msg);
}

/* Its task, back without a process. */
static void refuse(struct hook_pool *pool, struct hook_run *run, enum hook_end end, char *error)
{
	run->end = end;
	run->task->error = error;
	hook_run_give_back(run);
	drop_run(pool, run);
}

static void start(struct hook_pool *pool, struct hook_task *task)
{
	struct hook_run *run = add_run(pool);
	char *error = NULL;
	int pipe_fds[2];

	task->cpu_usec = task->peak_bytes = -1;
	run->task = task;
	run->key = xstrdup(task->key);
	run->is_unit = task->hook->isolation == HOOK_ISOLATION_UNIT;
	run->until_usec = usec_add(run->begun_usec, task->hook->timeout_usec);
	if (pool->stopping) {
		refuse(pool, run, HOOK_ABORTED, NULL);
		return;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		refuse(pool, run, HOOK_NOT_RUN, xasprintf("no pipe for its output: %s", strerror(errno)));
		return;
	}
	run->out_fd = pipe_fds[0];
	fcntl(run->out_fd, F_SETFL, O_NONBLOCK);
	struct launch *made = prepare_launch(&pool->base, task, pipe_fds[1], &error);
	if (made)
		launch(pool, run, made);
	else
		refuse(pool, run, HOOK_NOT_RUN, error);
}

static struct hook_run *find(struct hook_pool *pool, uint64_t number)
{
	struct hook_run *run;

	TAILQ_FOREACH(run, &pool->runs, link) {
		if (run->number == number)
			break;
	}
	return run;
}

static void signal_group(const struct hook_run *run, int signo)
{
	if (run->pid > 0)
		kill(-run->pid, signo);
}

static void tell_nice(struct hook_pool *pool, const struct launch *launch)
{
	if (launch->nice_refused && !pool->told_nice)
		log_notice("hooks run at the daemon's own priority: Nice= may not be set here");
	pool->told_nice = pool->told_nice || launch->nice_refused;
}

static void launched(struct hook_pool *pool, struct launch *launch)
{
	struct hook_run *run = find(pool, launch->number);

	assert(run && run->phase == RUN_STARTING);
	tell_nice(pool, launch);
	if (!launch->pid) {
		hook_run_failed(run, launch);
		hook_run_give_back(run);
		drop_run(pool, run);
	} else {
		run->pid = launch->pid;
		run->pid_fd = launch->pid_fd;
		launch->pid_fd = -1;
		run->phase = RUN_RUNNING;
		if (!run->task && !run->is_helper) {
			/* Nobody waits for it any more. */
			run->phase = RUN_KILLED;
			signal_group(run, SIGKILL);
		}
	}
	launch_free(launch);
}

/* ---- ends */

/* systemctl, beside the client of a unit. */
static void help(struct hook_pool *pool, const struct hook_run *run, bool kill)
{
	struct hook_run *helper = add_run(pool);

	helper->is_helper = true;
	helper->key = xstrdup("");
	helper->until_usec = helper->begun_usec + HELPER_USEC;
	launch(pool, helper, unit_stop(&pool->base, run->key, kill));
}

static void terminate(struct hook_pool *pool, struct hook_run *run, int64_t grace_usec)
{
	run->phase = RUN_TERMINATED;
	run->until_usec = hook_run_clock_usec() + grace_usec;
	/* Its client is to see how the unit ends. */
	if (run->is_unit)
		help(pool, run, false);
	else
		signal_group(run, SIGTERM);
}

static void kill_run(struct hook_pool *pool, struct hook_run *run)
{
	run->phase = RUN_KILLED;
	run->until_usec = hook_run_clock_usec() + LAST_USEC;
	if (run->is_unit)
		help(pool, run, true);
	signal_group(run, SIGKILL);
}

/* Its task does not wait for the process; that is looked after until it ends. */
static void give_up(struct hook_run *run)
{
	hook_run_give_back(run);
	run->until_usec = USEC_INFINITY;
}

/* The manager gives a unit as much time by itself, and its client then tells of it. */
static int64_t grace_of(const struct hook_run *run)
{
	return HOOK_GRACE_USEC + (run->is_unit ? LAST_USEC : 0);
}

static void end_run(struct hook_pool *pool, struct hook_run *run, enum hook_end end, int64_t grace_usec)
{
	int64_t until = hook_run_clock_usec() + grace_usec;

	switch (run->phase) {
	case RUN_STARTING:
		run->end = end;
		give_up(run);
		break;
	case RUN_RUNNING:
		run->end = end;
		terminate(pool, run, grace_usec);
		break;
	case RUN_TERMINATED:
		if (until < run->until_usec)
			run->until_usec = until;
		break;
	case RUN_KILLED: break;
	}
}

static void time_is_up(struct hook_pool *pool, struct hook_run *run)
{
	switch (run->phase) {
	case RUN_STARTING:
	case RUN_RUNNING: end_run(pool, run, HOOK_TIMEOUT, grace_of(run)); break;
	case RUN_TERMINATED: kill_run(pool, run); break;
	case RUN_KILLED: give_up(run); break;
	}
}

/* The process has ended. Before it is waited for its number, and its group's, are nobody else's. */
static void reap(struct hook_pool *pool, struct hook_run *run)
{
	struct launch_sweep *sweep = xcalloc(1, sizeof(*sweep));
	struct rusage usage;
	int status;

	signal_group(run, SIGKILL);
	pid_t pid = wait4(run->pid, &status, 0, &usage);
	assert(pid == run->pid);
	hook_run_read(run);
	hook_run_result(run, status, &usage);
	hook_run_give_back(run);
	sweep->msg.kind = LAUNCH_SWEEP;
	sweep->pid = run->pid;
	sweep->key = run->key;
	run->key = NULL;
	mailbox_post(starter_mailbox(pool->starter), &sweep->msg);
	drop_run(pool, run);
}

/* ---- mail */

static void cancel(struct hook_pool *pool, int64_t hook_id)
{
	struct hook_run *run, *next;

	for (run = TAILQ_FIRST(&pool->runs); run; run = next) {
		next = TAILQ_NEXT(run, link);
		if (run->task && run->task->hook_id == hook_id)
			end_run(pool, run, HOOK_ABORTED, grace_of(run));
	}
}

static void stop(struct hook_pool *pool)
{
	struct hook_run *run, *next;

	pool->stopping = true;
	for (run = TAILQ_FIRST(&pool->runs); run; run = next) {
		next = TAILQ_NEXT(run, link);
		if (run->task)
			end_run(pool, run, HOOK_ABORTED, run->task->config->hooks_stop_usec);
	}
}

static void receive(struct hook_pool *pool, struct msg *msg)
{
	switch (msg->kind) {
	case HOOK_START: start(pool, (struct hook_task *)msg); return;
	case LAUNCH_START: launched(pool, (struct launch *)msg); return;
	case HOOK_CANCEL: cancel(pool, ((struct hook_cancel *)msg)->hook_id); break;
	case HOOK_STOP: stop(pool); break;
	case POOL_END: pool->ending = true; break;
	default: abort(); /* not a message */
	}
	free(msg);
}

static void take_mail(struct hook_pool *pool)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	mailbox_take(&pool->mailbox, &list, 0);
	while (!STAILQ_EMPTY(&list)) {
		struct msg *msg = STAILQ_FIRST(&list);
		STAILQ_REMOVE_HEAD(&list, link);
		receive(pool, msg);
	}
}

/* ---- the loop */

static void want(struct hook_pool *pool, size_t *n, int fd)
{
	if (*n == pool->n_polls) {
		pool->n_polls = pool->n_polls ? 2 * pool->n_polls : 16;
		pool->polls = xreallocarray(pool->polls, pool->n_polls, sizeof(*pool->polls));
	}
	/* A negative one is passed over. */
	pool->polls[(*n)++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Two a run, behind the mailbox. */
static size_t gather(struct hook_pool *pool)
{
	struct hook_run *run;
	size_t n = 0;

	want(pool, &n, mailbox_fd(&pool->mailbox));
	TAILQ_FOREACH(run, &pool->runs, link) {
		want(pool, &n, run->pid_fd);
		want(pool, &n, run->out_fd);
	}
	return n;
}

/* Until the first time that is up, in milliseconds, rounded up; -1: there is none. */
static int patience(const struct hook_pool *pool)
{
	int64_t first = USEC_INFINITY, now = hook_run_clock_usec();
	const struct hook_run *run;

	TAILQ_FOREACH(run, &pool->runs, link) {
		if (run->until_usec < first)
			first = run->until_usec;
	}
	if (first == USEC_INFINITY)
		return -1;
	int64_t msec = (first - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
	return msec < 0 ? 0 : msec > INT32_MAX ? INT32_MAX : (int)msec;
}

static void look_after(struct hook_pool *pool)
{
	int64_t now = hook_run_clock_usec();
	struct hook_run *run, *next;
	const struct pollfd *polled = &pool->polls[1];

	for (run = TAILQ_FIRST(&pool->runs); run; run = next, polled += 2) {
		next = TAILQ_NEXT(run, link);
		if (polled[1].revents)
			hook_run_read(run);
		if (polled[0].revents)
			reap(pool, run);
	}
	/* Those that are added meanwhile stand behind, and have time. */
	for (run = TAILQ_FIRST(&pool->runs); run; run = next) {
		next = TAILQ_NEXT(run, link);
		if (run->until_usec <= now)
			time_is_up(pool, run);
	}
}

static bool is_done(const struct hook_pool *pool)
{
	const struct hook_run *run;

	if (!pool->ending)
		return false;
	TAILQ_FOREACH(run, &pool->runs, link) {
		if (run->task)
			return false;
	}
	return true;
}

static void post(struct mailbox *mailbox, int kind)
{
	struct msg *msg = xcalloc(1, sizeof(*msg));

	msg->kind = kind;
	mailbox_post(mailbox, msg);
}

static void *pool_main(void *arg)
{
	struct hook_pool *pool = arg;

	pthread_setname_np(pthread_self(), "hooks");
	while (!is_done(pool)) {
		size_t n = gather(pool);

		if (poll(pool->polls, (nfds_t)n, patience(pool)) < 0 && errno != EINTR)
			abort();
		look_after(pool);
		/* Behind them, since it adds and drops runs. */
		if (pool->polls[0].revents)
			take_mail(pool);
	}
	post(starter_mailbox(pool->starter), LAUNCH_STOP);
	return NULL;
}

/* ---- start and end of the thread */

static void pool_free(struct hook_pool *pool)
{
	prepare_base_done(&pool->base);
	mailbox_done(&pool->mailbox);
	free(pool->polls);
	free(pool);
}

struct hook_pool *hook_pool_start(const struct hook_pool_setup *setup, char **ret_error)
{
	struct hook_pool *pool = xcalloc(1, sizeof(*pool));
	int err = -mailbox_init(&pool->mailbox);

	TAILQ_INIT(&pool->runs);
	prepare_base_init(&pool->base, setup->mode);
	/* Of orphans below it this process is the parent, then: stray.c. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pool->starter = err ? NULL : starter_start(setup->sandbox_fd, ret_error);
	if (pool->starter)
		err = pthread_create(&pool->thread, NULL, pool_main, pool);
	if (pool->starter && !err)
		return pool;
	if (err)
		*ret_error = xasprintf("cannot start the hook pool: %s", strerror(err));
	if (pool->starter)
		post(starter_mailbox(pool->starter), LAUNCH_STOP);
	starter_join(pool->starter);
	pool_free(pool);
	return NULL;
}

struct mailbox *hook_pool_mailbox(struct hook_pool *pool)
{
	return &pool->mailbox;
}

/* What the starter has given back when nobody took it any more. */
static void clear_mail(struct hook_pool *pool)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	mailbox_take(&pool->mailbox, &list, 0);
	while (!STAILQ_EMPTY(&list)) {
		struct launch *launch = (struct launch *)STAILQ_FIRST(&list);
		STAILQ_REMOVE_HEAD(&list, link);
		assert(launch->msg.kind == LAUNCH_START);
		if (launch->pid)
			kill(-launch->pid, SIGKILL);
		launch_free(launch);
	}
}

void hook_pool_join(struct hook_pool *pool)
{
	struct hook_run *run;

	if (!pool)
		return;
	post(&pool->mailbox, POOL_END);
	pthread_join(pool->thread, NULL);
	while ((run = TAILQ_FIRST(&pool->runs))) {
		signal_group(run, SIGKILL);
		drop_run(pool, run);
	}
	if (!starter_join(pool->starter))
		return; /* it has the mailbox */
	clear_mail(pool);
	pool_free(pool);
}
