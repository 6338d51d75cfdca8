/* Mailbox: the only way across threads.
 *
 * An intrusive queue, a mutex and an eventfd(2). A message is posted by any thread, ownership of it
 * travels with the pointer; one thread, the owner of the mailbox, takes. The eventfd is rung only when the
 * queue goes from empty to non-empty; the owner takes the whole queue at once (or a bounded part) under the
 * lock and works outside it. Order between one sender and one mailbox is kept.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/* First member of every message. kind is the receiver's vocabulary. */
struct msg {
	STAILQ_ENTRY(msg) link;
	int kind;
};
STAILQ_HEAD(msg_list, msg);

struct mailbox {
	pthread_mutex_t lock;
	struct msg_list queue;
	size_t length;
	bool nudged; /* rung for its own sake, and not answered yet */
	int event_fd;
};

/* 0 or -errno (EMFILE, ENFILE: no eventfd). */
int mailbox_init(struct mailbox *mb);
/* Messages still inside are the caller's bug, but for stop: take them first. */
void mailbox_done(struct mailbox *mb);
/* Poll it for reading; mailbox_take() resets it. */
int mailbox_fd(const struct mailbox *mb);
void mailbox_post(struct mailbox *mb, struct msg *msg);
/* Post a list at once, in order; the list is left empty. An empty list is fine. */
void mailbox_post_all(struct mailbox *mb, struct msg_list *list);
/* Move up to max messages (0: all) to the end of list; returns how many. What is left keeps the bell rung. */
size_t mailbox_take(struct mailbox *mb, struct msg_list *list, size_t max);
/* Whether there is one now that is wanted. Walks them under the lock. */
bool mailbox_has(struct mailbox *mb, bool (*wanted)(const struct msg *msg));
/* Rings though there may be no message: the owner's next mailbox_take() answers, which tells that its loop
 * still goes round. False: the last nudge has not been answered yet. Any thread. */
bool mailbox_nudge(struct mailbox *mb);
/* How many wait; a figure for status lines, stale at once. */
size_t mailbox_length(struct mailbox *mb);

#endif
