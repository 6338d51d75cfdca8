/* Rows ⇄ jobs. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "job/ranges.h"
#include "job/source.h"

/* ---- adding */

static int key_find(struct store *store, const struct job *job, int64_t *ret_id)
{
	sqlite3_stmt *st = store_statement(store, ST_KEY_FIND);
	int rc;

	sqlite3_bind_int64(st, 1, job->owner);
	store_bind_text(st, 2, job->key);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return -EEXIST;
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "looking for a key");
}

int store_key_taken(struct store *store, struct job *job)
{
	return job->key ? key_find(store, job, &job->id) : 0;
}

static void bind_options(sqlite3_stmt *st, int i, const struct job_options *o)
{
	store_bind_text(st, i++, o->headers);
	store_bind_text(st, i++, o->user_agent);
	store_bind_text(st, i++, o->referer);
	store_bind_text(st, i++, o->checksum);
	sqlite3_bind_int64(st, i++, o->limit_rate);
	sqlite3_bind_int64(st, i++, o->max_filesize);
	sqlite3_bind_int64(st, i++, o->retry_delay_usec);
	sqlite3_bind_int64(st, i++, o->max_time_usec);
	sqlite3_bind_int64(st, i++, o->connect_timeout_usec);
	sqlite3_bind_int64(st, i++, o->deadline_usec);
	sqlite3_bind_int(st, i++, o->max_attempts);
	sqlite3_bind_int(st, i++, o->on_conflict);
	sqlite3_bind_int(st, i++, o->resume);
	sqlite3_bind_int(st, i++, o->auth);
	sqlite3_bind_int(st, i++, o->remote_name);
	sqlite3_bind_int(st, i++, o->conditional);
	sqlite3_bind_int(st, i++, o->insecure);
	sqlite3_bind_int64(st, i++, o->if_newer_usec);
}

static void bind_same(sqlite3_stmt *st, int i, const struct job *job)
{
	if (job->same)
		sqlite3_bind_int64(st, i, job->same);
	else
		sqlite3_bind_null(st, i);
}

static void bind_job(sqlite3_stmt *st, const struct job *job)
{
	sqlite3_bind_int64(st, 1, job->id);
	sqlite3_bind_int(st, 2, job->state);
	sqlite3_bind_int64(st, 3, job->owner);
	sqlite3_bind_int(st, 4, job->priority);
	sqlite3_bind_int64(st, 5, job->origin_id);
	sqlite3_bind_int64(st, 6, job->created_usec);
	store_bind_text(st, 7, job->url);
	store_bind_text(st, 8, job->dir);
	store_bind_text(st, 9, job->name);
	sqlite3_bind_int64(st, 10, job->group_id);
	store_bind_text(st, 11, job->key);
	sqlite3_bind_int(st, 12, job->has_secrets);
	bind_options(st, 13, &job->options);
	sqlite3_bind_int(st, 31, job->waiting_for);
	sqlite3_bind_int64(st, 32, job->due_usec);
	sqlite3_bind_int64(st, 33, job->not_before_usec);
	bind_same(st, 34, job);
	sqlite3_bind_int64(st, 35, job->since_usec);
	store_bind_text(st, 36, job->mirrors);
	sqlite3_bind_int(st, 37, job->options.split);
	store_bind_text(st, 38, job->hooks);
}

int store_add(struct store *store, struct job *job)
{
	sqlite3_stmt *st;
	int err = store_key_taken(store, job);

	if (!err)
		err = store_origin_need(store, job->origin, &job->origin_id);
	if (!err && job->group)
		err = group_need(store, job->owner, job->group, job->created_usec, &job->group_id);
	if (err)
		return err;
	job->id = ++store->last_job_id;
	job->has_secrets = job->secrets && secrets_any(job->secrets);
	st = store_statement(store, ST_ADD);
	bind_job(st, job);
	err = store_run(store, st);
	if (!err && job->has_secrets)
		err = secrets_add(store, job);
	if (err)
		return err;
	counters_move(store, job, 0, job->state);
	return 0;
}

/* ---- reading */

char *store_column_dup(sqlite3_stmt *st, int i)
{
	return xstrdup_null((const char *)sqlite3_column_text(st, i));
}

static void read_options(sqlite3_stmt *st, int i, struct job_options *o)
{
	o->headers = store_column_dup(st, i++);
	o->user_agent = store_column_dup(st, i++);
	o->referer = store_column_dup(st, i++);
	o->checksum = store_column_dup(st, i++);
	o->limit_rate = sqlite3_column_int64(st, i++);
	o->max_filesize = sqlite3_column_int64(st, i++);
	o->retry_delay_usec = sqlite3_column_int64(st, i++);
	o->max_time_usec = sqlite3_column_int64(st, i++);
	o->connect_timeout_usec = sqlite3_column_int64(st, i++);
	o->deadline_usec = sqlite3_column_int64(st, i++);
	o->max_attempts = sqlite3_column_int(st, i++);
	o->on_conflict = sqlite3_column_int(st, i++);
}

/* What migration 2 brought. */
static void read_more(sqlite3_stmt *st, int i, struct job *job)
{
	job->validator = (enum job_validator)sqlite3_column_int(st, i++);
	job->digest = store_column_dup(st, i++);
	job->encoded = store_column_dup(st, i++);
	job->integrity = (enum job_integrity)sqlite3_column_int(st, i++);
	job->no_ranges = sqlite3_column_int(st, i++) != 0;
	job->range_faults = sqlite3_column_int(st, i++);
	job->changes = sqlite3_column_int(st, i++);
	job->restarts = sqlite3_column_int(st, i++);
	job->options.resume = sqlite3_column_int(st, i++);
	job->options.auth = sqlite3_column_int(st, i++);
	job->options.remote_name = sqlite3_column_int(st, i++) != 0;
	job->options.conditional = sqlite3_column_int(st, i++) != 0;
	job->options.insecure = sqlite3_column_int(st, i++) != 0;
	job->options.if_newer_usec = sqlite3_column_int64(st, i++);
	job->has_secrets = sqlite3_column_int(st, i++) != 0;
}

static void read_numbers(sqlite3_stmt *st, struct job *job)
{
	job->id = sqlite3_column_int64(st, 0);
	job->state = (enum job_state)sqlite3_column_int(st, 1);
	job->waiting_for = (enum job_wait)sqlite3_column_int(st, 2);
	job->intent = (enum job_intent)sqlite3_column_int(st, 3);
	job->owner = (uid_t)sqlite3_column_int64(st, 4);
	job->priority = sqlite3_column_int(st, 5);
	job->origin_id = sqlite3_column_int64(st, 6);
	job->due_usec = sqlite3_column_int64(st, 7);
	job->created_usec = sqlite3_column_int64(st, 8);
	job->started_usec = sqlite3_column_int64(st, 9);
	job->finished_usec = sqlite3_column_int64(st, 10);
	job->attempts = sqlite3_column_int(st, 11);
	job->failures = sqlite3_column_int(st, 12);
	job->generation = sqlite3_column_int64(st, 13);
	job->received = sqlite3_column_int64(st, 14);
	job->size = sqlite3_column_int64(st, 15);
	job->http_status = sqlite3_column_int(st, 16);
}

/* They are those bytes, no more. */
static bool ranges_sane(const struct job *job)
{
	struct ranges ranges;

	if (!job->ranges)
		return true;
	if (ranges_parse(job->ranges, &ranges) != 0)
		return false;
	bool sane = ranges_bytes(&ranges) == job->received && ranges_end(&ranges) <= job->size;
	ranges_done(&ranges);
	return sane;
}

/* The schema's CHECKs hold for rows that we wrote; a file may have been edited or repaired by hand. */
static bool within(int value, int least, int most)
{
	return value >= least && value <= most;
}

static bool words_sane(const struct job *job)
{
	return within((int)job->state, JOB_STATE_FIRST, JOB_STATE_LAST) &&
	       within((int)job->waiting_for, 0, JOB_WAIT_LAST) &&
	       within((int)job->intent, 0, JOB_INTENT_REMOVE) &&
	       within((int)job->validator, 0, JOB_VALIDATOR_LAST) &&
	       within((int)job->integrity, 0, JOB_INTEGRITY_LAST) &&
	       within(job->options.on_conflict, -1, JOB_CONFLICT_LAST) &&
	       within(job->options.resume, -1, JOB_RESUME_LAST) &&
	       within(job->options.auth, 0, JOB_AUTH_LAST) && within((int)job->hook, 0, JOB_HOOK_STATE_LAST);
}

static bool row_sane(const struct job *job)
{
	return words_sane(job) && job->url && job->dir && job->name && job->origin && job->received >= 0 &&
	       job->size >= -1 && job->generation >= 0 && job->attempts >= 0 && job->failures >= 0 &&
	       job->range_faults >= 0 && job->changes >= 0 && job->restarts >= 0 && job->edits >= 0 &&
	       (job->options.split == -1 || job->options.split >= 1) && ranges_sane(job) &&
	       (!job->mirrors || sources_sane(job));
}

static void log_senseless(const struct job *job)
{
	struct log_record record = {0};

	log_record_int(&record, "FETCHD_JOB_ID", job->id);
	log_record_text(&record, "FETCHD_ERROR", "E_INTERNAL");
	log_record_write(&record, LOG_LEVEL_ERR, "database: the row of job %lld makes no sense (E_INTERNAL)",
		(long long)job->id);
}

struct job *job_from_row(sqlite3_stmt *st)
{
	struct job *job = job_new();

	read_numbers(st, job);
	job->url = store_column_dup(st, 17);
	job->dir = store_column_dup(st, 18);
	job->name = store_column_dup(st, 19);
	job->group = store_column_dup(st, 20);
	job->key = store_column_dup(st, 21);
	job->etag = store_column_dup(st, 22);
	job->last_modified = store_column_dup(st, 23);
	job->effective_url = store_column_dup(st, 24);
	job->error_code = store_column_dup(st, 25);
	job->error_message = store_column_dup(st, 26);
	read_options(st, 27, &job->options);
	read_more(st, 39, job);
	job->origin = store_column_dup(st, 54);
	job->group_id = sqlite3_column_int64(st, 55);
	job->paused_by = sqlite3_column_int64(st, 56);
	job->not_before_usec = sqlite3_column_int64(st, 57);
	job->same = sqlite3_column_int64(st, 58);
	job->since_usec = sqlite3_column_int64(st, 59);
	job->edits = sqlite3_column_int(st, 60);
	job->mirrors = store_column_dup(st, 61);
	job->ranges = store_column_dup(st, 62);
	job->options.split = sqlite3_column_int(st, 63);
	job->hooks = store_column_dup(st, 64);
	job->hook = (enum job_hook_state)sqlite3_column_int(st, 65);
	if (row_sane(job))
		return job;
	log_senseless(job);
	job_free(job);
	return NULL;
}

int store_get(struct store *store, int64_t id, struct job **ret)
{
	sqlite3_stmt *st = store_statement(store, ST_GET);
	int rc;

	*ret = NULL;
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = job_from_row(st);
	sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_failure(store, rc, "reading a job");
	return *ret ? 0 : -ENOENT;
}

int store_next_same(struct store *store, int64_t same, int64_t *id)
{
	sqlite3_stmt *st = store_statement(store, ST_NEXT_SAME);
	int rc;

	sqlite3_bind_int64(st, 1, same);
	sqlite3_bind_int64(st, 2, *id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "looking for the same job");
}

/* ---- changing */

static void bind_more(sqlite3_stmt *st, int i, const struct job *job)
{
	sqlite3_bind_int(st, i++, job->validator);
	store_bind_text(st, i++, job->digest);
	store_bind_text(st, i++, job->encoded);
	sqlite3_bind_int(st, i++, job->integrity);
	sqlite3_bind_int(st, i++, job->no_ranges);
	sqlite3_bind_int(st, i++, job->range_faults);
	sqlite3_bind_int(st, i++, job->changes);
	sqlite3_bind_int(st, i++, job->restarts);
}

int store_update(struct store *store, const struct job *job, enum job_state was)
{
	int err = counters_move_bytes(store, job, false);
	sqlite3_stmt *st = store_statement(store, ST_UPDATE);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, job->id);
	sqlite3_bind_int(st, 2, job->state);
	sqlite3_bind_int(st, 3, job->waiting_for);
	sqlite3_bind_int(st, 4, job->intent);
	sqlite3_bind_int(st, 5, job->priority);
	sqlite3_bind_int64(st, 6, job->due_usec);
	sqlite3_bind_int64(st, 7, job->started_usec);
	sqlite3_bind_int64(st, 8, job->finished_usec);
	sqlite3_bind_int(st, 9, job->attempts);
	sqlite3_bind_int(st, 10, job->failures);
	sqlite3_bind_int64(st, 11, job->generation);
	sqlite3_bind_int64(st, 12, job->received);
	sqlite3_bind_int64(st, 13, job->size);
	sqlite3_bind_int(st, 14, job->http_status);
	store_bind_text(st, 15, job->name);
	store_bind_text(st, 16, job->etag);
	store_bind_text(st, 17, job->last_modified);
	store_bind_text(st, 18, job->effective_url);
	store_bind_text(st, 19, job->error_code);
	store_bind_text(st, 20, job->error_message);
	sqlite3_bind_int64(st, 21, job->options.deadline_usec);
	bind_more(st, 22, job);
	sqlite3_bind_int64(st, 30, job->paused_by);
	sqlite3_bind_int64(st, 31, job->since_usec);
	store_bind_text(st, 32, job->ranges);
	counters_move(store, job, was, job->state);
	return store_run(store, st);
}

int store_update_claimed(struct store *store, const struct job *job, enum job_state was)
{
	sqlite3_stmt *st = store_statement(store, ST_UPDATE_CLAIMED);

	sqlite3_bind_int64(st, 1, job->id);
	sqlite3_bind_int(st, 2, job->state);
	sqlite3_bind_int(st, 3, job->attempts);
	sqlite3_bind_int64(st, 4, job->started_usec);
	counters_move(store, job, was, job->state);
	return store_run(store, st);
}

int store_source(struct store *store, struct job *job)
{
	int err = store_origin_need(store, job->origin, &job->origin_id);
	sqlite3_stmt *st;

	if (err)
		return err;
	st = store_statement(store, ST_SOURCE);
	sqlite3_bind_int64(st, 1, job->id);
	store_bind_text(st, 2, job->url);
	sqlite3_bind_int64(st, 3, job->origin_id);
	store_bind_text(st, 4, job->mirrors);
	return store_run(store, st);
}

static int edit_secrets(struct store *store, struct job *job)
{
	bool any = job->secrets && secrets_any(job->secrets);
	int err = 0;

	if (!job->secrets && job->has_secrets)
		return 0;
	if (job->has_secrets)
		err = secrets_remove(store, job->id);
	job->has_secrets = any;
	return !err && any ? secrets_add(store, job) : err;
}

int store_edit(struct store *store, struct job *job, int64_t was_group_id)
{
	sqlite3_stmt *st;
	int err = edit_secrets(store, job);

	if (!err)
		err = store_origin_need(store, job->origin, &job->origin_id);
	if (err)
		return err;
	st = store_statement(store, ST_EDIT);
	sqlite3_bind_int64(st, 1, job->id);
	store_bind_text(st, 2, job->url);
	sqlite3_bind_int64(st, 3, job->origin_id);
	store_bind_text(st, 4, job->name);
	sqlite3_bind_int(st, 5, job->priority);
	sqlite3_bind_int(st, 6, job->has_secrets);
	bind_same(st, 7, job);
	bind_options(st, 8, &job->options);
	sqlite3_bind_int64(st, 26, job->group_id);
	store_bind_text(st, 27, job->dir);
	sqlite3_bind_int64(st, 28, job->not_before_usec);
	sqlite3_bind_int(st, 29, job->edits);
	store_bind_text(st, 30, job->mirrors);
	sqlite3_bind_int(st, 31, job->options.split);
	store_bind_text(st, 32, job->hooks);
	if (was_group_id && was_group_id != job->group_id)
		group_moved(store, was_group_id, job->state, 0);
	if (job->group_id && was_group_id != job->group_id)
		group_moved(store, job->group_id, 0, job->state);
	return store_run(store, st);
}

int store_remove(struct store *store, const struct job *job)
{
	int err = counters_move_bytes(store, job, true);
	sqlite3_stmt *st = store_statement(store, ST_REMOVE);

	if (err)
		return err;
	sqlite3_bind_int64(st, 1, job->id);
	store->secrets_gone = store->secrets_gone || job->has_secrets;
	counters_move(store, job, job->state, 0);
	return store_run(store, st);
}
