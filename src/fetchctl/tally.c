/* Tally: owns the entries. Sums are kept with every change, so that a frame costs the same for ten jobs and a
 * million. */
#include "config.h"

#include "fetchctl/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/words.h"

void tally_init(struct tally *tally)
{
	*tally = (struct tally){.n_slots = 64};
	tally->slots = xcalloc(tally->n_slots, sizeof(struct tally_job *));
	TAILQ_INIT(&tally->active);
	TAILQ_INIT(&tally->retrying);
	TAILQ_INIT(&tally->waiting);
}

void tally_done(struct tally *tally)
{
	for (size_t i = 0; i < tally->n_slots; i++) {
		if (!tally->slots[i])
			continue;
		free(tally->slots[i]->name);
		free(tally->slots[i]->error);
		free(tally->slots[i]);
	}
	free(tally->slots);
	tally->slots = NULL;
	tally->n_slots = 0;
}

/* Where id is, or would be. Ids come mostly in a row, which a multiplication spreads (Knuth, TAOCP 3, 6.4).
 */
static size_t slot_of(const struct tally *tally, int64_t id)
{
	size_t i = (size_t)(((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (tally->n_slots - 1);

	while (tally->slots[i] && tally->slots[i]->id != id)
		i = (i + 1) & (tally->n_slots - 1);
	return i;
}

static void grow(struct tally *tally)
{
	struct tally_job **old = tally->slots;
	size_t n = tally->n_slots;

	tally->n_slots *= 2;
	tally->slots = xcalloc(tally->n_slots, sizeof(struct tally_job *));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			tally->slots[slot_of(tally, old[i]->id)] = old[i];
	free(old);
}

struct tally_job *tally_find(const struct tally *tally, int64_t id)
{
	return tally->slots[slot_of(tally, id)];
}

struct tally_job *tally_add(struct tally *tally, int64_t id)
{
	struct tally_job *entry = tally_find(tally, id);

	if (entry)
		return entry;
	if (tally->n_jobs * 2 >= tally->n_slots)
		grow(tally);
	entry = xcalloc(1, sizeof(*entry));
	entry->id = id;
	entry->state = JOB_QUEUED;
	entry->size = -1;
	tally->slots[slot_of(tally, id)] = entry;
	tally->n_jobs++;
	return entry;
}

/* The list that an entry stands in, or NULL. */
static struct tally_list *list_of(struct tally *tally, const struct tally_job *entry)
{
	if (!entry->known)
		return NULL;
	switch (entry->state) {
	case JOB_ACTIVE: return &tally->active;
	case JOB_WAITING: return entry->error ? &tally->retrying : &tally->waiting;
	case JOB_QUEUED:
	case JOB_PAUSED:
	case JOB_DONE:
	case JOB_FAILED:
	case JOB_CANCELLED: break;
	}
	return NULL;
}

/* Adds what entry is (sign 1), or takes it away (-1), from the sums. */
static void count(struct tally *tally, const struct tally_job *entry, int sign)
{
	if (!entry->known)
		return;
	tally->n_known += (size_t)sign;
	tally->by_state[entry->state] += (size_t)sign;
	tally->received += sign * entry->received;
	/* Of a job that has ended no more is to come. */
	if (job_state_ended(entry->state) || entry->size >= 0) {
		tally->size += sign * (job_state_ended(entry->state) ? entry->received : entry->size);
		tally->n_sized += (size_t)sign;
	}
}

/* To the list that it belongs to now. */
static void move(struct tally *tally, struct tally_job *entry, struct tally_list *from)
{
	struct tally_list *to = list_of(tally, entry);

	if (from == to)
		return;
	if (from)
		TAILQ_REMOVE(from, entry, link);
	if (to)
		TAILQ_INSERT_TAIL(to, entry, link);
}

/* Names are kept only for what may be shown: of a million queued jobs nobody reads them. */
static void keep_words(struct tally_job *entry, const struct job *job)
{
	bool shown = entry->state == JOB_ACTIVE || entry->state == JOB_WAITING;

	str_set(&entry->error, entry->state == JOB_WAITING ? job->error_code : NULL);
	if (shown && entry->name)
		return;
	free(entry->name);
	entry->name = shown ? words_name(job) : NULL;
}

/* What has come since the last word about it. Of a job that is first heard of by its end, all of it came just
 * now. */
static int64_t came(const struct tally_job *entry, const struct job *job, enum tally_kind kind)
{
	if (!entry->known)
		return kind == TALLY_EVENT && job_state_ended(job->state) ? job->received : 0;
	return job->received > entry->received ? job->received - entry->received : 0;
}

static void take_values(struct tally_job *entry, const struct tally_news *news)
{
	const struct job *job = news->job;

	if (entry->state != job->state || entry->received != job->received)
		entry->moved_usec = news->now_usec;
	entry->known = true;
	entry->removed = false;
	entry->state = job->state;
	entry->size = job->size;
	entry->received = job->received;
	entry->speed = news->speed > 0 ? news->speed : 0;
	entry->waiting_for = job->waiting_for;
	entry->due_usec = job->due_usec;
	if (!job_state_ended(job->state))
		entry->told = false;
}

void tally_update(struct tally *tally, struct tally_job *entry, const struct tally_news *news)
{
	struct tally_list *from = list_of(tally, entry);

	count(tally, entry, -1);
	tally->fetched += came(entry, news->job, news->kind);
	tally->n_ends += news->kind == TALLY_EVENT && job_state_ended(news->job->state);
	take_values(entry, news);
	keep_words(entry, news->job);
	move(tally, entry, from);
	count(tally, entry, 1);
}

void tally_remove(struct tally *tally, struct tally_job *entry)
{
	struct tally_list *from = list_of(tally, entry);

	entry->removed = true;
	if (entry->known && job_state_ended(entry->state))
		return;
	count(tally, entry, -1);
	entry->state = JOB_CANCELLED;
	entry->known = true;
	move(tally, entry, from);
	count(tally, entry, 1);
}

size_t tally_ended(const struct tally *tally)
{
	return tally->by_state[JOB_DONE] + tally_unsuccessful(tally);
}

size_t tally_unsuccessful(const struct tally *tally)
{
	return tally->by_state[JOB_FAILED] + tally->by_state[JOB_CANCELLED];
}
