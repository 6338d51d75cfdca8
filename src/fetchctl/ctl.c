/* What every command uses: the connection, made when it is first needed, and messages on standard error. */
#include "config.h"

#include "fetchctl/ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/link.h"
#include "fetchctl/place.h"

int ctl_link(struct ctl *ctl)
{
	int error;

	if (ctl->link)
		return 0;
	ctl->link = link_open(ctl->place->socket, &error);
	return ctl->link ? 0 : place_complain(ctl->place, error);
}

/* Whoever shares the pipe may have made it non-blocking: a reason is not lost because it is full. */
static void put_error(const char *text, size_t n)
{
	while (n > 0) {
		struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
		ssize_t put = write(STDERR_FILENO, text, n);

		if (put > 0) {
			text += put;
			n -= (size_t)put;
		} else if (put == 0 || (errno != EAGAIN && errno != EINTR)) {
			return;
		} else if (errno == EAGAIN && poll(&ready, 1, -1) < 0 && errno != EINTR) {
			return;
		}
	}
}

/* What is told holds words from users, servers and other jobs. */
static void put_line(const char *head, const char *fmt, va_list ap)
{
	CLEANUP_FREE char *line = xvasprintf(fmt, ap);
	CLEANUP_FREE char *safe = text_escape(line);
	CLEANUP_FREE char *whole = xasprintf("%s%s\n", head, safe);

	put_error(whole, strlen(whole));
}

int complain(enum exit_status status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("fetchctl: ", fmt, ap);
	va_end(ap);
	return status;
}

void advise(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	if (ctl->settings.quiet)
		return;
	va_start(ap, fmt);
	put_line("fetchctl: ", fmt, ap);
	va_end(ap);
}

void hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("", fmt, ap);
	va_end(ap);
}
