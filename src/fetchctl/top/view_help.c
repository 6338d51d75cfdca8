/* View, help: the table of keys as a page; in two columns where they have room. */
#include "config.h"

#include "fetchctl/top/view.h"

#include "base/alloc.h"
#include "base/text.h"

#define KEY_COLUMNS  9
#define HELP_COLUMNS 58

static void put_key(struct screen *screen, size_t row, size_t column, size_t columns, const struct key *key)
{
	CLEANUP_FREE char *label = keys_label(key);

	screen_put(screen, row, column + 1, KEY_COLUMNS, STYLE_ACCENT, label);
	if (columns > KEY_COLUMNS + 2)
		screen_put(screen, row, column + KEY_COLUMNS + 1, columns - KEY_COLUMNS - 2, STYLE_PLAIN,
			key->help);
}

void view_help(struct top *top)
{
	size_t columns = screen_columns(top->screen), rows = screen_rows(top->screen);
	/* A heading, and an empty line below it where there is room. */
	size_t first = rows > keys_n + 1 ? 2 : 1, room = rows > first ? rows - first : 1;
	size_t side = (keys_n + room - 1) / room;
	size_t each = (keys_n + side - 1) / side;
	size_t width = columns / side < HELP_COLUMNS ? columns / side : HELP_COLUMNS;

	screen_put(top->screen, 0, 1, columns - 1, STYLE_STRONG, "Keys of fetchctl top; any key goes back");
	for (size_t i = 0; i < keys_n; i++)
		put_key(top->screen, first + i % each, i / each * width, width, &keys_table[i]);
}
