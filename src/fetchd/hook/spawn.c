/* Spawn: one process, by clone(2). The child shares this process's memory until it executes, as vfork(2)'s
 * would: it must call nothing but what is async-signal-safe, and no function that keeps a state of its own (a
 * sanitizer's, too). No fork: copying the tables of a large process takes long, and its locks with it.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"

/* Programs that use select(2) end here; the daemon has raised its own. */
#define OPEN_FILES 1024
/* From SIGXCPU to SIGKILL. */
#define CPU_GRACE_SEC 2

#ifdef __SANITIZE_THREAD__
/* Its own clone() takes the child for a fork, and marks the thread that the child has in common with this. */
extern int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

#define CHILD __attribute__((no_sanitize_address, no_sanitize_thread))

struct child {
	struct launch *launch;
	pid_t parent;
	int null_fd;
};

/* Errors of it alone are no reason not to run. */
CHILD static void child_be_nice(struct launch *launch)
{
	if (launch->nice && setpriority(PRIO_PROCESS, 0, (int)launch->nice) < 0)
		launch->nice_refused = true;
}

/* All to their defaults, ignored ones too, which execve(2) would keep. All bytes 0: SIG_DFL and no flag,
 * whatever the kernel's struct is. */
CHILD static int child_signals(void)
{
	long action[32] = {0};

	for (int signo = 1; signo < _NSIG; signo++)
		syscall(SYS_rt_sigaction, signo, action, NULL, (size_t)_NSIG / 8);
	return (int)syscall(SYS_rt_sigprocmask, SIG_SETMASK, action, NULL, (size_t)_NSIG / 8);
}

CHILD static int child_descriptors(const struct child *child)
{
	const struct launch *launch = child->launch;
	int in = launch->in_fd < 0 ? child->null_fd : launch->in_fd;
	int out = launch->out_fd < 0 ? child->null_fd : launch->out_fd;

	/* None of them is 0, 1 or 2: high_fd(). */
	if (syscall(SYS_dup3, in, STDIN_FILENO, 0) < 0 || syscall(SYS_dup3, out, STDOUT_FILENO, 0) < 0 ||
		syscall(SYS_dup3, out, STDERR_FILENO, 0) < 0)
		return -1;
	/* They close by themselves; this is for one that somebody forgot to mark. */
	syscall(SYS_close_range, 3, ~0U, 0);
	return 0;
}

CHILD static int child_limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return -1;
	if (hard < limit.rlim_max)
		limit.rlim_max = hard;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit);
}

/* Memory is RLIMIT_DATA: what a process may fill, private and writable. RLIMIT_AS would count the address
 * space that many a runtime reserves by the gigabyte and never touches. */
CHILD static int child_limits(const struct launch *launch)
{
	rlim_t memory = (rlim_t)launch->memory_max, cpu = (rlim_t)launch->cpu_sec;

	if (child_limit(RLIMIT_NOFILE, OPEN_FILES, RLIM_INFINITY) < 0)
		return -1;
	if (memory && child_limit(RLIMIT_DATA, memory, memory) < 0)
		return -1;
	return cpu ? child_limit(RLIMIT_CPU, cpu, cpu + CPU_GRACE_SEC) : 0;
}

CHILD static int child_directory(const struct launch *launch)
{
	if (chdir(launch->directory) == 0)
		return 0;
	return launch->may_lack && (errno == ENOENT || errno == ENOTDIR) ? chdir("/") : -1;
}

/* A daemon that is killed takes its hooks with it, since the next one starts them again. The signal comes
 * when the thread that made the child ends: that is the starter, which lives as long as the pool. (Whether it
 * may dump core, or be looked into, is settled anew by execve(2).) */
CHILD static int child_death(const struct child *child)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -1;
	if (getppid() != child->parent)
		_exit(127);
	return 0;
}

CHILD static int child_main(void *arg)
{
	struct child *child = arg;
	struct launch *launch = child->launch;

	launch->step = LAUNCH_PREPARE;
	if (child_death(child) == 0 && setsid() >= 0 && child_descriptors(child) == 0) {
		child_be_nice(launch);
		launch->step = LAUNCH_LIMIT;
		if (child_limits(launch) == 0) {
			launch->step = LAUNCH_DIRECTORY;
			if (child_directory(launch) == 0 && child_signals() == 0) {
				launch->step = LAUNCH_EXEC;
				execve(launch->argv[0], launch->argv, launch->envp);
			}
		}
	}
	launch->error = errno;
	_exit(127);
}

/* fd, or another one for the same that is none of the standard ones; takes fd. */
static int high_fd(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return high;
}

void launch_spawn(struct launch *launch, void *stack, size_t stack_size)
{
	struct child child = {.launch = launch, .parent = getpid()};
	CLEANUP_CLOSE int null_fd = high_fd(open("/dev/null", O_RDWR | O_CLOEXEC));

	launch->in_fd = high_fd(launch->in_fd);
	launch->out_fd = high_fd(launch->out_fd);
	child.null_fd = null_fd;
	launch->step = LAUNCH_CLONE;
	launch->error = 0;
	pid_t pid = clone(child_main, (char *)stack + stack_size,
		CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &launch->pid_fd);
	if (pid < 0) {
		launch->error = errno;
		launch->pid_fd = -1;
	} else if (launch->error) {
		/* It never was the program: nobody else need know. */
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		close(launch->pid_fd);
		launch->pid_fd = -1;
	} else {
		launch->pid = pid;
	}
}

struct launch *launch_new(void)
{
	struct launch *launch = xcalloc(1, sizeof(*launch));

	launch->msg.kind = LAUNCH_START;
	launch->in_fd = launch->out_fd = launch->pid_fd = -1;
	return launch;
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void launch_free(struct launch *launch)
{
	if (!launch)
		return;
	if (launch->in_fd >= 0)
		close(launch->in_fd);
	if (launch->out_fd >= 0)
		close(launch->out_fd);
	if (launch->pid_fd >= 0)
		close(launch->pid_fd);
	free_list(launch->argv);
	free_list(launch->envp);
	free(launch->directory);
	free(launch);
}
