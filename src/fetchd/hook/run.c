/* Run: one hook under way: its output, and what is said of its end. Belongs to the pool's thread. */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/units.h"

#define READ_SIZE ((size_t)64 << 10)
/* Of one that floods, before others have their turn. */
#define READS 16

int64_t hook_run_clock_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

struct hook_run *hook_run_new(uint64_t number)
{
	struct hook_run *run = xcalloc(1, sizeof(*run));

	run->number = number;
	run->pid_fd = run->out_fd = -1;
	run->begun_usec = hook_run_clock_usec();
	return run;
}

void hook_run_free(struct hook_run *run)
{
	if (run->pid_fd >= 0)
		close(run->pid_fd);
	if (run->out_fd >= 0)
		close(run->out_fd);
	free(run->key);
	free(run);
}

/* ---- output */

static void keep_tail(struct hook_run *run, const char *bytes, size_t n)
{
	size_t over = run->n_tail + n > HOOK_OUTPUT_MAX ? run->n_tail + n - HOOK_OUTPUT_MAX : 0;
	size_t old = over < run->n_tail ? over : run->n_tail; /* of the tail so far, to be dropped */

	run->cut = run->cut || over > 0;
	run->n_tail -= old;
	memmove(run->tail, run->tail + old, run->n_tail);
	memcpy(run->tail + run->n_tail, bytes + (over - old), n - (over - old));
	run->n_tail += n - (over - old);
}

void hook_run_read(struct hook_run *run)
{
	char buf[READ_SIZE];

	for (int i = 0; i < READS && run->out_fd >= 0; i++) {
		ssize_t n = read(run->out_fd, buf, sizeof(buf));

		if (n > 0) {
			keep_tail(run, buf, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close(run->out_fd);
			run->out_fd = -1;
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* ---- results */

static int64_t usec_of(const struct timeval *tv)
{
	return (int64_t)tv->tv_sec * USEC_PER_SEC + tv->tv_usec;
}

/* The kernel counts ru_maxrss from before the exec, when the memory was ours, and by estimates that differ a
 * little from one time to the next: what is not clearly more than our own says nothing of the hook.
 */
static int64_t peak_of(const struct rusage *usage)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	return usage->ru_maxrss > own.ru_maxrss + own.ru_maxrss / 4 ? (int64_t)usage->ru_maxrss * 1024 : -1;
}

static void take_usage(struct hook_task *task, const struct rusage *usage)
{
	task->cpu_usec = usec_of(&usage->ru_utime) + usec_of(&usage->ru_stime);
	task->peak_bytes = peak_of(usage);
}

static char *signal_text(int signo)
{
	const char *name = sigabbrev_np(signo);

	if (signo == SIGXCPU)
		return xstrdup("it used more time of the processor than CPUTime= allows");
	return name ? xasprintf("it was ended by SIG%s", name)
		    : xasprintf("it was ended by signal %d", signo);
}

void hook_run_result(struct hook_run *run, int status, const struct rusage *usage)
{
	struct hook_task *task = run->task;

	if (!task)
		return;
	/* Of a unit it would be its client's. */
	if (!run->is_unit)
		take_usage(task, usage);
	if (run->end == HOOK_TIMEOUT || run->end == HOOK_ABORTED)
		return;
	if (WIFEXITED(status)) {
		task->status = WEXITSTATUS(status);
		if (task->status != 0)
			task->error = xasprintf("it exited with status %d", task->status);
	} else {
		run->end = HOOK_SIGNALED;
		task->status = WTERMSIG(status);
		task->error = signal_text(task->status);
	}
}

void hook_run_failed(struct hook_run *run, const struct launch *launch)
{
	const char *why = strerror(launch->error), *program = launch->argv[0];
	struct hook_task *task = run->task;

	if (!task || run->end != HOOK_EXITED)
		return;
	run->end = HOOK_NOT_RUN;
	switch (launch->step) {
	case LAUNCH_CLONE: task->error = xasprintf("no process can be made: %s", why); return;
	case LAUNCH_PREPARE: task->error = xasprintf("its process cannot be prepared: %s", why); return;
	case LAUNCH_LIMIT: task->error = xasprintf("its limits cannot be set: %s", why); return;
	case LAUNCH_DIRECTORY: task->error = xasprintf("cannot enter %s: %s", launch->directory, why); return;
	case LAUNCH_EXEC: task->error = xasprintf("cannot execute %s: %s", program, why); return;
	}
}

static void explain_end(struct hook_task *task)
{
	char span[UNITS_MAX];

	if (task->end == HOOK_TIMEOUT)
		task->error = xasprintf(
			"it did not end within %s", units_format_span(span, task->hook->timeout_usec));
	else if (task->end == HOOK_ABORTED)
		task->error = xstrdup("it was ended before it was through");
}

void hook_run_give_back(struct hook_run *run)
{
	struct hook_task *task = run->task;

	if (!task)
		return;
	run->task = NULL;
	task->end = run->end;
	if (!task->error)
		explain_end(task);
	task->run_usec = hook_run_clock_usec() - run->begun_usec;
	if (run->n_tail > 0) {
		task->output = xmalloc(run->n_tail + 1);
		memcpy(task->output, run->tail, run->n_tail);
		task->output[run->n_tail] = '\0';
		task->output_n = run->n_tail;
		task->output_cut = run->cut;
	}
	mailbox_post(task->reply, &task->msg);
}
