/* A timer that never expires, and is cancelled by each step of the clock (timerfd_create(2)). */
#include "config.h"

#include "fetchd/engine/walltime.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* The end of the year 9999. */
#define NEVER_SEC 253402300799

static_assert(sizeof(time_t) == 8, "a timer can be armed for the time after 2038");

static int arm(int fd)
{
	const struct itimerspec never = {.it_value.tv_sec = NEVER_SEC};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno
												  : 0;
}

int walltime_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int err = fd < 0 ? -errno : arm(fd);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

bool walltime_stepped(int fd)
{
	uint64_t expirations;
	ssize_t n = read(fd, &expirations, sizeof(expirations));

	if (n < 0 && errno == EAGAIN)
		return false;
	(void)arm(fd);
	return true;
}
