/* Sandbox: from here on the process writes below its state directory, its socket's and its download roots
 * alone, listens on no TCP port and executes nothing, whatever becomes of it: Landlock (landlock(7)). Reading
 * stays as the file modes have it.
 *
 * Hooks are what it executes when some are configured: then it may execute what is below the usual
 * directories, and the commands, but nothing else below a download root; and write where hooks may. What
 * hooks may is less, and holds for the one thread that starts them: to write below the download roots and for
 * temporary files.
 */
#ifndef FETCHD_SANDBOX_H
#define FETCHD_SANDBOX_H

#include <stddef.h>

#include "fetchd/config.h"

/* Room for what sandbox_enter() tells. */
#define SANDBOX_TEXT_MAX 128

/* As much as the kernel knows; where it knows nothing, nothing, which is logged and no failure. Holds for
 * this thread and those it starts: so before any. Directories are there already. sockets: paths that the
 * daemon itself makes or removes, up to NULL; "" is none. text: what holds, for people. */
void sandbox_enter(const struct config *config, const char *const *sockets, char text[SANDBOX_TEXT_MAX]);

/* The rules for hooks, as a descriptor that the caller owns; -1: there are none to be had, or no hooks. After
 * sandbox_enter(). */
int sandbox_hooks(const struct config *config);
/* They hold from now on for the calling thread and what it starts. */
void sandbox_apply(int fd);

#endif
