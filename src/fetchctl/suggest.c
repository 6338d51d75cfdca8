/* Suggest: edit distance between what was typed and what there is. */
#include "config.h"

#include "fetchctl/suggest.h"

#include <string.h>

/* Longer words than any of ours are not compared. */
#define WORD_MAX 32

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, replacements, and two neighbours swapped count one each.
 */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			best = least(best, least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[n][m];
}

void suggest_init(struct suggest *suggest, const char *typed)
{
	*suggest = (struct suggest){.typed = typed};
	/* One slip in a short word, two or three in longer ones. */
	suggest->distance = strlen(typed) / 3 + 1;
	if (suggest->distance < 2)
		suggest->distance = 2;
	if (suggest->distance > 4)
		suggest->distance = 4;
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
	size_t n = strlen(suggest->typed), m = strlen(candidate), found;

	if (n > WORD_MAX || m > WORD_MAX)
		return;
	/* What was typed may also be the beginning of a word. */
	if (n >= 2 && m > n && strncmp(candidate, suggest->typed, n) == 0)
		found = 1;
	else
		found = distance(suggest->typed, n, candidate, m);
	if (found >= suggest->distance)
		return;
	suggest->best = candidate;
	suggest->distance = found;
}
