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

struct out;

/* pages: long text goes through a pager when standard output is a terminal. */
struct out *out_new(const struct settings *settings, bool pages);
/* Writes what is held back, ends the pager, frees. 0, or the exit status after a message. NULL is fine. */
int out_close(struct out *out);
/* What was told so far is on its way. 0, or the exit status after a message. */
int out_flush(struct out *out);
/* Whether text goes to a terminal. */
bool out_is_terminal(const struct out *out);

/* The id of a job just added. */
void out_id(struct out *out, int64_t id);
/* A job as a row of a table. */
void out_row(struct out *out, const json_t *job);
/* The whole of a job: reply of Inspect. */
void out_job(struct out *out, const json_t *inspection);
/* Why a job does not run: reply of Inspect. */
void out_why(struct out *out, const json_t *inspection);
/* A host as a row: type Host. */
void out_host(struct out *out, const json_t *host);
/* Reply of Verify. */
void out_verified(struct out *out, int64_t id, const json_t *result);
/* Reply of Status. */
void out_status(struct out *out, const json_t *status);
/* type Limit. */
void out_limit(struct out *out, const json_t *limit);
/* An event of a watch. */
void out_event(struct out *out, const json_t *event);
/* A job that was waited for has ended. path_only: just where the file is; failures are for standard error. */
void out_ended(struct out *out, const json_t *job, bool path_only);
/* n jobs were done to what the word says ("paused"). notice: worth a line for people. */
void out_changed(struct out *out, const char *done, int64_t n, bool notice);
/* A group as a row. */
void out_group_row(struct out *out, const json_t *group);
/* What became of a group: its failures (an array of Job), and its counts. whole: all that is known of it. */
void out_group(struct out *out, const json_t *group, const json_t *failures, bool whole);
/* The daemon answered a ping. */
void out_pong(struct out *out, int64_t pid, int64_t round_trip_usec);
/* daemon: reply of Status, NULL when there was none. */
void out_version(struct out *out, const char *client, const json_t *daemon);

/* Text that is the same in every form: help. */
void out_text(struct out *out, const char *text);

/* For the two writers. */
struct out_ops {
	void (*id)(struct out *out, int64_t id);
	void (*row)(struct out *out, const json_t *job);
	void (*job)(struct out *out, const json_t *inspection);
	void (*why)(struct out *out, const json_t *inspection);
	void (*host)(struct out *out, const json_t *host);
	void (*verified)(struct out *out, int64_t id, const json_t *result);
	void (*status)(struct out *out, const json_t *status);
	void (*limit)(struct out *out, const json_t *limit);
	void (*event)(struct out *out, const json_t *event);
	void (*ended)(struct out *out, const json_t *job, bool path_only);
	void (*changed)(struct out *out, const char *done, int64_t n, bool notice);
	void (*group_row)(struct out *out, const json_t *group);
	void (*group)(struct out *out, const json_t *group, const json_t *failures, bool whole);
	void (*pong)(struct out *out, int64_t pid, int64_t round_trip_usec);
	void (*version)(struct out *out, const char *client, const json_t *daemon);
	void (*finish)(struct out *out); /* write what is held back */
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
	bool broken; /* it could not be written; told already */
	/* of the text writer */
	struct table *table; /* rows not yet written, or NULL */
	struct grid *grid;   /* the same for what is no job */
	size_t n_jobs;	     /* rows or jobs told so far */
};

#endif
