/* Spec: a job as a command line or a list describes it. What is wrong is told here, before anything is sent.
 */
#ifndef FETCHCTL_SPEC_H
#define FETCHCTL_SPEC_H

#include <stdbool.h>

#include "fetchctl/option.h"
#include "job/job.h"

/* Each returns NULL, or why the value is refused (static sentence). */

/* typed: spaces and bytes beyond ASCII are percent-encoded, then the URL is checked. */
const char *spec_set_url(struct job *job, const char *typed);
/* Of the same file; checked as the URL is. */
const char *spec_add_mirror(struct job *job, const char *typed);
/* dir: relative to base (NULL: the working directory). */
const char *spec_set_dir(struct job *job, const char *dir, const char *base);
/* output: a file name, perhaps with a directory in front, which is relative to the job's, else to the working
 * directory. */
const char *spec_set_output(struct job *job, const char *output);
/* Any other option of add and get; value NULL for one that takes none. */
const char *spec_set_option(struct job *job, enum opt_id id, const char *value);
/* A span of time, or 0 for none; else it may be a time. */
bool spec_is_span(const char *value);
/* Whether the argument of --time-cond is no time, but a URL, which is then to be fetched as with
 * --conditional-get. */
bool spec_time_is_url(const char *value);
/* An option of a list, by aria2's name. *ret_known: whether there is such an option. */
const char *spec_set_listed(struct job *job, const char *name, const char *value, bool *ret_known);

/* Initialises *job with all options of a command line that hold for each of its jobs, --dir included,
 * --output not; reads the files they name, and asks for a password that is missing. 0, or the exit status
 * after a message. job_done() in either case. */
int spec_from_args(struct job *job, const struct args *args);

#endif
