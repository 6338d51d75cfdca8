/* Link: one connection to the daemon, Varlink messages out and in. Nothing here prints. */
#ifndef FETCHCTL_LINK_H
#define FETCHCTL_LINK_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

/* NULL with *ret_error an errno. */
struct link *link_open(const char *path, int *ret_error);
/* NULL is fine. */
void link_close(struct link *link);

enum link_event {
	LINK_REPLY,
	LINK_TIMEOUT,
	LINK_SIGNAL,  /* a signal outside mask came */
	LINK_LOST,    /* closed or broken: link_close() is all that is left to do */
	LINK_GARBAGE, /* what came is not Varlink; as LINK_LOST */
};

/* Sends whole messages, NULs included; reads meanwhile what arrives, so that both sides never wait for each
 * other. False when the connection is lost. */
bool link_send(struct link *link, const char *text, size_t n);
/* The call as a message; takes params. */
bool link_send_call(struct link *link, const char *method, json_t *params, bool more);
/* The next reply, until clock_boot_usec() says until (USEC_INFINITY: for ever). mask: the signal mask while
 * waiting, NULL for the present one. *ret with LINK_REPLY: a new reference. */
enum link_event link_next(struct link *link, int64_t until_usec, const sigset_t *mask, json_t **ret);

/* To be polled for what comes: owned by link. */
int link_fd(const struct link *link);
/* Whether more than the message last taken has been read already; NULL has nothing. */
bool link_has_more(const struct link *link);

#endif
