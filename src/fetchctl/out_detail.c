/* Detail: "key: value" lines of one job, and of the daemon. Keys of a job are the protocol's, without their
 * units. */
#include "config.h"

#include "fetchctl/out_detail.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"
#include "job/source.h"
#include "wire/groupjson.h"
#include "wire/hookjson.h"

/* How keys are set. */
struct form {
	int width; /* of key and colon; 0: not aligned */
};

/* value may hold anything: it is escaped here. */
static void put(const struct form *form, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put(const struct form *form, const char *key, const char *fmt, ...)
{
	CLEANUP_FREE char *head = xasprintf("%s:", key);
	CLEANUP_FREE char *value = NULL, *safe = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = xvasprintf(fmt, ap);
	va_end(ap);
	safe = text_escape(value);
	printf("%-*s %s\n", form->width, head, safe);
}

static void put_string(const struct form *form, const char *key, const char *value)
{
	if (value && *value)
		put(form, key, "%s", value);
}

/* "2026-11-22 09:45:26 (3min 5s ago)" */
static void put_time(const struct form *form, const char *key, int64_t wall_usec)
{
	int64_t distance = clock_wall_usec() - wall_usec;
	char when[UNITS_MAX], span[UNITS_MAX];

	if (wall_usec <= 0)
		return;
	units_format_time(when, wall_usec);
	if (distance >= 0)
		put(form, key, "%s (%s ago)", when, units_format_span(span, distance));
	else
		put(form, key, "%s (in %s)", when, units_format_span(span, -distance));
}

static void put_size(const struct form *form, const char *key, int64_t bytes)
{
	char buf[UNITS_MAX];

	if (bytes < 0)
		return;
	if (bytes < 1024)
		put(form, key, "%lld bytes", (long long)bytes);
	else
		put(form, key, "%s (%lld bytes)", units_format_size(buf, bytes), (long long)bytes);
}

static void put_owner(const struct form *form, uid_t owner)
{
	const struct passwd *user = getpwuid(owner);

	if (user)
		put(form, "owner", "%s (%u)", user->pw_name, (unsigned)owner);
	else
		put(form, "owner", "%u", (unsigned)owner);
}

static void put_state(const struct form *form, enum job_state state, bool color)
{
	printf("%-*s %s%s%s\n", form->width, "state:", term_state_color(state, color), job_state_name(state),
		*term_state_color(state, color) ? term_plain(color) : "");
}

static void put_bytes(const struct form *form, const struct job *job, int64_t speed)
{
	CLEANUP_FREE char *progress = words_progress(job);
	char buf[UNITS_MAX];
	int64_t left = words_eta_usec(job->size, job->received, speed);

	put_size(form, "size", job->size);
	put_size(form, "received", job->received);
	if (job->size > 0 && job->state != JOB_DONE)
		put_string(form, "progress", progress);
	if (speed >= 0)
		put(form, "speed", "%s", units_format_rate(buf, speed));
	if (left != USEC_INFINITY && job->state == JOB_ACTIVE)
		put(form, "left", "%s", units_format_eta(buf, left));
}

static void put_place(const struct form *form, const struct job *job, const char *path)
{
	put_string(form, "host", job->origin);
	put_string(form, "dir", job->dir);
	put_string(form, "name", job->name);
	put_string(form, "path", path);
}

static void put_history(const struct form *form, const struct job *job)
{
	put(form, "attempts", "%d", job->attempts);
	put(form, "max_attempts", "%d", job->max_attempts);
	if (job->state == JOB_WAITING)
		put_time(form, "next_attempt", job->due_usec);
	put_time(form, "not_before", job->not_before_usec);
	put_time(form, "created", job->created_usec);
	put_time(form, "started", job->started_usec);
	put_time(form, "finished", job->finished_usec);
}

/* What is known of the bytes beyond their number. */
static void put_integrity(const struct form *form, const struct job *job)
{
	switch (job->integrity) {
	case JOB_INTEGRITY_NONE: break;
	case JOB_INTEGRITY_UNVERIFIED:
		put_string(
			form, "integrity", "unverified: joined from several responses without a validator");
		break;
	case JOB_INTEGRITY_DIGEST:
		put_string(form, "integrity", "digest: hashes to what the server said");
		break;
	case JOB_INTEGRITY_CHECKSUM:
		put_string(form, "integrity", "checksum: hashes to what was asked for");
		break;
	}
	put_string(form, "checksum", job->options.checksum);
	put_string(form, "digest", job->digest);
	if (job->encoded)
		put(form, "encoded", "kept as %s, as the server sent it", job->encoded);
}

/* Jobs that it still has to follow. */
static void put_after(const struct form *form, const struct job *job)
{
	CLEANUP_FREE char *ids = xstrdup("");

	for (size_t i = 0; i < job->n_after; i++) {
		char *longer = xasprintf("%s%s%lld", ids, i ? ", " : "", (long long)job->after[i].id);

		free(ids);
		ids = longer;
	}
	put_string(form, "after", ids);
}

/* Those that are out say so. */
static void put_mirrors(const struct form *form, const struct job *job)
{
	const char *at = job->mirrors;
	struct source source;

	while (source_line(&at, &source))
		put(form, "mirror", "%.*s%s", (int)source.n, source.url, source.out ? " (failed)" : "");
}

void detail_job(
	const struct job *job, int64_t speed, const char *path, const char *address, bool aligned, bool color)
{
	const struct form form = {.width = aligned ? 14 : 0};
	CLEANUP_FREE char *error = words_error(job);

	put(&form, "id", "%lld", (long long)job->id);
	put_string(&form, "url", job->url);
	put_mirrors(&form, job);
	put_state(&form, job->state, color);
	if (job->state == JOB_WAITING)
		put_string(&form, "waiting_for", job_wait_name(job->waiting_for));
	put_after(&form, job);
	put_string(&form, "error", error);
	put_string(&form, "group", job->group);
	put(&form, "priority", "%d", job->priority);
	put_owner(&form, job->owner);
	put_place(&form, job, path);
	put_bytes(&form, job, speed);
	put_history(&form, job);
	put_integrity(&form, job);
	if (job->http_status > 0)
		put(&form, "http_status", "%d", job->http_status);
	put_string(&form, "effective_url", job->effective_url);
	put_string(&form, "address", address);
}

/* ---- hooks */

/* Of what one has written. */
#define OUTPUT_LINES 10

static void add(char **text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(char **text, const char *fmt, ...)
{
	CLEANUP_FREE char *more = NULL, *before = *text;
	va_list ap;

	va_start(ap, fmt);
	more = xvasprintf(fmt, ap);
	va_end(ap);
	*text = xasprintf("%s%s", before, more);
}

static void add_figures(char **text, const struct job_hook *hook)
{
	char buf[UNITS_MAX];

	if (hook->run_usec >= 0)
		add(text, ", ran %s", units_format_span(buf, hook->run_usec));
	if (hook->cpu_usec >= 0)
		add(text, ", CPU %s", units_format_span(buf, hook->cpu_usec));
	if (hook->peak_bytes >= 0)
		add(text, ", memory %s", units_format_size(buf, hook->peak_bytes));
}

static void add_next(char **text, const struct job_hook *hook)
{
	int64_t left = hook->due_usec - clock_wall_usec();
	char buf[UNITS_MAX];

	if (hook->state != JOB_HOOK_PENDING)
		return;
	if (hook->due_usec == 0)
		add(text, ", after the one before it");
	else if (left > 0)
		add(text, ", again in %s", units_format_span(buf, left));
	else
		add(text, ", due");
}

/* "unpack: failed, 3 of 3 attempts, exit status 2, ran 1.2s, CPU 1s, memory 12.0MiB: no such archive". */
static char *hook_words(const struct job_hook *hook)
{
	CLEANUP_FREE char *end = job_hook_end_phrase(hook);
	char *text = xasprintf("%s: %s", hook->name, job_hook_state_name(hook->state));

	if (hook->attempts > 0 && hook->max_attempts > 0)
		add(&text, ", %d of %d attempts", hook->attempts, hook->max_attempts);
	else if (hook->attempts > 0)
		add(&text, ", %d attempts", hook->attempts);
	if (*end)
		add(&text, ", %s", end);
	add_figures(&text, hook);
	add_next(&text, hook);
	if (hook->error)
		add(&text, ": %s", hook->error);
	return text;
}

/* The last of them. */
static const char *last_lines(const char *text, size_t most)
{
	const char *at = text + strlen(text);

	if (at > text && at[-1] == '\n')
		at--;
	for (size_t n = 0; at > text; at--)
		if (at[-1] == '\n' && ++n == most)
			break;
	return at;
}

static void put_output(const struct form *form, const struct job_hook *hook)
{
	const char *at = hook->output ? last_lines(hook->output, OUTPUT_LINES) : "";

	if (*at && (at > hook->output || hook->output_cut))
		put(form, "hook_output", "…");
	while (*at) {
		size_t n = strcspn(at, "\n");

		put(form, "hook_output", "%.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

void detail_hooks(const json_t *hooks, int width)
{
	const struct form form = {.width = width};

	for (size_t i = 0; i < json_array_size(hooks); i++) {
		struct job_hook hook;

		if (wire_hook_from_json(json_array_get(hooks, i), &hook) == 0) {
			CLEANUP_FREE char *words = hook_words(&hook);

			put(&form, "hook", "%s", words);
			put_output(&form, &hook);
		}
		job_hook_done(&hook);
	}
}

char *detail_address(const json_t *attempts)
{
	for (size_t i = json_array_size(attempts); i > 0; i--) {
		const json_t *address = json_object_get(json_array_get(attempts, i - 1), "address");

		if (json_is_string(address))
			return text_escape(json_string_value(address));
	}
	return NULL;
}

static int64_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static const char *string_of(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value ? value : "";
}

void detail_why(const struct job *job, const json_t *why, bool aligned, bool color)
{
	const struct form form = {.width = aligned ? 8 : 0};
	const json_t *ahead = json_object_get(why, "ahead");

	put(&form, "id", "%lld", (long long)job->id);
	put_string(&form, "url", job->url);
	put_mirrors(&form, job);
	put_state(&form, job->state, color);
	put_string(&form, "reason", string_of(why, "reason"));
	put_string(&form, "why", string_of(why, "message"));
	put_time(&form, "until", number_of(why, "until_usec"));
	if (ahead)
		put(&form, "ahead", "%lld of the same owner, group and host", json_integer_value(ahead));
}

/* ---- the daemon ---------------------------------------------------------------------------------- */

/* "3 active, 12 queued, 7 done": what there is of each state. Caller frees. */
char *detail_counts(const json_t *counts)
{
	static const enum job_state order[] = {
		JOB_ACTIVE, JOB_QUEUED, JOB_WAITING, JOB_PAUSED, JOB_DONE, JOB_FAILED, JOB_CANCELLED};
	char *text = xstrdup("");

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const char *name = job_state_name(order[i]);
		long long n = number_of(counts, name);
		char *longer;

		if (n == 0)
			continue;
		longer = xasprintf("%s%s%lld %s", text, *text ? ", " : "", n, name);
		free(text);
		text = longer;
	}
	if (!*text)
		str_set(&text, "none");
	return text;
}

char *detail_policy(const json_t *group)
{
	int policy = wire_policy_parse(string_of(group, "policy"));

	return policy >= 0 ? xstrdup(group_policy_name((enum group_policy)policy))
			   : text_escape(string_of(group, "policy"));
}

void detail_group(const json_t *group, bool aligned)
{
	const struct form form = {.width = aligned ? 12 : 0};
	const json_t *error = json_object_get(group, "error");
	CLEANUP_FREE char *counts = detail_counts(json_object_get(group, "counts"));
	CLEANUP_FREE char *policy = detail_policy(group);
	char buf[UNITS_MAX];

	put(&form, "group", "%s", string_of(group, "name"));
	put_owner(&form, (uid_t)number_of(group, "owner"));
	put(&form, "policy", "%s", policy);
	put(&form, "state", "%s", string_of(group, "state"));
	if (error)
		put(&form, "error", "%s: %s", string_of(error, "code"), string_of(error, "message"));
	put(&form, "jobs", "%s", counts);
	put_time(&form, "created", number_of(group, "created_usec"));
	put_time(&form, "finished", number_of(group, "finished_usec"));
	put_time(&form, "deadline", number_of(group, "deadline_usec"));
	if (number_of(group, "limit_rate") > 0)
		put(&form, "limit_rate", "%s", units_format_rate(buf, number_of(group, "limit_rate")));
}

/* "2 of 4 at once, 1.5GiB of 2.0GiB on disk"; only where there is a bound. */
static void put_usage(const struct form *form, const json_t *status)
{
	const json_t *have = json_object_get(status, "usage"),
		     *most = json_object_get(status, "usage_limits");
	bool active = json_object_get(most, "active"), bytes = json_object_get(most, "bytes");
	char a[UNITS_MAX], b[UNITS_MAX];
	CLEANUP_FREE char *first = xasprintf("%lld of %lld at once", (long long)number_of(have, "active"),
		(long long)number_of(most, "active"));
	CLEANUP_FREE char *second =
		xasprintf("%s of %s on disk", units_format_size(a, number_of(have, "bytes")),
			units_format_size(b, number_of(most, "bytes")));

	if (active || bytes)
		put(form, "yours", "%lld of %lld jobs%s%s%s%s", (long long)number_of(have, "jobs"),
			(long long)number_of(most, "jobs"), active ? ", " : "", active ? first : "",
			bytes ? ", " : "", bytes ? second : "");
}

static void put_condition(const struct form *form, const json_t *status)
{
	CLEANUP_FREE char *window = text_escape(string_of(status, "stopped_by"));
	const json_t *until = json_object_get(status, "stopped_until_usec");
	bool draining = json_is_true(json_object_get(status, "draining"));
	char time[UNITS_MAX];

	if (!json_object_get(status, "stopped_by"))
		put(form, "state", "%s", draining ? "draining" : "running");
	else if (until)
		put(form, "state", "stopped by schedule until %s (%s)",
			units_format_time(time, json_integer_value(until)), window);
	else
		put(form, "state", "stopped by schedule (%s)", window);
}

void detail_status(const json_t *status, bool aligned)
{
	const struct form form = {.width = aligned ? 10 : 0};
	CLEANUP_FREE char *counts = detail_counts(json_object_get(status, "counts"));
	char buf[UNITS_MAX];

	put(&form, "fetchd", "%s, %s mode, pid %lld", string_of(status, "version"), string_of(status, "mode"),
		(long long)number_of(status, "pid"));
	put_time(&form, "since", number_of(status, "started_usec"));
	put_condition(&form, status);
	put(&form, "jobs", "%s", counts);
	put(&form, "speed", "%s", units_format_rate(buf, number_of(status, "speed")));
	put(&form, "received", "%s", units_format_size(buf, number_of(status, "received")));
	put(&form, "limits", "%lld at once, %lld a host, %lld workers",
		(long long)number_of(status, "max_active"), (long long)number_of(status, "max_per_host"),
		(long long)number_of(status, "workers"));
	put_usage(&form, status);
	put(&form, "directory", "%s", string_of(status, "state_directory"));
	put(&form, "sandbox", "%s", string_of(status, "sandbox"));
}
