/* Hashing while the bytes are hot. Runs in the lane of the file. */
#include "config.h"

#include "fetchd/disk/hash.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "job/checksum.h"

struct hash {
	EVP_MD_CTX *ctx; /* NULL: the algorithm is not there */
	char *wanted;
};

struct hash *hash_new(const char *checksum)
{
	struct hash *hash = xcalloc(1, sizeof(*hash));
	const char *name = checksum_evp_name(checksum);
	const EVP_MD *md = name ? EVP_get_digestbyname(name) : NULL;

	hash->wanted = xstrdup(checksum);
	if (!md)
		return hash;
	hash->ctx = EVP_MD_CTX_new();
	if (hash->ctx && EVP_DigestInit_ex(hash->ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(hash->ctx);
		hash->ctx = NULL;
	}
	return hash;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->ctx);
	free(hash->wanted);
	free(hash);
}

void hash_update(struct hash *hash, const void *bytes, size_t n)
{
	if (hash->ctx && EVP_DigestUpdate(hash->ctx, bytes, n) != 1) {
		EVP_MD_CTX_free(hash->ctx);
		hash->ctx = NULL;
	}
}

int hash_matches(struct hash *hash, char **ret_got)
{
	unsigned char value[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	const char *wanted = hash->wanted;
	unsigned n = 0;

	*ret_got = NULL;
	if (!hash->ctx || EVP_DigestFinal_ex(hash->ctx, value, &n) != 1)
		return -1;
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", value[i]);
	*ret_got = xasprintf("%.*s=%s", (int)strcspn(wanted, "="), wanted, hex);
	return *checksum_hex(wanted) == '\0' || strcmp(*ret_got, wanted) == 0;
}

const char *hash_wanted(const struct hash *hash)
{
	return hash->wanted;
}
