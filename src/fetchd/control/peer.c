/* Peer: SO_PEERCRED and SO_PEERGROUPS (unix(7)), the one source of who calls. Main thread. Never looks at
 * what the peer says of itself, nor at /proc/<pid>: a pid can be another process by then.
 */
#include <config.h>

#include "fetchd/control/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

/* What the kernel shows for users that this user namespace does not know (user_namespaces(7)): anyone. */
#define PEER_OVERFLOW_UID ((uid_t)65534)

/* As the groups were when it connected. */
static bool in_group(int fd, const struct ucred *cred, int64_t gid)
{
	socklen_t len = 0;
	bool found = gid >= 0 && cred->gid == (gid_t)gid;

	/* ERANGE: len is what it takes. */
	if (gid < 0 || found || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return found;
	CLEANUP_FREE gid_t *groups = xcalloc(1, len);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	for (size_t i = 0; i < len / sizeof(*groups) && !found; i++)
		found = groups[i] == (gid_t)gid;
	return found;
}

int peer_of_socket(int fd, int64_t admin_gid, struct peer *ret)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || len != sizeof(cred))
		return -EACCES;
	if (cred.uid == (uid_t)-1 || cred.uid == PEER_OVERFLOW_UID)
		return -EACCES;
	ret->uid = cred.uid;
	ret->privileged = cred.uid == 0 || cred.uid == geteuid() || in_group(fd, &cred, admin_gid);
	return 0;
}

bool peer_may_see(const struct peer *peer, uid_t owner)
{
	return peer->privileged || peer->uid == owner;
}
