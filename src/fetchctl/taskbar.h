/* Taskbar: progress in the terminal's own frame or in the taskbar: OSC 9;4, first of ConEmu
 * (conemu.github.io/en/AnsiEscapeCodes.html), where the terminal is known to take it. To others OSC 9 is a
 * notification, so that nothing is sent to a terminal that is not known. Pure. */
#ifndef FETCHCTL_TASKBAR_H
#define FETCHCTL_TASKBAR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Whether the environment, which get() reads as getenv(3) does, is that of such a terminal: Windows Terminal,
 * ConEmu, WezTerm, ghostty from 1.2, kitty, iTerm2 from 3.6, VTE from 0.80. Never within tmux
 * or screen, whose environment is that of another terminal. */
bool taskbar_known(char *(*get)(const char *name));

struct taskbar {
	bool known;
	int sent; /* what stands there: percent and failed in one number; 0 nothing */
	int64_t sent_usec;
};
/* Writes what has changed, or what the terminal could have forgotten. percent: -1 not known. */
void taskbar_put(struct taskbar *taskbar, FILE *to, int percent, bool failed, int64_t now_usec);
/* Takes it away. */
void taskbar_clear(struct taskbar *taskbar, FILE *to);

#endif
