/* Bars: progress of many jobs on a terminal (standard error), as many lines as fit, redrawn in place. */
#ifndef FETCHCTL_BARS_H
#define FETCHCTL_BARS_H

#include <stdbool.h>
#include <stdint.h>

#include "fetchctl/tally.h"

struct bars;

struct bars *bars_new(bool color);
/* As bars_clear(), and frees; NULL is fine. */
void bars_free(struct bars *bars);
/* A job has ended: a line that stays, above the others, with the next frame. */
void bars_tell(struct bars *bars, const struct job *job);
/* The terminal has another size now. */
void bars_resized(struct bars *bars);
/* Takes the lines off until the next frame, so that something else can be written; those of ended jobs stay.
 */
void bars_clear(struct bars *bars);
/* The last line, which stays: what became of all. Nothing for a single job, whose own line says it. */
void bars_sum(struct bars *bars, const struct tally *tally);
/* When the next frame is to be drawn (clock_boot_usec()); changed: there is something new to see. */
int64_t bars_due_usec(const struct bars *bars, bool changed);
void bars_draw(struct bars *bars, const struct tally *tally);

#endif
