/* Split: one file over several connections.
 *
 * A file's own transfer is joined by parts: transfers of a range of its bytes, in the same worker, which tell
 * it instead of the engine. Each further connection takes a slot that the engine gives while nobody else
 * wants it (messages.h: PARTS, SPLIT). Who is through with its range takes a range that nobody fetches, else
 * half of the longest that is left, unless halves would be shorter than MinSplitSize. A part that fails
 * gives its range back to the one that it took it from, if that one still reads, and else leaves it to the
 * others; only a file that has changed, or the disk, ends all of them. The engine hears of each that was
 * refused or failed, since its host is to be asked for less then.
 *
 * Only files that a validator ties together are split: of a size that is known, from a server that takes
 * ranges and has given none yet that made no sense. Runs in the worker.
 */
#ifndef TRANSFER_SPLIT_H
#define TRANSFER_SPLIT_H

#include "fetchd/transfer/transfer.h"
#include "job/ranges.h"

struct split {
	struct ranges there;   /* on their way to the disk, or on it */
	struct ranges written; /* of these, in the file */
	struct ranges durable; /* of these, synced */
	struct ranges syncing; /* what the SYNC that is out covers */
	int64_t received;      /* bytes: there, and in buffers */
	/* Besides the file's own transfer; those too that have ended and wait for the disk. */
	TAILQ_HEAD(transfer_parts, transfer) parts;
	unsigned n_running; /* of them, with a connection */
	unsigned most;	    /* connections at once, ever */
	unsigned allowed;   /* n_running may be */
	unsigned seq;	    /* of the engine's last word */
	unsigned told_wanted;
	bool idle;	 /* the file's own transfer has no range */
	bool own_failed; /* nor may it take one any more */
	bool refused;	 /* no more connections: one has failed */
	bool untold;	 /* failure: the engine is to hear of it */
	bool broken;	 /* a write failed */
	bool finishing;	 /* all bytes are there, or on their way to the disk */
	bool rehashed;
	struct verdict failure; /* of the last one that did not end well */
};

/* Bytes of the file so far, those in buffers too. */
int64_t transfer_received(const struct transfer *t);
/* What the rows say is taken up: which bytes are there. */
void split_resume(struct transfer *t, struct ranges *have);
/* Takes a range of its own: the next that nobody fetches. False: there is none. */
bool split_take(struct transfer *t);
/* Bytes of a file's own transfer are on the disk: if it could have parts, the engine is told. */
void split_offer(struct transfer *t);
/* Of a file's own transfer: parts, and what the engine is to know. May end the transfer. */
void split_tick(struct transfer *t, int64_t now_usec, int64_t dt_usec);
/* The engine: so many further connections it may have. */
void split_allow(struct transfer *t, unsigned n, unsigned seq);
/* Bytes go to the disk; have come there, or not; are durable. */
void split_posted(struct transfer *t, int64_t offset, int64_t bytes);
void split_written(struct transfer *t, const struct disk_task *task, bool well);
/* A SYNC goes out: parts give the disk what they have first. */
void split_sync(struct transfer *t);
/* A SYNC or CLOSE has come back. Bytes that are durable now. */
int64_t split_synced(struct transfer *t, enum disk_kind kind, bool well);
/* A part has ended, well or by its verdict. */
void split_part_ended(struct transfer *part);
/* The request of the file's own transfer has. True: the transfer goes on. */
bool split_own_ended(struct transfer *t);
/* All bytes are there: waits for them to be written, reads them again if a sum is to be made. True: now
 * finish. */
bool split_finish(struct transfer *t);
/* No more bytes: parts leave their connections, and with keep give the disk what they have. */
void split_stop(struct transfer *t, bool keep);
/* Whether a part is still under way at the disk. */
bool split_busy(const struct transfer *t);
/* A task of a part has come back; frees it. May end and free the file's own transfer. */
void split_disk_done(struct transfer *part, struct disk_task *task);
/* The part file is another one: no byte of it is there. */
void split_start_over(struct transfer *t);
void split_free(struct transfer *t);
/* An address of a part's connection is gone: ends the transfer, held for the network. */
void split_network_changed(struct transfer *t);
void split_tune(struct transfer *t);

/* ---- share.c: of one that fetches, the file's own or a part */

/* Bytes of its range that have not come. */
int64_t split_left(const struct transfer *t);
bool split_is_running(const struct transfer *part);
/* Into how many further ranges its own could be cut. */
unsigned split_pieces(const struct transfer *t);
/* What it has not fetched goes back to the one that it was taken from, whose answer still brings it. */
void split_give_back(struct transfer *from);
/* Of a file's own transfer: ranges that are there, or that somebody fetches. Caller frees them. */
void split_covered(struct transfer *t, struct ranges *ret);
/* The first that nobody fetches, else half of the longest, which is taken from it. False: there is none. */
bool split_next_range(struct transfer *t, struct range *ret);

#endif
