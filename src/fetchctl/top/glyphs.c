/* Glyphs: a column of a braille graph shows two samples of four dots a line, one of blocks shows one of eight
 * steps, one of ASCII one of three.
 */
#include "config.h"

#include "fetchctl/top/glyphs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct graph {
	const struct history *history;
	int64_t scale;
	size_t columns, rows, row;
};

static FILE *text_open(char **text, size_t *len)
{
	FILE *to = open_memstream(text, len);

	if (!to)
		abort();
	return to;
}

size_t glyphs_samples(enum glyphs glyphs)
{
	return glyphs == GLYPHS_BRAILLE ? 2 : 1;
}

/* How many of a line's steps are full for a sample; anything above nothing fills one of the lowest line. */
static size_t level(const struct graph *graph, size_t back, size_t steps)
{
	int64_t value = history_at(graph->history, back);
	size_t below = (graph->rows - 1 - graph->row) * steps;
	size_t all = (size_t)((double)value / (double)graph->scale * (double)(graph->rows * steps) + 0.5);

	if (value > 0 && all == 0)
		all = 1;
	if (all <= below)
		return 0;
	return all - below < steps ? all - below : steps;
}

/* Dots of the two columns of a braille pattern, from below (Unicode 15, 21.1). */
static void put_braille(FILE *to, const struct graph *graph, size_t back)
{
	static const unsigned left[] = {0, 0x40, 0x44, 0x46, 0x47}, right[] = {0, 0x80, 0xa0, 0xb0, 0xb8};
	unsigned dots = left[level(graph, 2 * back + 1, 4)] | right[level(graph, 2 * back, 4)];

	if (dots == 0)
		fputc(' ', to);
	else
		fprintf(to, "\xe2%c%c", (int)(0xa0 | (dots >> 6)), (int)(0x80 | (dots & 0x3f)));
}

static void put_block(FILE *to, const struct graph *graph, size_t back)
{
	static const char *const blocks[] = {" ", "▄", "█"};

	fputs(blocks[level(graph, back, 2)], to);
}

static void put_ascii(FILE *to, const struct graph *graph, size_t back)
{
	fputc(" .:#"[level(graph, back, 3)], to);
}

char *glyphs_graph(enum glyphs glyphs, const struct history *history, int64_t scale, size_t columns,
	size_t rows, size_t row)
{
	static void (*const put[])(FILE * to, const struct graph *graph, size_t back) = {
		[GLYPHS_BRAILLE] = put_braille,
		[GLYPHS_BLOCKS] = put_block,
		[GLYPHS_ASCII] = put_ascii,
	};
	const struct graph graph = {history, scale > 0 ? scale : 1, columns, rows, row};
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	for (size_t back = columns; back > 0; back--)
		put[glyphs](to, &graph, back - 1);
	fclose(to);
	return text;
}

char *glyphs_bar(enum glyphs glyphs, double part, size_t columns, size_t *ret_full)
{
	static const struct {
		const char *full, *half, *empty;
	} sets[] = {
		[GLYPHS_BRAILLE] = {"━", "╸", "─"},
		[GLYPHS_BLOCKS] = {"█", "▌", "░"},
		[GLYPHS_ASCII] = {"=", "-", "."},
	};
	size_t halves = part <= 0 ? 0 : part >= 1 ? 2 * columns : (size_t)(part * (double)(2 * columns));
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	*ret_full = (halves + 1) / 2;
	for (size_t i = 0; i < columns; i++)
		fputs(2 * i + 1 < halves ? sets[glyphs].full
			: 2 * i < halves ? sets[glyphs].half
					 : sets[glyphs].empty,
			to);
	fclose(to);
	return text;
}
