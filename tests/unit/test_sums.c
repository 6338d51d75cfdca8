/* disk/sums and disk/hash: what the user and the server said of the bytes, against the bytes */
#include "config.h"

#include "unit.h"

#include "fetchd/disk/hash.h"
#include "fetchd/disk/sums.h"

/* Of "hello world", by coreutils. */
#define MD5    "md5=5eb63bbbe01eeed093cb22bb8f5acdc3"
#define SHA1   "sha-1=2aae6c35c94fcfb415dbe95f408b9ce91ee846ed"
#define SHA256 "sha-256=b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
#define SHA384                                                                                               \
	"sha-384=fdbd8e75a67f29f701a4e040385e2e23986303ea10239211af907fcbb83578b3"                           \
	"e417cb71ce646efd0819dd8c088de1bd"
#define SHA512                                                                                               \
	"sha-512=309ecc489c12d6eb4cc40f50c902f2b4d0ed77ee511a7c7a9bcd3ca86d4cd86f"                           \
	"989dd35bc5ff499670da34255b45b0cfd830e81f605dcf7dc5542e93ae9cd76f"
/* Of "world". */
#define SHA256_WORLD "sha-256=486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7"
#define WRONG	     "sha-256=0000000000000000000000000000000000000000000000000000000000000000"
#define ODD	     "crc-32=00000000"

static void test_hash(void **state)
{
	static const char *const all[] = {MD5, SHA1, SHA256, SHA384, SHA512};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct hash *hash = hash_new(all[i]);
		char *got;

		hash_update(hash, "hello", 5);
		hash_update(hash, " world", 6);
		CHECK_INT(all[i], hash_matches(hash, &got), 1);
		CHECK_STR_FREE(all[i], got, all[i]);
		hash_free(hash);
	}
}

static void test_hash_answers(void **state)
{
	static const struct {
		const char *wanted;
		int want;
		const char *got;
	} rows[] = {
		{WRONG, 0, SHA256},
		{"sha-256=", 1, SHA256},
		{"sha-256", 1, SHA256},
		{ODD, -1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hash *hash = hash_new(rows[i].wanted);
		char *got;

		hash_update(hash, "hello world", 11);
		CHECK_INT(rows[i].wanted, hash_matches(hash, &got), rows[i].want);
		CHECK_STR_FREE(rows[i].wanted, got, rows[i].got);
		hash_free(hash);
	}
}

static const struct row {
	const char *row, *checksum, *digest; /* known before the first byte */
	const char *first, *later;	     /* come with the buffer at 0, at 6 */
	enum verdict_class class;
	const char *code;
	enum job_integrity integrity;
	bool note;
} rows[] = {
	{"nothing said", NULL, NULL, NULL, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_NONE, false},
	{"the user is right", SHA512, NULL, NULL, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_CHECKSUM, false},
	{"the user is wrong", WRONG, NULL, NULL, NULL, VERDICT_RESTART, "E_CHECKSUM", JOB_INTEGRITY_NONE,
		false},
	{"the user's algorithm is not here", ODD, NULL, NULL, NULL, VERDICT_PERMANENT, "E_CHECKSUM",
		JOB_INTEGRITY_NONE, false},
	{"the server is right", NULL, SHA256, NULL, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_DIGEST, false},
	{"the server is wrong", NULL, WRONG, NULL, NULL, VERDICT_RESTART, "E_DIGEST", JOB_INTEGRITY_NONE,
		false},
	{"the server's algorithm is not here", NULL, ODD, NULL, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_NONE,
		false},
	{"with the first byte, right", NULL, NULL, SHA512, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_DIGEST,
		false},
	{"with the first byte, wrong", NULL, NULL, WRONG, NULL, VERDICT_RESTART, "E_DIGEST",
		JOB_INTEGRITY_NONE, false},
	{"a new word for the whole file counts, not the old one", NULL, WRONG, SHA256, NULL, VERDICT_OK, NULL,
		JOB_INTEGRITY_DIGEST, false},
	{"of the rest, right: says nothing of the start", NULL, NULL, NULL, SHA256_WORLD, VERDICT_OK, NULL,
		JOB_INTEGRITY_NONE, false},
	{"of the rest, wrong", NULL, NULL, NULL, WRONG, VERDICT_RESTART, "E_DIGEST", JOB_INTEGRITY_NONE,
		false},
	{"whole right, rest wrong", NULL, SHA256, NULL, WRONG, VERDICT_RESTART, "E_DIGEST",
		JOB_INTEGRITY_NONE, false},
	{"whole and rest right", NULL, SHA256, NULL, SHA256_WORLD, VERDICT_OK, NULL, JOB_INTEGRITY_DIGEST,
		false},
	{"the user outranks the server", SHA256, WRONG, NULL, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_CHECKSUM,
		true},
	{"and what it says of the rest", SHA256, NULL, NULL, WRONG, VERDICT_OK, NULL, JOB_INTEGRITY_CHECKSUM,
		true},
	{"both are right", SHA1, SHA256, NULL, SHA256_WORLD, VERDICT_OK, NULL, JOB_INTEGRITY_CHECKSUM, false},
	{"both say the same", SHA256, SHA256, SHA256, NULL, VERDICT_OK, NULL, JOB_INTEGRITY_CHECKSUM, false},
	{"both say the same, wrongly", WRONG, WRONG, NULL, NULL, VERDICT_RESTART, "E_CHECKSUM",
		JOB_INTEGRITY_NONE, false},
	{"both are wrong", WRONG, ODD, NULL, WRONG, VERDICT_RESTART, "E_CHECKSUM", JOB_INTEGRITY_NONE, false},
};

static void check_row(const struct row *r)
{
	struct disk_sums sums;
	struct verdict v;
	enum job_integrity integrity = JOB_INTEGRITY_NONE;
	CLEANUP_FREE char *note = NULL;

	verdict_init(&v);
	sums_init(&sums, r->checksum, r->digest);
	CHECK_INT(r->row, sums_whole(&sums), r->checksum || r->digest);
	if (r->first)
		sums_expect(&sums, r->first, 0);
	sums_update(&sums, "hello ", 6);
	if (r->later)
		sums_expect(&sums, r->later, 6);
	sums_update(&sums, "world", 5);
	sums_verify(&sums, &v, &integrity, &note);
	CHECK_INT(r->row, v.class, r->class);
	CHECK_STR(r->row, v.code, r->code);
	CHECK_INT(r->row, integrity, r->integrity);
	CHECK_INT(r->row, note != NULL, r->note);
	sums_done(&sums);
	verdict_done(&v);
}

static void test_own(void **state)
{
	static const struct {
		const char *row, *checksum, *first;
		bool joined;
		const char *own;
	} cases[] = {
		{"nobody said anything", NULL, NULL, false, SHA256},
		{"the user said", SHA1, NULL, false, NULL},
		{"the server said", NULL, SHA1, false, NULL},
		{"the bytes before are unknown", NULL, NULL, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_FREE char *own = NULL;
		struct disk_sums sums;

		sums_init(&sums, cases[i].checksum, NULL);
		if (cases[i].first)
			sums_expect(&sums, cases[i].first, 0);
		if (cases[i].joined)
			sums_forget_own(&sums);
		sums_update(&sums, "hello world", 11);
		own = sums_own(&sums);
		CHECK_STR(cases[i].row, own, cases[i].own);
		sums_done(&sums);
	}
}

static void test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i]);
}

static void test_sentences(void **state)
{
	static const struct {
		const char *checksum, *digest, *want;
	} say[] = {
		{WRONG, NULL,
			"checksum mismatch: want "
			"0000000000000000000000000000000000000000000000000000000000000000, got "
			"b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"},
		{NULL, WRONG, "the bytes are not what the server's digest says: want " WRONG ", got " SHA256},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(say); i++) {
		struct disk_sums sums;
		struct verdict v;
		enum job_integrity integrity;
		char *note = NULL;

		verdict_init(&v);
		sums_init(&sums, say[i].checksum, say[i].digest);
		sums_update(&sums, "hello world", 11);
		sums_verify(&sums, &v, &integrity, &note);
		CHECK_STR("sentence", v.message, say[i].want);
		sums_done(&sums);
		verdict_done(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_answers),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
