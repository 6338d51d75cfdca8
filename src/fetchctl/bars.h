/* Bars: progress of many jobs on a terminal (standard error), as many lines as fit, redrawn in place.
 *
 * The cursor stands on the first of these lines between two frames, so that a terminal of another size, which
 * keeps the cursor where its text is, wrapped or not, needs no counting of rows to take them off. */
#ifndef FETCHCTL_BARS_H
#define FETCHCTL_BARS_H

#include <stdbool.h>
#include <stdint.h>

#include "fetchctl/gauge.h"
#include "fetchctl/tally.h"

struct bars;

struct bars *bars_new(bool color);
/* As bars_clear(), and frees; NULL is fine. */
void bars_free(struct bars *bars);
/* A job has ended: a line that stays, above the others, with the next frame. */
void bars_tell(struct bars *bars, const struct job *job);
/* The terminal may have another size, and something else on it. */
void bars_redraw(struct bars *bars);
/* Takes the lines off until the next frame, so that something else can be written; those of ended jobs stay.
 */
void bars_clear(struct bars *bars);
/* Text that stays, above the lines; ends with a newline. */
void bars_say(struct bars *bars, const char *text);
/* When the next frame is to be drawn (clock_boot_usec()); changed: there is something new to see. */
int64_t bars_due_usec(const struct bars *bars, bool changed);
void bars_draw(struct bars *bars, struct tally *tally, const struct gauge_sum *sum);

#endif
