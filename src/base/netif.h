/* Netif: the addresses that this machine has now. No state; any thread. */
#ifndef BASE_NETIF_H
#define BASE_NETIF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct netif_view {
	bool up;       /* some address counts */
	uint64_t mark; /* changes with the addresses that count, and where they are */
};

/* 0, or -errno when the kernel does not say. */
int netif_look(struct netif_view *ret);
/* An address that may lead to others: on an interface that is up and running, and neither of loopback nor of
 * one link alone. flags: of the interface (IFF_UP…). */
bool netif_counts(const struct sockaddr *address, unsigned flags);
/* A name or address that means this machine whatever its network does: localhost and names below it, loopback
 * addresses, and those that it has. IPv6 may stand in brackets. */
bool netif_is_here(const char *host);

#endif
