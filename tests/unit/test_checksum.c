/* job/checksum */
#include "config.h"

#include "unit.h"

#include "job/checksum.h"

#define HEX32  "0123456789abcdef0123456789abcdef"
#define HEX40  HEX32 "01234567"
#define HEX64  HEX32 HEX32
#define HEX96  HEX64 HEX32
#define HEX128 HEX64 HEX64
#define UPPER  "0123456789ABCDEF0123456789ABCDEF"

static void test_normal_form(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"md5=" HEX32, "md5=" HEX32},
		{"sha-1=" HEX40, "sha-1=" HEX40},
		{"sha1:" HEX40, "sha-1=" HEX40},
		{"sha-256=" HEX64, "sha-256=" HEX64},
		{"sha256:" HEX64, "sha-256=" HEX64},
		{"SHA256=" UPPER UPPER, "sha-256=" HEX64},
		{"Sha-384:" HEX96, "sha-384=" HEX96},
		{"sha512=" HEX128, "sha-512=" HEX128},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = NULL;

		CHECK_STR_FREE(rows[i].text, checksum_normalize(rows[i].text, &why), rows[i].want);
		assert_null(why);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *say; /* a part of the sentence */
	} rows[] = {
		{"", "ALGORITHM=HEX"},
		{HEX64, "ALGORITHM=HEX"},
		{"=" HEX64, "unknown checksum algorithm"},
		{"crc32=01234567", "unknown checksum algorithm"},
		{"sha=" HEX64, "unknown checksum algorithm"},
		{" sha256=" HEX64, "unknown checksum algorithm"},
		{"sha256=", "64 hexadecimal"},
		{"sha256=" HEX32, "64 hexadecimal"},
		{"sha256=" HEX64 "0", "64 hexadecimal"},
		{"sha256=" HEX64 " ", "64 hexadecimal"},
		{"sha256=g" HEX32 "0123456789abcdef0123456789abcde", "64 hexadecimal"},
		{"sha256==" HEX32 "0123456789abcdef0123456789abcde", "64 hexadecimal"},
		{"md5=" HEX40, "32 hexadecimal"},
		{"sha1=" HEX32, "40 hexadecimal"},
		{"sha384=" HEX64, "96 hexadecimal"},
		{"sha512=" HEX96, "128 hexadecimal"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = NULL;

		CHECK_STR_FREE(rows[i].text, checksum_normalize(rows[i].text, &why), NULL);
		if (!why || !strstr(why, rows[i].say))
			fail_msg("\"%s\": says \"%s\"", rows[i].text, why ? why : "(null)");
	}
}

static void test_parts(void **state)
{
	(void)state;
	assert_string_equal(checksum_evp_name("md5=" HEX32), "MD5");
	assert_string_equal(checksum_evp_name("sha-1"), "SHA1");
	assert_string_equal(checksum_evp_name("sha-256=" HEX64), "SHA256");
	assert_string_equal(checksum_evp_name("sha-384"), "SHA384");
	assert_string_equal(checksum_evp_name("sha-512"), "SHA512");
	assert_null(checksum_evp_name("crc32=00"));
	assert_null(checksum_evp_name(""));
	assert_string_equal(checksum_hex("sha-256=" HEX64), HEX64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
