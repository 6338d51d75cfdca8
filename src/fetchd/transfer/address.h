/* Which addresses may be connected to when [Security] PrivateAddresses=deny. Pure. */
#ifndef TRANSFER_ADDRESS_H
#define TRANSFER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Not on the public internet: what the registries of special-purpose addresses (RFC 6890 and its updates)
 * hold out of it, everything of IPv6 that is not given out, and forms that carry such an IPv4 address
 * (mapped, translated, NAT64, 6to4, ISATAP). Families other than IP are private. */
bool address_is_private(const struct sockaddr *address);
/* The same for a host as it stands in a URL, where a proxy connects: addresses in every form that
 * inet_aton(3) takes, names that are always local ("localhost", "x.internal"), and what looks like an address
 * and is none. False for other names. */
bool address_text_is_private(const char *host);

#endif
