#include "config.h"

#include "job/ranges.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

void ranges_done(struct ranges *ranges)
{
	free(ranges->of);
	*ranges = (struct ranges){0};
}

void ranges_copy(struct ranges *ret, const struct ranges *from)
{
	struct range *of = from->n ? xmemdup(from->of, from->n * sizeof(*from->of)) : NULL;

	free(ret->of);
	*ret = (struct ranges){of, from->n};
}

void ranges_add(struct ranges *ranges, int64_t from, int64_t to)
{
	size_t first = 0, past;

	if (from >= to)
		return;
	while (first < ranges->n && ranges->of[first].to < from)
		first++;
	for (past = first; past < ranges->n && ranges->of[past].from <= to; past++) {
		if (ranges->of[past].from < from)
			from = ranges->of[past].from;
		if (ranges->of[past].to > to)
			to = ranges->of[past].to;
	}
	/* Those from first to past are one with it. */
	if (past == first)
		ranges->of = xreallocarray(ranges->of, ranges->n + 1, sizeof(*ranges->of));
	memmove(ranges->of + first + 1, ranges->of + past, (ranges->n - past) * sizeof(*ranges->of));
	ranges->n = ranges->n - (past - first) + 1;
	ranges->of[first] = (struct range){from, to};
}

int64_t ranges_bytes(const struct ranges *ranges)
{
	int64_t sum = 0;

	for (size_t i = 0; i < ranges->n; i++)
		sum += ranges->of[i].to - ranges->of[i].from;
	return sum;
}

int64_t ranges_end(const struct ranges *ranges)
{
	return ranges->n ? ranges->of[ranges->n - 1].to : 0;
}

int64_t ranges_prefix(const struct ranges *ranges)
{
	if (ranges->n == 0)
		return 0;
	return ranges->n == 1 && ranges->of[0].from == 0 ? ranges->of[0].to : -1;
}

bool ranges_gap(const struct ranges *ranges, int64_t size, struct range *ret)
{
	bool starts = ranges->n && ranges->of[0].from == 0;
	size_t next = starts ? 1 : 0;

	ret->from = starts ? ranges->of[0].to : 0;
	ret->to = next < ranges->n ? ranges->of[next].from : size;
	if (ret->to > size)
		ret->to = size;
	return ret->from < ret->to;
}

char *ranges_text(const struct ranges *ranges)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		abort();
	for (size_t i = 0; i < ranges->n; i++)
		fprintf(to, "%s%lld-%lld", i ? "," : "", (long long)ranges->of[i].from,
			(long long)ranges->of[i].to);
	if (fclose(to) != 0)
		abort();
	return text;
}

static bool parse_number(const char **p, int64_t *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*ret = strtoll(*p, &end, 10);
	*p = end;
	return errno == 0;
}

int ranges_parse(const char *text, struct ranges *ret)
{
	int64_t last = -1;

	*ret = (struct ranges){0};
	for (const char *p = text;; p++) {
		struct range range;

		if (!parse_number(&p, &range.from) || *p++ != '-' || !parse_number(&p, &range.to) ||
			range.from <= last || range.from >= range.to || ret->n >= RANGES_MAX)
			break;
		ranges_add(ret, range.from, range.to);
		last = range.to;
		if (*p == '\0')
			return 0;
		if (*p != ',')
			break;
	}
	ranges_done(ret);
	return -EINVAL;
}
