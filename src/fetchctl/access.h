/* Access: login, cookies, proxy, certificates, from options to a job. Each function returns NULL, or why the
 * value is refused (static sentence without it).
 */
#ifndef FETCHCTL_ACCESS_H
#define FETCHCTL_ACCESS_H

#include "job/job.h"

/* value is ignored by these three. */
const char *access_set_basic(struct job *job, const char *value);
const char *access_set_digest(struct job *job, const char *value);
const char *access_set_anyauth(struct job *job, const char *value);
const char *access_set_user(struct job *job, const char *value);
const char *access_set_password(struct job *job, const char *value);
/* "NAME:PASSWORD", or NAME alone: then there is no password. */
const char *access_set_login(struct job *job, const char *value);
const char *access_set_bearer(struct job *job, const char *value);
/* What has a "=" is data, anything else a file; "@FILE" is one too. */
const char *access_set_cookie(struct job *job, const char *value);
const char *access_set_cookie_file(struct job *job, const char *path);
/* "": no proxy. */
const char *access_set_proxy(struct job *job, const char *value);
/* PEM files. */
const char *access_set_ca(struct job *job, const char *path);
const char *access_set_cert(struct job *job, const char *path);
const char *access_set_cert_key(struct job *job, const char *path);
/* value is ignored. */
const char *access_set_insecure(struct job *job, const char *value);
/* "true" or "false". */
const char *access_set_check_certificate(struct job *job, const char *value);

#endif
