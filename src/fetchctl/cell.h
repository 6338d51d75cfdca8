/* Cell: what a row has in a column, in the three forms it is needed in. */
#ifndef FETCHCTL_CELL_H
#define FETCHCTL_CELL_H

#include "fetchctl/line.h"
#include "fetchctl/view.h"

/* Whether numbers stand in it: they end below each other. */
bool column_is_number(const struct column *column);

/* For a pipe: numbers plain, text escaped, "-" for nothing. */
void cell_put_plain(struct line *line, const struct column *column, const json_t *row);
/* For people: "1.5MiB", "3min ago", "" for nothing. Escaped; caller frees. */
char *cell_words(const struct column *column, const json_t *row);
/* <0, 0, >0. Nothing comes before something; states have their own order. */
int cell_compare(const struct column *column, const json_t *a, const json_t *b);
/* Escape sequence for a word of a COLUMN_STATE; "": none. */
const char *cell_color(const char *word);

#endif
