/* List: reads a list line by line, so that its size does not matter; the first line that is wrong ends it. */
#include "config.h"

#include "fetchctl/list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/spec.h"

/* Longer than any URL or header that is taken. */
#define LINE_MAX_BYTES 65536

struct list {
	FILE *file;
	const char *name; /* for messages */
	size_t line;
	struct intake *intake;

	/* the job being read; NULL before the first URL */
	struct job *job;
	size_t job_line;
	char *output; /* of "out", taken when all its options are known */
	size_t output_line;

	/* The last "dir", as written and as resolved: lists repeat it on every line. */
	char *dir;
	char *dir_resolved;
};

static int refuse(const struct list *list, size_t line, const char *what, const char *why)
{
	if (what)
		return complain(STATUS_USAGE, "%s:%zu: %s: %s", list->name, line, what, why);
	return complain(STATUS_USAGE, "%s:%zu: %s", list->name, line, why);
}

/* The job read so far is complete. */
static int finish_job(struct list *list)
{
	const char *why = list->job && list->output ? spec_set_output(list->job, list->output) : NULL;

	if (why)
		return refuse(list, list->output_line, "out", why);
	if (list->job)
		intake_put(list->intake, list->job, list->name, list->job_line);
	job_free(list->job);
	list->job = NULL;
	str_set(&list->output, NULL);
	return 0;
}

/* The first is the job's, what follows behind tabs is the same file elsewhere. */
static int take_urls(struct list *list, char *text)
{
	int status = finish_job(list);
	const char *why;
	char *url = strsep(&text, "\t");

	if (status != 0)
		return status;
	list->job = job_dup(&list->intake->defaults);
	list->job_line = list->line;
	why = spec_set_url(list->job, url);
	while (!why && (url = strsep(&text, "\t")))
		if (*url)
			why = spec_add_mirror(list->job, url);
	/* As the daemon would have it: a bad URL is no misuse of the program. */
	return why ? complain(STATUS_REFUSED, "%s:%zu: %s", list->name, list->line, why) : 0;
}

static const char *set_dir(struct list *list, const char *value)
{
	const char *why;

	if (!list->dir || strcmp(list->dir, value) != 0) {
		why = spec_set_dir(list->job, value, NULL);
		if (why)
			return why;
		str_set(&list->dir, value);
		str_set(&list->dir_resolved, list->job->dir);
	}
	str_set(&list->job->dir, list->dir_resolved);
	return NULL;
}

static int take_option(struct list *list, char *text)
{
	char *equals = strchr(text, '=');
	const char *why, *value;
	bool known = true;

	if (!list->job)
		return refuse(list, list->line, NULL, "an option before the first URL");
	if (!equals)
		return refuse(list, list->line, NULL, "an indented line must be option=value");
	*equals = '\0';
	value = equals + 1;
	if (strcmp(text, "out") == 0) {
		str_set(&list->output, value);
		list->output_line = list->line;
		why = NULL;
	} else if (strcmp(text, "dir") == 0) {
		why = set_dir(list, value);
	} else {
		why = spec_set_listed(list->job, text, value, &known);
	}
	if (!known)
		why = "there is no such option for lists";
	return why ? refuse(list, list->line, text, why) : 0;
}

static int take_line(struct list *list, char *text)
{
	size_t n = strlen(text);
	bool indented = *text == ' ' || *text == '\t';

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	while (*text == ' ' || *text == '\t')
		text++;
	if (!*text || *text == '#')
		return 0;
	return indented ? take_option(list, text) : take_urls(list, text);
}

/* One line without its end into buf. 1, 0 at the end of the file, or the negative exit status after a
 * message. */
static int read_line(struct list *list, char *buf)
{
	size_t n = 0;
	int c;

	list->line++;
	while ((c = getc_unlocked(list->file)) != EOF && c != '\n') {
		if (c == '\0' || n == LINE_MAX_BYTES - 1)
			return -refuse(list, list->line, NULL,
				c == '\0' ? "a NUL byte: this is no text file"
					  : "the line is longer than 64 KiB");
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	if (ferror(list->file))
		return -complain(STATUS_USAGE, "cannot read %s: %s", list->name, strerror(errno));
	return c != EOF || n > 0;
}

static int read_lines(struct list *list)
{
	CLEANUP_FREE char *buf = xmalloc(LINE_MAX_BYTES);
	int status = 0, more;

	while (status == 0 && (more = read_line(list, buf)) != 0)
		status = more < 0 ? -more : take_line(list, buf);
	return status == 0 ? finish_job(list) : status;
}

int list_read(const char *file, struct intake *intake)
{
	bool standard = strcmp(file, "-") == 0;
	struct list list = {.name = standard ? "standard input" : file, .intake = intake};
	int status;

	list.file = standard ? stdin : fopen(file, "re");
	if (!list.file)
		return complain(STATUS_USAGE, "cannot read %s: %s", file, strerror(errno));
	status = read_lines(&list);
	if (!standard)
		fclose(list.file);
	job_free(list.job);
	free(list.output);
	free(list.dir);
	free(list.dir_resolved);
	return status;
}
