/* job/digest: RFC 9530 and RFC 3230; the digests are those of "hello\n" and of nothing */
#include "config.h"

#include "unit.h"

#include "job/digest.h"

#define HEX256	"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define BASE256 "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM"
#define HEX512                                                                                               \
	"e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d"   \
	"45223e54878f5b316e7ce3b6bc019629"
#define BASE512	 "58IrmUxZ2c8rSOVJseJGZmNgRZMNPafBrLKZ0cO3+TH5Sq5B7dosKyB6NuEPi8uNRSI+VIePWzFufOO2vAGWKQ"
#define MD5	 "sZRqySSS0jR8YjW00mERhA=="
#define EMPTY	 "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define EMPTYHEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define SHA256 "sha-256=" HEX256
#define SHA512 "sha-512=" HEX512

struct row {
	const char *value, *want;
};

static void test_field(void **state)
{
	static const struct row rows[] = {
		{"sha-256=:" BASE256 "=:", SHA256},
		{"sha-512=:" BASE512 "==:", SHA512},
		{"sha-256=:" EMPTY ":", "sha-256=" EMPTYHEX},
		/* the strongest that is known, wherever it stands */
		{"sha-256=:" BASE256 "=:, sha-512=:" BASE512 "==:", SHA512},
		{"sha-512=:" BASE512 "==:,sha-256=:" BASE256 "=:", SHA512},
		{"\tmd5=:" MD5 ":\t,\t sha-256=:" BASE256 "=: ", SHA256},
		{"SHA-256=:" BASE256 "=:", SHA256},
		/* padding and its bits (RFC 8941, 4.2.7) */
		{"sha-256=:" BASE256 ":", SHA256},
		{"sha-512=:" BASE512 "=:", SHA512},
		{"sha-256=:WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgP=:", SHA256},
		/* parameters and members of other kinds */
		{"sha-256=:" BASE256 "=:;q=1;s=\"x\"", SHA256},
		{"a, b=?1, c=1.5, d=(1 2), e=\"sha-512=:" BASE512 "==:, \\\"\", sha-256=:" BASE256 "=:",
			SHA256},
		{"x=\"\\\\\", sha-256=:" BASE256 "=:", SHA256},
		{"unixsum=30637, sha-256=:" BASE256 "=:", SHA256},
		/* of two equal keys the last */
		{"sha-256=:" EMPTY ":, sha-256=:" BASE256 "=:", SHA256},
		/* a weaker one stays when the stronger is broken */
		{"sha-512=:" BASE256 "=:, sha-256=:" BASE256 "=:", SHA256},
		{"sha-512=:!:, sha-256=:" BASE256 "=:", SHA256},
		/* nothing */
		{"", NULL},
		{",", NULL},
		{"sha-256", NULL},
		{"sha-256=", NULL},
		{"sha-256=:", NULL},
		{"sha-256=::", NULL},
		{"sha-256=" BASE256 "=", NULL},
		{"sha-256=:" BASE256 "=", NULL},
		{"sha-256=:" BASE256 "==:", NULL},
		{"sha-256=:" BASE256 "=:x", NULL},
		{"sha-256=: " BASE256 "=:", NULL},
		{"sha-256=:" BASE256 "A:", NULL},
		{"sha-256=:WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vg==:", NULL},
		{"sha-256=:WJG1tSLV3whtD_CxEPvZ0hu0-HFjrzTQgoai6Eb2vgM=:", NULL},
		{"sha-256=:WJG1tSLV3whtD=CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=:", NULL},
		{"sha-256=:" HEX256 ":", NULL},
		{"sha-256 =:" BASE256 "=:", NULL},
		{"md5=:" MD5 ":, sha=:2jmj7l5rSw0yVb/vlWAYkK/YBwk=:", NULL},
		{"id-sha-256=:" BASE256 "=:", NULL},
		{"\"sha-256=:" BASE256 "=:", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].value, digest_from_field(rows[i].value), rows[i].want);
}

static void test_legacy(void **state)
{
	static const struct row rows[] = {
		{"SHA-256=" BASE256 "=", SHA256},
		{"sha-512=" BASE512 "==", SHA512},
		{"SHA-256=" BASE256 "=,sha-512=" BASE512 "==", SHA512},
		{"md5=" MD5 ",SHA-256=" BASE256 "=,unixsum=30637", SHA256},
		{"MD5=" MD5 ", SHA-256=" BASE256, SHA256},
		{"", NULL},
		{"md5=" MD5, NULL},
		{"sha=2jmj7l5rSw0yVb/vlWAYkK/YBwk=, adler32=03da0195, unixcksum=30637", NULL},
		{"SHA-256=" HEX256, NULL},
		{"SHA-256=:" BASE256 "=:", NULL},
		{"SHA-512=" BASE256 "=", NULL},
		{"SHA-256=" BASE256 "=;q=1", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR_FREE(rows[i].value, digest_from_legacy(rows[i].value), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_legacy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
