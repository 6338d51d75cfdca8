/* Terminal: sizes and colours, asked once or at each redraw; and the pager process. */
#include "config.h"

#include "fetchctl/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"

/* A size in the environment (COLUMNS, LINES) wins, as in ls(1) and systemctl(1). */
static size_t size_from(const char *variable, size_t terminal, size_t otherwise)
{
	const char *value = getenv(variable);
	int64_t n;

	if (value && units_parse_int(value, 1, 10000, &n) == 0)
		return (size_t)n;
	return terminal > 0 ? terminal : otherwise;
}

struct term_size term_size(int fd)
{
	struct winsize window = {.ws_col = 0};

	if (ioctl(fd, TIOCGWINSZ, &window) < 0)
		window = (struct winsize){.ws_col = 0};
	return (struct term_size){
		.columns = size_from("COLUMNS", window.ws_col, 80),
		.rows = size_from("LINES", window.ws_row, 24),
	};
}

bool term_moves(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

bool term_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* A terminal that is not the controlling one has no foreground. */
	return group < 0 || group == getpgrp();
}

bool term_color(int fd, enum color_when when)
{
	const char *no_color = getenv("NO_COLOR");

	switch (when) {
	case COLOR_ALWAYS: return true;
	case COLOR_NEVER: return false;
	case COLOR_AUTO: break;
	}
	return !(no_color && *no_color) && term_moves(fd);
}

const char *term_state_color(enum job_state state, bool color)
{
	if (!color)
		return "";
	switch (state) {
	case JOB_QUEUED: return "";
	case JOB_WAITING: return "\033[33m";
	case JOB_ACTIVE: return "\033[36m";
	case JOB_PAUSED:
	case JOB_CANCELLED: return "\033[2m";
	case JOB_DONE: return "\033[32m";
	case JOB_FAILED: return "\033[31m";
	}
	return "";
}

const char *term_plain(bool color)
{
	return color ? "\033[0m" : "";
}

/* NULL: no pager is wanted. */
static const char *pager_command(void)
{
	const char *command = getenv("FETCHCTL_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		return "for p in less more cat; do command -v $p >/dev/null && exec $p; done";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

/* Its standard input is from. 0 when there is no process. */
static pid_t pager_spawn(const char *command, int from)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid = 0;

	/* F: no pager for one screen; R: colours; S: no wrapping; X: leave the text on the screen. */
	setenv("LESS", "FRSX", 0);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return 0;
	if (posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO) != 0 ||
		posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ) != 0)
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

pid_t pager_open(void)
{
	const char *command = pager_command();
	int ends[2];
	pid_t pid;

	if (!command || !term_moves(STDOUT_FILENO) || pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	pid = pager_spawn(command, ends[0]);
	close(ends[0]);
	if (pid > 0) {
		dup2(ends[1], STDOUT_FILENO);
		/* The pager has the keyboard: what interrupts it must not end us before it. */
		signal(SIGINT, SIG_IGN);
	}
	close(ends[1]);
	return pid;
}

void pager_close(pid_t pager)
{
	if (pager == 0)
		return;
	fclose(stdout);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
}
