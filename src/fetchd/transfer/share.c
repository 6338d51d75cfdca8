/* Share: which range of a file nobody fetches, who gives of its own, and to whom it goes back. Runs in the
 * worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/split.h"

/* Halves begin where a page of the file does. */
#define ALIGN_BYTES INT64_C(65536)

int64_t split_left(const struct transfer *t)
{
	int64_t until = t->until < INT64_MAX ? t->until : t->job->size;

	return until - t->offset;
}

bool split_is_running(const struct transfer *part)
{
	return part->phase == TRANSFER_RUN;
}

void split_covered(struct transfer *t, struct ranges *ret)
{
	struct transfer *part;

	*ret = (struct ranges){0};
	ranges_copy(ret, &t->split->there);
	if (!t->split->idle && t->phase == TRANSFER_RUN)
		ranges_add(ret, t->posted, t->offset + split_left(t));
	TAILQ_FOREACH(part, &t->split->parts, part_link) {
		if (split_is_running(part))
			ranges_add(ret, part->posted, part->until);
	}
}

/* The longest range that is being fetched gives its second half. */
static bool take_half(struct transfer *t, struct range *ret)
{
	struct transfer *part, *longest = !t->split->idle && t->phase == TRANSFER_RUN ? t : NULL;
	int64_t least = worker_config(t->worker)->min_split_size;

	TAILQ_FOREACH(part, &t->split->parts, part_link) {
		if (split_is_running(part) && (!longest || split_left(part) > split_left(longest)))
			longest = part;
	}
	if (!longest || split_left(longest) / 2 < least)
		return false;
	ret->from = longest->offset + split_left(longest) / 2;
	if (ret->from - longest->offset > ALIGN_BYTES)
		ret->from -= ret->from % ALIGN_BYTES;
	ret->to = longest->offset + split_left(longest);
	longest->until = ret->from;
	return true;
}

bool split_next_range(struct transfer *t, struct range *ret)
{
	struct ranges all;
	bool gap;

	split_covered(t, &all);
	gap = ranges_gap(&all, t->job->size, ret);
	ranges_done(&all);
	return gap || take_half(t, ret);
}

unsigned split_pieces(const struct transfer *t)
{
	int64_t n = split_left(t) / worker_config(t->worker)->min_split_size;

	return n < 2 ? 0 : n > JOB_SPLIT_MAX ? JOB_SPLIT_MAX - 1 : (unsigned)n - 1;
}

static bool gives_on(const struct transfer *t, const struct range *range)
{
	int64_t asked = t->asked_until < INT64_MAX ? t->asked_until : t->job->size;

	return split_is_running(t) && t->until == range->from && t->offset < t->until && asked >= range->to;
}

void split_give_back(struct transfer *from)
{
	struct transfer *t = transfer_whole(from), *to = NULL, *part;
	struct range range = {from->offset, from->offset + split_left(from)};

	if (!t->split->idle && gives_on(t, &range))
		to = t;
	TAILQ_FOREACH(part, &t->split->parts, part_link) {
		if (gives_on(part, &range))
			to = part;
	}
	if (to)
		to->until = range.to;
}
