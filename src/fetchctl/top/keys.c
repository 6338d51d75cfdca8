/* Keys: one entry is one key. */
#include "config.h"

#include "fetchctl/top/keys.h"

#include "base/alloc.h"
#include "fetchctl/top/screen.h"

#define JOBS	(KEYS_IN(VIEW_TRANSFERS) | KEYS_IN(VIEW_QUEUE) | KEYS_IN(VIEW_FAILURES))
#define RUNNING (KEYS_IN(VIEW_TRANSFERS) | KEYS_IN(VIEW_QUEUE))

const struct key keys_table[] = {
	{'q', .help = "leave; the downloads go on", .hint = "quit", .views = KEYS_ALL, .action = ACTION_QUIT},
	{'?', 'h', .help = "this help", .hint = "help", .views = KEYS_ALL, .action = ACTION_HELP},
	{'1', .help = "what is being fetched", .views = KEYS_ALL, .action = ACTION_TRANSFERS},
	{'2', .help = "hosts: limits, and what holds", .views = KEYS_ALL, .action = ACTION_HOSTS},
	{'3', .help = "what is queued or waits", .views = KEYS_ALL, .action = ACTION_QUEUE},
	{'4', .help = "what failed", .views = KEYS_ALL, .action = ACTION_FAILURES},
	{SCREEN_TAB, SCREEN_RIGHT, "Tab", "the next view", .views = KEYS_ALL, .action = ACTION_NEXT_VIEW},
	{SCREEN_BACKTAB, SCREEN_LEFT, "S-Tab", "the view before", .views = KEYS_ALL,
		.action = ACTION_PREVIOUS_VIEW},
	{'j', SCREEN_DOWN, "j Down", "a row down", .views = KEYS_ALL, .action = ACTION_DOWN},
	{'k', SCREEN_UP, "k Up", "a row up", .views = KEYS_ALL, .action = ACTION_UP},
	{SCREEN_PAGE_DOWN, .label = "PgDn", .help = "a page down", .views = KEYS_ALL,
		.action = ACTION_PAGE_DOWN},
	{SCREEN_PAGE_UP, .label = "PgUp", .help = "a page up", .views = KEYS_ALL, .action = ACTION_PAGE_UP},
	{'g', SCREEN_HOME, "g Home", "the first row", .views = KEYS_ALL, .action = ACTION_FIRST},
	{'G', SCREEN_END, "G End", "the last row", .views = KEYS_ALL, .action = ACTION_LAST},
	{' ', .label = "Space", .help = "mark: keys mean what is", .hint = "mark", .views = KEYS_ALL,
		.action = ACTION_MARK},
	{'a', .help = "mark all rows, or none", .views = KEYS_ALL, .action = ACTION_MARK_ALL},
	{'/', .help = "filter by name, host, error", .hint = "filter", .views = KEYS_ALL,
		.action = ACTION_FILTER},
	{'s', .help = "sort by the next column", .hint = "sort", .views = KEYS_ALL, .action = ACTION_SORT},
	{'S', .help = "sort the other way round", .views = KEYS_ALL, .action = ACTION_REVERSE},
	{SCREEN_ESCAPE, .label = "Esc", .help = "no filter, no marks", .views = KEYS_ALL,
		.action = ACTION_CLEAR},
	{'p', .help = "pause jobs, or all of a host", .hint = "pause", .views = RUNNING | KEYS_IN(VIEW_HOSTS),
		.action = ACTION_PAUSE},
	{'r', .help = "resume them", .hint = "resume", .views = RUNNING | KEYS_IN(VIEW_HOSTS),
		.action = ACTION_RESUME},
	{'c', .help = "cancel them; asks", .hint = "cancel", .views = RUNNING | KEYS_IN(VIEW_HOSTS),
		.action = ACTION_CANCEL},
	{'t', .help = "try failed jobs again", .hint = "try again",
		.views = KEYS_IN(VIEW_FAILURES) | KEYS_IN(VIEW_HOSTS), .action = ACTION_RETRY},
	{'x', .help = "forget failed jobs; asks", .hint = "forget", .views = KEYS_IN(VIEW_FAILURES),
		.action = ACTION_REMOVE},
	{'+', '=', "+", "a higher priority", .views = RUNNING, .action = ACTION_RAISE},
	{'-', .help = "a lower priority", .views = RUNNING, .action = ACTION_LOWER},
	{'P', .help = "set the priority", .hint = "priority", .views = RUNNING, .action = ACTION_PRIORITY},
	{'l', .help = "bytes a second: limit-rate", .hint = "limit", .views = RUNNING | KEYS_IN(VIEW_HOSTS),
		.action = ACTION_RATE},
	{'m', .help = "of a host: max-active", .hint = "max-active", .views = KEYS_IN(VIEW_HOSTS),
		.action = ACTION_ACTIVE},
	{'L', .help = "limit-rate of all", .views = KEYS_ALL, .action = ACTION_ALL_RATE},
	{'M', .help = "max-active of all", .views = KEYS_ALL, .action = ACTION_ALL_ACTIVE},
	{SCREEN_REDRAW, .label = "C-l", .help = "draw all anew", .views = KEYS_ALL, .action = ACTION_REDRAW},
};
const size_t keys_n = ARRAY_LEN(keys_table);

enum action keys_action(int key, enum view view)
{
	for (size_t i = 0; i < keys_n; i++)
		if ((keys_table[i].key == key || keys_table[i].other == key) &&
			(keys_table[i].views & KEYS_IN(view)))
			return keys_table[i].action;
	return ACTION_NONE;
}

char *keys_label(const struct key *key)
{
	return key->label ? xstrdup(key->label) : xasprintf("%c", key->key);
}
