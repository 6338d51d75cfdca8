/* Edit: changes of a job. Owns nothing; any thread. Must never let what is secret of one origin go to
 * another.
 */
#include "config.h"

#include "job/edit.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/header.h"
#include "job/origin.h"
#include "job/secret.h"
#include "job/source.h"

enum value_kind {
	VALUE_STRING,
	VALUE_INT64,
	VALUE_INT,
	VALUE_BOOL,
	VALUE_SECRET,
	VALUE_HEADERS,
	VALUE_MIRRORS
};

struct value {
	enum value_kind kind;
	size_t offset; /* in struct job; VALUE_SECRET: in struct job_secrets */
};

#define AT(kind, member)                                                                                     \
	{                                                                                                    \
		kind, offsetof(struct job, member)                                                           \
	}
#define SECRET(member)                                                                                       \
	{                                                                                                    \
		VALUE_SECRET, offsetof(struct job_secrets, member)                                           \
	}

static const struct value values[EDIT_FIELD_N] = {
	[EDIT_URL] = AT(VALUE_STRING, url),
	[EDIT_NAME] = AT(VALUE_STRING, name),
	[EDIT_PRIORITY] = AT(VALUE_INT, priority),
	[EDIT_CHECKSUM] = AT(VALUE_STRING, options.checksum),
	[EDIT_HEADERS] = AT(VALUE_HEADERS, options.headers),
	[EDIT_USER_AGENT] = AT(VALUE_STRING, options.user_agent),
	[EDIT_REFERER] = AT(VALUE_STRING, options.referer),
	[EDIT_LIMIT_RATE] = AT(VALUE_INT64, options.limit_rate),
	[EDIT_MAX_FILESIZE] = AT(VALUE_INT64, options.max_filesize),
	[EDIT_MAX_ATTEMPTS] = AT(VALUE_INT, options.max_attempts),
	[EDIT_RETRY_DELAY] = AT(VALUE_INT64, options.retry_delay_usec),
	[EDIT_MAX_TIME] = AT(VALUE_INT64, options.max_time_usec),
	[EDIT_CONNECT_TIMEOUT] = AT(VALUE_INT64, options.connect_timeout_usec),
	[EDIT_DEADLINE] = AT(VALUE_INT64, options.deadline_usec),
	[EDIT_ON_CONFLICT] = AT(VALUE_INT, options.on_conflict),
	[EDIT_RESUME] = AT(VALUE_INT, options.resume),
	[EDIT_INSECURE] = AT(VALUE_BOOL, options.insecure),
	[EDIT_AUTH] = AT(VALUE_INT, options.auth),
	[EDIT_USER] = SECRET(user),
	[EDIT_PASSWORD] = SECRET(password),
	[EDIT_BEARER] = SECRET(bearer),
	[EDIT_COOKIES] = SECRET(cookies),
	[EDIT_COOKIE_JAR] = SECRET(cookie_jar),
	[EDIT_PROXY] = SECRET(proxy),
	[EDIT_CA] = SECRET(ca_pem),
	[EDIT_CERT] = SECRET(cert_pem),
	[EDIT_KEY] = SECRET(key_pem),
	[EDIT_GROUP] = AT(VALUE_STRING, group),
	[EDIT_DIR] = AT(VALUE_STRING, dir),
	[EDIT_NOT_BEFORE] = AT(VALUE_INT64, not_before_usec),
	[EDIT_MIRRORS] = AT(VALUE_MIRRORS, mirrors),
	[EDIT_SPLIT] = AT(VALUE_INT, options.split),
	[EDIT_HOOKS] = AT(VALUE_STRING, hooks),
};

/* What an attempt never looks at, and its limit, which can be told: it may go on. Of the mirrors, too, as
 * long as what it asks is among them. */
#define IN_PLACE                                                                                             \
	(EDIT_BIT(EDIT_PRIORITY) | EDIT_BIT(EDIT_LIMIT_RATE) | EDIT_BIT(EDIT_MAX_ATTEMPTS) |                 \
		EDIT_BIT(EDIT_RETRY_DELAY) | EDIT_BIT(EDIT_DEADLINE) | EDIT_BIT(EDIT_MIRRORS) |              \
		EDIT_BIT(EDIT_HOOKS))
#define LOGIN	(EDIT_BIT(EDIT_USER) | EDIT_BIT(EDIT_PASSWORD) | EDIT_BIT(EDIT_BEARER))
#define COOKIES (EDIT_BIT(EDIT_COOKIES) | EDIT_BIT(EDIT_COOKIE_JAR))
#define CERT	(EDIT_BIT(EDIT_CERT) | EDIT_BIT(EDIT_KEY))

static_assert(sizeof(int32_t) == sizeof(int) && EDIT_FIELD_N <= 64, "VALUE_INT fits a priority");

void job_edit_init(struct job_edit *edit)
{
	edit->fields = 0;
	job_init(&edit->values);
}

void job_edit_done(struct job_edit *edit)
{
	job_done(&edit->values);
}

bool job_edit_is_request(const struct job_edit *edit)
{
	return (edit->fields & ~IN_PLACE) != 0;
}

/* ---- secrets */

static void wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static char **secret_slot(struct job_secrets *secrets, enum edit_field field)
{
	return (char **)(void *)((char *)secrets + values[field].offset);
}

static void drop(struct job *job, uint64_t fields)
{
	for (int field = 0; field < EDIT_FIELD_N && job->secrets; field++)
		if (fields & EDIT_BIT(field))
			wipe(secret_slot(job->secrets, (enum edit_field)field));
}

static bool same_origin(const char *a, const char *b)
{
	struct origin x, y;
	bool same;

	if (origin_parse(a, &x) != ORIGIN_OK)
		return false;
	if (origin_parse(b, &y) != ORIGIN_OK) {
		origin_done(&x);
		return false;
	}
	same = strcmp(x.scheme, y.scheme) == 0 && strcmp(x.host, y.host) == 0 && x.port == y.port;
	origin_done(&x);
	origin_done(&y);
	return same;
}

static bool has_userinfo(const char *url)
{
	struct origin origin;
	char *userinfo = NULL;
	bool has;

	if (origin_parse(url, &origin) != ORIGIN_OK)
		return false;
	origin_done(&origin);
	free(origin_split_userinfo(url, &userinfo));
	has = userinfo != NULL;
	wipe(&userinfo);
	return has;
}

/* What the new ones take the place of. */
static void drop_replaced(const struct job_edit *edit, struct job *job)
{
	const char *url = edit->fields & EDIT_BIT(EDIT_URL) ? edit->values.url : NULL;

	if (!job->secrets)
		return;
	if (url && job->url && !same_origin(url, job->url))
		secrets_stay_behind(job->secrets);
	if ((edit->fields & (EDIT_BIT(EDIT_USER) | EDIT_BIT(EDIT_BEARER))) || (url && has_userinfo(url)))
		drop(job, LOGIN);
	if (edit->fields & COOKIES)
		drop(job, COOKIES);
	if (edit->fields & EDIT_BIT(EDIT_CERT))
		drop(job, CERT);
}

/* ---- headers */

static bool has_value(const char *line, size_t n)
{
	size_t at = 0;

	while (at < n && line[at] != ':')
		at++;
	for (at++; at < n; at++)
		if (line[at] != ' ' && line[at] != '\t')
			return true;
	return false;
}

/* Whether one of lines has the name of line. */
static bool names(const char *lines, const char *line)
{
	size_t len = strcspn(line, ":\n");
	CLEANUP_FREE char *name = xstrndup(line, len);

	while (lines && *lines) {
		size_t n = strcspn(lines, ":\n");
		CLEANUP_FREE char *other = xstrndup(lines, n);

		if (text_ieq(name, other))
			return true;
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return false;
}

/* Appends the lines of from that are kept: of the old ones those that changes do not name, of the new ones
 * those with a value. */
static char *keep_lines(char *to, const char *from, const char *changes)
{
	while (from && *from) {
		size_t n = strcspn(from, "\n");

		if (changes ? !names(changes, from) : has_value(from, n))
			to = stpcpy(mempcpy(to, from, n), "\n");
		from += n + (from[n] == '\n');
	}
	return to;
}

static size_t length(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static void set_headers(struct job *job, const char *changes)
{
	char *secret = job->secrets ? job->secrets->headers : NULL;
	size_t size = length(job->options.headers) + length(secret) + length(changes) + 1;
	char *lines = xcalloc(1, size), *to = lines;

	if (changes) {
		to = keep_lines(to, job->options.headers, changes);
		to = keep_lines(to, secret, changes);
		(void)keep_lines(to, changes, NULL);
	}
	wipe(&job->options.headers);
	if (secret)
		wipe(&job->secrets->headers);
	job->options.headers = *lines ? xstrdup(lines) : NULL;
	explicit_bzero(lines, size);
	free(lines);
}

/* As in a spec: secret or not. */
static void join_headers(struct job *job)
{
	if (job->secrets && job->secrets->headers)
		set_headers(job, "");
}

/* ---- all */

static void set_secret(struct job *job, const struct job *from, enum edit_field field)
{
	const char *value = from->secrets ? *secret_slot(from->secrets, field) : NULL;

	if (value || job->secrets) {
		char **slot = secret_slot(job_need_secrets(job), field);

		wipe(slot);
		*slot = xstrdup_null(value);
	}
}

static void set_value(struct job *job, const struct job *from, enum edit_field field)
{
	const struct value *value = &values[field];
	void *to = (char *)job + value->offset;
	const void *slot = (const char *)from + value->offset;

	switch (value->kind) {
	case VALUE_STRING: str_set(to, *(char *const *)slot); break;
	case VALUE_INT64: *(int64_t *)to = *(const int64_t *)slot; break;
	case VALUE_INT: *(int *)to = *(const int *)slot; break;
	case VALUE_BOOL: *(bool *)to = *(const bool *)slot; break;
	case VALUE_SECRET: set_secret(job, from, field); break;
	case VALUE_HEADERS: set_headers(job, from->options.headers); break;
	case VALUE_MIRRORS: sources_set(job, from->mirrors); break;
	}
}

void job_edit_apply(const struct job_edit *edit, struct job *job)
{
	/* Whose secrets they are. */
	if (edit->fields & EDIT_BIT(EDIT_URL))
		sources_revive(job);
	drop_replaced(edit, job);
	join_headers(job);
	for (int field = 0; field < EDIT_FIELD_N; field++)
		if (edit->fields & EDIT_BIT(field))
			set_value(job, &edit->values, (enum edit_field)field);
}
