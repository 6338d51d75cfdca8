/* Network: tells when this machine's addresses or its way out have changed. Main thread, on its loop. */
#ifndef FETCHD_NETWORK_H
#define FETCHD_NETWORK_H

#include <stdbool.h>

struct event_base;
struct network;

/* on_change(up, arg) comes after each change, once for what happens together. Where the kernel does not tell,
 * it never comes; that is logged once. */
struct network *network_start(struct event_base *base, void (*on_change)(bool up, void *arg), void *arg);
/* NULL is fine. */
void network_stop(struct network *network);
/* Some address leads to others; true when the kernel does not tell. */
bool network_is_up(const struct network *network);

#endif
