/* The control socket in the file system. Main thread, before the loop runs. */
#ifndef CONTROL_SOCKET_H
#define CONTROL_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "fetchd/config.h"

struct control_socket {
	int fd;		/* listening, not blocking; -1 */
	char path[108]; /* to be removed at the end; "": it was passed in, it is the manager's */
	dev_t dev;
	ino_t ino;
};

/* Takes passed_fd (>= 0: socket activation) or binds config->socket. 0, -EBUSY when another daemon answers
 * there, or another -errno; with *ret_error (caller frees). */
int control_socket_open(
	struct control_socket *socket, const struct config *config, int passed_fd, char **ret_error);
/* Another one at path, for all users or the daemon's own alone; key is the configuration's, for *ret_error.
 * As above. */
int control_socket_make(
	struct control_socket *socket, const char *path, bool shared, const char *key, char **ret_error);
/* Removes the path when it is still ours. The descriptor is the listener's. Async-signal-safe. */
void control_socket_remove(const struct control_socket *socket);

#endif
