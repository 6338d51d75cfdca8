/* What of a job spec is secret: found, moved to job->secrets, checked. Main thread. */
#ifndef CONTROL_SECRETS_H
#define CONTROL_SECRETS_H

#include "job/job.h"

/* Longest cookie_jar and PEM, each. */
#define SECRETS_FILE_MAX ((size_t)256 * 1024)

/* *job has a URL that origin_parse() takes, and headers that header_refusal() lets pass. Takes user and
 * password out of the URL and secret lines out of the headers. NULL, or the stable code of why it is refused,
 * with *ret_message one plain sentence that repeats no secret (caller frees). */
const char *secrets_complete(struct job *job, char **ret_message);

#endif
