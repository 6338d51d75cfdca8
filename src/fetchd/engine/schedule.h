/* Schedule: the calendar's windows on the wall clock as it really is, steps included; a timer of its own.
 * Engine's thread. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "job/calendar.h"

struct engine;

struct schedule {
	int timer_fd; /* readable when a window begins or ends, or the clock was set; -1: none */
	bool rung;
	struct calendar_state now;
	int64_t runs_at_usec; /* stopped: when it will not be; wall */
};

void schedule_init(struct engine *engine);
/* There is a thread that waits for the timer. 0 or -errno. */
int schedule_start_timer(struct engine *engine);
void schedule_done(struct engine *engine);
/* The configuration is another: what holds now. */
void schedule_update(struct engine *engine);
/* In a turn: a window may have begun or ended. */
void schedule_look(struct engine *engine);
/* The timer is readable. */
void schedule_ring(struct engine *engine);

/* What the calendar says now; .stopped: nothing may start. */
const struct calendar_state *schedule_now(const struct engine *engine);
/* Stopped: until when (wall; USEC_INFINITY: for longer than two weeks), and the window's line. Else 0, and
 * NULL. */
int64_t schedule_until_usec(const struct engine *engine);
const char *schedule_text(const struct engine *engine);

#endif
