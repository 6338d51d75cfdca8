/* The mailbox: owns the queue, its lock and the eventfd. Any thread posts, one takes. Must never run a
 * message's work under the lock, nor free a message.
 */
#include "config.h"

#include "base/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *mb)
{
	mb->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mb->event_fd < 0)
		return -errno;
	pthread_mutex_init(&mb->lock, NULL);
	STAILQ_INIT(&mb->queue);
	mb->length = 0;
	mb->nudged = false;
	return 0;
}

void mailbox_done(struct mailbox *mb)
{
	assert(STAILQ_EMPTY(&mb->queue));
	close(mb->event_fd);
	mb->event_fd = -1;
	pthread_mutex_destroy(&mb->lock);
}

int mailbox_fd(const struct mailbox *mb)
{
	return mb->event_fd;
}

/* Lock held: so the bell, the queue and the nudge never disagree. The counter goes 0 → 1 → 0 and cannot
 * overflow; a failure here would lose a wake-up for ever, so it is a bug. */
static void ring(struct mailbox *mb)
{
	const uint64_t one = 1;

	if (write(mb->event_fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

/* Lock held. */
static void unring(struct mailbox *mb)
{
	uint64_t count;

	if (read(mb->event_fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
		abort();
}

void mailbox_post(struct mailbox *mb, struct msg *msg)
{
	pthread_mutex_lock(&mb->lock);
	STAILQ_INSERT_TAIL(&mb->queue, msg, link);
	if (mb->length++ == 0 && !mb->nudged)
		ring(mb);
	pthread_mutex_unlock(&mb->lock);
}

static size_t list_length(struct msg_list *list)
{
	size_t n = 0;
	struct msg *msg;

	STAILQ_FOREACH(msg, list, link)
		n++;
	return n;
}

void mailbox_post_all(struct mailbox *mb, struct msg_list *list)
{
	size_t n = list_length(list);

	if (n == 0)
		return;
	pthread_mutex_lock(&mb->lock);
	STAILQ_CONCAT(&mb->queue, list);
	if (mb->length == 0 && !mb->nudged)
		ring(mb);
	mb->length += n;
	pthread_mutex_unlock(&mb->lock);
}

/* Lock held. */
static size_t take_all(struct mailbox *mb, struct msg_list *list)
{
	size_t n = mb->length;

	STAILQ_CONCAT(list, &mb->queue);
	mb->length = 0;
	return n;
}

/* Lock held; fewer than all. */
static size_t take_some(struct mailbox *mb, struct msg_list *list, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		struct msg *msg = STAILQ_FIRST(&mb->queue);

		STAILQ_REMOVE_HEAD(&mb->queue, link);
		STAILQ_INSERT_TAIL(list, msg, link);
	}
	mb->length -= max;
	return max;
}

size_t mailbox_take(struct mailbox *mb, struct msg_list *list, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&mb->lock);
	bool rung = mb->length > 0 || mb->nudged;
	mb->nudged = false;
	if (mb->length > 0)
		n = max == 0 || max >= mb->length ? take_all(mb, list) : take_some(mb, list, max);
	if (rung && mb->length == 0)
		unring(mb);
	pthread_mutex_unlock(&mb->lock);
	return n;
}

bool mailbox_has(struct mailbox *mb, bool (*wanted)(const struct msg *msg))
{
	const struct msg *msg;
	bool found = false;

	pthread_mutex_lock(&mb->lock);
	for (msg = STAILQ_FIRST(&mb->queue); msg && !found; msg = STAILQ_NEXT(msg, link))
		found = wanted(msg);
	pthread_mutex_unlock(&mb->lock);
	return found;
}

bool mailbox_nudge(struct mailbox *mb)
{
	pthread_mutex_lock(&mb->lock);
	bool answered = !mb->nudged;
	mb->nudged = true;
	if (answered && mb->length == 0)
		ring(mb);
	pthread_mutex_unlock(&mb->lock);
	return answered;
}

size_t mailbox_length(struct mailbox *mb)
{
	pthread_mutex_lock(&mb->lock);
	size_t n = mb->length;
	pthread_mutex_unlock(&mb->lock);
	return n;
}
