/* Starter: the thread of the hook pool that does what may block where a file system hangs: entering a
 * directory, executing a program, looking at other processes. Owns the list of the processes that it has made
 * and that have not been waited for. It lives as long as the pool, since the end of the thread is what
 * PR_SET_PDEATHSIG tells of.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetchd/sandbox.h"

#define STACK_SIZE ((size_t)256 << 10)
/* One that does not end within this at the daemon's stop is left behind. */
#define JOIN_MSEC 1000
/* Between two looks at what could not be judged, and how many there are. */
#define AGAIN_MSEC 20
#define LOOKS	   100

struct starter {
	pthread_t thread;
	struct mailbox mailbox;
	int sandbox_fd;
	int end_fd;  /* eventfd(2): the thread does no more */
	void *stack; /* of children, one at a time */
	pid_t *own;  /* started and not swept yet */
	size_t n_own;
	struct msg_list again; /* struct launch_sweep */
};

static void begin(struct starter *starter, struct launch *launch)
{
	launch_spawn(launch, starter->stack, STACK_SIZE);
	if (launch->pid) {
		starter->own = xreallocarray(starter->own, starter->n_own + 1, sizeof(*starter->own));
		starter->own[starter->n_own++] = launch->pid;
	}
	mailbox_post(launch->reply, &launch->msg);
}

/* It has been waited for: its number may be another's. */
static void disown(struct starter *starter, pid_t pid)
{
	for (size_t i = 0; i < starter->n_own; i++)
		if (starter->own[i] == pid) {
			starter->own[i] = starter->own[--starter->n_own];
			return;
		}
}

/* What cannot be judged yet is looked at again, and for ever by no one. */
static void sweep(struct starter *starter, struct launch_sweep *sweep)
{
	bool over = stray_sweep(sweep->key, starter->own, starter->n_own);

	if (!over && ++sweep->looks < LOOKS) {
		STAILQ_INSERT_TAIL(&starter->again, &sweep->msg, link);
		return;
	}
	free(sweep->key);
	free(sweep);
}

static void sweep_again(struct starter *starter)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);

	STAILQ_CONCAT(&list, &starter->again);
	while (!STAILQ_EMPTY(&list)) {
		struct msg *msg = STAILQ_FIRST(&list);
		STAILQ_REMOVE_HEAD(&list, link);
		sweep(starter, (struct launch_sweep *)msg);
	}
}

/* False: it is to end. */
static bool receive(struct starter *starter, struct msg *msg)
{
	switch ((enum launch_message)msg->kind) {
	case LAUNCH_START: begin(starter, (struct launch *)msg); return true;
	case LAUNCH_SWEEP:
		disown(starter, ((struct launch_sweep *)msg)->pid);
		sweep(starter, (struct launch_sweep *)msg);
		return true;
	case LAUNCH_STOP: break;
	}
	free(msg);
	return false;
}

static void *starter_main(void *arg)
{
	struct starter *starter = arg;
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct pollfd pfd = {.fd = mailbox_fd(&starter->mailbox), .events = POLLIN};
	sigset_t all;
	bool more = true;

	pthread_setname_np(pthread_self(), "hook-starter");
	/* No handler of the daemon's may run in a child. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	/* Of this thread and its children alone. */
	if (starter->sandbox_fd >= 0)
		sandbox_apply(starter->sandbox_fd);
	while (more) {
		if (poll(&pfd, 1, STAILQ_EMPTY(&starter->again) ? -1 : AGAIN_MSEC) == 0)
			sweep_again(starter);
		mailbox_take(&starter->mailbox, &list, 0);
		while (more && !STAILQ_EMPTY(&list)) {
			struct msg *msg = STAILQ_FIRST(&list);
			STAILQ_REMOVE_HEAD(&list, link);
			more = receive(starter, msg);
		}
	}
	eventfd_write(starter->end_fd, 1);
	return NULL;
}

static void free_sweeps(struct msg_list *list)
{
	while (!STAILQ_EMPTY(list)) {
		struct launch_sweep *sweep = (struct launch_sweep *)STAILQ_FIRST(list);
		STAILQ_REMOVE_HEAD(list, link);
		free(sweep->key);
		free(sweep);
	}
}

static void starter_free(struct starter *starter)
{
	if (starter->stack != MAP_FAILED)
		munmap(starter->stack, STACK_SIZE);
	if (starter->sandbox_fd >= 0)
		close(starter->sandbox_fd);
	if (starter->end_fd >= 0)
		close(starter->end_fd);
	free_sweeps(&starter->again);
	mailbox_done(&starter->mailbox);
	free(starter->own);
	free(starter);
}

struct starter *starter_start(int sandbox_fd, char **ret_error)
{
	struct starter *starter = xcalloc(1, sizeof(*starter));
	int err = -mailbox_init(&starter->mailbox);

	STAILQ_INIT(&starter->again);
	starter->sandbox_fd = sandbox_fd;
	starter->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (!err && starter->stack == MAP_FAILED)
		err = errno;
	starter->end_fd = eventfd(0, EFD_CLOEXEC);
	if (!err && starter->end_fd < 0)
		err = errno;
	if (!err)
		err = pthread_create(&starter->thread, NULL, starter_main, starter);
	if (!err)
		return starter;
	*ret_error = xasprintf("cannot start what starts hooks: %s", strerror(err));
	starter_free(starter);
	return NULL;
}

struct mailbox *starter_mailbox(struct starter *starter)
{
	return &starter->mailbox;
}

/* By poll(2), whose time no step of the wall clock changes. */
bool starter_join(struct starter *starter)
{
	if (!starter)
		return true;
	struct pollfd end = {.fd = starter->end_fd, .events = POLLIN};
	int n;
	do {
		n = poll(&end, 1, JOIN_MSEC);
	} while (n < 0 && errno == EINTR);
	if (n == 1) {
		pthread_join(starter->thread, NULL);
		starter_free(starter);
		return true;
	}
	log_warning("a hook is held up by a file system while it starts: it is left behind");
	return false;
}
