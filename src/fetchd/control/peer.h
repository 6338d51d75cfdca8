/* Who is at the other end, as the kernel says. Main thread. */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	uid_t uid;
	bool privileged; /* sees and touches all jobs */
};

/* Asked once a connection. 0, or -EACCES for a peer that cannot be told from others. */
int peer_of_socket(int fd, struct peer *ret);
bool peer_may_see(const struct peer *peer, uid_t owner);

#endif
