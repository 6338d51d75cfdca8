/* Layout: the list is what a small terminal keeps; the rest comes with the height. Nothing of it depends on
 * how many transfers run, so that nothing jumps when one ends.
 */
#include "config.h"

#include "fetchctl/top/layout.h"

/* From so many columns on hosts and failures have room side by side. */
#define BESIDE_COLUMNS 120

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t graph_rows(size_t rows)
{
	if (rows < 14)
		return 0;
	if (rows < 20)
		return 3;
	return rows < 32 ? 4 : rows < 50 ? 6 : 8;
}

/* n lines from *at on, which moves behind them. */
static struct band take(size_t *at, size_t n)
{
	struct band band = {*at, n};

	*at += n;
	return band;
}

/* A panel is a heading and at least one row, or nothing. */
static size_t panel_rows(size_t n, size_t room)
{
	size_t rows = n > 0 ? least(n + 1, room) : 0;

	return rows >= 2 ? rows : 0;
}

/* Takes the panels off the end of the list's room, at most two fifths of it. */
static void place_panels(struct layout *layout, size_t n_hosts, size_t n_failures)
{
	size_t room = layout->list.n * 2 / 5, end = layout->list.top + layout->list.n, hosts, failures, all;
	size_t gap = room >= 8 && n_hosts > 0 && n_failures > 0;

	layout->beside = layout->columns >= BESIDE_COLUMNS;
	hosts = panel_rows(n_hosts, layout->beside || n_failures == 0 ? room : (room - gap) / 2);
	failures = panel_rows(n_failures, layout->beside ? room : room - hosts - gap);
	all = layout->beside ? (hosts > failures ? hosts : failures) : hosts + failures + gap;
	if (all == 0)
		return;
	layout->hosts = (struct band){end - all, hosts};
	layout->failures = (struct band){layout->beside ? end - all : end - failures, failures};
	/* And an empty line above them. */
	layout->list.n -= all + 1;
}

void layout_make(
	struct layout *layout, size_t columns, size_t rows, bool panels, size_t n_hosts, size_t n_failures)
{
	size_t at = 0, foot = rows >= 4;

	*layout = (struct layout){.columns = columns, .rows = rows};
	layout->head = take(&at, rows >= 4);
	layout->graph = take(&at, graph_rows(rows));
	layout->states = take(&at, rows >= 8);
	/* With air where there is room for it. */
	at += rows >= 30;
	layout->tabs = take(&at, rows >= 6);
	layout->list = take(&at, rows - foot > at ? rows - foot - at : 0);
	layout->foot = take(&at, foot);
	if (panels)
		place_panels(layout, n_hosts, n_failures);
}
