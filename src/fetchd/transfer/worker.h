/* A worker: one thread, one event_base, its curl multis, many transfers. Network only: files are the disk
 * pool's. */
#ifndef TRANSFER_WORKER_H
#define TRANSFER_WORKER_H

#include "base/mailbox.h"
#include "fetchd/config.h"

struct disk;
struct worker;

struct worker_setup {
	unsigned index;
	struct config *config;	 /* the worker takes its own reference */
	struct disk *disk;	 /* started; outlives the worker */
	struct mailbox *engine;	 /* where outcomes go */
	struct mailbox *control; /* where progress goes */
};

/* Once in the process, before threads: libcurl's own state. 0 or -EIO. */
int worker_global_init(void);
void worker_global_done(void);

/* Starts the thread. NULL with *ret_error (caller frees). */
struct worker *worker_start(const struct worker_setup *setup, char **ret_error);
struct mailbox *worker_mailbox(struct worker *worker);
/* After WORKER_STOP was posted: waits for the thread and frees all. NULL is fine. */
void worker_join(struct worker *worker);

#endif
