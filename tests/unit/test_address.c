/* transfer/address: what PrivateAddresses=deny keeps out. */
#include "config.h"

#include "unit.h"

#include <netdb.h>
#include <sys/un.h>

#include "fetchd/transfer/address.h"

/* As getaddrinfo(3) reads it, which is what libcurl connects to. */
static bool is_private(const char *text)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list;

	if (getaddrinfo(text, NULL, &hints, &list) != 0)
		fail_msg("%s is no address", text);
	bool private = address_is_private(list->ai_addr);

	freeaddrinfo(list);
	return private;
}

static const char *const kept_out[] = {
	/* IPv4, first and last of each range */
	"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
	"127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254", "172.16.0.0", "172.31.255.255",
	"192.0.0.0", "192.0.0.255", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255",
	"198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.0", "239.255.255.255",
	"240.0.0.0", "255.255.255.255",
	/* the same in other spellings */
	"0", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "0X7F.0X0.0X0.0X1", "0177.0.0.1", "017700000001",
	"2130706433", "3232235521", "0xa9fea9fe", "0251.0376.0251.0376", "10.1", "192.168.257", "0xac100001",
	/* IPv6 */
	"::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::2", "fe80::1",
	"febf::1", "fec0::1", "feff::1", "fc00::1", "fdff:ffff::1", "ff00::", "ff02::1", "ff0e::1", "100::1",
	"100:0:0:1::1", "5f00::1", "3fff::1", "3fff:fff::1", "4000::1", "1fff::1", "8000::1", "e000::1",
	"2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:1::1", "2001:2::1", "2001:10::1",
	"2001:20::1", "2001:1ff::1", "2001:db8::1", "2001:DB8:ffff::1",
	/* IPv6 that carries IPv4 */
	"::ffff:127.0.0.1", "::ffff:7f00:1", "::FFFF:10.0.0.1", "0:0:0:0:0:ffff:a9fe:a9fe",
	"::ffff:0:127.0.0.1", "::ffff:0:a00:1", "::127.0.0.1", "::8.8.8.8", "64:ff9b::127.0.0.1",
	"64:ff9b::a9fe:a9fe", "64:ff9b::192.168.0.1", "64:ff9b:1::1", "64:ff9b:1:fffe::808:808",
	"64:ff9b:0:1::808:808", "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::", "2002:a9fe:a9fe::1",
	"2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:192.168.1.1"};

static const char *const let_in[] = {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255",
	"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255",
	"172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
	"198.17.255.255", "198.20.0.0", "223.255.255.255", "134744072", "0x08080808", "010.8.8.8", "2000::1",
	"2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1111",
	"2a00:1450::1", "3ffe:ffff::1", "3fff:1000::1", "::ffff:1.1.1.1", "::ffff:0:8.8.8.8",
	"64:ff9b::101:101", "64:ff9b::8.8.8.8", "2002:101:101::", "2a00:1450::5efe:8.8.8.8",
	"2a00:1450::5eff:10.0.0.1"};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kept_out); i++)
		CHECK_INT(kept_out[i], is_private(kept_out[i]), true);
	for (size_t i = 0; i < ARRAY_LEN(let_in); i++)
		CHECK_INT(let_in[i], is_private(let_in[i]), false);
}

/* Every address of the table, as it stands in a URL. */
static void check_text(const char *text, bool want)
{
	CLEANUP_FREE char *host = strchr(text, ':') ? xasprintf("[%s]", text) : xstrdup(text);

	CHECK_INT(host, address_text_is_private(host), want);
}

static void test_text(void **state)
{
	static const char *const local[] = {"localhost", "LocalHost", "localhost.", "a.localhost",
		"localhost.localdomain", "ip6-localhost", "ip6-loopback", "printer.local",
		"metadata.google.internal", "metadata.google.internal.", "router.home.arpa", "127.0.0.1.",
		"[fe80::1%25eth0]", "[fe80::1%eth0]", "::1",
		/* addresses to someone, names to nobody */
		"127.0.0.1.1", "256.0.0.1", "127.0.0.999", "0x100000000", "4294967296", "09.0.0.1",
		"1.2.3.0x", "a.1", "0x"};
	static const char *const elsewhere[] = {"example.org", "example.org.", "localhost.example.org",
		"local", "internal", "mylocalhost", "x-local", "1.2.3.example", "127.0.0.1.nip.io", "0xg",
		"a.0xyz", "1a", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kept_out); i++)
		check_text(kept_out[i], true);
	for (size_t i = 0; i < ARRAY_LEN(let_in); i++)
		check_text(let_in[i], false);
	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		CHECK_INT(local[i], address_text_is_private(local[i]), true);
	for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
		CHECK_INT(elsewhere[i], address_text_is_private(elsewhere[i]), false);
}

static void test_other_families(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	(void)state;
	assert_true(address_is_private((const struct sockaddr *)(const void *)&un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_other_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
