/* Secret: what of a job is not for eyes goes from its URL and headers to job->secrets. Pure. */
#ifndef JOB_SECRET_H
#define JOB_SECRET_H

#include <stdbool.h>

#include "job/job.h"

/* "user:password@", percent-encoded, leaves the URL, which origin_parse() takes; what job->secrets has
 * already outranks it, as with curl. False when it is malformed: it has left the URL all the same. */
bool secret_take_userinfo(struct job *job);
/* Lines that header_is_secret() leave options.headers. */
void secret_take_headers(struct job *job);

/* What is for one scheme, host and port alone is wiped: login, cookies, headers, client certificate. */
void secrets_stay_behind(struct job_secrets *secrets);

#endif
