/* Output: the choice of writer, and the end of standard output, where a full disk must not pass unseen. */
#include "config.h"

#include "fetchctl/out.h"

#include <errno.h>
#include <stdio.h>
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
	out->ops->finish(out);
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

void out_row(struct out *out, const json_t *job)
{
	out->ops->row(out, job);
}

void out_job(struct out *out, const json_t *inspection)
{
	out->ops->job(out, inspection);
}

void out_host(struct out *out, const json_t *host)
{
	out->ops->host(out, host);
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

void out_limit(struct out *out, const json_t *limit)
{
	out->ops->limit(out, limit);
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

void out_group_row(struct out *out, const json_t *group)
{
	out->ops->group_row(out, group);
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
