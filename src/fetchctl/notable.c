/* Notable: ranks, and the choice among them. Costs the same whatever waits: of long lists only the beginning
 * is looked at, those that have stood there longest. */
#include "config.h"

#include "fetchctl/notable.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"

#define STALLED_USEC (10 * USEC_PER_SEC)
#define LOOK_MAX     256

enum rank {
	RANK_STALLED,
	RANK_RETRYING,
	RANK_ACTIVE,
	RANK_WAITING,
};

struct candidate {
	struct tally_job *entry;
	enum rank rank;
	int64_t key; /* within a rank the lowest is first */
};

struct field {
	struct candidate *all;
	size_t n;
	size_t n_trouble;
};

bool notable_settling(const struct tally_job *entry)
{
	return entry->state == JOB_ACTIVE && entry->size >= 0 && entry->received >= entry->size;
}

bool notable_stalled(const struct tally_job *entry, int64_t now_usec)
{
	return entry->state == JOB_ACTIVE && !notable_settling(entry) &&
	       now_usec - entry->moved_usec >= STALLED_USEC;
}

/* What is to come, in powers of two: the order shall not change with every byte. Where no size is known, as
 * much as has come. */
static int remaining_magnitude(const struct tally_job *entry)
{
	int64_t left = entry->size < 0 ? entry->received : entry->size - entry->received;
	int magnitude = 0;

	for (; left > 0; left /= 2)
		magnitude++;
	return magnitude;
}

static void field_add(struct field *field, struct tally_job *entry, enum rank rank, int64_t key)
{
	field->all[field->n++] = (struct candidate){entry, rank, key};
	field->n_trouble += rank <= RANK_RETRYING;
}

static void add_active(struct field *field, struct tally_job *entry, int64_t now_usec)
{
	if (notable_stalled(entry, now_usec))
		field_add(field, entry, RANK_STALLED, entry->moved_usec);
	else
		field_add(field, entry, RANK_ACTIVE, -remaining_magnitude(entry));
}

static void field_fill(struct field *field, const struct tally *tally, int64_t now_usec)
{
	struct tally_job *entry;
	size_t n = 0;

	field->all = xcalloc(tally->by_state[JOB_ACTIVE] + (size_t)2 * LOOK_MAX + 1, sizeof(*field->all));
	TAILQ_FOREACH(entry, &tally->active, link)
		add_active(field, entry, now_usec);
	TAILQ_FOREACH(entry, &tally->retrying, link) {
		if (n++ == LOOK_MAX)
			break;
		field_add(field, entry, RANK_RETRYING, entry->due_usec);
	}
	n = 0;
	TAILQ_FOREACH(entry, &tally->waiting, link) {
		if (n++ == LOOK_MAX)
			break;
		field_add(field, entry, RANK_WAITING, entry->due_usec);
	}
}

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_interest(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	if (a->rank != b->rank)
		return compare(a->rank, b->rank);
	if (a->key != b->key)
		return compare(a->key, b->key);
	if (a->entry->shown != b->entry->shown)
		return a->entry->shown ? -1 : 1;
	return compare(a->entry->id, b->entry->id);
}

static int by_place(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	return a->rank != b->rank ? compare(a->rank, b->rank) : compare(a->entry->id, b->entry->id);
}

/* Trouble that does not fit beside the others goes behind them. */
static void make_room_for_others(struct field *field, size_t max)
{
	size_t half = (max + 1) / 2, others = field->n - field->n_trouble;
	size_t fit = max > others ? max - others : 0;

	for (size_t i = fit > half ? fit : half; i < field->n_trouble; i++)
		field->all[i].rank = RANK_WAITING + 1;
	qsort(field->all, field->n, sizeof(*field->all), by_interest);
}

size_t notable_pick(struct tally *tally, int64_t now_usec, struct tally_job **ret, size_t max)
{
	struct field field = {.n = 0};
	size_t n;

	field_fill(&field, tally, now_usec);
	n = field.n < max ? field.n : max;
	qsort(field.all, field.n, sizeof(*field.all), by_interest);
	if (field.n > max)
		make_room_for_others(&field, max);
	qsort(field.all, n, sizeof(*field.all), by_place);
	for (size_t i = 0; i < field.n; i++)
		field.all[i].entry->shown = i < n;
	for (size_t i = 0; i < n; i++)
		ret[i] = field.all[i].entry;
	free(field.all);
	return n;
}
