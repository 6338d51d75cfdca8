/* Rows: made anew from each answer; nothing is kept from the one before. */
#include "config.h"

#include "fetchctl/top/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/words.h"
#include "wire/jobjson.h"

static void row_done(struct row *row)
{
	free(row->name);
	free(row->code);
	free(row->host);
	free(row->group);
	free(row->message);
	free(row->origin);
	free(row->word);
}

void rows_done(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		row_done(&rows->at[i]);
	free(rows->at);
	*rows = (struct rows){.n = 0};
}

static void append(struct rows *rows, const struct row *row)
{
	if (rows->n == rows->cap) {
		rows->cap = rows->cap ? 2 * rows->cap : 32;
		rows->at = xreallocarray(rows->at, rows->cap, sizeof(*rows->at));
	}
	rows->at[rows->n++] = *row;
}

static char *escaped(const char *s)
{
	return text_escape(s ? s : "");
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

static void add_job(struct rows *rows, const struct job *job, int64_t speed)
{
	append(rows, &(struct row){
			     .id = job->id,
			     .name = words_name(job),
			     .code = escaped(job->error_code),
			     .host = words_host(job->origin),
			     .group = words_group(job),
			     .message = escaped(job->error_message),
			     .state = job->state,
			     .waiting_for = job->waiting_for,
			     .priority = job->priority,
			     .size = job->size,
			     .received = job->received,
			     .speed = speed > 0 ? speed : 0,
			     .due_usec = job->due_usec,
			     .finished_usec = job->finished_usec,
		     });
}

void rows_add_jobs(struct rows *rows, const json_t *jobs, const struct job_filter *only)
{
	const json_t *json;
	size_t i;

	json_array_foreach(jobs, i, json)
	{
		struct job job;
		int64_t speed;

		if (wire_job_from_json(json, &job, &speed) == 0 && job_filter_match(only, &job))
			add_job(rows, &job, speed);
		job_done(&job);
	}
}

double row_part(const struct row *row)
{
	if (row->size <= 0)
		return -1;
	return row->received < row->size ? (double)row->received / (double)row->size : 1;
}

/* ---- hosts --------------------------------------------------------------------------------------- */

static const char *string_of(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

static int64_t int_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* A host has no number in the protocol; FNV-1a gives it one that stays. */
static int64_t number_of(const char *origin)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *origin; origin++)
		hash = (hash ^ (unsigned char)*origin) * UINT64_C(0x100000001b3);
	return (int64_t)(hash >> 1);
}

static void add_host(struct rows *rows, const json_t *host)
{
	const char *origin = string_of(host, "host"), *hold = string_of(host, "hold_error");
	const char *word = string_of(host, "state");

	append(rows, &(struct row){
			     .id = number_of(origin),
			     .name = words_host(origin),
			     .code = escaped(*hold ? hold : string_of(host, "last_error")),
			     .origin = xstrdup(origin),
			     .word = escaped(word),
			     .active = int_of(host, "active"),
			     .limit = int_of(host, "limit"),
			     .max = int_of(host, "max_per_host"),
			     .until_usec = int_of(host, "until_usec"),
			     .done = int_of(host, "done"),
			     .failed = int_of(host, "failed"),
			     .held = strcmp(word, "held") == 0 || strcmp(word, "broken") == 0,
		     });
}

void rows_add_hosts(struct rows *rows, const json_t *hosts, const struct job_filter *only)
{
	const json_t *host;
	size_t i;

	json_array_foreach(hosts, i, host)
	{
		if (!only->host || job_filter_host_match(only->host, string_of(host, "host")))
			add_host(rows, host);
	}
}
