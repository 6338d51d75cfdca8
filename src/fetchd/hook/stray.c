/* Strays: what has left its hook's process group, by setsid(2) say, and whose parents have ended: it is this
 * process's child then (PR_SET_CHILD_SUBREAPER), and has its hook's key in the environment that it began
 * with. One that has wiped that as well lives on, until the service manager ends the unit. Runs in the
 * starter's thread: /proc may block.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"

/* Each round finds the children of what the one before has killed. */
#define ROUNDS	    16
#define ENVIRON_MAX ((size_t)4 << 20)

struct sweep {
	const char *key;
	const pid_t *own;
	size_t n;
	bool killed, unsure; /* in this round */
};

static bool is_own(const struct sweep *sweep, pid_t pid)
{
	for (size_t i = 0; i < sweep->n; i++)
		if (sweep->own[i] == pid)
			return true;
	return false;
}

/* *ret_unsure: it has no environment, as is so for a moment in execve(2), and while it dies. */
static bool has_key(pid_t pid, const char *key, bool *ret_unsure)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%d/environ", (int)pid);
	CLEANUP_FREE char *wanted = xasprintf("FETCHD_KEY=%s", key);
	CLEANUP_FREE char *text = NULL;
	size_t len;

	int err = fileio_read_file(path, ENVIRON_MAX, &text, &len);
	*ret_unsure = *ret_unsure || err == -ESRCH || (!err && len == 0);
	if (err)
		return false;
	for (const char *p = text; p < text + len; p += strlen(p) + 1)
		if (!strcmp(p, wanted))
			return true;
	return false;
}

static void look(struct sweep *sweep, pid_t pid)
{
	if (is_own(sweep, pid) || waitpid(pid, NULL, WNOHANG) != 0 ||
		!has_key(pid, sweep->key, &sweep->unsure))
		return;
	/* It is a child, and was not waited for: the number is still its own. */
	if (kill(pid, SIGKILL) < 0)
		return;
	sweep->killed = true;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void look_at_children(struct sweep *sweep, const char *thread)
{
	CLEANUP_FREE char *path = xasprintf("/proc/self/task/%s/children", thread);
	FILE *file = fopen(path, "re");
	int pid;

	if (!file)
		return;
	while (fscanf(file, "%d", &pid) == 1)
		look(sweep, pid);
	fclose(file);
}

bool stray_sweep(const char *key, const pid_t *own, size_t n)
{
	struct sweep sweep = {.key = key, .own = own, .n = n, .killed = true};

	for (int round = 0; round < ROUNDS && sweep.killed; round++) {
		sweep.killed = sweep.unsure = false;
		DIR *threads = opendir("/proc/self/task");
		const struct dirent *entry;

		while (threads && (entry = readdir(threads)))
			if (entry->d_name[0] != '.')
				look_at_children(&sweep, entry->d_name);
		if (threads)
			closedir(threads);
	}
	return !sweep.unsure;
}
