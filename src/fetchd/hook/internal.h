/* Inside of the hook pool: what its files share. Nobody else includes this. */
#ifndef HOOK_INTERNAL_H
#define HOOK_INTERNAL_H

#include <sys/queue.h>
#include <sys/types.h>

#include "base/clock.h"
#include "fetchd/hook/hook.h"

/* From TERM to KILL, but when the daemon stops. */
#define HOOK_GRACE_USEC (2 * USEC_PER_SEC)

/* To the pool: no task comes any more; it ends when the last is back. */
#define POOL_END 610

/* ---- launch: one process to be started. It has all that the child needs and nothing of a task's, which may
 * be back with the engine before a hung file system lets go of the child. */

/* Between the pool and its starter. */
enum launch_message {
	LAUNCH_START = 700, /* struct launch, to the starter and back */
	LAUNCH_SWEEP,	    /* struct launch_sweep, to the starter */
	LAUNCH_STOP,	    /* to the starter: ends its thread */
};

/* Where a start failed. */
enum launch_step { LAUNCH_CLONE, LAUNCH_PREPARE, LAUNCH_LIMIT, LAUNCH_DIRECTORY, LAUNCH_EXEC };

struct launch {
	struct msg msg;
	struct mailbox *reply;
	uint64_t number; /* of the run */
	char **argv, **envp;
	char *directory;
	bool may_lack;	   /* the directory: then it is "/" */
	int in_fd, out_fd; /* standard input, output and error; closed with the launch. -1: /dev/null */
	int64_t nice;	   /* 0: as the daemon */
	int64_t memory_max, cpu_sec; /* 0: no bound */

	/* result */
	pid_t pid; /* its group's, too; 0: it did not start */
	int pid_fd;
	enum launch_step step;
	int error; /* errno */
	bool nice_refused;
};
struct launch *launch_new(void);
/* But for its process. NULL is fine. */
void launch_free(struct launch *launch);

/* spawn.c: starts the process, waits until it has executed the program or failed. May block where a file
 * system does. All signals are blocked in this thread. */
void launch_spawn(struct launch *launch, void *stack, size_t stack_size);

/* ---- starter.c: the thread that does what may block. Its children are told by the kernel when it dies, so
 * it lives as long as the pool. */

struct launch_sweep {
	struct msg msg;
	pid_t pid; /* has ended, and was waited for */
	char *key; /* of its hook, for what it left behind */
	int looks; /* the starter's */
};

struct starter;
/* sandbox_fd: the starter's; -1: none. NULL with *ret_error (caller frees). */
struct starter *starter_start(int sandbox_fd, char **ret_error);
struct mailbox *starter_mailbox(struct starter *starter);
/* After LAUNCH_STOP. False: a file system holds it; it is left behind, and may still post. NULL is fine. */
bool starter_join(struct starter *starter);

/* stray.c: processes that have left their hook's group and whose parents are gone, so that they are this
 * process's children now. Kills those that have FETCHD_KEY=key in their environment, and waits for all that
 * have ended but the n in own. False: there was one that could not be judged just now. */
bool stray_sweep(const char *key, const pid_t *own, size_t n);

/* ---- prepare.c: what of a task its process is given */

/* What is the same for all. */
struct prepare_base {
	enum config_mode mode;
	char **env; /* passed on from the daemon, NULL-terminated; owned */
};
void prepare_base_init(struct prepare_base *base, enum config_mode mode);
void prepare_base_done(struct prepare_base *base);
/* NULL with *ret_error (caller frees). out_fd is the launch's. */
struct launch *prepare_launch(
	const struct prepare_base *base, const struct hook_task *task, int out_fd, char **ret_error);
/* Caller frees. */
char **prepare_copy_env(char *const *env);
/* Puts NAME=value into env, in the place of an older one. */
void prepare_setenv(char ***env, const char *name, const char *value);

/* unit.c: makes of a launch one of systemd-run, which starts a unit that is called after the task's key. 0 or
 * -errno with *ret_error (caller frees). own: the hook's part of launch->envp, the last of it. */
int unit_wrap(struct launch *launch, const struct prepare_base *base, const struct hook_task *task,
	char *const *own, char **ret_error);
/* To end it: systemctl, to be waited for like any other. */
struct launch *unit_stop(const struct prepare_base *base, const char *key, bool kill);

/* ---- run.c: a process on its way */

struct hook_run {
	TAILQ_ENTRY(hook_run) link;
	uint64_t number;
	struct hook_task *task; /* NULL: it is back already, and only its process is still to end */
	enum run_phase { RUN_STARTING, RUN_RUNNING, RUN_TERMINATED, RUN_KILLED } phase;
	bool is_unit;
	bool is_helper; /* never had a task: systemctl */
	char *key;	/* for what it leaves behind; "" none */
	pid_t pid;
	int pid_fd, out_fd;		/* -1: none (yet) */
	int64_t begun_usec, until_usec; /* until_usec: of the phase */
	enum hook_end end;		/* TIMEOUT, ABORTED: why it is being ended */
	char tail[HOOK_OUTPUT_MAX];	/* of its output */
	size_t n_tail;
	bool cut;
};
TAILQ_HEAD(run_list, hook_run);

/* Time while the machine is awake: a hook does not get on while it sleeps. */
int64_t hook_run_clock_usec(void);
struct hook_run *hook_run_new(uint64_t number);
void hook_run_free(struct hook_run *run);
/* Reads what there is, at most about a mebibyte; closes at the end. */
void hook_run_read(struct hook_run *run);
/* The process is over: its result into the task. status is wait4(2)'s. */
struct rusage;
void hook_run_result(struct hook_run *run, int status, const struct rusage *usage);
/* It did not start: why, into the task. */
void hook_run_failed(struct hook_run *run, const struct launch *launch);
/* run->end into the task, which is whole then and leaves for the engine. Nothing without a task. */
void hook_run_give_back(struct hook_run *run);

#endif
