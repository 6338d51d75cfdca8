/* Who is at the other end, as the kernel says. Main thread. */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct peer {
	uid_t uid;
	bool privileged; /* sees and touches all jobs */
};

/* Asked once a connection. admin_gid: members of this group are privileged; -1: of none. 0, or -EACCES for a
 * peer that cannot be told from others. */
int peer_of_socket(int fd, int64_t admin_gid, struct peer *ret);
bool peer_may_see(const struct peer *peer, uid_t owner);

#endif
