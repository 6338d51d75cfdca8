/* The job as plain data: life of the struct, and its words. Owns nothing itself; any thread.
 */
#include "config.h"

#include "job/job.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"

/* Every string a job owns: a new one is added here and nowhere else. */
static const size_t string_offsets[] = {
	offsetof(struct job, url),
	offsetof(struct job, mirrors),
	offsetof(struct job, origin),
	offsetof(struct job, dir),
	offsetof(struct job, name),
	offsetof(struct job, hooks),
	offsetof(struct job, group),
	offsetof(struct job, key),
	offsetof(struct job, ranges),
	offsetof(struct job, etag),
	offsetof(struct job, last_modified),
	offsetof(struct job, digest),
	offsetof(struct job, encoded),
	offsetof(struct job, effective_url),
	offsetof(struct job, error_code),
	offsetof(struct job, error_message),
	offsetof(struct job, options.headers),
	offsetof(struct job, options.user_agent),
	offsetof(struct job, options.referer),
	offsetof(struct job, options.checksum),
};

static char **string_at(struct job *job, size_t i)
{
	return (char **)(void *)((char *)job + string_offsets[i]);
}

void job_init(struct job *job)
{
	*job = (struct job){
		.state = JOB_QUEUED,
		.size = -1,
		.not_before_usec = -1,
		.paused_by = -1,
		.options =
			{
				.limit_rate = -1,
				.max_filesize = -1,
				.retry_delay_usec = -1,
				.max_time_usec = -1,
				.connect_timeout_usec = -1,
				.deadline_usec = -1,
				.max_attempts = -1,
				.split = -1,
				.on_conflict = -1,
				.resume = -1,
				.if_newer_usec = -1,
			},
	};
}

void job_done(struct job *job)
{
	for (size_t i = 0; i < ARRAY_LEN(string_offsets); i++)
		str_set(string_at(job, i), NULL);
	job_secrets_free(job->secrets);
	job->secrets = NULL;
	free(job->after);
	job->after = NULL;
	job->n_after = 0;
}

/* ---- secrets */

static const size_t secret_offsets[] = {
	offsetof(struct job_secrets, user),
	offsetof(struct job_secrets, password),
	offsetof(struct job_secrets, bearer),
	offsetof(struct job_secrets, cookies),
	offsetof(struct job_secrets, cookie_jar),
	offsetof(struct job_secrets, headers),
	offsetof(struct job_secrets, proxy),
	offsetof(struct job_secrets, ca_pem),
	offsetof(struct job_secrets, cert_pem),
	offsetof(struct job_secrets, key_pem),
};

static char **secret_at(struct job_secrets *secrets, size_t i)
{
	return (char **)(void *)((char *)secrets + secret_offsets[i]);
}

struct job_secrets *job_need_secrets(struct job *job)
{
	if (!job->secrets)
		job->secrets = xcalloc(1, sizeof(*job->secrets));
	return job->secrets;
}

bool job_secrets_same(const struct job_secrets *a, const struct job_secrets *b)
{
	static const struct job_secrets none;

	for (size_t i = 0; i < ARRAY_LEN(secret_offsets); i++) {
		const char *x = *secret_at((struct job_secrets *)(a ? a : &none), i);
		const char *y = *secret_at((struct job_secrets *)(b ? b : &none), i);

		if (x && y ? strcmp(x, y) != 0 : x != y)
			return false;
	}
	return true;
}

void job_secrets_free(struct job_secrets *secrets)
{
	if (!secrets)
		return;
	for (size_t i = 0; i < ARRAY_LEN(secret_offsets); i++) {
		char *secret = *secret_at(secrets, i);

		if (secret)
			explicit_bzero(secret, strlen(secret));
		free(secret);
	}
	free(secrets);
}

static struct job_secrets *secrets_dup(const struct job_secrets *secrets)
{
	struct job_secrets *copy = xmemdup(secrets, sizeof(*secrets));

	for (size_t i = 0; i < ARRAY_LEN(secret_offsets); i++) {
		char **slot = secret_at(copy, i);

		*slot = xstrdup_null(*slot);
	}
	return copy;
}

/* ---- life */

struct job *job_new(void)
{
	struct job *job = xmalloc(sizeof(*job));

	job_init(job);
	return job;
}

struct job *job_dup(const struct job *job)
{
	struct job *copy = xmemdup(job, sizeof(*job));

	for (size_t i = 0; i < ARRAY_LEN(string_offsets); i++) {
		char **slot = string_at(copy, i);

		*slot = xstrdup_null(*slot);
	}
	if (job->secrets)
		copy->secrets = secrets_dup(job->secrets);
	if (job->n_after)
		copy->after = xmemdup(job->after, job->n_after * sizeof(*job->after));
	return copy;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	job_done(job);
	free(job);
}

char *job_path(const struct job *job)
{
	if (!job->name || !job->dir)
		return NULL;
	/* The root directory brings its own slash. */
	return xasprintf("%s%s%s", job->dir, strcmp(job->dir, "/") == 0 ? "" : "/", job->name);
}

bool job_has_file(const struct job *job)
{
	return job->state == JOB_DONE && (job->size >= 0 || job->options.if_newer_usec < 0);
}

const char *job_state_name(enum job_state state)
{
	switch (state) {
	case JOB_QUEUED: return "queued";
	case JOB_WAITING: return "waiting";
	case JOB_ACTIVE: return "active";
	case JOB_PAUSED: return "paused";
	case JOB_DONE: return "done";
	case JOB_FAILED: return "failed";
	case JOB_CANCELLED: return "cancelled";
	}
	return "?";
}

const char *job_state_phrase(enum job_state state)
{
	switch (state) {
	case JOB_QUEUED: return "is queued";
	case JOB_WAITING: return "is waiting";
	case JOB_ACTIVE: return "is active";
	case JOB_PAUSED: return "is paused";
	case JOB_DONE: return "is done";
	case JOB_FAILED: return "has failed";
	case JOB_CANCELLED: return "was cancelled";
	}
	return "?";
}

const char *job_wait_name(enum job_wait wait)
{
	switch (wait) {
	case JOB_WAIT_NONE: return "";
	case JOB_WAIT_RETRY: return "retry";
	case JOB_WAIT_SCHEDULE: return "schedule";
	case JOB_WAIT_DEPENDENCY: return "dependency";
	case JOB_WAIT_HOST: return "host";
	case JOB_WAIT_DISK: return "disk";
	case JOB_WAIT_NETWORK: return "network";
	case JOB_WAIT_QUOTA: return "quota";
	}
	return "?";
}

const char *job_conflict_name(enum job_conflict conflict)
{
	switch (conflict) {
	case JOB_CONFLICT_RENAME: return "rename";
	case JOB_CONFLICT_FAIL: return "fail";
	case JOB_CONFLICT_OVERWRITE: return "overwrite";
	case JOB_CONFLICT_SKIP: return "skip";
	}
	return "?";
}

const char *job_resume_name(enum job_resume resume)
{
	switch (resume) {
	case JOB_RESUME_AUTO: return "auto";
	case JOB_RESUME_STRICT: return "strict";
	}
	return "?";
}

const char *job_integrity_name(enum job_integrity integrity)
{
	switch (integrity) {
	case JOB_INTEGRITY_NONE: return "";
	case JOB_INTEGRITY_UNVERIFIED: return "unverified";
	case JOB_INTEGRITY_DIGEST: return "digest";
	case JOB_INTEGRITY_CHECKSUM: return "checksum";
	}
	return "?";
}

const char *job_auth_name(enum job_auth auth)
{
	switch (auth) {
	case JOB_AUTH_BASIC: return "basic";
	case JOB_AUTH_DIGEST: return "digest";
	case JOB_AUTH_ANY: return "any";
	}
	return "?";
}

int job_state_parse(const char *word)
{
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++) {
		if (strcmp(word, job_state_name((enum job_state)state)) == 0)
			return state;
	}
	return -1;
}

int job_wait_parse(const char *word)
{
	for (int wait = JOB_WAIT_NONE; wait <= JOB_WAIT_LAST; wait++) {
		if (strcmp(word, job_wait_name((enum job_wait)wait)) == 0)
			return wait;
	}
	return -1;
}

int job_conflict_parse(const char *word)
{
	for (int conflict = JOB_CONFLICT_RENAME; conflict <= JOB_CONFLICT_LAST; conflict++) {
		if (strcmp(word, job_conflict_name((enum job_conflict)conflict)) == 0)
			return conflict;
	}
	return -1;
}

int job_resume_parse(const char *word)
{
	for (int resume = JOB_RESUME_AUTO; resume <= JOB_RESUME_LAST; resume++) {
		if (strcmp(word, job_resume_name((enum job_resume)resume)) == 0)
			return resume;
	}
	return -1;
}

int job_integrity_parse(const char *word)
{
	for (int integrity = JOB_INTEGRITY_NONE; integrity <= JOB_INTEGRITY_LAST; integrity++) {
		if (strcmp(word, job_integrity_name((enum job_integrity)integrity)) == 0)
			return integrity;
	}
	return -1;
}

int job_auth_parse(const char *word)
{
	for (int auth = JOB_AUTH_BASIC; auth <= JOB_AUTH_LAST; auth++) {
		if (strcmp(word, job_auth_name((enum job_auth)auth)) == 0)
			return auth;
	}
	return -1;
}
