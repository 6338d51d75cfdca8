/* A library to be preloaded: file calls on part files that fail, and a wall clock that is set, as a test
 * asks. tests/e2e/disks.py, class Shim. Every call is logged as "CALL FILE RESULT", result 0 or -errno. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum how { PASS, FAIL, SHORT, WAIT };

struct rule {
	char call[16];
	enum how how;
	int error;
	int first, count; /* count 0: for ever */
};

static struct rule rules[16];
static size_t n_rules;
static int seen[16];
static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *next_of(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

static void add_rule(char *text)
{
	struct rule *rule = &rules[n_rules++];
	char how[16];

	if (n_rules == 16 ||
		sscanf(text, "%15[^:]:%15[^:]:%d:%d", rule->call, how, &rule->first, &rule->count) != 4)
		abort();
	rule->how = strcmp(how, "short") == 0 ? SHORT : strncmp(how, "wait", 4) == 0 ? WAIT : FAIL;
	rule->error = atoi(rule->how == WAIT ? how + 4 : how);
}

static void begin(void)
{
	int (*open_next)(const char *, int, ...) = next_of("open");
	const char *log = getenv("FETCHD_SHIM_LOG"), *text = getenv("FETCHD_SHIM");
	char *copy = strdup(text ? text : ""), *rest = copy, *one;

	if (log)
		log_fd = open_next(log, O_WRONLY | O_APPEND | O_CLOEXEC);
	while ((one = strsep(&rest, ",")))
		if (*one)
			add_rule(one);
	free(copy);
}

/* Before the daemon's sandbox, in which the log could not be opened any more. */
__attribute__((constructor)) static void begin_early(void)
{
	pthread_once(&once, begin);
}

static void tell(const char *call, const char *file, int error)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "%s %s %d\n", call, *file ? file : "-", -error);

	if (log_fd >= 0 && write(log_fd, line, (size_t)n) != n)
		abort();
}

static int is_part(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".part") == 0;
}

static const char *name_of(int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return strrchr(buf, '/') ? strrchr(buf, '/') + 1 : buf;
}

static void wait_for_gate(void)
{
	const char *gate = getenv("FETCHD_SHIM_GATE");

	while (gate && access(gate, F_OK) != 0)
		usleep(1000);
}

/* What is to become of this call. */
static enum how judge(const char *call, const char *file)
{
	enum how how = PASS;
	int error = 0;

	pthread_once(&once, begin);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_rules; i++) {
		if (strcmp(rules[i].call, call) != 0)
			continue;
		seen[i]++;
		if (seen[i] >= rules[i].first &&
			(!rules[i].count || seen[i] < rules[i].first + rules[i].count)) {
			how = rules[i].how;
			error = rules[i].error;
		}
	}
	tell(call, file, error);
	pthread_mutex_unlock(&lock);
	if (how == WAIT)
		wait_for_gate();
	errno = error;
	return how == WAIT && error ? FAIL : how;
}

static int sync_with(const char *call, int fd)
{
	int (*next)(int) = next_of(call);
	char buf[512];
	const char *name = name_of(fd, buf, sizeof(buf));
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && strcmp(call, "fsync") == 0 &&
		strcmp(name, ".fetchd") != 0)
		return judge("dirsync", name) == FAIL ? -1 : next(fd);
	if (strcmp(call, "syncfs") != 0 && !is_part(name))
		return next(fd);
	return judge(call, name) == FAIL ? -1 : next(fd);
}

int fsync(int fd)
{
	return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int syncfs(int fd)
{
	return sync_with("syncfs", fd);
}

static ssize_t write_with(const char *call, int fd, const void *bytes, size_t n, off_t offset)
{
	ssize_t (*next)(int, const void *, size_t, off_t) = next_of(call);
	char buf[512];
	const char *name = name_of(fd, buf, sizeof(buf));
	enum how how = is_part(name) ? judge("pwrite", name) : PASS;

	if (how == FAIL)
		return -1;
	return next(fd, bytes, how == SHORT && n > 1 ? n / 2 : n, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	return write_with("pwrite", fd, bytes, n, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t offset)
{
	return write_with("pwrite64", fd, bytes, n, offset);
}

int fallocate(int fd, int mode, off_t offset, off_t n)
{
	int (*next)(int, int, off_t, off_t) = next_of("fallocate");
	char buf[512];
	const char *name = name_of(fd, buf, sizeof(buf));

	return is_part(name) && judge("fallocate", name) == FAIL ? -1 : next(fd, mode, offset, n);
}

static int open_with(const char *call, int dir_fd, const char *path, int flags, mode_t mode)
{
	int (*next)(int, const char *, int, ...) = next_of(call);

	if (is_part(path) && judge(flags & O_CREAT ? "create" : "open", path) == FAIL)
		return -1;
	return next(dir_fd, path, flags, mode);
}

int openat(int dir_fd, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_with("openat", dir_fd, path, flags, mode);
}

int openat64(int dir_fd, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return open_with("openat64", dir_fd, path, flags, mode);
}

int renameat2(int old_fd, const char *old_name, int new_fd, const char *new_name, unsigned flags)
{
	int (*next)(int, const char *, int, const char *, unsigned) = next_of("renameat2");
	const char *limit = getenv("FETCHD_SHIM_NAME_MAX");

	if (is_part(old_name) && limit && strlen(new_name) > (size_t)atoi(limit)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (is_part(old_name) && judge("rename", old_name) == FAIL)
		return -1;
	return next(old_fd, old_name, new_fd, new_name, flags);
}

/* The machine has nothing dirty, so that syncfs(2) is worth while. */
int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = next_of("open");
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (strcmp(path, "/proc/meminfo") == 0 && getenv("FETCHD_SHIM_MEMINFO"))
		path = getenv("FETCHD_SHIM_MEMINFO");
	return next(path, flags, mode);
}

/* ---- the wall clock: as far from the machine's as the first eight bytes of the file FETCHD_SHIM_WALL say,
 * in microseconds. A write to it is a step. */

static const volatile int64_t *wall_ahead_usec;
static pthread_once_t wall_once = PTHREAD_ONCE_INIT;

static void wall_begin(void)
{
	int (*open_next)(const char *, int, ...) = next_of("open");
	const char *path = getenv("FETCHD_SHIM_WALL");
	int fd = path ? open_next(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);

	if (path && page == MAP_FAILED)
		abort();
	if (path)
		wall_ahead_usec = page;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int (*next)(clockid_t, struct timespec *) = next_of("clock_gettime");
	int result = next(id, ts);

	pthread_once(&wall_once, wall_begin);
	if (result == 0 && id == CLOCK_REALTIME && wall_ahead_usec) {
		int64_t usec = *wall_ahead_usec + ts->tv_nsec / 1000 + (int64_t)ts->tv_sec * 1000000;

		ts->tv_sec = usec / 1000000;
		ts->tv_nsec = usec % 1000000 * 1000;
	}
	return result;
}

/* Timers of that clock are the machine's, set as much earlier; a step makes all of them expire. */

#define TIMERS_MAX 8

static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;
static int timers[TIMERS_MAX];
static size_t n_timers;

static void *watch_steps(void *arg)
{
	int (*set)(int, int, const struct itimerspec *, struct itimerspec *) = next_of("timerfd_settime");
	const struct itimerspec at_once = {.it_value.tv_nsec = 1};
	int fd = *(int *)arg;
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0) {
		pthread_mutex_lock(&timers_lock);
		for (size_t i = 0; i < n_timers; i++)
			set(timers[i], 0, &at_once, NULL);
		pthread_mutex_unlock(&timers_lock);
	}
	return NULL;
}

static void timers_begin(void)
{
	static int fd;
	pthread_t thread;
	sigset_t all, was;

	/* They are the daemon's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was);
	fd = inotify_init1(IN_CLOEXEC);
	if (fd < 0 || inotify_add_watch(fd, getenv("FETCHD_SHIM_WALL"), IN_MODIFY) < 0 ||
		pthread_create(&thread, NULL, watch_steps, &fd) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &was, NULL);
}

int timerfd_create(int id, int flags)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int (*next)(int, int) = next_of("timerfd_create");
	int fd = next(id, flags);

	if (!getenv("FETCHD_SHIM_WALL") || id != CLOCK_REALTIME || fd < 0)
		return fd;
	pthread_once(&wall_once, wall_begin);
	pthread_once(&once, timers_begin);
	pthread_mutex_lock(&timers_lock);
	if (n_timers == TIMERS_MAX)
		abort();
	timers[n_timers++] = fd;
	pthread_mutex_unlock(&timers_lock);
	return fd;
}

static bool is_wall_timer(int fd)
{
	for (size_t i = 0; i < n_timers; i++)
		if (timers[i] == fd)
			return true;
	return false;
}

static struct timespec machine_time(struct timespec wall)
{
	int64_t usec = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000 - *wall_ahead_usec;

	if (wall.tv_sec == 0 && wall.tv_nsec == 0)
		return wall;
	if (usec < 1)
		usec = 1;
	return (struct timespec){.tv_sec = usec / 1000000, .tv_nsec = usec % 1000000 * 1000};
}

/* Should a step have come that was not read yet, it says so, as the kernel's does. */
int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old)
{
	int (*next)(int, int, const struct itimerspec *, struct itimerspec *) = next_of("timerfd_settime");
	struct pollfd expired = {.fd = fd, .events = POLLIN};
	struct itimerspec set = *new;
	bool stepped;
	int result;

	pthread_mutex_lock(&timers_lock);
	if (!is_wall_timer(fd)) {
		pthread_mutex_unlock(&timers_lock);
		return next(fd, flags, new, old);
	}
	stepped = poll(&expired, 1, 0) > 0;
	set.it_value = machine_time(set.it_value);
	result = next(fd, TFD_TIMER_ABSTIME, &set, old);
	pthread_mutex_unlock(&timers_lock);
	if (result == 0 && stepped) {
		errno = ECANCELED;
		return -1;
	}
	return result;
}
