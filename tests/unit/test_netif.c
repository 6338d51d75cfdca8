/* base/netif */
#include "config.h"

#include "unit.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include "base/netif.h"

static void fill(const char *text, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(
		inet_pton(ret->ss_family, text,
			ret->ss_family == AF_INET6 ? (void *)&((struct sockaddr_in6 *)(void *)ret)->sin6_addr
						   : (void *)&((struct sockaddr_in *)(void *)ret)->sin_addr),
		1);
}

static void test_what_counts(void **state)
{
	static const struct {
		const char *address;
		bool counts;
	} rows[] = {
		{"192.0.2.1", true},
		{"10.0.0.1", true},
		{"169.253.255.255", true},
		{"169.254.0.1", false},
		{"169.255.0.0", true},
		{"127.0.0.1", false},
		{"127.255.255.254", false},
		{"128.0.0.1", true},
		{"2001:db8::1", true},
		{"fd00::1", true},
		{"fe80::1", false},
		{"febf::1", false},
		{"::1", false},
	};
	struct sockaddr_storage address;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fill(rows[i].address, &address);
		CHECK_INT(rows[i].address,
			netif_counts((struct sockaddr *)&address, IFF_UP | IFF_RUNNING | IFF_BROADCAST),
			rows[i].counts);
		CHECK_INT(rows[i].address, netif_counts((struct sockaddr *)&address, IFF_UP), false);
		CHECK_INT(rows[i].address, netif_counts((struct sockaddr *)&address, IFF_RUNNING), false);
	}
	memset(&address, 0, sizeof(address));
	address.ss_family = AF_PACKET;
	assert_false(netif_counts((struct sockaddr *)&address, IFF_UP | IFF_RUNNING));
}

static void test_here(void **state)
{
	static const struct {
		const char *host;
		bool here;
	} rows[] = {
		{"localhost", true},
		{"LOCALHOST", true},
		{"a.localhost", true},
		{".localhost", false},
		{"notlocalhost", false},
		{"localhost.example.org", false},
		{"127.0.0.1", true},
		{"127.9.9.9", true},
		{"[::1]", true},
		{"::1", true},
		{"[::1", false},
		{"[]", false},
		{"", false},
		{"example.org", false},
		/* For documentation: no machine has them. */
		{"203.0.113.77", false},
		{"[2001:db8:dead::1]", false},
		{"1270.0.0.1", false},
		{"00000000000000000000000000000000000000000000000000000000000000000000000000000000", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].host, netif_is_here(rows[i].host), rows[i].here);
}

static void test_look(void **state)
{
	struct netif_view one, two;

	(void)state;
	assert_int_equal(netif_look(&one), 0);
	assert_int_equal(netif_look(&two), 0);
	assert_true(one.mark == two.mark && one.up == two.up);
	assert_int_equal(one.up, one.mark != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_here),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
