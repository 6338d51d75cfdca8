/* Feed: asks the daemon what the model shall know, and for changes, and never waits for an answer. Two
 * connections: one for Status alone, which is answered from memory whatever the disk does, and one for all
 * that the engine must look at. */
#ifndef FETCHCTL_TOP_FEED_H
#define FETCHCTL_TOP_FEED_H

#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/ctl.h"
#include "fetchctl/top/model.h"

struct feed;

#define FEED_LINKS 2

/* ctl: connected; its link becomes the feed's. */
struct feed *feed_new(struct ctl *ctl, struct model *model);
void feed_free(struct feed *feed);

/* What is to be waited for: returns how many of polls are used. */
size_t feed_polls(const struct feed *feed, struct pollfd polls[FEED_LINKS]);
/* Takes what has come, sends what is due. True when the model, or what feed_trouble() says, has changed. */
bool feed_step(struct feed *feed);
/* When feed_step() is due even if nothing comes (clock_boot_usec()). */
int64_t feed_due_usec(const struct feed *feed);
/* All that is shown is asked for with the next step. */
void feed_refresh(struct feed *feed);

/* Calls a method that changes something. Takes params. done: "paused", what was done then, of as many jobs as
 * the answer says; or a whole sentence when it does not say. */
void feed_change(struct feed *feed, const char *method, json_t *params, const char *done);
/* What became of the changes since it was last asked, or NULL: escaped, freed by the caller. */
char *feed_news(struct feed *feed, bool *ret_bad);
/* Why nothing comes just now: "fetchd is gone; trying again in 2 s". NULL: all is well. Caller frees. */
char *feed_trouble(const struct feed *feed);

#endif
