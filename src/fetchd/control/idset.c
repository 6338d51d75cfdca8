/* A set of job ids, of any size: what a Watch with "until" still waits for. Main thread. */
#include "fetchd/control/idset.h"

#include "base/alloc.h"
#include "base/hash.h"

struct idset_entry {
	int64_t id;
	UT_hash_handle hh;
};

static struct idset_entry *find(const struct idset *set, int64_t id)
{
	struct idset_entry *entry;
	HASH_FIND(hh, set->entries, &id, sizeof(id), entry);
	return entry;
}

void idset_done(struct idset *set)
{
	struct idset_entry *entry, *next;
	HASH_ITER(hh, set->entries, entry, next) {
		HASH_DEL(set->entries, entry);
		free(entry);
	}
}

void idset_add(struct idset *set, int64_t id)
{
	if (find(set, id))
		return;
	struct idset_entry *entry = xcalloc(1, sizeof(*entry));
	entry->id = id;
	HASH_ADD(hh, set->entries, id, sizeof(entry->id), entry);
}

bool idset_has(const struct idset *set, int64_t id)
{
	return find(set, id) != NULL;
}

bool idset_remove(struct idset *set, int64_t id)
{
	struct idset_entry *entry = find(set, id);
	if (!entry)
		return false;
	HASH_DEL(set->entries, entry);
	free(entry);
	return true;
}

bool idset_empty(const struct idset *set)
{
	return !set->entries;
}
