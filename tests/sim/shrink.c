/* Shrink: histories in processes of their own, and the smallest that still fails (Zeller's ddmin). */
#include "config.h"

#include "tests/sim/history.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tests/sim/model.h"

#define EXIT_WRONG 3
/* A history takes milliseconds: one that goes on is one that never ends. */
#define HISTORY_SEC 60

void sim_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("sim: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	fflush(stderr);
	_exit(EXIT_WRONG);
}

static void be_quiet(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		abort();
	close(fd);
}

static void run_one(const struct history *history, const char *dir, bool trace)
{
	alarm(HISTORY_SEC);
	history_run(history, dir, trace);
	alarm(0);
}

static bool child_failed(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		abort();
	}
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int64_t histories_run(uint64_t seed, size_t n)
{
	uint64_t *at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *dir = sim_make_directory();
	int64_t bad = -1;
	pid_t pid;

	if (at == MAP_FAILED)
		abort();
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		static struct history history;

		log_set_level(LOG_LEVEL_ERR);
		be_quiet(); /* it is told when it is shrunk */
		for (*at = seed; *at < seed + n; ++*at) {
			history_make(&history, *at);
			run_one(&history, dir, false);
			sim_remove_files(dir);
		}
		free(dir);
		munmap(at, sizeof(*at));
		exit(EXIT_SUCCESS);
	}
	if (child_failed(pid))
		bad = (int64_t)*at;
	sim_remove_directory(dir);
	free(dir);
	munmap(at, sizeof(*at));
	return bad;
}

bool history_fails(const struct history *history, bool quiet)
{
	char *dir = sim_make_directory();
	bool failed;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		log_set_level(LOG_LEVEL_ERR);
		if (quiet)
			be_quiet();
		run_one(history, dir, !quiet);
		_exit(EXIT_SUCCESS);
	}
	failed = child_failed(pid);
	sim_remove_directory(dir);
	free(dir);
	return failed;
}

/* ---- shrinking */

static void without(struct history *to, const struct history *from, size_t first, size_t n)
{
	*to = *from;
	memmove(&to->ops[first], &from->ops[first + n], (from->n - first - n) * sizeof(struct op));
	to->n -= n;
}

/* Parts of n operations that are not needed go. Whether any went. */
static bool drop_parts(struct history *history, size_t n)
{
	static struct history smaller;
	bool any = false;

	for (size_t first = 0; first < history->n;) {
		size_t part = history->n - first < n ? history->n - first : n;

		without(&smaller, history, first, part);
		if (history_fails(&smaller, true)) {
			*history = smaller;
			any = true;
		} else {
			first += part;
		}
	}
	return any;
}

static bool try_op(struct history *history, size_t i, struct op op)
{
	struct op was = history->ops[i];

	if (memcmp(&was, &op, sizeof(op)) == 0)
		return false;
	history->ops[i] = op;
	if (history_fails(history, true))
		return true;
	history->ops[i] = was;
	return false;
}

/* What an operation says is made plainer. */
static void simplify(struct history *history)
{
	for (size_t i = 0; i < history->n; i++) {
		struct op op = history->ops[i];

		op.later = false;
		(void)try_op(history, i, op);
		op = history->ops[i];
		op.fault = 0;
		(void)try_op(history, i, op);
		op = history->ops[i];
		op.a = 0;
		(void)try_op(history, i, op);
		op = history->ops[i];
		op.b = 0;
		(void)try_op(history, i, op);
		op = history->ops[i];
		op.c = 0;
		(void)try_op(history, i, op);
	}
}

static void drop_all(struct history *history)
{
	for (size_t n = history->n / 2; n > 0;) {
		bool any = drop_parts(history, n);

		if (!any || n > history->n)
			n /= 2;
	}
}

void history_shrink(struct history *history)
{
	drop_all(history);
	simplify(history);
	drop_all(history);
}
