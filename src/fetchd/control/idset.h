/* A set of job ids. Main thread. */
#ifndef CONTROL_IDSET_H
#define CONTROL_IDSET_H

#include <stdbool.h>
#include <stdint.h>

struct idset {
	struct idset_entry *entries; /* hash */
};

void idset_done(struct idset *set);
void idset_add(struct idset *set, int64_t id);
bool idset_has(const struct idset *set, int64_t id);
/* Whether it was in. */
bool idset_remove(struct idset *set, int64_t id);
bool idset_empty(const struct idset *set);

#endif
