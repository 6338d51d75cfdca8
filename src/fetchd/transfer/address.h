/* Which addresses may be connected to when [Security] PrivateAddresses=deny. Pure. */
#ifndef TRANSFER_ADDRESS_H
#define TRANSFER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Not on the public internet: loopback, private, link-local, unique local, shared (CGNAT), multicast,
 * reserved, unspecified, and IPv6 forms that carry such an IPv4 address (mapped, compatible, NAT64, 6to4).
 * Families other than IP are private. */
bool address_is_private(const struct sockaddr *address);
/* The same for a host as it stands in a URL, where someone else connects: literal addresses in every form
 * that inet_aton(3) takes, and "localhost". False for other names. */
bool address_text_is_private(const char *host);

#endif
