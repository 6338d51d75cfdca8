/* Progress: what a person is shown while jobs are waited for, on standard error: bars on a terminal, else a
 * plain line now and then, or nothing. */
#ifndef FETCHCTL_PROGRESS_H
#define FETCHCTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/ctl.h"
#include "fetchctl/tally.h"

struct progress;

/* n_expected: how many jobs there are, where the tally does not hear of all. */
struct progress *progress_new(const struct ctl *ctl, size_t n_expected);
void progress_free(struct progress *progress);
/* Whether lines are drawn that move, so that each job's state is worth knowing. */
bool progress_draws(const struct progress *progress);
/* Whether anything is shown of what runs. */
bool progress_shows(const struct progress *progress);
/* A job has ended. */
void progress_tell(struct progress *progress, const struct job *job);
/* Before something else is written to standard error. */
void progress_clear(struct progress *progress);
/* The terminal has another size, or was another's. */
void progress_redraw(struct progress *progress);
/* There is something new to see. */
void progress_note(struct progress *progress);
/* Shows what it is time for; returns when to come again (clock_boot_usec()). */
int64_t progress_step(struct progress *progress, struct tally *tally);
/* All have ended: what became of them, a line that stays. Nothing for a single job, whose own line says it.
 */
void progress_sum(struct progress *progress, const struct tally *tally);
/* How long after the beginning the next plain line is due. Pure. */
int64_t progress_plain_next_usec(int64_t elapsed_usec);

#endif
