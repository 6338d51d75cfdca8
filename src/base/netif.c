/* Netif: asks the kernel for this machine's addresses, and judges them. Owns nothing; any thread. Must never
 * ask a name server.
 */
#include "config.h"

#include "base/netif.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "base/text.h"

/* ---- judging */

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
		       127;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static bool is_link_local(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 16 ==
		       0xa9fe;
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

bool netif_counts(const struct sockaddr *address, unsigned flags)
{
	return (address->sa_family == AF_INET || address->sa_family == AF_INET6) && (flags & IFF_UP) &&
	       (flags & IFF_RUNNING) && !is_loopback(address) && !is_link_local(address);
}

/* ---- looking */

static const void *bytes_of(const struct sockaddr *address, size_t *ret_n)
{
	if (address->sa_family == AF_INET) {
		*ret_n = sizeof(struct in_addr);
		return &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	}
	*ret_n = sizeof(struct in6_addr);
	return &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
}

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	/* FNV-1a. */
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* A sum: the kernel may tell them in any order. */
static void add_to_view(struct netif_view *view, const struct ifaddrs *one)
{
	size_t n;
	const void *bytes = bytes_of(one->ifa_addr, &n);
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), one->ifa_name, strlen(one->ifa_name) + 1);

	view->up = true;
	view->mark += mix(hash, bytes, n);
}

int netif_look(struct netif_view *ret)
{
	struct ifaddrs *all;

	*ret = (struct netif_view){0};
	if (getifaddrs(&all) != 0)
		return -errno;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (one->ifa_addr && netif_counts(one->ifa_addr, one->ifa_flags))
			add_to_view(ret, one);
	freeifaddrs(all);
	return 0;
}

/* ---- here or elsewhere */

static bool parse(const char *host, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)ret;
	size_t n = strlen(host);
	char text[INET6_ADDRSTRLEN];

	memset(ret, 0, sizeof(*ret));
	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	ret->ss_family = AF_INET;
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		return true;
	ret->ss_family = AF_INET6;
	return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	size_t n, m;
	const void *left, *right;

	if (a->sa_family != b->sa_family)
		return false;
	left = bytes_of(a, &n);
	right = bytes_of(b, &m);
	return memcmp(left, right, n) == 0;
}

static bool has_address(const struct sockaddr *wanted)
{
	struct ifaddrs *all;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
		found = one->ifa_addr && same_address(wanted, one->ifa_addr);
	freeifaddrs(all);
	return found;
}

static bool is_localhost(const char *host)
{
	static const char below[] = ".localhost";
	size_t n = strlen(host), m = strlen(below);

	return text_ieq(host, "localhost") || (n > m && text_ieq(host + n - m, below));
}

bool netif_is_here(const char *host)
{
	struct sockaddr_storage address;

	if (is_localhost(host))
		return true;
	return parse(host, &address) &&
	       (is_loopback((struct sockaddr *)&address) || has_address((struct sockaddr *)&address));
}
