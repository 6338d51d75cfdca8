/* Time. Owns the pointer to the source, which changes only before threads start; any thread reads.
 */
#include "config.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	/* Fails only for a clock the kernel does not have; CLOCK_BOOTTIME is older than every kernel we run
	 * on. */
	if (clock_gettime(id, &ts) < 0)
		abort();
	return (int64_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static int64_t kernel_boot_usec(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

static int64_t kernel_wall_usec(void)
{
	return read_clock(CLOCK_REALTIME);
}

static const struct clock_source kernel_source = {
	.boot_usec = kernel_boot_usec,
	.wall_usec = kernel_wall_usec,
};
static const struct clock_source *current_source = &kernel_source;

int64_t clock_boot_usec(void)
{
	return current_source->boot_usec();
}

int64_t clock_wall_usec(void)
{
	return current_source->wall_usec();
}

int64_t usec_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? USEC_INFINITY : sum;
}

void clock_set_source(const struct clock_source *source)
{
	current_source = source ? source : &kernel_source;
}
