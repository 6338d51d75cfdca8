/* Fuzz: digest fields, new and old. What is taken is a checksum in normal form. */
#include "config.h"

#include "fuzz.h"

#include "job/checksum.h"
#include "job/digest.h"

static void check(char *digest)
{
	CLEANUP_FREE char *owned = digest;
	const char *why;

	if (!owned)
		return;
	CLEANUP_FREE char *normal = checksum_normalize(owned, &why);

	assert(normal && strcmp(normal, owned) == 0);
	assert(strncmp(owned, "sha-256=", 8) == 0 || strncmp(owned, "sha-512=", 8) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *value = fuzz_text(data, n);

	check(digest_from_field(value));
	check(digest_from_legacy(value));
	return 0;
}
