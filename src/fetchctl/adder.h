/* Adder: jobs on their way into the queue. All are gathered and checked first, then sent in as few messages
 * as the protocol's limits allow: of a list with one bad line nothing is added.
 */
#ifndef FETCHCTL_ADDER_H
#define FETCHCTL_ADDER_H

#include <stddef.h>
#include <stdint.h>

#include "fetchctl/ctl.h"
#include "job/group.h"
#include "job/job.h"

struct adder;

struct adder *adder_new(void);
void adder_free(struct adder *adder);
/* What job asks for, and where it was read, for messages: source (must outlive adder) and line, 0 for none.
 */
void adder_put(struct adder *adder, const struct job *job, const char *source, size_t line);
/* Of the groups that they are put into. */
void adder_set_policy(struct adder *adder, enum group_policy policy);
/* Sends them all; each id is told to tell() (NULL: to nobody) once its job is durable, and its list whole
 * where that is one for a new group. 0, or the exit status
 * after a message. */
int adder_send(struct adder *adder, struct ctl *ctl, void (*tell)(struct ctl *ctl, int64_t id));
/* Ids of what was added, in order; fewer than were asked for after an error. */
const int64_t *adder_ids(const struct adder *adder, size_t *ret_n);

#endif
