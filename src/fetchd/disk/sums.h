/* Sums: what a file's bytes must hash to, by the user's word and by the server's. Computed while the bytes
 * pass; a thread at a time. */
#ifndef DISK_SUMS_H
#define DISK_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/job.h"
#include "job/verdict.h"

struct hash;

/* Embedded; NULL: not asked for. */
struct disk_sums {
	struct hash *checksum; /* the user's, of the whole file */
	struct hash *digest;   /* the server's, of the whole file */
	struct hash *arrival;  /* the server's, of what one response brings */
	bool scattered;	       /* the bytes do not come in order: none is hashed as it passes */
	struct hash *own;      /* nobody said anything: what the file hashes to, for a later look at it */
};

/* Both of the whole file, in normal form, or NULL. */
void sums_init(struct disk_sums *sums, const char *checksum, const char *digest);
void sums_done(struct disk_sums *sums);
/* The bytes from offset on hash to digest: those of the whole file when it is 0. Before they come. */
void sums_expect(struct disk_sums *sums, const char *digest, int64_t offset);
/* Somebody said what the whole file must hash to. */
bool sums_whole(const struct disk_sums *sums);
/* Must bytes that are in the file already be hashed first? */
bool sums_in_order(const struct disk_sums *sums);
/* From here on the bytes come in no order: what they hash to is found when all are there. */
void sums_scatter(struct disk_sums *sums);
/* All are there, and are about to come again, in order. False: there is no need. */
bool sums_restart(struct disk_sums *sums);
/* Not all bytes will have been hashed of which nobody said what they must hash to: that stays unknown. */
void sums_forget_own(struct disk_sums *sums);
void sums_update(struct disk_sums *sums, const void *bytes, size_t n);
/* At the end of the file, once. The user's word outranks the server's: where it holds, what the server said
 * wrongly is only noted. *ret_note: malloc'd, or untouched. */
void sums_verify(
	struct disk_sums *sums, struct verdict *verdict, enum job_integrity *ret_integrity, char **ret_note);
/* What all bytes hash to, when nobody said what they must; NULL: unknown. Once, by the caller to be freed. */
char *sums_own(struct disk_sums *sums);

#endif
