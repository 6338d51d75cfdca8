/* Onfinish: the environment, the shell, and its end. */
#include "config.h"

#include "fetchctl/onfinish.h"

#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "fetchctl/ctl.h"
#include "fetchctl/eventline.h"

extern char **environ;

static bool is_end(const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));

	return kind && (!strcmp(kind, "done") || !strcmp(kind, "failed") || !strcmp(kind, "cancelled"));
}

static void set_environment(const json_t *event)
{
	static const struct {
		const char *name;
		char letter;
	} variables[] = {
		{"FETCHD_EVENT", 'k'},
		{"FETCHD_CURSOR", 'c'},
		{"FETCHD_JOB_ID", 'i'},
		{"FETCHD_NAME", 'n'},
		{"FETCHD_PATH", 'p'},
		{"FETCHD_URL", 'u'},
		{"FETCHD_GROUP", 'g'},
		{"FETCHD_SIZE", 's'},
		{"FETCHD_ERROR", 'e'},
	};

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		CLEANUP_FREE char *value = eventline_member(event, variables[i].letter);

		if (setenv(variables[i].name, value, 1) < 0)
			abort();
	}
}

static void tell_end(const char *command, int status)
{
	if (WIFSIGNALED(status))
		complain(STATUS_OK, "%s: it was ended by signal %d", command, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		complain(STATUS_OK, "%s: it ended with status %d", command, WEXITSTATUS(status));
}

void onfinish(const char *command, const json_t *event)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	int err, status;
	pid_t pid;

	if (!is_end(event))
		return;
	set_environment(event);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
	err = posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err) {
		complain(STATUS_OK, "sh: %s", strerror(err));
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	tell_end(command, status);
}
