/* Output: the choice of writer, and the end of standard output, where a full disk must not pass unseen. */
#include "config.h"

#include "fetchctl/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "fetchctl/term.h"

struct out *out_new(const struct settings *settings, bool pages)
{
	struct out *out = xcalloc(1, sizeof(*out));

	out->ops = settings->json ? &out_json_ops : &out_text_ops;
	out->quiet = settings->quiet;
	out->legend = !settings->no_legend;
	out->terminal = isatty(STDOUT_FILENO);
	out->color = term_color(STDOUT_FILENO, settings->color);
	out->columns = term_size(STDOUT_FILENO).columns;
	if (pages && !settings->no_pager && !settings->json)
		out->pager = pager_open();
	return out;
}

int out_flush(struct out *out)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (!out->broken)
		complain(STATUS_OUTPUT, "cannot write to standard output: %s", strerror(errno));
	out->broken = true;
	return STATUS_OUTPUT;
}

int out_close(struct out *out)
{
	int status;

	if (!out)
		return 0;
	status = out_flush(out);
	pager_close(out->pager);
	free(out);
	return status;
}

bool out_is_terminal(const struct out *out)
{
	return out->terminal;
}

void out_id(struct out *out, int64_t id)
{
	out->ops->id(out, id);
}

void out_rows_begin(struct out *out, const struct shape *shape)
{
	out->shape = shape;
	out->rows = shape_gathers(shape) ? json_array() : NULL;
	out->n_rows = 0;
}

void out_row(struct out *out, const json_t *row)
{
	out->n_rows++;
	if (!out->rows)
		out->ops->row(out, row);
	else if (json_array_append(out->rows, (json_t *)row) < 0)
		abort();
}

bool out_rows_enough(const struct out *out)
{
	return !out->rows && out->shape->most > 0 && out->n_rows >= out->shape->most;
}

void out_rows_end(struct out *out)
{
	json_t *sorted = out->rows ? shape_sort(out->shape, out->rows) : NULL;

	for (size_t i = 0; i < json_array_size(sorted); i++)
		out->ops->row(out, json_array_get(sorted, i));
	json_decref(sorted);
	json_decref(out->rows);
	out->rows = NULL;
	out->ops->rows_end(out);
}

void out_job(struct out *out, const json_t *inspection)
{
	out->ops->job(out, inspection);
}

void out_why(struct out *out, const json_t *inspection)
{
	out->ops->why(out, inspection);
}

void out_verified(struct out *out, int64_t id, const json_t *result)
{
	out->ops->verified(out, id, result);
}

void out_status(struct out *out, const json_t *status)
{
	out->ops->status(out, status);
}

void out_event(struct out *out, const json_t *event)
{
	out->ops->event(out, event);
}

void out_ended(struct out *out, const json_t *job, bool path_only)
{
	out->ops->ended(out, job, path_only);
}

void out_changed(struct out *out, const char *done, int64_t n, bool notice)
{
	out->ops->changed(out, done, n, notice);
}

void out_group(struct out *out, const json_t *group, const json_t *failures, bool whole)
{
	out->ops->group(out, group, failures, whole);
}

void out_pong(struct out *out, int64_t pid, int64_t round_trip_usec)
{
	out->ops->pong(out, pid, round_trip_usec);
}

void out_version(struct out *out, const char *client, const json_t *daemon)
{
	out->ops->version(out, client, daemon);
}

void out_text(struct out *out, const char *text)
{
	(void)out;
	/* A failed write is found by out_flush(). */
	fputs(text, stdout);
}
