/* Digests that servers send beside a file, in the normal form of checksum.h. Pure. */
#ifndef JOB_DIGEST_H
#define JOB_DIGEST_H

/* Repr-Digest and Content-Digest (RFC 9530): a dictionary of byte sequences (RFC 8941, 3.2 and 3.3.5),
 * "sha-256=:BASE64:, sha-512=:BASE64:". Of two known algorithms the stronger counts, of two equal ones the
 * last; what is no digest of its algorithm's length is passed over. NULL when nothing is left. Caller frees.
 */
char *digest_from_field(const char *value);
/* As it was before (RFC 3230, Digest): "SHA-256=BASE64,sha-512=BASE64". md5, sha and the checksums of unix
 * are too weak to be asked. */
char *digest_from_legacy(const char *value);

#endif
