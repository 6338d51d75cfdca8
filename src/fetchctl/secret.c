/* Secret: reads what must not stand among the arguments, where ps(1) shows it. */
#include "config.h"

#include "fetchctl/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/alloc.h"

void secret_free(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void secret_set(char **slot, char *value)
{
	secret_free(*slot);
	*slot = value;
}

/* ---- files --------------------------------------------------------------------------------------- */

static char *refuse(char *text, const char *why, const char **ret_why)
{
	if (text)
		explicit_bzero(text, SECRET_FILE_MAX + 1);
	free(text);
	*ret_why = why;
	return NULL;
}

static char *read_all(FILE *file, const char **ret_why)
{
	char *text = xcalloc(1, SECRET_FILE_MAX + 1);
	size_t n = fread(text, 1, SECRET_FILE_MAX + 1, file);

	if (ferror(file))
		return refuse(text, strerror(errno), ret_why);
	if (n > SECRET_FILE_MAX)
		return refuse(text, "larger than 256 KiB", ret_why);
	return memchr(text, '\0', n) ? refuse(text, "a NUL byte: this is no text file", ret_why) : text;
}

char *secret_read(const char *path, const char **ret_why)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text;

	if (!file)
		return refuse(NULL, strerror(errno), ret_why);
	/* A buffer would keep a copy. */
	setvbuf(file, NULL, _IONBF, 0);
	text = read_all(file, ret_why);
	if (file != stdin)
		fclose(file);
	return text;
}

char *secret_take(const char *value, const char **ret_why)
{
	char *text;
	size_t n;

	if (*value != '@')
		return xstrdup(value);
	text = secret_read(value + 1, ret_why);
	n = text ? strlen(text) : 0;
	if (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n > 0 && text[n - 1] == '\r')
		text[--n] = '\0';
	return text;
}

/* ---- the terminal -------------------------------------------------------------------------------- */

/* What ends the program while nothing is echoed: first the terminal is put right. */
static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static volatile sig_atomic_t caught;

static void on_signal(int signum)
{
	caught = signum;
}

struct quiet_terminal {
	int fd;
	struct termios modes;
	sigset_t mask; /* before */
	struct sigaction actions[ARRAY_LEN(signals)];
};

static bool terminal_begin(struct quiet_terminal *terminal)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct termios modes;
	sigset_t blocked;

	terminal->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal->fd < 0 || tcgetattr(terminal->fd, &terminal->modes) < 0)
		return false;
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &terminal->mask);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &action, &terminal->actions[i]);
	modes = terminal->modes;
	modes.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(terminal->fd, TCSAFLUSH, &modes);
	return true;
}

static void terminal_end(struct quiet_terminal *terminal)
{
	if (write(terminal->fd, "\n", 1) < 0)
		caught = caught ? caught : SIGHUP; /* it hung up */
	tcsetattr(terminal->fd, TCSAFLUSH, &terminal->modes);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &terminal->actions[i], NULL);
	if (caught)
		raise(caught);
	sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

/* Up to the end of a line, or a signal. */
static ssize_t read_line(const struct quiet_terminal *terminal, char *line, size_t size)
{
	struct pollfd ready = {.fd = terminal->fd, .events = POLLIN};

	if (ppoll(&ready, 1, NULL, &terminal->mask) < 0)
		return -1;
	return read(terminal->fd, line, size);
}

char *secret_ask(const char *prompt)
{
	struct quiet_terminal terminal;
	char line[4096], *secret = NULL;
	ssize_t n = -1;

	caught = 0;
	if (terminal_begin(&terminal)) {
		if (write(terminal.fd, prompt, strlen(prompt)) >= 0)
			n = read_line(&terminal, line, sizeof(line));
		terminal_end(&terminal);
	}
	if (terminal.fd >= 0)
		close(terminal.fd);
	if (n > 0 && line[n - 1] == '\n')
		secret = xstrndup(line, (size_t)n - 1);
	explicit_bzero(line, sizeof(line));
	return secret;
}
