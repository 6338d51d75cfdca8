/* Model: what top knows, and what of it is looked at: view, filter, order, cursor, marks. No terminal, no
 * connection, no clock. */
#ifndef FETCHCTL_TOP_MODEL_H
#define FETCHCTL_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fetchctl/top/columns.h"
#include "fetchctl/top/history.h"
#include "fetchctl/top/rows.h"
#include "job/filter.h"

/* What the daemon says of itself: reply of Status. */
struct daemon_state {
	char *version;	  /* escaped */
	char *stopped_by; /* escaped; NULL: no window of the calendar stops it */
	int64_t started_usec;
	int64_t max_active;
	bool draining;
	int64_t counts[JOB_STATE_N];
	int64_t received;
	int64_t at_usec; /* when it was said, on the boot clock; 0: never */
};

/* One view: its rows, and how they are looked at. */
struct pane {
	struct rows rows;
	const struct row **shown; /* those that pass the filter, in order */
	size_t n_shown;
	size_t sort; /* column */
	bool reverse;
	size_t cursor; /* index into shown */
	int64_t cursor_id;
	size_t first;	/* the uppermost one on the screen */
	int64_t *marks; /* ids, sorted */
	size_t n_marks;
};

struct model {
	struct daemon_state daemon;
	struct history history;
	int64_t sampled_usec; /* when the last sample was taken, and what was received by then */
	int64_t sampled_bytes;
	struct job_filter only; /* of the command line */
	char *filter;		/* typed; "" for none */
	enum view view;
	struct pane panes[VIEW_N];
};

void model_init(struct model *model, const char *group, const char *host);
void model_done(struct model *model);

/* Reply of Status, come at now_usec (boot clock). */
void model_take_status(struct model *model, const json_t *status, int64_t now_usec);
/* The rows of a view anew; takes what rows owns. */
void model_take_rows(struct model *model, enum view view, struct rows *rows);
/* The connection is lost: what comes is measured from anew. */
void model_lost(struct model *model);

struct pane *model_pane(struct model *model);
/* How many jobs or hosts belong to the view, also those that are not among its rows. */
int64_t model_count(const struct model *model, enum view view);
/* Filter and order anew, for every view. text: a part of a name, host, group or error, in any case. */
void model_filter(struct model *model, const char *text);
/* The next column to sort by. */
void model_sort_next(struct model *model);
void model_reverse(struct model *model);

/* The row under the cursor, or NULL. */
const struct row *model_row(const struct model *model);
/* by rows down, or up when negative; stays at the ends. */
void model_move(struct model *model, int64_t by);
/* So many rows of the view fit: keeps the cursor among those from pane->first on. */
void model_scroll(struct model *model, size_t rows);
void model_mark(struct model *model);
/* All that are shown, or none if all are marked already. */
void model_mark_all(struct model *model);
void model_unmark(struct model *model);
bool pane_marked(const struct pane *pane, int64_t id);
/* Ids that a key means: the marked rows, else the one under the cursor. Caller frees. */
int64_t *model_targets(const struct model *model, size_t *ret_n);

#endif
