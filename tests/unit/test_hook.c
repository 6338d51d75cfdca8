/* hook: real processes: what they are given, and what they may use */
#include "config.h"

#include "hooks.h"

/* Names that a shell, an option parser or a line reader would stumble over. */
static const char *const hostile[] = {"-rf", "--", "a b", "a\nb", "\"'`", "$(touch /tmp/oops)", "${HOME}",
	"%p", "*", "\xff\xfe", "\x1b[31m", "..", "a;b|c&d", " ", "\\"};

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
	assert_true(task->run_usec > 0 && task->peak_bytes == -1 && task->cpu_usec >= 0);
	hook_task_free(task);
	script(f, "exit 3", "");
	check_end(f, HOOK_EXITED, 3, "it exited with status 3");
	script(f, "kill -USR1 $$", "");
	check_end(f, HOOK_SIGNALED, SIGUSR1, "it was ended by SIGUSR1");
}

/* Not ours, which the kernel counts with it. */
static void test_peak(void **state)
{
	struct fixture *f = *state;

	configure(f, "Command=/bin/dd if=/dev/zero of=/dev/null bs=400M count=1");
	struct hook_task *task = run(f, "a");
	CHECK_STR("error", task->error, NULL);
	assert_true(task->peak_bytes >= 400 << 20 && task->peak_bytes < 500 << 20);
	hook_task_free(task);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_exits),
		TEST(test_peak),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
