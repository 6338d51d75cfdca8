/* Sources: where a job may be fetched from, and whose turn it is. Owns nothing; any thread. Must never forget
 * which one a job was added with: its secrets are for that one alone.
 */
#include "config.h"

#include "job/source.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "job/failure.h"
#include "job/origin.h"

#define MARK_FIRST '*'
#define MARK_OUT   '!'

bool source_line(const char **at, struct source *ret)
{
	const char *line = *at;

	if (!line || !*line)
		return false;
	*ret = (struct source){.first = *line == MARK_FIRST};
	line += ret->first;
	ret->out = *line == MARK_OUT;
	line += ret->out;
	ret->url = line;
	ret->n = strcspn(line, "\n");
	*at = line + ret->n + (line[ret->n] == '\n');
	return true;
}

unsigned sources_count(const struct job *job, unsigned *ret_live)
{
	const char *at = job->mirrors;
	struct source source;
	unsigned n = 1;

	*ret_live = 1;
	while (source_line(&at, &source)) {
		n++;
		*ret_live += !source.out;
	}
	return n;
}

bool sources_sane(const struct job *job)
{
	const char *at = job->mirrors;
	struct source source;
	unsigned n = 0, n_first = 0;

	while (source_line(&at, &source)) {
		CLEANUP_FREE char *origin = source_origin(source.url, source.n);

		n_first += source.first;
		if (!origin || source.url[source.n] != '\n' || ++n > MIRRORS_MAX || n_first > 1)
			return false;
	}
	return n > 0;
}

bool source_is_last(const struct job *job)
{
	unsigned live;

	sources_count(job, &live);
	return live == 1;
}

char *source_first(const struct job *job)
{
	const char *at = job->mirrors;
	struct source source;

	while (source_line(&at, &source))
		if (source.first)
			return xstrndup(source.url, source.n);
	return xstrdup(job->url);
}

char *source_origin(const char *url, size_t n)
{
	CLEANUP_FREE char *copy = xstrndup(url, n);
	struct origin origin;
	char *text;

	if (origin_parse(copy, &origin) != ORIGIN_OK)
		return NULL;
	text = origin_text(&origin);
	origin_done(&origin);
	return text;
}

bool source_is_foreign(const struct job *job)
{
	CLEANUP_FREE char *first = job->mirrors ? source_first(job) : NULL;
	CLEANUP_FREE char *origin = first ? source_origin(first, strlen(first)) : NULL;

	return first && (!origin || strcmp(origin, job->origin) != 0);
}

bool source_is_to_blame(const struct verdict *v)
{
	enum failure failure = failure_of(v->code);

	if (v->class != VERDICT_TRANSIENT && v->class != VERDICT_RESTART && v->class != VERDICT_PERMANENT)
		return false;
	/* The proxy is the same for all of them. */
	return v->code && failure != FAILURE_DISK && failure != FAILURE_DAEMON &&
	       strcmp(v->code, "E_PROXY_AUTH") != 0;
}

/* ---- turning */

static char *put_line(char *to, const char *url, size_t n, bool first, bool out)
{
	if (first)
		*to++ = MARK_FIRST;
	if (out)
		*to++ = MARK_OUT;
	to = mempcpy(to, url, n);
	*to++ = '\n';
	return to;
}

/* Lines from from on up to the number end. */
static char *put_lines(char *to, const char *lines, unsigned from, unsigned end)
{
	struct source source;

	for (unsigned i = 0; i < end && source_line(&lines, &source); i++)
		if (i >= from)
			to = put_line(to, source.url, source.n, source.first, source.out);
	return to;
}

static void set_url(struct job *job, char *url)
{
	free(job->url);
	job->url = url;
	free(job->origin);
	job->origin = source_origin(url, strlen(url));
}

/* The circle of sources goes on by so many lines and one. */
static void turn(struct job *job, unsigned line, bool out)
{
	const char *at = job->mirrors;
	char *lines = xmalloc(strlen(job->mirrors) + strlen(job->url) + 4), *to = lines, *url;
	struct source next = {.n = 0}, source;
	bool was_first = true;

	for (unsigned i = 0; source_line(&at, &source); i++) {
		was_first = was_first && !source.first;
		if (i == line)
			next = source;
	}
	assert(next.n > 0);
	url = xstrndup(next.url, next.n);
	to = put_lines(to, job->mirrors, line + 1, UINT_MAX);
	to = put_line(to, job->url, strlen(job->url), was_first, out);
	to = put_lines(to, job->mirrors, 0, line);
	*to = '\0';
	free(job->mirrors);
	job->mirrors = lines;
	set_url(job, url);
}

/* Another server's validators prove nothing; its bytes are compared. */
static void forget_server(struct job *job)
{
	job->range_faults = 0;
	job->no_ranges = false;
	job->validator = JOB_VALIDATOR_NONE;
	str_set(&job->etag, NULL);
	str_set(&job->last_modified, NULL);
	str_set(&job->effective_url, NULL);
}

void source_turn(struct job *job, unsigned line, bool out)
{
	turn(job, line, out);
	forget_server(job);
}

void sources_revive(struct job *job)
{
	const char *at = job->mirrors;
	char *to = job->mirrors;
	struct source source;
	int first = -1;

	if (!job->mirrors)
		return;
	for (int i = 0; source_line(&at, &source); i++) {
		first = source.first ? i : first;
		/* Never longer than it was, and read before it is written over. */
		if (source.first)
			*to++ = MARK_FIRST;
		memmove(to, source.url, source.n);
		to += source.n;
		*to++ = '\n';
	}
	*to = '\0';
	if (first >= 0)
		source_turn(job, (unsigned)first, false);
}

/* The number of the line with that URL, or -1. */
static int line_of(const char *lines, const char *url)
{
	struct source source;

	for (int i = 0; source_line(&lines, &source); i++)
		if (strlen(url) == source.n && memcmp(url, source.url, source.n) == 0)
			return i;
	return -1;
}

void sources_unique(struct job *job)
{
	const char *at = job->mirrors;
	char *lines, *to;
	struct source source;

	if (!job->mirrors)
		return;
	to = lines = xcalloc(1, strlen(job->mirrors) + 2);
	while (source_line(&at, &source)) {
		CLEANUP_FREE char *url = xstrndup(source.url, source.n);

		if (strcmp(url, job->url) != 0 && line_of(lines, url) < 0)
			to = put_line(to, source.url, source.n, source.first, source.out);
		*to = '\0';
	}
	free(job->mirrors);
	job->mirrors = *lines ? lines : NULL;
	if (!job->mirrors)
		free(lines);
}

void sources_set(struct job *job, const char *lines)
{
	CLEANUP_FREE char *asked = xstrdup(job->url), *first = source_first(job);
	int line;

	str_set(&job->mirrors, lines && *lines ? lines : NULL);
	set_url(job, xstrdup(first));
	sources_unique(job);
	if (strcmp(asked, first) == 0)
		return;
	line = line_of(job->mirrors, asked);
	if (line >= 0)
		turn(job, (unsigned)line, false);
	else
		forget_server(job);
}
