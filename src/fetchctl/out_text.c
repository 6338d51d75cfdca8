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
#include "fetchctl/out_attempts.h"
#include "fetchctl/out_detail.h"
#include "fetchctl/out_group.h"
#include "fetchctl/out_hosts.h"
#include "fetchctl/out_table.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"
#include "job/limit.h"
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

/* A field and what follows it. Takes text. */
static void put_field(char *text, char end)
{
	printf("%s%c", text && *text ? text : "-", end);
	free(text);
}

static void put_number(int64_t n, char end)
{
	if (n < 0)
		printf("-%c", end);
	else
		printf("%lld%c", (long long)n, end);
}

static char *escape_or_null(const char *s)
{
	return s ? text_escape(s) : NULL;
}

static void put_row(const struct shown_job *shown)
{
	const struct job *job = &shown->job;
	const char *note = job->state == JOB_WAITING ? job_wait_name(job->waiting_for) : job->error_code;

	put_number(job->id, '\t');
	put_field(xstrdup(job_state_name(job->state)), '\t');
	put_number(job->received, '\t');
	put_number(job->size, '\t');
	put_number(shown->speed, '\t');
	printf("%d\t", job->priority);
	put_field(escape_or_null(job->group), '\t');
	put_field(escape_or_null(job->origin), '\t');
	put_field(escape_or_null(note), '\t');
	put_field(escape_or_null(job->name), '\t');
	put_field(escape_or_null(job->url), '\n');
}

static void put_heading(const struct out *out)
{
	if (out->legend)
		puts("ID\tSTATE\tRECEIVED\tSIZE\tSPEED\tPRIORITY\tGROUP\tHOST\tNOTE\tNAME\tURL");
}

static void text_row(struct out *out, const json_t *json)
{
	struct shown_job shown;

	if (out->n_jobs++ == 0 && !out->terminal)
		put_heading(out);
	if (out->terminal && !out->table)
		out->table = table_new(out->columns, out->color, out->legend);
	if (!shown_job_read(&shown, json))
		complain(STATUS_OK, "the daemon sent a job that this fetchctl cannot read");
	else if (out->table)
		table_add(out->table, &shown.job, shown.speed);
	else
		put_row(&shown);
	job_done(&shown.job);
}

/* ---- whole things -------------------------------------------------------------------------------- */

static void text_job(struct out *out, const json_t *inspection)
{
	const json_t *attempts = json_object_get(inspection, "attempts");
	CLEANUP_FREE char *address = attempts_address(attempts);
	struct shown_job shown;

	if (out->n_jobs++ > 0)
		putchar('\n');
	if (shown_job_read(&shown, json_object_get(inspection, "job"))) {
		detail_job(&shown.job, shown.speed, shown.path, address, out->terminal, out->color);
		attempts_show(attempts, out->terminal, out->legend);
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
		attempts_show(attempts, out->terminal, out->legend);
	} else {
		complain(STATUS_OK, "the daemon sent a job that this fetchctl cannot read");
	}
	job_done(&shown.job);
}

static void text_host(struct out *out, const json_t *host)
{
	if (!out->grid)
		out->grid = hosts_grid();
	hosts_grid_add(out->grid, host);
}

/* "1.0MiB/s" for people, plain numbers in a pipe. Caller frees. */
static char *limit_value(const struct out *out, int limit, int64_t value)
{
	enum limit_unit unit = limit < 0 ? LIMIT_COUNT : limit_info((enum limit)limit)->unit;
	char buf[UNITS_MAX];

	if (!out->terminal)
		return xasprintf("%lld", (long long)value);
	if (value == 0)
		return xstrdup("none");
	switch (unit) {
	case LIMIT_BYTES: return xstrdup(units_format_size(buf, value));
	case LIMIT_RATE: return xstrdup(units_format_rate(buf, value));
	case LIMIT_COUNT: break;
	}
	return xasprintf("%lld", (long long)value);
}

static void text_limit(struct out *out, const json_t *limit)
{
	const char *name = json_string_value(json_object_get(limit, "name"));
	const char *source = json_string_value(json_object_get(limit, "source"));
	CLEANUP_FREE char *value = limit_value(
		out, name ? limit_parse(name) : -1, json_integer_value(json_object_get(limit, "value")));
	CLEANUP_FREE char *shown = text_escape(name ? name : "");
	CLEANUP_FREE char *whence = text_escape(source ? source : "");
	CLEANUP_FREE char *window = escape_or_null(json_string_value(json_object_get(limit, "window")));

	if (out->terminal)
		printf("%-20s %12s  %s%s%s\n", shown, value, whence, window ? ": " : "",
			window ? window : "");
	else
		printf("%s\t%s\t%s\t%s\n", shown, value, whence, window ? window : "-");
}

static void text_status(struct out *out, const json_t *status)
{
	const json_t *active = json_object_get(status, "active");

	detail_status(status, out->terminal);
	if (json_array_size(active) == 0)
		return;
	putchar('\n');
	for (size_t i = 0; i < json_array_size(active); i++)
		text_row(out, json_array_get(active, i));
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
	int state = kind ? state_of_kind(kind) : -1;
	CLEANUP_FREE char *word = text_escape(kind ? kind : "");
	CLEANUP_FREE char *detail = NULL, *name = NULL;
	struct shown_job shown;

	if (shown_job_read(&shown, json_object_get(event, "job"))) {
		detail = event_detail(&shown, word);
		name = words_name(&shown.job);
	}
	put_event_head(out, event);
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

static void text_group_row(struct out *out, const json_t *group)
{
	if (out->terminal) {
		if (!out->grid)
			out->grid = group_grid();
		group_grid_add(out->grid, group);
		return;
	}
	if (out->n_jobs++ == 0 && out->legend)
		group_heading();
	group_row(group);
}

static void text_group(struct out *out, const json_t *group, const json_t *failures, bool whole)
{
	if (whole)
		detail_group(group, out->terminal);
	for (size_t i = 0; i < json_array_size(failures); i++) {
		struct shown_job shown;

		if (shown_job_read(&shown, json_array_get(failures, i)))
			put_failure(out, &shown);
		job_done(&shown.job);
	}
	if (!whole)
		group_sum(group);
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

static void text_ended(struct out *out, const json_t *json, bool path_only)
{
	struct shown_job shown;

	if (out->quiet)
		return;
	if (shown_job_read(&shown, json)) {
		if (path_only && shown.path)
			put_field(text_escape(shown.path), '\n');
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

static void text_finish(struct out *out)
{
	if (out->table)
		table_flush(out->table);
	table_free(out->table);
	out->table = NULL;
	if (out->grid)
		grid_write(out->grid, out->terminal, out->legend);
	out->grid = NULL;
}

const struct out_ops out_text_ops = {
	.id = text_id,
	.row = text_row,
	.job = text_job,
	.why = text_why,
	.host = text_host,
	.verified = text_verified,
	.status = text_status,
	.limit = text_limit,
	.event = text_event,
	.ended = text_ended,
	.changed = text_changed,
	.group_row = text_group_row,
	.group = text_group,
	.pong = text_pong,
	.version = text_version,
	.finish = text_finish,
};
