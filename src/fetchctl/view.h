/* View: a kind of thing that is shown in rows (jobs, hosts, groups, limits, attempts), and its columns.
 *
 * A row is an object of the protocol; a column says which field of it, and of what kind that is. Everything
 * else (order, colour, width, escaping) is the table's, and the same for all.
 */
#ifndef FETCHCTL_VIEW_H
#define FETCHCTL_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In a pipe numbers stand as in the protocol: bytes, bytes a second, microseconds, since the epoch or long.
 */
enum column_kind {
	COLUMN_TEXT,
	COLUMN_STATE, /* a word with a colour */
	COLUMN_NUMBER,
	COLUMN_SIZE,
	COLUMN_RATE,
	COLUMN_TIME,
	COLUMN_DURATION,
};

struct column {
	const char *name; /* of --columns and --sort */
	const char *heading;
	const char *about; /* for --help */
	enum column_kind kind;
	const char *key; /* of the row */
	const char *of;	 /* the object in the row that has the key; NULL: the row itself */
	/* What no field says: the value, false for none; */
	bool (*number)(const json_t *row, int64_t *ret);
	/* or as text, NULL for none. Not yet escaped; caller frees. */
	char *(*text)(const json_t *row);
	/* For people, in the place of the value. Escaped; caller frees. */
	char *(*words)(const json_t *row);
	double share;  /* of a narrow terminal, where it gives way to others; 0: it has what it needs */
	size_t wanted; /* unless asked for, not on terminals narrower than this */
	bool needed;   /* unless asked for, not where no row has anything in it */
};

struct view {
	const char *what; /* "jobs" */
	const struct column *columns;
	size_t n_columns;
	/* Names of columns with commas between: what is shown unless the user says otherwise. */
	const char *plain;
	const char *aligned;
	/* Further lines below a row on a terminal, with newlines between; "" for none. before: the row above,
	 * or NULL. Escaped; caller frees. NULL: this view has none. */
	char *(*below)(const json_t *row, const json_t *before);
};

extern const struct view view_jobs;
/* Columns of view_jobs, as they tell of a failure. */
extern const struct view view_failures;
extern const struct view view_attempts;
extern const struct view view_hosts;
extern const struct view view_groups;
extern const struct view view_limits;

/* Of the first n bytes of name; NULL: there is none. */
const struct column *view_column(const struct view *view, const char *name, size_t n);

#endif
