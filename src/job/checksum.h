/* Checksum: "ALGO=HEX" as users write it, in one normal form. Pure; the hashing itself is disk/hash. */
#ifndef JOB_CHECKSUM_H
#define JOB_CHECKSUM_H

/* Takes "sha-256=…", "sha256:…", "SHA256=…" for md5, sha-1, sha-256, sha-384, sha-512. Returns
 * "sha-256=<lower hex>" (caller frees), or NULL with *ret_why a static sentence. */
char *checksum_normalize(const char *text, const char **ret_why);
/* "sha-256" → OpenSSL's name "SHA256"; NULL when unknown. */
const char *checksum_evp_name(const char *normal);
/* The hex part of a normal form. */
const char *checksum_hex(const char *normal);

#endif
