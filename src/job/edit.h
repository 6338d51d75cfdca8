/* Edit: changes to a job that was added and has not ended. Pure.
 */
#ifndef JOB_EDIT_H
#define JOB_EDIT_H

#include "job/job.h"

enum edit_field {
	EDIT_URL,
	EDIT_NAME,
	EDIT_PRIORITY,
	EDIT_CHECKSUM,
	EDIT_HEADERS,
	EDIT_USER_AGENT,
	EDIT_REFERER,
	EDIT_LIMIT_RATE,
	EDIT_MAX_FILESIZE,
	EDIT_MAX_ATTEMPTS,
	EDIT_RETRY_DELAY,
	EDIT_MAX_TIME,
	EDIT_CONNECT_TIMEOUT,
	EDIT_DEADLINE,
	EDIT_ON_CONFLICT,
	EDIT_RESUME,
	EDIT_INSECURE,
	EDIT_AUTH,
	EDIT_USER,
	EDIT_PASSWORD,
	EDIT_BEARER,
	EDIT_COOKIES,
	EDIT_COOKIE_JAR,
	EDIT_PROXY,
	EDIT_CA,
	EDIT_CERT,
	EDIT_KEY,
	EDIT_GROUP,
	EDIT_DIR,
	EDIT_NOT_BEFORE,
	EDIT_MIRRORS,
	EDIT_SPLIT,
	EDIT_HOOKS,
	EDIT_FIELD_N,
};
#define EDIT_BIT(field) (UINT64_C(1) << (field))

struct job_edit {
	struct job values; /* what is set, as in a spec; a field's empty value takes it back to what it is in
			      a job that was added without; its "after" joins what the job waits for */
	uint64_t fields;   /* EDIT_BIT: those that change */
};

void job_edit_init(struct job_edit *edit);
void job_edit_done(struct job_edit *edit);

/* The fields that change the request, what the attempt is charged to, or the file that it becomes: an attempt
 * under way has the old ones. */
bool job_edit_is_request(const struct job_edit *edit);

/* Changes *job, whose secrets are read when it has any. What is secret of the headers is put among the plain
 * ones, as in a spec: secret_take_headers() takes it apart again. A header is named by what stands before its
 * colon: a new one takes the place of all of its name, and "Name:" without a value takes them away. A new
 * user or token takes the place of either, new cookies of all cookies, a new certificate of the key too.
 * Sources are asked anew, the first one first, when the URL changes; other mirrors leave the one that is
 * asked now, if it is still among them. Where the URL leads to another scheme, host or port, what was meant
 * for the old one stays behind, as it does with a redirect: login, cookies, secret headers, certificate.
 * Values are not checked. */
void job_edit_apply(const struct job_edit *edit, struct job *job);

#endif
