/* Sums: the hashes of one file. Owns their state; runs in the lane of the file. Must never take the server's
 * word for more than what the user gave.
 */
#include "config.h"

#include "fetchd/disk/sums.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/disk/hash.h"
#include "job/checksum.h"

static struct hash *new_or_null(const char *normal)
{
	return normal ? hash_new(normal) : NULL;
}

/* One sum for both who say the same. */
static bool known(const struct disk_sums *sums, const char *digest)
{
	return sums->checksum && strcmp(hash_wanted(sums->checksum), digest) == 0;
}

static void replace(struct hash **slot, struct hash *hash)
{
	hash_free(*slot);
	*slot = hash;
}

void sums_init(struct disk_sums *sums, const char *checksum, const char *digest)
{
	*sums = (struct disk_sums){.checksum = new_or_null(checksum)};
	if (digest && !known(sums, digest))
		sums->digest = hash_new(digest);
	if (!sums_whole(sums))
		sums->own = hash_new("sha-256=");
}

void sums_done(struct disk_sums *sums)
{
	hash_free(sums->checksum);
	hash_free(sums->digest);
	hash_free(sums->arrival);
	hash_free(sums->own);
	*sums = (struct disk_sums){0};
}

void sums_expect(struct disk_sums *sums, const char *digest, int64_t offset)
{
	if (offset > 0)
		replace(&sums->arrival, hash_new(digest));
	else
		replace(&sums->digest, known(sums, digest) ? NULL : hash_new(digest));
	if (sums_whole(sums))
		replace(&sums->own, NULL);
}

void sums_forget_own(struct disk_sums *sums)
{
	replace(&sums->own, NULL);
}

bool sums_whole(const struct disk_sums *sums)
{
	return sums->checksum || sums->digest;
}

bool sums_in_order(const struct disk_sums *sums)
{
	return sums_whole(sums) && !sums->scattered;
}

void sums_scatter(struct disk_sums *sums)
{
	sums->scattered = true;
	replace(&sums->arrival, NULL);
	replace(&sums->own, NULL);
}

static void restart(struct hash **slot)
{
	CLEANUP_FREE char *wanted = *slot ? xstrdup(hash_wanted(*slot)) : NULL;

	if (wanted)
		replace(slot, hash_new(wanted));
}

bool sums_restart(struct disk_sums *sums)
{
	if (!sums->scattered || !sums_whole(sums))
		return false;
	sums->scattered = false;
	restart(&sums->checksum);
	restart(&sums->digest);
	return true;
}

void sums_update(struct disk_sums *sums, const void *bytes, size_t n)
{
	struct hash *const all[] = {sums->checksum, sums->digest, sums->arrival, sums->own};

	for (size_t i = 0; i < ARRAY_LEN(all) && !sums->scattered; i++)
		if (all[i])
			hash_update(all[i], bytes, n);
}

/* True: it is as wanted. */
static bool verify_checksum(struct hash *hash, struct verdict *verdict)
{
	CLEANUP_FREE char *got = NULL;
	int answer = hash_matches(hash, &got);

	if (answer < 0)
		verdict_set(verdict, VERDICT_PERMANENT, "E_CHECKSUM",
			"the checksum's algorithm is not available here");
	else if (answer == 0)
		verdict_set(verdict, VERDICT_RESTART, "E_CHECKSUM", "checksum mismatch: want %s, got %s",
			checksum_hex(hash_wanted(hash)), checksum_hex(got));
	return answer > 0;
}

/* True: it is as the server said. One that cannot be computed here proves nothing either way. */
static bool verify_digest(struct hash *hash, bool trusted, struct verdict *verdict, char **ret_note)
{
	CLEANUP_FREE char *got = NULL;
	int answer = hash ? hash_matches(hash, &got) : -1;

	if (answer != 0)
		return answer > 0;
	if (trusted && !*ret_note)
		*ret_note =
			xasprintf("the server's digest is wrong, the checksum is right: it says %s, got %s",
				hash_wanted(hash), got);
	else if (!trusted)
		verdict_set(verdict, VERDICT_RESTART, "E_DIGEST",
			"the bytes are not what the server's digest says: want %s, got %s", hash_wanted(hash),
			got);
	return false;
}

void sums_verify(
	struct disk_sums *sums, struct verdict *verdict, enum job_integrity *ret_integrity, char **ret_note)
{
	bool checked = sums->checksum && verify_checksum(sums->checksum, verdict);
	bool whole;

	if (verdict->class != VERDICT_OK)
		return;
	whole = verify_digest(sums->digest, checked, verdict, ret_note);
	/* Of a part of the bytes: that it is right says nothing of the others. */
	(void)verify_digest(sums->arrival, checked, verdict, ret_note);
	if (checked)
		*ret_integrity = JOB_INTEGRITY_CHECKSUM;
	else if (whole && verdict->class == VERDICT_OK)
		*ret_integrity = JOB_INTEGRITY_DIGEST;
}

char *sums_own(struct disk_sums *sums)
{
	char *got = NULL;

	if (sums->own)
		(void)hash_matches(sums->own, &got);
	return got;
}
