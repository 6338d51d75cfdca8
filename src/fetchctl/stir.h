/* Stir: the signals that a client which waits has to heed. They are blocked but while it waits, so that none
 * is missed between a look and the wait. */
#ifndef FETCHCTL_STIR_H
#define FETCHCTL_STIR_H

#include <signal.h>
#include <stdbool.h>

/* Catches SIGINT, SIGTERM and SIGHUP, unless they are ignored (nohup, a shell's background), and SIGWINCH and
 * SIGCONT; with draws, SIGTSTP too. ret_waiting: the mask for the time of waiting. */
void stir_begin(bool draws, sigset_t *ret_waiting);
/* The signal that asks the program to end, 0 for none. */
int stir_ending(void);
/* Whether the lines on the terminal are to be drawn anew; once each time. */
bool stir_redraw(void);
/* Whether Ctrl-Z was typed; stir_stop() does what it asks for, when the terminal has been put in order, and
 * returns when the program goes on. */
bool stir_stopping(void);
void stir_stop(void);

#endif
