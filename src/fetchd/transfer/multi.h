/* curl multi ⇄ libevent, and nothing else. One thread: the worker that made it.
 *
 * libcurl's two callbacks only arm and disarm events; libevent's two callbacks only drive libcurl and then
 * hand over what has finished. So libcurl is never entered from its own callbacks.
 */
#ifndef TRANSFER_MULTI_H
#define TRANSFER_MULTI_H

#include <curl/curl.h>
#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

struct multi;

/* A transfer has ended and is out of the multi. The callee may add and remove others. */
typedef void multi_done_fn(CURL *easy, CURLcode result, void *arg);

/* keep: idle connections that are kept for reuse. libcurl's own rule (four a running transfer) would close
 * them whenever a batch of transfers has just ended. */
struct multi *multi_new(struct event_base *base, uid_t owner, long keep, multi_done_fn *done, void *arg);
/* Every transfer must have been removed. NULL is fine. */
void multi_free(struct multi *multi);
/* Connections are never shared between users: one multi an owner. */
uid_t multi_owner(const struct multi *multi);
/* No new transfer is to come: its connections may be dead, or made under another policy. */
void multi_retire(struct multi *multi);
bool multi_retired(const struct multi *multi);
bool multi_empty(const struct multi *multi);
/* 0 or -EIO. */
int multi_add(struct multi *multi, CURL *easy);
void multi_remove(struct multi *multi, CURL *easy);

#endif
