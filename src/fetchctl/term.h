/* Terminal: what standard output and error are connected to, colours, and the pager. */
#ifndef FETCHCTL_TERM_H
#define FETCHCTL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fetchctl/ctl.h"
#include "job/job.h"

/* Columns and rows of the terminal behind fd: $COLUMNS, $LINES, what the terminal says, else 80 × 24. */
struct term_size {
	size_t columns;
	size_t rows;
};
struct term_size term_size(int fd);
/* Whether fd is a terminal that obeys cursor movements ($TERM is not "dumb"). */
bool term_moves(int fd);
/* Whether what this process draws on the terminal behind fd is meant to be seen: false while a shell has put
 * it into the background. */
bool term_foreground(int fd);
/* Whether to colour what goes to fd: --color, else NO_COLOR (no-color.org), $TERM and isatty(3). */
bool term_color(int fd, enum color_when when);
/* Escape sequence for a state, "" when color is false; term_plain() ends it. */
const char *term_state_color(enum job_state state, bool color);
const char *term_plain(bool color);

/* Puts a pager between standard output and the terminal: $FETCHCTL_PAGER, $PAGER, less, more. Returns its
 * process, or 0 when there is none (not a terminal, set to "cat" or to nothing, not installed). */
pid_t pager_open(void);
/* Gives it the end of its input and waits until the user leaves it. */
void pager_close(pid_t pager);

#endif
