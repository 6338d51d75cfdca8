/* The special-purpose address registries (RFC 6890 and its updates) as a table. */
#include "config.h"

#include "fetchd/transfer/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const struct {
	uint32_t net;
	int bits;
} private_v4[] = {
	{0x00000000, 8},  /* this network */
	{0x0a000000, 8},  /* private */
	{0x64400000, 10}, /* shared, carrier NAT */
	{0x7f000000, 8},  /* loopback */
	{0xa9fe0000, 16}, /* link-local, metadata services */
	{0xac100000, 12}, /* private */
	{0xc0000000, 24}, /* protocol assignments */
	{0xc0000200, 24}, /* documentation */
	{0xc0586300, 24}, /* 6to4 relays */
	{0xc0a80000, 16}, /* private */
	{0xc6120000, 15}, /* benchmarking */
	{0xc6336400, 24}, /* documentation */
	{0xcb007100, 24}, /* documentation */
	{0xe0000000, 4},  /* multicast */
	{0xf0000000, 4},  /* reserved, broadcast */
};

static bool v4_private(uint32_t host_order)
{
	for (size_t i = 0; i < ARRAY_LEN(private_v4); i++)
		if (((host_order ^ private_v4[i].net) >> (32 - private_v4[i].bits)) == 0)
			return true;
	return false;
}

static uint32_t v4_at(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool v6_private(const struct in6_addr *addr)
{
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	const unsigned char *b = addr->s6_addr;

	if (IN6_IS_ADDR_UNSPECIFIED(addr) || IN6_IS_ADDR_LOOPBACK(addr) || IN6_IS_ADDR_LINKLOCAL(addr) ||
		IN6_IS_ADDR_SITELOCAL(addr) || IN6_IS_ADDR_MULTICAST(addr) || (b[0] & 0xfe) == 0xfc)
		return true;
	if (IN6_IS_ADDR_V4MAPPED(addr) || IN6_IS_ADDR_V4COMPAT(addr) || memcmp(b, nat64, sizeof(nat64)) == 0)
		return v4_private(v4_at(b + 12));
	if (b[0] == 0x20 && b[1] == 0x02)
		return v4_private(v4_at(b + 2));
	/* The local NAT64 prefix, Teredo, documentation: whoever answers there is not the public internet. */
	if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b)
		return true;
	return b[0] == 0x20 && b[1] == 0x01 && ((b[2] == 0 && b[3] == 0) || (b[2] == 0x0d && b[3] == 0xb8));
}

bool address_is_private(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return v4_private(
			ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return v6_private(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
	return true;
}

bool address_text_is_private(const char *host)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	size_t n = strlen(host);
	CLEANUP_FREE char *bare = host[0] == '[' && n > 2 ? xstrndup(host + 1, n - 2) : xstrdup(host);

	if (text_ieq(bare, "localhost"))
		return true;
	if (inet_aton(bare, &v4.sin_addr))
		return address_is_private((const struct sockaddr *)&v4);
	return inet_pton(AF_INET6, bare, &v6.sin6_addr) == 1 &&
	       address_is_private((const struct sockaddr *)&v6);
}
