/* What every command uses: the connection, made when it is first needed, and messages on standard error. */
#include "config.h"

#include "fetchctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

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

/* What is told holds words from users, servers and other jobs. */
static void put_line(const char *head, const char *fmt, va_list ap)
{
	CLEANUP_FREE char *line = xvasprintf(fmt, ap);
	CLEANUP_FREE char *safe = text_escape(line);

	fprintf(stderr, "%s%s\n", head, safe);
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
