/* The text writer: aligned and coloured for a terminal; in a pipe fields between tabs, numbers plain, nothing
 * cut. Every string that came from outside passes text_escape() on its way out, to a pipe too: its end may be
 * a terminal.
 */
#include "config.h"

#include "fetchctl/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/out_detail.h"
#include "fetchctl/table.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"
#include "wire/jobjson.h"

/* The protocol's Job as a struct, for as long as a writer looks at it. */
struct shown_job {
	struct job job;
	int64_t speed;
	const char *path; /* of the finished file, borrowed; NULL: there is none */
};

/* False for what is no Job: then there is nothing to show. job_done() in either case. */
static bool shown_job_read(struct shown_job *shown, const json_t *json)
{
	shown->path = json_string_value(json_object_get(json, "path"));
	return wire_job_from_json(json, &shown->job, &shown->speed) == 0;
}

static void text_id(struct out *out, int64_t id)
{
	(void)out;
	printf("%lld\n", (long long)id);
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static char *escape_or_null(const char *s)
{
	return s ? text_escape(s) : NULL;
}

static void text_row(struct out *out, const json_t *row)
{
	size_t terminal = out->terminal ? out->columns : 0;
	bool legend = out->legend && (out->terminal || !out->shape->bare);

	if (!out->table)
		out->table = table_new(out->shape, terminal, out->color, legend);
	table_row(out->table, row);
}

static void text_rows_end(struct out *out)
{
	table_end(out->table);
	out->table = NULL;
}

/* Rows of something that was told before, which they stand apart from. */
static void put_rows(struct out *out, const json_t *rows)
{
	json_t *sorted = shape_sort(out->shape, rows);

	if (json_array_size(sorted) > 0)
		putchar('\n');
	for (size_t i = 0; i < json_array_size(sorted); i++)
		text_row(out, json_array_get(sorted, i));
	text_rows_end(out);
	json_decref(sorted);
}

/* ---- whole things -------------------------------------------------------------------------------- */

static void text_job(struct out *out, const json_t *inspection)
{
	const json_t *attempts = json_object_get(inspection, "attempts");
	CLEANUP_FREE char *address = detail_address(attempts);
	struct shown_job shown;

	if (out->n_jobs++ > 0)
		putchar('\n');
	if (shown_job_read(&shown, json_object_get(inspection, "job"))) {
		detail_job(&shown.job, shown.speed, shown.path, address, out->terminal, out->color);
		detail_hooks(json_object_get(inspection, "hooks"), out->terminal ? 14 : 0);
		put_rows(out, attempts);
	} else {
		complain(STATUS_OK, "the daemon sent a job that this fetchctl cannot read");
	}
	job_done(&shown.job);
}

static void text_why(struct out *out, const json_t *inspection)
{
	const json_t *attempts = json_object_get(inspection, "attempts");
	struct shown_job shown;

	if (out->n_jobs++ > 0)
		putchar('\n');
	if (shown_job_read(&shown, json_object_get(inspection, "job"))) {
		detail_why(&shown.job, json_object_get(inspection, "why"), out->terminal, out->color);
		detail_hooks(json_object_get(inspection, "hooks"), out->terminal ? 8 : 0);
		put_rows(out, attempts);
	} else {
		complain(STATUS_OK, "the daemon sent a job that this fetchctl cannot read");
	}
	job_done(&shown.job);
}

static void text_status(struct out *out, const json_t *status)
{
	detail_status(status, out->terminal);
	put_rows(out, json_object_get(status, "active"));
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* The state's word, coloured and padded on a terminal. */
static void put_state(const struct out *out, enum job_state state, const char *word)
{
	if (out->terminal)
		printf("%s%-9s%s  ", term_state_color(state, out->color), word, term_plain(out->color));
	else
		printf("%s\t", word);
}

/* What there is to say of a job in its state. Caller frees. */
static char *state_detail(const struct shown_job *shown)
{
	switch (shown->job.state) {
	case JOB_DONE: return xstrdup(shown->path ? shown->path : "-");
	case JOB_FAILED: return words_error(&shown->job);
	case JOB_WAITING: return words_note(&shown->job, -1);
	case JOB_ACTIVE: return xasprintf("attempt %d", shown->job.attempts);
	case JOB_QUEUED:
	case JOB_PAUSED:
	case JOB_CANCELLED: break;
	}
	return NULL;
}

/* The state that an event leads to; -1: none, the job keeps its own or has none. */
static int state_of_kind(const char *kind)
{
	if (strcmp(kind, "added") == 0)
		return JOB_QUEUED;
	if (strcmp(kind, "hook_ok") == 0)
		return JOB_DONE;
	return strcmp(kind, "started") == 0 ? JOB_ACTIVE : job_state_parse(kind);
}

static void put_event_head(const struct out *out, const json_t *event)
{
	const json_t *id = json_object_get(event, "id");
	char when[UNITS_MAX];

	units_format_time(when, json_integer_value(json_object_get(event, "time_usec")));
	if (out->terminal)
		printf("%s  ", when);
	else if (id)
		printf("%lld\t%s\t", (long long)json_integer_value(id), when);
	else
		printf("-\t%s\t", when);
}

/* An event of the past comes with the job as it is now: then its detail would be about something else. Caller
 * frees. */
static char *event_detail(const struct shown_job *shown, const char *kind)
{
	CLEANUP_FREE char *detail = state_of_kind(kind) == (int)shown->job.state ? state_detail(shown) : NULL;

	return text_escape(detail ? detail : "");
}

static void text_event(struct out *out, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	const char *hook = json_string_value(json_object_get(event, "hook"));
	int state = kind ? state_of_kind(kind) : -1;
	CLEANUP_FREE char *word = text_escape(kind ? kind : "");
	CLEANUP_FREE char *detail = NULL, *name = NULL;
	struct shown_job shown;

	if (shown_job_read(&shown, json_object_get(event, "job"))) {
		detail = event_detail(&shown, word);
		name = words_name(&shown.job);
	}
	if (hook) {
		free(detail);
		detail = text_escape(hook);
	}
	if (strcmp(word, "lost") == 0)
		detail = xstrdup("events between the cursor and this number are no longer kept");
	put_event_head(out, event);
	if (strcmp(word, "hook_failed") == 0)
		state = JOB_FAILED;
	put_state(out, state >= 0 ? (enum job_state)state : JOB_CANCELLED, word);
	printf(out->terminal ? "%6lld  %s  %s\n" : "%lld\t%s\t%s\n",
		(long long)json_integer_value(json_object_get(event, "job_id")), name ? name : "",
		detail ? detail : "");
	job_done(&shown.job);
}

/* One of a group's: with its URL, since the reader may have asked for a thousand. */
static void put_failure(const struct out *out, const struct shown_job *shown)
{
	const struct job *job = &shown->job;
	CLEANUP_FREE char *error = words_error(job);
	CLEANUP_FREE char *url = text_escape(job->url);

	put_state(out, job->state, job_state_name(job->state));
	printf(out->terminal ? "%6lld  %s (%s)\n" : "%lld\t%s\t%s\n", (long long)job->id, error, url);
}

static void put_ended(const struct out *out, const struct shown_job *shown)
{
	const struct job *job = &shown->job;
	CLEANUP_FREE char *detail = state_detail(shown);
	CLEANUP_FREE char *safe = text_escape(detail ? detail : "");

	put_state(out, job->state, job_state_name(job->state));
	printf(out->terminal ? "%6lld  %s\n" : "%lld\t%s\n", (long long)job->id, safe);
}

/* "photos: 3 done, 1 failed" */
static void put_sum(const json_t *group)
{
	CLEANUP_FREE char *name = escape_or_null(json_string_value(json_object_get(group, "name")));
	CLEANUP_FREE char *counts = detail_counts(json_object_get(group, "counts"));

	printf("%s: %s\n", name ? name : "", counts);
}

static void text_group(struct out *out, const json_t *inspection, const json_t *failures, bool whole)
{
	const json_t *group = json_object_get(inspection, "group");

	if (whole) {
		detail_group(group, out->terminal);
		detail_hooks(json_object_get(inspection, "hooks"), out->terminal ? 12 : 0);
		put_rows(out, failures);
		return;
	}
	for (size_t i = 0; i < json_array_size(failures); i++) {
		struct shown_job shown;

		if (shown_job_read(&shown, json_array_get(failures, i)))
			put_failure(out, &shown);
		job_done(&shown.job);
	}
	put_sum(group);
}

static void text_verified(struct out *out, int64_t id, const json_t *result)
{
	bool verified = json_is_true(json_object_get(result, "verified"));
	const char *digest = json_string_value(json_object_get(result, "digest"));
	const char *message = json_string_value(json_object_get(result, "message"));
	CLEANUP_FREE char *detail = text_escape(message ? message : digest ? digest : "");
	const char *word = !verified ? "changed" : message ? "unproven" : "ok";

	if (out->quiet)
		return;
	/* Without columns: a digest shall fit into 80. */
	printf(out->terminal ? "%lld  %s%s%s  %s\n" : "%lld\t%s%s%s\t%s\n", (long long)id,
		term_state_color(verified ? JOB_DONE : JOB_FAILED, out->color), word, term_plain(out->color),
		detail);
}

static void put_path(const char *path)
{
	CLEANUP_FREE char *safe = text_escape(path);

	puts(safe);
}

static void text_ended(struct out *out, const json_t *json, bool path_only)
{
	struct shown_job shown;

	if (out->quiet)
		return;
	if (shown_job_read(&shown, json)) {
		if (path_only && shown.path)
			put_path(shown.path);
		else if (!path_only)
			put_ended(out, &shown);
	}
	job_done(&shown.job);
}

static void text_changed(struct out *out, const char *done, int64_t n, bool notice)
{
	/* A notice for people, not the result: that is the exit status. */
	if (notice && !out->quiet)
		fprintf(stderr, "%s %lld job%s\n", done, (long long)n, n == 1 ? "" : "s");
}

static void text_pong(struct out *out, int64_t pid, int64_t round_trip_usec)
{
	if (!out->quiet)
		printf("fetchd is alive (pid %lld), %.1f ms\n", (long long)pid,
			(double)round_trip_usec / 1000);
}

static void text_version(struct out *out, const char *client, const json_t *daemon)
{
	CLEANUP_FREE char *version = escape_or_null(json_string_value(json_object_get(daemon, "version")));

	(void)out;
	printf("fetchctl %s\n", client);
	if (version)
		printf("fetchd %s\n", version);
}

const struct out_ops out_text_ops = {
	.id = text_id,
	.row = text_row,
	.job = text_job,
	.why = text_why,
	.verified = text_verified,
	.status = text_status,
	.event = text_event,
	.ended = text_ended,
	.changed = text_changed,
	.group = text_group,
	.pong = text_pong,
	.version = text_version,
	.rows_end = text_rows_end,
};
