/* The JSON writer: one object a line, keys as in the protocol. Everything beyond ASCII is written as \u
 * escapes, so that not even a terminal that shows JSON can be led astray by what it holds.
 */
#include "config.h"

#include "fetchctl/out.h"

#include <stdio.h>
#include <stdlib.h>

/* jansson gives its text in pieces of a few bytes, for which a call of fwrite(3) is dear. */
static int put_piece(const char *text, size_t n, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		putc_unlocked(text[i], stdout);
	return 0;
}

static void write_line(const json_t *value)
{
	/* A failed write is found by out_flush(). */
	if (json_dump_callback(value, put_piece, NULL, JSON_COMPACT | JSON_ENSURE_ASCII) == 0)
		putchar('\n');
}

/* Takes the reference. */
static void write_new(json_t *value)
{
	if (!value)
		abort();
	write_line(value);
	json_decref(value);
}

static void json_id(struct out *out, int64_t id)
{
	(void)out;
	printf("{\"id\":%lld}\n", (long long)id);
}

static void json_value(struct out *out, const json_t *value)
{
	(void)out;
	write_line(value);
}

/* "hooks" are their names. */
static void put_hooks(json_t *object, const json_t *inspection)
{
	json_t *hooks = json_object_get(inspection, "hooks");

	if (object && json_array_size(hooks) > 0 && json_object_set(object, "hook_history", hooks) < 0)
		abort();
}

/* The job's keys, and its attempts beside them: "attempts" is how many there were. */
static void json_job(struct out *out, const json_t *inspection)
{
	json_t *job = json_copy(json_object_get(inspection, "job"));

	(void)out;
	if (job && json_object_set(job, "history", json_object_get(inspection, "attempts")) < 0)
		abort();
	put_hooks(job, inspection);
	write_new(job);
}

/* The reason's keys, and whose it is. */
static void json_why(struct out *out, const json_t *inspection)
{
	const json_t *job = json_object_get(inspection, "job");
	json_t *why = json_pack(
		"{s:O*, s:O*}", "id", json_object_get(job, "id"), "state", json_object_get(job, "state"));

	(void)out;
	if (!why || json_object_update(why, json_object_get(inspection, "why")) < 0 ||
		json_object_set(why, "history", json_object_get(inspection, "attempts")) < 0)
		abort();
	put_hooks(why, inspection);
	write_new(why);
}

static void json_verified(struct out *out, int64_t id, const json_t *result)
{
	json_t *object = json_pack("{s:I}", "id", (json_int_t)id);

	(void)out;
	if (!object || json_object_update(object, (json_t *)result) < 0)
		abort();
	write_new(object);
}

static void json_ended(struct out *out, const json_t *job, bool path_only)
{
	(void)path_only;
	if (!out->quiet)
		write_line(job);
}

static void json_changed(struct out *out, const char *done, int64_t n, bool notice)
{
	(void)out, (void)done, (void)notice;
	write_new(json_pack("{s:I}", "changed", (json_int_t)n));
}

static void json_group(struct out *out, const json_t *inspection, const json_t *failures, bool whole)
{
	json_t *object = json_copy(json_object_get(inspection, "group"));

	(void)out, (void)whole;
	if (object && json_object_set(object, "failures", (json_t *)failures) < 0)
		abort();
	put_hooks(object, inspection);
	write_new(object);
}

static void json_pong(struct out *out, int64_t pid, int64_t round_trip_usec)
{
	(void)out;
	write_new(json_pack(
		"{s:I, s:I}", "pid", (json_int_t)pid, "round_trip_usec", (json_int_t)round_trip_usec));
}

static void json_version(struct out *out, const char *client, const json_t *daemon)
{
	json_t *version = json_object_get(daemon, "version");

	(void)out;
	write_new(json_pack("{s:s, s:O*}", "client", client, "daemon", version));
}

static void json_rows_end(struct out *out)
{
	(void)out;
}

const struct out_ops out_json_ops = {
	.id = json_id,
	.row = json_value,
	.job = json_job,
	.why = json_why,
	.verified = json_verified,
	.status = json_value,
	.event = json_value,
	.ended = json_ended,
	.changed = json_changed,
	.group = json_group,
	.pong = json_pong,
	.version = json_version,
	.rows_end = json_rows_end,
};
