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

/* What lies inside 2000::/3 and yet is not the public internet. */
static const struct {
	unsigned char net[4];
	int bits;
} private_v6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* protocol assignments: Teredo, benchmarking, ORCHID, … */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static bool begins(const unsigned char *b, const unsigned char *net, int bits)
{
	return ((v4_at(b) ^ v4_at(net)) >> (32 - bits)) == 0;
}

/* Forms that carry an IPv4 address are as private as it is. NULL: none of them. */
static const unsigned char *embedded_v4(const unsigned char *b)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const unsigned char translated[12] = {[8] = 0xff, [9] = 0xff};
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (memcmp(b, mapped, 12) == 0 || memcmp(b, translated, 12) == 0 || memcmp(b, nat64, 12) == 0)
		return b + 12;
	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
		return b + 2;
	return NULL;
}

/* A router of ISATAP takes what is sent there to an IPv4 address of its site (RFC 5214, 6.1). */
static bool leads_into_site(const unsigned char *b)
{
	return (b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe && v4_private(v4_at(b + 12));
}

static bool v6_private(const unsigned char *b)
{
	const unsigned char *v4 = embedded_v4(b);

	if (v4)
		return v4_private(v4_at(v4));
	/* Only 2000::/3 is global unicast so far: loopback, local NAT64, discard, segment routing, unique
	 * local, link-local, multicast and what is not given out are all outside. */
	if ((b[0] & 0xe0) != 0x20 || leads_into_site(b))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(private_v6); i++)
		if (begins(b, private_v6[i].net, private_v6[i].bits))
			return true;
	return false;
}

bool address_is_private(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return v4_private(
			ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return v6_private(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
	return true;
}

/* ---- as text */

/* RFC 6761, 6762, 8375, and what Debian's /etc/hosts calls the loopback. */
static bool is_local_name(const char *host)
{
	static const char *const names[] = {
		"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"};
	static const char *const zones[] = {".localhost", ".local", ".internal", ".home.arpa"};
	size_t n = strlen(host);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_ieq(host, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (n > strlen(zones[i]) && text_ieq(host + n - strlen(zones[i]), zones[i]))
			return true;
	return false;
}

/* No name of the internet ends in a number: someone means an address, and only they know which. */
static bool ends_in_number(const char *host)
{
	const char *label = strrchr(host, '.');

	label = label ? label + 1 : host;
	if (label[0] == '0' && (label[1] == 'x' || label[1] == 'X'))
		return label[2 + strspn(label + 2, "0123456789abcdefABCDEF")] == '\0';
	return *label && label[strspn(label, "0123456789")] == '\0';
}

/* Without brackets, zone and the dot behind. Caller frees. */
static char *bare_host(const char *host)
{
	bool bracketed = host[0] == '[';
	size_t n;

	host += bracketed;
	n = strcspn(host, bracketed ? "%]" : "");
	if (!bracketed && n > 1 && host[n - 1] == '.')
		n--;
	return xstrndup(host, n);
}

bool address_text_is_private(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	CLEANUP_FREE char *bare = bare_host(host);

	if (inet_pton(AF_INET6, bare, &v6) == 1)
		return v6_private(v6.s6_addr);
	if (inet_aton(bare, &v4))
		return v4_private(ntohl(v4.s_addr));
	return is_local_name(bare) || ends_in_number(bare);
}
