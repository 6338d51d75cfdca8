/* Keys: what each does. The help and the line of hints are made of the same table. */
#ifndef FETCHCTL_TOP_KEYS_H
#define FETCHCTL_TOP_KEYS_H

#include <stddef.h>

#include "fetchctl/top/columns.h"

enum action {
	ACTION_NONE,
	ACTION_QUIT,
	ACTION_HELP,
	ACTION_TRANSFERS, /* in the order of enum view */
	ACTION_HOSTS,
	ACTION_QUEUE,
	ACTION_FAILURES,
	ACTION_NEXT_VIEW,
	ACTION_PREVIOUS_VIEW,
	ACTION_UP,
	ACTION_DOWN,
	ACTION_PAGE_UP,
	ACTION_PAGE_DOWN,
	ACTION_FIRST,
	ACTION_LAST,
	ACTION_MARK,
	ACTION_MARK_ALL,
	ACTION_FILTER,
	ACTION_SORT,
	ACTION_REVERSE,
	ACTION_CLEAR,
	ACTION_PAUSE,
	ACTION_RESUME,
	ACTION_CANCEL,
	ACTION_RETRY,
	ACTION_REMOVE,
	ACTION_RAISE,
	ACTION_LOWER,
	ACTION_PRIORITY,
	ACTION_RATE,
	ACTION_ACTIVE,
	ACTION_ALL_RATE,
	ACTION_ALL_ACTIVE,
	ACTION_REDRAW,
};

#define KEYS_IN(view) (1u << (view))
#define KEYS_ALL      0xfu

struct key {
	int key, other;	   /* see screen.h; other: does the same, or 0 */
	const char *label; /* "Space"; NULL: the character itself */
	const char *help;
	const char *hint; /* a word for the line of hints, or NULL */
	unsigned views;	  /* where it does something */
	enum action action;
};
extern const struct key keys_table[];
extern const size_t keys_n;

/* ACTION_NONE where the key does nothing. */
enum action keys_action(int key, enum view view);
/* "j Down": what is to be pressed. Caller frees. */
char *keys_label(const struct key *key);

#endif
