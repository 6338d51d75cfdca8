/* hook: real processes, one way of going wrong after the other */
#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fileio.h"
#include "fetchd/hook/hook.h"

#define LIMIT_MSEC 60000
/* Names that a shell, an option parser or a line reader would stumble over. */
static const char *const hostile[] = {"-rf", "--", "a b", "a\nb", "\"'`", "$(touch /tmp/oops)", "${HOME}",
	"%p", "*", "\xff\xfe", "\x1b[31m", "..", "a;b|c&d", " ", "\\"};

struct fixture {
	char dir[64];
	struct hook_pool *pool;
	struct mailbox mailbox;
	struct config *config;
};

/* ---- helpers */

static char *path_of(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->dir, name);
}

static void write_text(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
	CLEANUP_FREE char *path = path_of(f, name);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
}

/* NULL: there is no such file (yet). */
static char *read_text(const struct fixture *f, const char *name)
{
	CLEANUP_FREE char *path = path_of(f, name);
	char *text;
	size_t n;

	return fileio_read_file(path, 1 << 20, &text, &n) == 0 ? text : NULL;
}

/* The lines of [Hook x], and it alone. */
static void configure(struct fixture *f, const char *lines)
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
static void script(struct fixture *f, const char *text, const char *lines)
{
	CLEANUP_FREE char *keys = xasprintf("Command=/bin/sh %s/hook %%p %%n %%i\n%s", f->dir, lines);

	write_text(f, "hook", text, 0600);
	configure(f, keys);
}

static void start_pool(struct fixture *f)
{
	const struct hook_pool_setup setup = {.mode = CONFIG_USER, .sandbox_fd = -1};
	char *error = NULL;

	f->pool = hook_pool_start(&setup, &error);
	assert_non_null(f->pool);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_hook.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(mailbox_init(&f->mailbox), 0);
	start_pool(f);
	*state = f;
	return 0;
}

static void post(struct fixture *f, int kind)
{
	struct msg *msg = xcalloc(1, sizeof(*msg));

	msg->kind = kind;
	mailbox_post(hook_pool_mailbox(f->pool), msg);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", f->dir);

	post(f, HOOK_STOP);
	hook_pool_join(f->pool);
	mailbox_done(&f->mailbox);
	config_unref(f->config);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static struct job *done_job(const struct fixture *f, const char *name)
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

static struct hook_task *task_of(struct fixture *f, int64_t id, const char *name)
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

static void post_task(struct fixture *f, struct hook_task *task)
{
	mailbox_post(hook_pool_mailbox(f->pool), &task->msg);
}

/* The next that comes back. */
static struct hook_task *take(struct fixture *f)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct pollfd pfd = {.fd = mailbox_fd(&f->mailbox), .events = POLLIN};

	assert_int_equal(poll(&pfd, 1, LIMIT_MSEC), 1);
	assert_int_equal(mailbox_take(&f->mailbox, &list, 1), 1);
	return (struct hook_task *)STAILQ_FIRST(&list);
}

static struct hook_task *run(struct fixture *f, const char *name)
{
	post_task(f, task_of(f, 1, name));
	return take(f);
}

/* Runs it; it exits with 0 and says so much. */
static void check_output(struct fixture *f, const char *name, const char *want)
{
	struct hook_task *task = run(f, name);

	CHECK_STR("error", task->error, NULL);
	CHECK_INT("end", task->end, HOOK_EXITED);
	CHECK_STR("output", task->output, want);
	hook_task_free(task);
}

/* Runs it: how it ends. error NULL: any. */
static void check_end(struct fixture *f, enum hook_end end, int status, const char *error)
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
static char *wait_text(const struct fixture *f, const char *name)
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
static void wait_gone(pid_t pid)
{
	for (int i = 0; i < LIMIT_MSEC && kill(pid, 0) == 0; i++)
		usleep(1000);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static pid_t wait_pid(const struct fixture *f, const char *name)
{
	CLEANUP_FREE char *text = wait_text(f, name);

	return atoi(text);
}

static size_t count_dir(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- what it is given */

static void test_exits(void **state)
{
	struct fixture *f = *state;

	script(f, "echo out; echo err >&2", "");
	struct hook_task *task = run(f, "a");
	CHECK_INT("end", task->end, HOOK_EXITED);
	CHECK_INT("status", task->status, 0);
	CHECK_STR("error", task->error, NULL);
	CHECK_STR("output", task->output, "out\nerr\n");
	CHECK_INT("n", task->output_n, 8);
	assert_false(task->output_cut);
	assert_true(task->run_usec > 0 && task->peak_bytes > 0 && task->cpu_usec >= 0);
	hook_task_free(task);
	script(f, "exit 3", "");
	check_end(f, HOOK_EXITED, 3, "it exited with status 3");
	script(f, "kill -USR1 $$", "");
	check_end(f, HOOK_SIGNALED, SIGUSR1, "it was ended by SIGUSR1");
}

static void test_no_output(void **state)
{
	struct fixture *f = *state;

	configure(f, "Command=/bin/true");
	check_output(f, "a", NULL);
}

static void test_arguments(void **state)
{
	struct fixture *f = *state;

	write_text(f, "hook", "for a; do printf '[%s]' \"$a\"; done", 0600);
	CLEANUP_FREE char *keys = xasprintf(
		"Command=/bin/sh %s/hook 'one word' %%i %%g %%c %%k %%u %%%% '' x%%dx $HOME", f->dir);
	configure(f, keys);
	CLEANUP_FREE char *want = xasprintf("[one "
					    "word][7][g][sha-256=00ff][queue/1][http://***@origin.test/"
					    "file?X-Amz-Signature=***][%%][][x%sx]"
					    "[$HOME]",
		f->dir);
	check_output(f, "a", want);
}

static void test_hostile_names(void **state)
{
	struct fixture *f = *state;

	script(f, "printf '%s\\n%s' \"$2\" \"$FETCHD_NAME\"", "");
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		CLEANUP_FREE char *want = xasprintf("%s\n%s", hostile[i], hostile[i]);
		check_output(f, hostile[i], want);
	}
	assert_int_equal(access("/tmp/oops", F_OK), -1);
	script(f, "printf '%s' \"$1\"", "");
	CLEANUP_FREE char *path = path_of(f, "-a\nb");
	check_output(f, "-a\nb", path);
}

static void test_environment(void **state)
{
	struct fixture *f = *state;

	setenv("NOTIFY_SOCKET", "/run/secret", 1);
	setenv("CREDENTIALS_DIRECTORY", "/run/secret", 1);
	script(f, "unset PWD OLDPWD SHLVL _; env | grep -c secret; env | grep ^FETCHD_ | sort; echo \"$OWN\"",
		"Environment=\"OWN=a b\" SHELL=/mine\nEnvironment=OTHER=");
	CLEANUP_FREE char *want =
		xasprintf("0\nFETCHD_ATTEMPT=3\nFETCHD_CHECKSUM=sha-256=00ff\nFETCHD_DIR=%s\n"
			  "FETCHD_ERROR=\nFETCHD_EVENT=done\nFETCHD_GROUP=g\nFETCHD_HOOK=x\n"
			  "FETCHD_JOB_ID=7\nFETCHD_KEY=queue/1\nFETCHD_NAME=a\nFETCHD_OWNER=1234\n"
			  "FETCHD_PATH=%s/a\nFETCHD_SIZE=42\nFETCHD_STATE=done\n"
			  "FETCHD_URL=http://***@origin.test/file?X-Amz-Signature=***\na b\n",
			f->dir, f->dir);
	check_output(f, "a", want);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_input(void **state)
{
	struct fixture *f = *state;

	configure(f, "Command=/bin/cat");
	struct hook_task *task = run(f, "a");
	assert_non_null(strstr(task->output, "{\"id\":7,\"url\":\"http://***@origin.test/"));
	assert_non_null(strstr(task->output, "\"state\":\"done\""));
	assert_null(strstr(task->output, "secret"));
	hook_task_free(task);
}

/* Nobody waits for it to read. */
static void test_input_that_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct hook_task *task;

	configure(f, "Command=/bin/true");
	task = task_of(f, 1, "a");
	task->job->error_code = xstrdup("E_X");
	task->job->error_message = xcalloc(1, (8 << 20) + 1);
	memset(task->job->error_message, 'x', 8 << 20);
	post_task(f, task);
	task = take(f);
	CHECK_INT("end", task->end, HOOK_EXITED);
	hook_task_free(task);
}

static void test_group(void **state)
{
	struct fixture *f = *state;

	write_text(f, "hook",
		"cat; pwd; printf '%s|' \"$@\" \"$FETCHD_EVENT\" \"$FETCHD_STATE\" \"$FETCHD_JOB_ID\"", 0600);
	CLEANUP_FREE char *keys = xasprintf("Command=/bin/sh %s/hook %%g %%p %%i\nOn=group-done", f->dir);
	configure(f, keys);
	struct hook_task *task = task_of(f, 1, "a");
	job_free(task->job);
	task->job = NULL;
	task->on = HOOK_ON_GROUP_DONE;
	task->group = xcalloc(1, sizeof(*task->group));
	task->group->name = xstrdup("holiday");
	task->group->by_state[JOB_DONE] = 2;
	task->group->deadline_usec = task->group->deadline_span_usec = -1;
	post_task(f, task);
	task = take(f);
	CHECK_STR("error", task->error, NULL);
	assert_non_null(strstr(task->output, "\"name\":\"holiday\""));
	assert_non_null(strstr(task->output, "}\n/\nholiday|||group-done|done||"));
	hook_task_free(task);
}

static void test_descriptors(void **state)
{
	struct fixture *f = *state;
	/* One that is not marked. */
	int open_fd = open("/dev/null", O_RDONLY);

	configure(f, "Command=/bin/ls /proc/self/fd");
	check_output(f, "a", "0\n1\n2\n3\n"); /* 3: ls reads the directory */
	close(open_fd);
}

static void test_signals(void **state)
{
	struct fixture *f = *state;

	signal(SIGPIPE, SIG_IGN);
	configure(f, "Command=/bin/grep -E ^Sig(Blk|Ign) /proc/self/status");
	check_output(f, "a", "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	signal(SIGPIPE, SIG_DFL);
}

static void test_session_and_nice(void **state)
{
	struct fixture *f = *state;

	/* Of /proc/PID/stat: its number, group, session and nice. */
	configure(f, "Command=/usr/bin/awk '{ print ($1 == $5 && $1 == $6), $19 }' /proc/self/stat\nNice=7");
	check_output(f, "a", "1 7\n");
}

static void test_directory(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *sub = path_of(f, "sub"), *line = xasprintf("%s\n", sub),
			  *own = xasprintf("%s\n", f->dir);

	configure(f, "Command=/bin/pwd");
	check_output(f, "a", own);
	assert_int_equal(mkdir(sub, 0700), 0);
	configure(f, "Command=/bin/pwd\nWorkingDirectory=%d/sub");
	check_output(f, "a", line);
	rmdir(sub);
	CLEANUP_FREE char *why = xasprintf("cannot enter %s: No such file or directory", sub);
	check_end(f, HOOK_NOT_RUN, 0, why);
	/* Only the job's own may be gone. */
	configure(f, "Command=/bin/pwd");
	struct hook_task *task = task_of(f, 1, "a");
	str_set(&task->job->dir, sub);
	post_task(f, task);
	task = take(f);
	CHECK_STR("output", task->output, "/\n");
	hook_task_free(task);
}

/* ---- what it may use */

static void test_memory(void **state)
{
	struct fixture *f = *state;

	script(f, "x=$(head -c 67108864 /dev/zero | tr '\\0' x) && echo ${#x}", "MemoryMax=16M");
	struct hook_task *task = run(f, "a");
	assert_true(task->end == HOOK_SIGNALED || task->status != 0);
	hook_task_free(task);
	script(f, "ulimit -d; ulimit -v", "MemoryMax=16M");
	check_output(f, "a", "16384\nunlimited\n");
}

static void test_cpu_time(void **state)
{
	struct fixture *f = *state;

	script(f, "while :; do :; done", "CPUTime=1s");
	check_end(f, HOOK_SIGNALED, SIGXCPU, "it used more time of the processor than CPUTime= allows");
	script(f, "trap '' XCPU; while :; do :; done", "CPUTime=1s");
	check_end(f, HOOK_SIGNALED, SIGKILL, NULL);
}

static void test_flood(void **state)
{
	struct fixture *f = *state;

	script(f, "head -c 100000000 /dev/zero | tr '\\0' x; echo end", "");
	struct hook_task *task = run(f, "a");
	CHECK_INT("status", task->status, 0);
	CHECK_INT("n", task->output_n, HOOK_OUTPUT_MAX);
	CHECK_STR("end", task->output + HOOK_OUTPUT_MAX - 5, "xend\n");
	assert_true(task->output_cut);
	hook_task_free(task);
}

/* The end is kept exactly, however it comes. */
static void test_tail(void **state)
{
	struct fixture *f = *state;
	static const int counts[] = {4095, 4096, 4097, 8191, 8192, 70000};

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		CLEANUP_FREE char *text = xasprintf("i=0; (while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); "
						    "done; head -c %d /dev/zero | tr '\\0' y; "
						    "echo; seq 500) | tee out",
			counts[i]);
		script(f, text, "");
		struct hook_task *task = run(f, "a");
		CLEANUP_FREE char *all = read_text(f, "out");
		CHECK_STR("tail", task->output, all + strlen(all) - HOOK_OUTPUT_MAX);
		hook_task_free(task);
	}
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
		CHECK_INT("first", i == 0, task->hook_id == 3);
		hook_task_free(task);
	}
	wait_gone(a);
	wait_gone(b);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_exits),
		TEST(test_no_output),
		TEST(test_arguments),
		TEST(test_hostile_names),
		TEST(test_environment),
		TEST(test_input),
		TEST(test_input_that_is_not_read),
		TEST(test_group),
		TEST(test_descriptors),
		TEST(test_signals),
		TEST(test_session_and_nice),
		TEST(test_directory),
		TEST(test_memory),
		TEST(test_cpu_time),
		TEST(test_flood),
		TEST(test_tail),
		TEST(test_not_run),
		TEST(test_timeout),
		TEST(test_timeout_that_is_heard),
		TEST(test_left_behind),
		TEST(test_left_behind_by_another),
		TEST(test_cancel),
		TEST(test_stop),
		TEST(test_many_at_once),
		TEST(test_thousand),
		TEST(test_daemon_that_dies),
	};

	if (argc > 2)
		return hang(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
