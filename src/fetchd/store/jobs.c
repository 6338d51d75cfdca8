/* Rows ⇄ jobs. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"

/* ---- origins */

static int origin_find(struct store *store, const char *origin, int64_t *ret_id)
{
	sqlite3_stmt *st = store_statement(store, ST_ORIGIN_FIND);
	int rc;

	store_bind_text(st, 1, origin);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "finding an origin");
}

static int origin_need(struct store *store, const char *origin, int64_t *ret_id)
{
	int err;

	if (store->memo_origin && strcmp(store->memo_origin, origin) == 0) {
		*ret_id = store->memo_origin_id;
		return 0;
	}
	err = origin_find(store, origin, ret_id);
	if (err == -ENOENT) {
		sqlite3_stmt *st = store_statement(store, ST_ORIGIN_ADD);

		store_bind_text(st, 1, origin);
		err = store_run(store, st);
		*ret_id = sqlite3_last_insert_rowid(store->db);
	}
	if (err)
		return err;
	str_set(&store->memo_origin, origin);
	store->memo_origin_id = *ret_id;
	return 0;
}

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
}

int store_add(struct store *store, struct job *job)
{
	sqlite3_stmt *st;
	int err = job->key ? key_find(store, job, &job->id) : 0;

	if (!err)
		err = origin_need(store, job->origin, &job->origin_id);
	if (err)
		return err;
	st = store_statement(store, ST_ADD);
	sqlite3_bind_int(st, 1, job->state);
	sqlite3_bind_int64(st, 2, job->owner);
	sqlite3_bind_int(st, 3, job->priority);
	sqlite3_bind_int64(st, 4, job->origin_id);
	sqlite3_bind_int64(st, 5, job->created_usec);
	store_bind_text(st, 6, job->url);
	store_bind_text(st, 7, job->dir);
	store_bind_text(st, 8, job->name);
	store_bind_text(st, 9, job->group);
	store_bind_text(st, 10, job->key);
	bind_options(st, 11, &job->options);
	job->id = ++store->last_job_id;
	sqlite3_bind_int64(st, 23, job->id);
	err = store_run(store, st);
	if (err)
		return err;
	counters_move(store, job->owner, 0, job->state);
	return 0;
}

/* ---- reading */

static char *column_dup(sqlite3_stmt *st, int i)
{
	return xstrdup_null((const char *)sqlite3_column_text(st, i));
}

static void read_options(sqlite3_stmt *st, int i, struct job_options *o)
{
	o->headers = column_dup(st, i++);
	o->user_agent = column_dup(st, i++);
	o->referer = column_dup(st, i++);
	o->checksum = column_dup(st, i++);
	o->limit_rate = sqlite3_column_int64(st, i++);
	o->max_filesize = sqlite3_column_int64(st, i++);
	o->retry_delay_usec = sqlite3_column_int64(st, i++);
	o->max_time_usec = sqlite3_column_int64(st, i++);
	o->connect_timeout_usec = sqlite3_column_int64(st, i++);
	o->deadline_usec = sqlite3_column_int64(st, i++);
	o->max_attempts = sqlite3_column_int(st, i++);
	o->on_conflict = sqlite3_column_int(st, i++);
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

/* The schema's CHECKs hold for rows that we wrote; a file may have been edited or repaired by hand. */
static bool row_sane(const struct job *job)
{
	return job->state >= JOB_STATE_FIRST && job->state <= JOB_STATE_LAST && (int)job->waiting_for >= 0 &&
	       job->waiting_for <= JOB_WAIT_LAST && (int)job->intent >= 0 &&
	       job->intent <= JOB_INTENT_REMOVE && job->url && job->dir && job->name && job->origin &&
	       job->received >= 0 && job->size >= -1 && job->generation >= 0 && job->attempts >= 0 &&
	       job->failures >= 0 && job->options.on_conflict >= -1 &&
	       job->options.on_conflict <= (int)JOB_CONFLICT_LAST;
}

struct job *job_from_row(sqlite3_stmt *st)
{
	struct job *job = job_new();

	read_numbers(st, job);
	job->url = column_dup(st, 17);
	job->dir = column_dup(st, 18);
	job->name = column_dup(st, 19);
	job->group = column_dup(st, 20);
	job->key = column_dup(st, 21);
	job->etag = column_dup(st, 22);
	job->last_modified = column_dup(st, 23);
	job->effective_url = column_dup(st, 24);
	job->error_code = column_dup(st, 25);
	job->error_message = column_dup(st, 26);
	read_options(st, 27, &job->options);
	job->origin = column_dup(st, 39);
	if (row_sane(job))
		return job;
	log_err("database: the row of job %lld makes no sense and is passed over (E_INTERNAL)",
		(long long)job->id);
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

/* ---- changing */

int store_update(struct store *store, const struct job *job, enum job_state was)
{
	sqlite3_stmt *st = store_statement(store, ST_UPDATE);

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
	counters_move(store, job->owner, was, job->state);
	return store_run(store, st);
}

int store_update_claimed(struct store *store, const struct job *job, enum job_state was)
{
	sqlite3_stmt *st = store_statement(store, ST_UPDATE_CLAIMED);

	sqlite3_bind_int64(st, 1, job->id);
	sqlite3_bind_int(st, 2, job->state);
	sqlite3_bind_int(st, 3, job->attempts);
	sqlite3_bind_int64(st, 4, job->started_usec);
	counters_move(store, job->owner, was, job->state);
	return store_run(store, st);
}

int store_remove(struct store *store, const struct job *job)
{
	sqlite3_stmt *st = store_statement(store, ST_REMOVE);

	sqlite3_bind_int64(st, 1, job->id);
	counters_move(store, job->owner, job->state, 0);
	return store_run(store, st);
}
