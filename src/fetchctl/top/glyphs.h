/* Glyphs: graph and bars out of what characters the terminal has. Pure. Results are freed by the caller. */
#ifndef FETCHCTL_TOP_GLYPHS_H
#define FETCHCTL_TOP_GLYPHS_H

#include <stddef.h>

#include "fetchctl/top/history.h"

enum glyphs {
	GLYPHS_BRAILLE, /* UTF-8 */
	GLYPHS_BLOCKS,	/* UTF-8 with the few characters of a console's font */
	GLYPHS_ASCII,
};

/* Samples that stand in one column of a graph. */
size_t glyphs_samples(enum glyphs glyphs);
/* Line row (0: the uppermost) of a graph of rows lines; scale is the value of its upper edge. Where there is
 * nothing, spaces. */
char *glyphs_graph(enum glyphs glyphs, const struct history *history, int64_t scale, size_t columns,
	size_t rows, size_t row);
/* A bar of so many columns, part (0…1) of it full; *ret_full: how many columns of it are. */
char *glyphs_bar(enum glyphs glyphs, double part, size_t columns, size_t *ret_full);

#endif
