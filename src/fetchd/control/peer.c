/* Peer: SO_PEERCRED (unix(7)), the one source of who calls. Main thread. Never looks at what the peer says of
 * itself, nor at /proc/<pid>: a pid can be another process by then.
 */
#include <config.h>

#include "fetchd/control/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel shows for users that this user namespace does not know (user_namespaces(7)): anyone. */
#define PEER_OVERFLOW_UID ((uid_t)65534)

int peer_of_socket(int fd, struct peer *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || len != sizeof(cred))
		return -EACCES;
	if (cred.uid == (uid_t)-1 || cred.uid == PEER_OVERFLOW_UID)
		return -EACCES;
	ret->uid = cred.uid;
	ret->privileged = cred.uid == 0 || cred.uid == geteuid();
	return 0;
}

bool peer_may_see(const struct peer *peer, uid_t owner)
{
	return peer->privileged || peer->uid == owner;
}
