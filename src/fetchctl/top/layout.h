/* Layout: which part of the screen stands where, for any size of the terminal. Pure. */
#ifndef FETCHCTL_TOP_LAYOUT_H
#define FETCHCTL_TOP_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* Lines of the screen; n 0: there is no room for it. */
struct band {
	size_t top, n;
};

struct layout {
	size_t columns, rows;
	struct band head;	     /* the daemon, and the speed of all */
	struct band graph;	     /* throughput */
	struct band states;	     /* how many jobs are in each */
	struct band tabs;	     /* names of the views */
	struct band list;	     /* the view: a heading, then rows */
	struct band hosts, failures; /* a heading and rows each, below the transfers */
	bool beside;		     /* these two stand side by side, not one below the other */
	struct band foot;	     /* keys, a question, or what became of something */
};

/* panels: hosts and failures are wanted; so many there are of each. */
void layout_make(
	struct layout *layout, size_t columns, size_t rows, bool panels, size_t n_hosts, size_t n_failures);

#endif
