/* Style: what a piece of the screen means; screen.c knows how that looks on which terminal. */
#ifndef FETCHCTL_TOP_STYLE_H
#define FETCHCTL_TOP_STYLE_H

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_STRONG,
	STYLE_ACCENT, /* what runs */
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_HEADING, /* of a column */
	STYLE_TAB,     /* the view that is shown */
	STYLE_GRAPH_LOW,
	STYLE_GRAPH_MIDDLE,
	STYLE_GRAPH_HIGH,
};
#define STYLE_N (STYLE_GRAPH_HIGH + 1)

#endif
