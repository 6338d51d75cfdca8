/* Sources: the URLs that a job's one file may be fetched from, in the order in which they are asked: job->url
 * now or next, then the lines of job->mirrors, each ended by '\n'. In front of a line's URL may stand "*":
 * the job was added with this one, which says which file it is and whom its secrets are for (no line has it
 * while job->url is that URL); and "!": it has failed for good, and is asked no more before the job is
 * retried or edited. Pure; any thread.
 */
#ifndef JOB_SOURCE_H
#define JOB_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "job/job.h"
#include "job/verdict.h"

/* Of one job, beside its URL. */
#define MIRRORS_MAX 16

struct source {
	const char *url; /* n bytes of the job's, not ended */
	size_t n;
	bool first, out;
};

/* The line at *at, which moves behind it. At first *at is job->mirrors, which may be NULL. False: there is
 * none. */
bool source_line(const char **at, struct source *ret);
/* How many there are, and how many are not out, job->url included in both. */
unsigned sources_count(const struct job *job, unsigned *ret_live);
/* Lines as they must be, of a row that may have been written by another hand. */
bool sources_sane(const struct job *job);
/* What it was added with. Caller frees. */
char *source_first(const struct job *job);
/* Of the URL that is asked. NULL for one that origin_parse() refuses. Caller frees. */
char *source_origin(const char *url, size_t n);
/* What is secret is for another scheme, host or port than is asked. */
bool source_is_foreign(const struct job *job);
/* Whether a failure is the source's, or of the way to it: another one may do better. Not what this machine,
 * the job itself or its user brought about. */
bool source_is_to_blame(const struct verdict *v);

/* The line of that number, from 0 on, is asked next, and the others after it in their order. out: job->url is
 * to be asked no more. What is known of the bytes stays, but for what only the server that sent them can
 * confirm; what is known of the server goes. */
void source_turn(struct job *job, unsigned line, bool out);
/* All lines but job->url are out: it was the last. */
bool source_is_last(const struct job *job);
/* All are asked again, the first one first. */
void sources_revive(struct job *job);
/* Mirrors are these from now on, as sources_revive() leaves them: lines without marks, or NULL. What is asked
 * now goes on being asked, if it is still among them. */
void sources_set(struct job *job, const char *lines);
/* Takes away lines that are there before, or are job->url. Of a job that has not been added. */
void sources_unique(struct job *job);

#endif
