/* hook: real processes: how they end, one way of going wrong after the other */
#include "config.h"

#include "hooks.h"

#include <sys/syscall.h>

#include "fetchd/sandbox.h"

/* ---- a file system that hangs: in the place of libc's, also for the child, which shares this memory */

static bool hangs;

int chdir(const char *path)
{
	while (strstr(path, "/hangs") && __atomic_load_n(&hangs, __ATOMIC_ACQUIRE))
		usleep(1000);
	return (int)syscall(SYS_chdir, path);
}

/* ---- how it ends */

static void test_not_run(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *tool = path_of(f, "tool"), *keys = xasprintf("Command=%s", tool);

	configure(f, "Command=/no/such");
	assert_non_null(config_hook_find(f->config, "x")->problem);
	check_end(f, HOOK_NOT_RUN, 0, "cannot execute /no/such: No such file or directory");
	write_text(f, "tool", "x", 0600);
	configure(f, keys);
	CLEANUP_FREE char *denied = xasprintf("cannot execute %s: Permission denied", tool);
	check_end(f, HOOK_NOT_RUN, 0, denied);
	write_text(f, "tool", "x", 0700);
	CLEANUP_FREE char *format = xasprintf("cannot execute %s: Exec format error", tool);
	check_end(f, HOOK_NOT_RUN, 0, format);
}

/* Its whole tree, though it asks not to be ended. */
static void test_timeout(void **state)
{
	struct fixture *f = *state;

	script(f,
		"trap '' TERM\n"
		"(trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >grandchild; while :; do sleep 1; done') &\n"
		"while :; do sleep 1; done",
		"Timeout=200ms");
	check_end(f, HOOK_TIMEOUT, 0, "it did not end within 200ms");
	wait_gone(wait_pid(f, "grandchild"));
}

static void test_timeout_that_is_heard(void **state)
{
	struct fixture *f = *state;

	script(f, "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done", "Timeout=200ms");
	struct hook_task *task = run(f, "a");
	CHECK_INT("end", task->end, HOOK_TIMEOUT);
	/* What the shell says of its own child may stand before it. */
	CHECK_STR("output", task->output + task->output_n - 4, "bye\n");
	hook_task_free(task);
}

/* One that keeps the pipe open, in the group and out of it. */
static void test_left_behind(void **state)
{
	struct fixture *f = *state;

	script(f,
		"(sh -c 'echo $$ >pid; exec sleep 1000') & while ! [ -s pid ]; do sleep 0.01; done; echo "
		"over",
		"");
	check_output(f, "a", "over\n");
	wait_gone(wait_pid(f, "pid"));
	script(f,
		"rm pid; setsid sh -c 'echo $$ >pid; sleep 1000 & echo $! >pid2; sleep 1000' &\n"
		"while ! [ -s pid2 ]; do sleep 0.01; done; echo over",
		"");
	check_output(f, "a", "over\n");
	wait_gone(wait_pid(f, "pid"));
	wait_gone(wait_pid(f, "pid2"));
}

/* Another's stray is left alone. */
static void test_left_behind_by_another(void **state)
{
	struct fixture *f = *state;

	script(f,
		"if [ $FETCHD_KEY = queue/1 ]; then\n"
		"	setsid sh -c 'echo $$ >pid; exec sleep 1000' & while ! [ -s pid ]; do sleep 0.01; "
		"done\n"
		"	while ! [ -s go ]; do sleep 0.01; done\n"
		"fi",
		"");
	post_task(f, task_of(f, 1, "a"));
	pid_t pid = wait_pid(f, "pid");
	post_task(f, task_of(f, 2, "b"));
	struct hook_task *task = take(f);
	CHECK_INT("id", task->hook_id, 2);
	hook_task_free(task);
	assert_int_equal(kill(pid, 0), 0);
	write_text(f, "go", "\n", 0600);
	task = take(f);
	CHECK_INT("id", task->hook_id, 1);
	hook_task_free(task);
	wait_gone(pid);
}

static void test_cancel(void **state)
{
	struct fixture *f = *state;
	struct hook_cancel *msg = xcalloc(1, sizeof(*msg));

	script(f, "trap '' TERM; echo $$ >pid$3; while :; do sleep 1; done", "");
	post_task(f, task_of(f, 5, "a"));
	pid_t pid = wait_pid(f, "pid7");
	msg->msg.kind = HOOK_CANCEL;
	msg->hook_id = 5;
	mailbox_post(hook_pool_mailbox(f->pool), &msg->msg);
	struct hook_task *task = take(f);
	CHECK_INT("end", task->end, HOOK_ABORTED);
	CHECK_STR("error", task->error, "it was ended before it was through");
	hook_task_free(task);
	wait_gone(pid);
}

/* Those that run, one of them deaf, and those that come after. */
static void test_stop(void **state)
{
	struct fixture *f = *state;

	script(f, "trap '' TERM; echo $$ >pid-$2; while :; do sleep 1; done", "");
	post_task(f, task_of(f, 1, "a"));
	post_task(f, task_of(f, 2, "b"));
	pid_t a = wait_pid(f, "pid-a"), b = wait_pid(f, "pid-b");
	post(f, HOOK_STOP);
	post_task(f, task_of(f, 3, "c"));
	for (int i = 0; i < 3; i++) {
		struct hook_task *task = take(f);
		CHECK_INT("end", task->end, HOOK_ABORTED);
		hook_task_free(task);
	}
	wait_gone(a);
	wait_gone(b);
	/* What comes after the stop is not begun. */
	CLEANUP_FREE char *c = path_of(f, "pid-c");
	assert_int_equal(access(c, F_OK), -1);
}

static bool answers(struct fixture *f)
{
	struct mailbox *mailbox = hook_pool_mailbox(f->pool);

	for (int i = 0; i < LIMIT_MSEC; i++) {
		if (mailbox_nudge(mailbox))
			return true;
		usleep(1000);
	}
	return false;
}

/* The start hangs: the pool does not, the task comes back, and what is started at last is ended. */
static void test_start_that_hangs(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *dir = path_of(f, "hangs");

	assert_int_equal(mkdir(dir, 0700), 0);
	script(f, "echo $$ >pid; exec sleep 1000", "Timeout=100ms\nWorkingDirectory=%d/hangs");
	__atomic_store_n(&hangs, true, __ATOMIC_RELEASE);
	check_end(f, HOOK_TIMEOUT, 0, "it did not end within 100ms");
	post_task(f, task_of(f, 1, "a"));
	assert_true(answers(f) && answers(f));
	struct hook_task *task = take(f);
	CHECK_INT("end", task->end, HOOK_TIMEOUT);
	hook_task_free(task);
	__atomic_store_n(&hangs, false, __ATOMIC_RELEASE);
	configure(f, "Command=/bin/true");
	check_output(f, "a", NULL);
	/* Neither of the two is left; the pool waits for them. */
	siginfo_t info;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
		usleep(1000);
	assert_int_equal(errno, ECHILD);
}

/* Each takes its own time; results are not mixed up. */
static void test_many_at_once(void **state)
{
	struct fixture *f = *state;
	bool seen[41] = {false};

	script(f, "sleep 0.0$(($2 % 7)); echo $2; exit $(($2 % 5))", "");
	for (int i = 1; i <= 40; i++) {
		CLEANUP_FREE char *name = xasprintf("%d", i);
		post_task(f, task_of(f, i, name));
	}
	for (int i = 1; i <= 40; i++) {
		struct hook_task *task = take(f);
		CLEANUP_FREE char *want = xasprintf("%lld\n", (long long)task->hook_id);
		CHECK_STR("output", task->output, want);
		CHECK_INT("status", task->status, task->hook_id % 5);
		assert_false(seen[task->hook_id]);
		seen[task->hook_id] = true;
		hook_task_free(task);
	}
}

static void test_thousand(void **state)
{
	struct fixture *f = *state;

	configure(f, "Command=/bin/true");
	check_output(f, "a", NULL);
	size_t before = count_dir("/proc/self/fd");
	for (int i = 0; i < 1000; i++)
		check_output(f, "a", NULL);
	/* The last of them may still be closing its own. */
	assert_true(count_dir("/proc/self/fd") <= before + 4);
	/* None of them is left, as a zombie neither. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* The daemon is killed: its hook with it. */
static void test_daemon_that_dies(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *own = realpath("/proc/self/exe", NULL);
	CLEANUP_FREE char *command = xasprintf("%s hang %s", own, f->dir);
	int status;

	assert_int_not_equal(system(command), 0);
	/* Of which this process is the parent now, since it reaps for its own pool. */
	pid_t pid = wait_pid(f, "pid");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	CHECK_INT("signal", WTERMSIG(status), SIGKILL);
}

/* Where hooks may write anyway nothing can be seen. */
static bool is_temporary(const char *dir)
{
	return text_starts(dir, "/tmp/") || text_starts(dir, "/var/tmp/") || text_starts(dir, "/dev/shm/");
}

/* The exit status of walls() in a process of its own. 77: it cannot be tried here. */
static int try_walls(void)
{
	CLEANUP_FREE char *own = realpath("/proc/self/exe", NULL), *here = getcwd(NULL, 0);
	CLEANUP_FREE char *dir = xasprintf("%s/test_hook.XXXXXX", here);

	if (is_temporary(here) || !mkdtemp(dir))
		return 77;
	CLEANUP_FREE char *command =
		xasprintf("%s walls %s >&2; status=$?; rm -rf %s; exit $status", own, dir, dir);
	return WEXITSTATUS(system(command));
}

static void test_walls(void **state)
{
	int status = try_walls();

	(void)state;
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

/* What it may, then what it may not. $1: above the root and the state; $2: the state */
static const char walls_script[] = "echo x >made && ln -s made link && mkfifo pipe && mkdir sub && mv made "
				   "sub && rm sub/made || exit 1\n"
				   "t=$(mktemp) && echo x >$t && rm $t || exit 2\n"
				   "echo x >/dev/null || exit 3\n"
				   "(echo x >$1/made) 2>/dev/null && exit 4\n"
				   "(echo x >$2/made) 2>/dev/null && exit 5\n"
				   "(echo x >>$2/own) 2>/dev/null && exit 6\n"
				   "./tool true 2>/dev/null && exit 7\n"
				   "$1/bin/tool true || exit 8\n"
				   "echo ok\n";

/* In place of the daemon: starts a hook, and is killed. */
static int hang(const char *dir)
{
	struct fixture f = {.pool = NULL};

	snprintf(f.dir, sizeof(f.dir), "%s", dir);
	if (mailbox_init(&f.mailbox) < 0)
		return 0;
	start_pool(&f);
	script(&f, "echo $$ >pid; exec sleep 1000", "");
	post_task(&f, task_of(&f, 1, "a"));
	wait_pid(&f, "pid");
	return kill(getpid(), SIGKILL);
}

/* In place of the daemon, within its sandbox: what a hook may. Ends with 77 where the kernel has no Landlock.
 */
static int walls(const char *dir)
{
	struct fixture f = {.pool = NULL};
	char text[SANDBOX_TEXT_MAX], *error = NULL;

	snprintf(f.dir, sizeof(f.dir), "%s/root", dir);
	if (mkdir(f.dir, 0700) < 0 || mailbox_init(&f.mailbox) < 0)
		return 1;
	CLEANUP_FREE char *state = xasprintf("%s/state", dir), *tool = xasprintf("%s/bin/tool", dir);
	CLEANUP_FREE char *command = xasprintf("mkdir -p %s %s/bin; printf '#!/bin/sh\nexec \"$@\"\n' >%s; "
					       "cp %s %s/tool; chmod 755 %s %s/tool",
		state, dir, tool, tool, f.dir, tool, f.dir);
	if (system(command) != 0)
		return 1;
	CLEANUP_FREE char *keys = xasprintf("Command=%s /bin/sh %s/hook %s %s\n[Daemon]\nStateDirectory=%s",
		tool, f.dir, dir, state, state);
	write_text(&f, "hook", walls_script, 0600);
	configure(&f, keys);
	sandbox_enter(f.config, (const char *const[]){NULL}, text);
	if (text_starts(text, "none"))
		return 77;
	/* The daemon itself writes to its state. */
	CLEANUP_FREE char *own = xasprintf("%s/own", state);
	CLEANUP_CLOSE int fd = open(own, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const struct hook_pool_setup setup = {.mode = CONFIG_USER, .sandbox_fd = sandbox_hooks(f.config)};
	f.pool = hook_pool_start(&setup, &error);
	post_task(&f, task_of(&f, 1, "a"));
	struct hook_task *task = take(&f);
	printf("%s%s\n", task->error ? task->error : "", task->output ? task->output : "");
	bool good = fd >= 0 && !task->error && task->output && !strcmp(task->output, "ok\n");
	hook_task_free(task);
	stop_pool(&f);
	return good ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_not_run),
		TEST(test_timeout),
		TEST(test_timeout_that_is_heard),
		TEST(test_left_behind),
		TEST(test_left_behind_by_another),
		TEST(test_cancel),
		TEST(test_stop),
		TEST(test_start_that_hangs),
		TEST(test_many_at_once),
		TEST(test_thousand),
		TEST(test_daemon_that_dies),
		TEST(test_walls),
	};

	if (argc > 2)
		return strcmp(argv[1], "walls") ? hang(argv[2]) : walls(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
