/* Absence: how long and how often a daemon that went away is looked for. A restart takes seconds; a first
 * answer that is only "try again" counts as no answer.
 */
#include "config.h"

#include "fetchctl/absence.h"

#include <poll.h>
#include <time.h>

#include "base/clock.h"
#include "fetchctl/link.h"
#include "fetchctl/place.h"

#define TOO_LONG_USEC (30 * USEC_PER_SEC)
#define PAUSE_USEC    (USEC_PER_SEC / 4)

bool absence_begin(struct absence *absence, struct ctl *ctl)
{
	bool news = absence->since_usec == 0;

	link_close(ctl->link);
	ctl->link = NULL;
	if (news)
		absence->since_usec = clock_boot_usec();
	return news;
}

void absence_end(struct absence *absence)
{
	absence->since_usec = 0;
}

bool absence_too_long(const struct absence *absence)
{
	return absence->since_usec != 0 && clock_boot_usec() - absence->since_usec > TOO_LONG_USEC;
}

void absence_try(struct ctl *ctl, const sigset_t *mask)
{
	const struct timespec pause = {0, PAUSE_USEC * 1000};
	int error;

	/* Cut short by a signal: the caller looks at what it was and comes again. */
	ppoll(NULL, 0, &pause, mask);
	ctl->link = link_open(ctl->place->socket, &error);
}

int absence_complain(const struct ctl *ctl)
{
	return complain(STATUS_UNREACHABLE,
		"fetchd at %s did not come back within 30 s; its jobs are not lost", ctl->place->socket);
}
