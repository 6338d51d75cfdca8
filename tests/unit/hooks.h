/* What the tests of the hook pool share: a pool, a configuration with one hook, tasks and their results. */
#ifndef UNIT_HOOKS_H
#define UNIT_HOOKS_H

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fileio.h"
#include "base/text.h"
#include "fetchd/hook/hook.h"

#define LIMIT_MSEC 60000

struct fixture {
	char dir[PATH_MAX];
	struct hook_pool *pool;
	struct mailbox mailbox;
	struct config *config;
};

/* ---- helpers */

static inline char *path_of(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

static inline void write_text(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	CLEANUP_FREE char *path = path_of(f, name);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
}

/* NULL: there is no such file (yet). */
static inline char *read_text(const struct fixture *f, const char *name)
{
	CLEANUP_FREE char *path = path_of(f, name);
	char *text;
	size_t n;

	return fileio_read_file(path, 1 << 20, &text, &n) == 0 ? text : NULL;
}

/* The lines of [Hook x], and it alone. */
static inline void configure(struct fixture *f, const char *lines)
{
	CLEANUP_FREE char *text = xasprintf("[Hooks]\nStopTimeout=300ms\n[Transfer]\nDownloadRoots=%s\n"
					    "DefaultDirectory=%s\n[Hook x]\n%s\n",
		f->dir, f->dir, lines);
	CLEANUP_FREE char *path = path_of(f, "fetchd.conf");
	struct config_source source = {.mode = CONFIG_USER, .file = path};
	char *error = NULL;

	write_text(f, "fetchd.conf", text, 0600);
	config_unref(f->config);
	f->config = config_load(&source, &error);
	if (error)
		print_error("%s\n", error);
	assert_non_null(f->config);
}

/* A hook that is a script of sh. */
static inline void script(struct fixture *f, const char *text, const char *lines)
{
	CLEANUP_FREE char *keys = xasprintf("Command=/bin/sh %s/hook %%p %%n %%i\n%s", f->dir, lines);

	write_text(f, "hook", text, 0600);
	configure(f, keys);
}

static inline void start_pool(struct fixture *f)
{
	const struct hook_pool_setup setup = {.mode = CONFIG_USER, .sandbox_fd = -1};
	char *error = NULL;

	f->pool = hook_pool_start(&setup, &error);
	assert_non_null(f->pool);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_hook.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(mailbox_init(&f->mailbox), 0);
	start_pool(f);
	*state = f;
	return 0;
}

static inline void post(struct fixture *f, int kind)
{
	struct msg *msg = xcalloc(1, sizeof(*msg));

	msg->kind = kind;
	mailbox_post(hook_pool_mailbox(f->pool), msg);
}

static inline void stop_pool(struct fixture *f)
{
	post(f, HOOK_STOP);
	hook_pool_join(f->pool);
	mailbox_done(&f->mailbox);
	config_unref(f->config);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", f->dir);

	stop_pool(f);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static inline struct job *done_job(const struct fixture *f, const char *name)
{
	struct job *job = job_new();

	job->id = 7;
	job->url = xstrdup("http://user:secret@origin.test/file?X-Amz-Signature=secret");
	job->origin = xstrdup("http://origin.test:80");
	job->dir = xstrdup(f->dir);
	job->name = xstrdup(name);
	job->group = xstrdup("g");
	job->owner = 1234;
	job->state = JOB_DONE;
	job->size = job->received = 42;
	job->digest = xstrdup("sha-256=00ff");
	return job;
}

static inline struct hook_task *task_of(struct fixture *f, int64_t id, const char *name)
{
	struct hook_task *task = xcalloc(1, sizeof(*task));

	task->msg.kind = HOOK_START;
	task->reply = &f->mailbox;
	task->hook_id = id;
	task->config = config_ref(f->config);
	task->hook = config_hook_find(f->config, "x");
	task->on = HOOK_ON_DONE;
	task->attempt = 3;
	task->key = xasprintf("queue/%lld", (long long)id);
	task->job = done_job(f, name);
	return task;
}

static inline void post_task(struct fixture *f, struct hook_task *task)
{
	mailbox_post(hook_pool_mailbox(f->pool), &task->msg);
}

/* The next that comes back. */
static inline struct hook_task *take(struct fixture *f)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct pollfd pfd = {.fd = mailbox_fd(&f->mailbox), .events = POLLIN};

	assert_int_equal(poll(&pfd, 1, LIMIT_MSEC), 1);
	assert_int_equal(mailbox_take(&f->mailbox, &list, 1), 1);
	return (struct hook_task *)STAILQ_FIRST(&list);
}

static inline struct hook_task *run(struct fixture *f, const char *name)
{
	post_task(f, task_of(f, 1, name));
	return take(f);
}

/* Runs it; it exits with 0 and says so much. */
static inline void check_output(struct fixture *f, const char *name, const char *want)
{
	struct hook_task *task = run(f, name);

	CHECK_STR("error", task->error, NULL);
	CHECK_INT("end", task->end, HOOK_EXITED);
	CHECK_STR("output", task->output, want);
	hook_task_free(task);
}

/* Runs it: how it ends. error NULL: any. */
static inline void check_end(struct fixture *f, enum hook_end end, int status, const char *error)
{
	struct hook_task *task = run(f, "a");

	CHECK_INT("end", task->end, end);
	CHECK_INT("status", task->status, status);
	assert_non_null(task->error);
	if (error)
		CHECK_STR("error", task->error, error);
	hook_task_free(task);
}

/* Until the file is there: the hook is so far. Whole lines only. Caller frees. */
static inline char *wait_text(const struct fixture *f, const char *name)
{
	for (int i = 0; i < LIMIT_MSEC; i++) {
		char *text = read_text(f, name);

		if (text && strchr(text, '\n'))
			return text;
		free(text);
		usleep(1000);
	}
	fail_msg("%s is not written", name);
	return NULL;
}

/* Until no process has this number. */
static inline void wait_gone(pid_t pid)
{
	for (int i = 0; i < LIMIT_MSEC && kill(pid, 0) == 0; i++)
		usleep(1000);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static inline pid_t wait_pid(const struct fixture *f, const char *name)
{
	CLEANUP_FREE char *text = wait_text(f, name);

	return atoi(text);
}

static inline size_t count_dir(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
