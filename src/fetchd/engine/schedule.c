/* Schedule: evaluated at the start, on reload, at each boundary and at each step of the wall clock. The
 * steady clock that retries are measured on does not follow a step; windows do. Runs in the engine's thread.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "job/message.h"

/* The zone's rules may change under a daemon that runs for months. */
#define LOOK_AGAIN_USEC (INT64_C(86400) * USEC_PER_SEC)

/* With CANCEL_ON_SET the timer is readable, and read(2) says ECANCELED, when the wall clock was set
 * (timerfd_create(2)). */
static void arm(struct schedule *schedule, bool any, int64_t wall_usec)
{
	int64_t at = schedule->now.until_usec;
	struct itimerspec spec = {0};

	if (schedule->timer_fd < 0)
		return;
	if (at > wall_usec + LOOK_AGAIN_USEC)
		at = wall_usec + LOOK_AGAIN_USEC;
	if (any) {
		spec.it_value.tv_sec = at / USEC_PER_SEC;
		spec.it_value.tv_nsec = at % USEC_PER_SEC * 1000;
	}
	if (timerfd_settime(schedule->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) < 0)
		/* The clock was set just now. */
		schedule->rung = true;
}

static void log_change(const struct engine *engine, bool was_stopped)
{
	const struct schedule *schedule = &engine->schedule;
	char until[UNITS_MAX];

	if (schedule->now.stopped == was_stopped)
		return;
	if (!schedule->now.stopped)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_SCHEDULE, "the schedule stops nothing any more");
	else if (schedule->runs_at_usec == USEC_INFINITY)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_SCHEDULE, "stopped by the schedule (%s)",
			schedule_text(engine));
	else
		log_message(LOG_LEVEL_NOTICE, MESSAGE_SCHEDULE, "stopped by the schedule (%s) until %s",
			schedule_text(engine), units_format_time(until, schedule->runs_at_usec));
}

void schedule_update(struct engine *engine)
{
	struct schedule *schedule = &engine->schedule;
	const struct calendar *calendar = engine->config->schedule;
	int64_t wall = clock_wall_usec();
	bool was = schedule->now.stopped;

	schedule->rung = false;
	tzset();
	calendar_at(calendar, wall, &schedule->now);
	schedule->runs_at_usec = schedule->now.stopped ? calendar_runs_at(calendar, wall) : 0;
	arm(schedule, calendar_length(calendar) > 0, wall);
	log_change(engine, was);
}

void schedule_look(struct engine *engine)
{
	if (!engine->schedule.rung && clock_wall_usec() < engine->schedule.now.until_usec)
		return;
	schedule_update(engine);
	limits_resolve(engine);
}

void schedule_ring(struct engine *engine)
{
	uint64_t expirations;

	if (read(engine->schedule.timer_fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN &&
		errno != ECANCELED)
		log_err("timer: %s", strerror(errno));
	engine->schedule.rung = true;
}

void schedule_init(struct engine *engine)
{
	engine->schedule.timer_fd = -1;
	schedule_update(engine);
}

int schedule_start_timer(struct engine *engine)
{
	engine->schedule.timer_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (engine->schedule.timer_fd < 0)
		return -errno;
	/* Armed with the first look. */
	engine->schedule.rung = true;
	return 0;
}

void schedule_done(struct engine *engine)
{
	if (engine->schedule.timer_fd >= 0)
		close(engine->schedule.timer_fd);
}

const struct calendar_state *schedule_now(const struct engine *engine)
{
	return &engine->schedule.now;
}

int64_t schedule_until_usec(const struct engine *engine)
{
	return engine->schedule.runs_at_usec;
}

const char *schedule_text(const struct engine *engine)
{
	const struct calendar_state *now = &engine->schedule.now;

	return now->stopped ? calendar_window(engine->config->schedule, (size_t)now->stop_window) : NULL;
}
