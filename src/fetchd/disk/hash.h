/* Hashing, the one place that knows OpenSSL's EVP. A thread at a time. */
#ifndef DISK_HASH_H
#define DISK_HASH_H

#include <stddef.h>

struct hash;

/* For a checksum in normal form (job/checksum.h); with nothing behind the '=' any value is fine. Never NULL:
 * an algorithm that libcrypto lacks at run time (FIPS) shows in hash_matches(). */
struct hash *hash_new(const char *checksum);
/* NULL is fine. */
void hash_free(struct hash *hash);
void hash_update(struct hash *hash, const void *bytes, size_t n);
/* Ends the hash: 1 it is as wanted, 0 it is not, -1 it could not be computed. *ret_got (caller frees): the
 * value in normal form, NULL with -1. */
int hash_matches(struct hash *hash, char **ret_got);
/* The normal form that was wanted. */
const char *hash_wanted(const struct hash *hash);

#endif
