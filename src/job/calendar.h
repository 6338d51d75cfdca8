/* Calendar: windows of the week in which other limits hold, or nothing runs. Pure but for the time zone of
 * localtime(3); any thread.
 *
 * A line is "[DAYS] [HH:MM-HH:MM] WORD...": days are systemd's (Mon..Fri, Sat,Sun), all when there are none;
 * a window without times is the whole day, one whose end is not after its begin passes midnight and belongs
 * to the day on which it began. Words are "stop" and NAME=VALUE (job/limit.h). Times are local wall time: one
 * that a change of the clocks skips is when the clocks are put forward, one that comes twice begins or ends a
 * window at the first.
 */
#ifndef JOB_CALENDAR_H
#define JOB_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/limit.h"

struct calendar;

/* What holds at a time. */
struct calendar_state {
	bool stopped;
	int64_t values[LIMITS_N]; /* -1: none by a window */
	/* Lines of the calendar, in the order in which they stand there; -1: none. Of several that hold at
	 * once the first has the say, for each thing by itself. */
	int stop_window;
	int windows[LIMITS_N];
	int64_t until_usec; /* wall: when any window begins or ends next; USEC_INFINITY: never */
};

/* text: lines. NULL with *ret_why a sentence (caller frees) and *ret_line, 0 for the first. */
struct calendar *calendar_parse(const char *text, size_t *ret_line, char **ret_why);
/* NULL is fine. */
void calendar_free(struct calendar *calendar);
size_t calendar_length(const struct calendar *calendar);
/* The line as it was written. */
const char *calendar_window(const struct calendar *calendar, size_t i);
/* wall_usec: since the epoch, as the wall clock has it now. */
void calendar_at(const struct calendar *calendar, int64_t wall_usec, struct calendar_state *ret);
/* From wall_usec on, when nothing is stopped: wall_usec itself when nothing is; USEC_INFINITY: not within two
 * weeks. */
int64_t calendar_runs_at(const struct calendar *calendar, int64_t wall_usec);

#endif
