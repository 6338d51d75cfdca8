/* Output: what commands have to tell, and two writers that know how: text for people and pipes, JSON for
 * programs.
 *
 * Commands never print. JSON values are the protocol's own (types Job and Event, replies of methods),
 * borrowed. Writers differ in form only; with --json every key is the protocol's.
 */
#ifndef FETCHCTL_OUT_H
#define FETCHCTL_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "fetchctl/ctl.h"
#include "fetchctl/shape.h"

struct out;

/* pages: long text goes through a pager when standard output is a terminal. */
struct out *out_new(const struct settings *settings, bool pages);
/* Ends the pager, frees. 0, or the exit status after a message. NULL is fine. */
int out_close(struct out *out);
/* What was told so far is on its way. 0, or the exit status after a message. */
int out_flush(struct out *out);
/* Whether text goes to a terminal. */
bool out_is_terminal(const struct out *out);

/* The id of a job just added. */
void out_id(struct out *out, int64_t id);
/* Rows follow, in this shape, which must outlive them. Also before what has rows of its own: out_job(),
 * out_why(), out_status(), out_group(). */
void out_rows_begin(struct out *out, const struct shape *shape);
/* One object of the shape's view. Written at once, unless the shape has to have them all first. */
void out_row(struct out *out, const json_t *row);
/* Whether the shape wants no more of them. */
bool out_rows_enough(const struct out *out);
void out_rows_end(struct out *out);
/* The whole of a job: reply of Inspect. */
void out_job(struct out *out, const json_t *inspection);
/* Why a job does not run: reply of Inspect. */
void out_why(struct out *out, const json_t *inspection);
/* Reply of Verify. */
void out_verified(struct out *out, int64_t id, const json_t *result);
/* Reply of Status. */
void out_status(struct out *out, const json_t *status);
/* An event of a watch. */
void out_event(struct out *out, const json_t *event);
/* A job that was waited for has ended. path_only: just where the file is; failures are for standard error. */
void out_ended(struct out *out, const json_t *job, bool path_only);
/* n jobs were done to what the word says ("paused"). notice: worth a line for people. */
void out_changed(struct out *out, const char *done, int64_t n, bool notice);
/* What became of a group (reply of GroupInspect): its failures (an array of Job), and its counts. whole: all
 * that is known of it. */
void out_group(struct out *out, const json_t *inspection, const json_t *failures, bool whole);
/* The daemon answered a ping. */
void out_pong(struct out *out, int64_t pid, int64_t round_trip_usec);
/* daemon: reply of Status, NULL when there was none. */
void out_version(struct out *out, const char *client, const json_t *daemon);

/* Text that is the same in every form: help. */
void out_text(struct out *out, const char *text);

/* For the two writers. */
struct out_ops {
	void (*id)(struct out *out, int64_t id);
	void (*row)(struct out *out, const json_t *row);
	void (*rows_end)(struct out *out);
	void (*job)(struct out *out, const json_t *inspection);
	void (*why)(struct out *out, const json_t *inspection);
	void (*verified)(struct out *out, int64_t id, const json_t *result);
	void (*status)(struct out *out, const json_t *status);
	void (*event)(struct out *out, const json_t *event);
	void (*ended)(struct out *out, const json_t *job, bool path_only);
	void (*changed)(struct out *out, const char *done, int64_t n, bool notice);
	void (*group)(struct out *out, const json_t *inspection, const json_t *failures, bool whole);
	void (*pong)(struct out *out, int64_t pid, int64_t round_trip_usec);
	void (*version)(struct out *out, const char *client, const json_t *daemon);
};
extern const struct out_ops out_text_ops;
extern const struct out_ops out_json_ops;

struct out {
	const struct out_ops *ops;
	bool quiet;
	bool legend;
	bool terminal; /* standard output is one, maybe behind a pager */
	bool color;
	size_t columns;
	pid_t pager;
	bool broken;		   /* it could not be written; told already */
	const struct shape *shape; /* of rows; NULL: none are expected */
	json_t *rows;		   /* gathered, to be sorted; or NULL */
	size_t n_rows;		   /* told so far */
	/* of the text writer */
	struct table *table; /* of the rows, or NULL */
	size_t n_jobs;	     /* whole jobs told so far */
};

#endif
