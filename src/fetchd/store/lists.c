/* Many jobs at a time, always bounded by a limit: no statement stays open across turns. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

void job_list_done(struct job_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		job_free(list->jobs[i]);
	free(list->jobs);
	*list = (struct job_list){0};
}

/* Rows that make no sense, as they are met. */
struct bad_rows {
	struct bad_row {
		int64_t id;
		int state;
		uid_t owner;
		int64_t group_id;
	} * rows;
	size_t n;
};

static void bad_row_note(struct bad_rows *bad, sqlite3_stmt *st)
{
	bad->rows = xreallocarray(bad->rows, bad->n + 1, sizeof(*bad->rows));
	bad->rows[bad->n++] = (struct bad_row){
		.id = sqlite3_column_int64(st, 0),
		.state = sqlite3_column_int(st, 1),
		.owner = (uid_t)sqlite3_column_int64(st, 4),
		.group_id = sqlite3_column_int64(st, 55),
	};
}

/* Out of the way of the others: left as they are they would stand at the head of every list for ever. */
static int quarantine(struct store *store, const struct bad_rows *bad)
{
	int err = 0;

	for (size_t i = 0; i < bad->n && !err; i++) {
		const struct bad_row *row = &bad->rows[i];
		bool known = row->state >= JOB_STATE_FIRST && row->state <= JOB_STATE_LAST;
		sqlite3_stmt *st = store_statement(store, ST_QUARANTINE);
		int64_t bytes;

		err = counters_bytes_of(store, row->id, &bytes);
		if (err)
			return err;
		sqlite3_bind_int64(st, 1, row->id);
		sqlite3_bind_int64(st, 2, clock_wall_usec());
		err = store_run(store, st);
		if (err || sqlite3_changes(store->db) == 0)
			continue;
		counters_move_row(store, row->owner, row->group_id, known ? row->state : 0, JOB_FAILED);
		counters_add_bytes(store, row->owner, -bytes);
		if (row->group_id)
			group_strayed(store, row->group_id, row->id);
		err = store_end_note(store, row->id, JOB_FAILED);
	}
	return err;
}

static void take_row(sqlite3_stmt *st, struct job_list *list, struct bad_rows *bad)
{
	struct job *job = job_from_row(st);

	if (job)
		list->jobs[list->n++] = job;
	else
		bad_row_note(bad, st);
}

/* After the last row, or err. */
static int collected(struct store *store, int err, struct bad_rows *bad, struct job_list *list)
{
	if (!err && store->in_turn)
		err = quarantine(store, bad);
	free(bad->rows);
	if (err)
		job_list_done(list);
	return err;
}

int store_collect(
	struct store *store, sqlite3_stmt *st, size_t limit, struct job_list *ret, const char *doing)
{
	struct bad_rows bad = {0};
	int rc, err = 0;

	*ret = (struct job_list){.jobs = xcalloc(limit, sizeof(*ret->jobs))};
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && ret->n < limit)
		take_row(st, ret, &bad);
	sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = store_failure(store, rc, doing);
	return collected(store, err, &bad, ret);
}

int store_collect_ids(struct store *store, const int64_t *ids, size_t n, struct job_list *ret)
{
	struct bad_rows bad = {0};
	int rc = SQLITE_DONE, err = 0;

	*ret = (struct job_list){.jobs = xcalloc(n + 1, sizeof(*ret->jobs))};
	for (size_t i = 0; i < n && !err; i++) {
		sqlite3_stmt *st = store_statement(store, ST_GET);

		sqlite3_bind_int64(st, 1, ids[i]);
		if ((rc = sqlite3_step(st)) == SQLITE_ROW)
			take_row(st, ret, &bad);
		sqlite3_reset(st);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			err = store_failure(store, rc, "reading listed jobs");
	}
	return collected(store, err, &bad, ret);
}

int store_ready(struct store *store, const struct store_lane *lane, size_t limit, struct job_list *ret)
{
	sqlite3_stmt *st = store_lane_statement(store, ST_READY, lane);

	sqlite3_bind_int64(st, 4, (int64_t)limit);
	return store_collect(store, st, limit, ret, "reading ready jobs");
}

int store_sources(
	struct store *store, int64_t origin_id, int64_t after_id, size_t limit, struct job_list *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_SOURCES);

	sqlite3_bind_int64(st, 1, origin_id);
	sqlite3_bind_int64(st, 2, after_id);
	sqlite3_bind_int64(st, 3, (int64_t)limit);
	return store_collect(store, st, limit, ret, "reading ready jobs with other sources");
}

static int collect_due(struct store *store, enum statement which, int64_t from_usec, int64_t to_usec,
	size_t limit, struct job_list *ret)
{
	sqlite3_stmt *st = store_statement(store, which);

	sqlite3_bind_int64(st, 1, from_usec);
	sqlite3_bind_int64(st, 2, to_usec);
	sqlite3_bind_int64(st, 3, (int64_t)limit);
	return store_collect(store, st, limit, ret, "reading due jobs");
}

int store_due(struct store *store, int64_t from_usec, int64_t to_usec, size_t limit, struct job_list *ret)
{
	return collect_due(store, ST_DUE, from_usec, to_usec, limit, ret);
}

int store_scheduled(
	struct store *store, int64_t from_usec, int64_t to_usec, size_t limit, struct job_list *ret)
{
	return collect_due(store, ST_SCHEDULED, from_usec, to_usec, limit, ret);
}

static int collect_overdue(
	struct store *store, enum statement which, int64_t usec, size_t limit, struct job_list *ret)
{
	sqlite3_stmt *st = store_statement(store, which);

	sqlite3_bind_int64(st, 1, usec);
	sqlite3_bind_int64(st, 2, (int64_t)limit);
	return store_collect(store, st, limit, ret, "reading jobs whose deadline has passed");
}

int store_overdue(struct store *store, int64_t now_usec, size_t limit, struct job_list *ret)
{
	return collect_overdue(store, ST_OVERDUE, now_usec, limit, ret);
}

int store_overdue_since(struct store *store, int64_t since_usec, size_t limit, struct job_list *ret)
{
	return collect_overdue(store, ST_OVERDUE_SINCE, since_usec, limit, ret);
}

int store_active(struct store *store, int64_t after_id, size_t limit, struct job_list *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_ACTIVE);

	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int64(st, 2, (int64_t)limit);
	return store_collect(store, st, limit, ret, "reading active jobs");
}

static int next_time(struct store *store, sqlite3_stmt *st, int64_t *ret_usec)
{
	int rc = sqlite3_step(st);

	*ret_usec = USEC_INFINITY;
	if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
		*ret_usec = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0
						     : store_failure(store, rc, "reading the next due time");
}

static int next_due(struct store *store, enum statement which, int64_t from_usec, int64_t *ret_usec)
{
	sqlite3_stmt *st = store_statement(store, which);

	sqlite3_bind_int64(st, 1, from_usec);
	return next_time(store, st, ret_usec);
}

int store_next_due(struct store *store, int64_t from_usec, int64_t *ret_usec)
{
	return next_due(store, ST_NEXT_DUE, from_usec, ret_usec);
}

int store_next_scheduled(struct store *store, int64_t from_usec, int64_t *ret_usec)
{
	return next_due(store, ST_NEXT_SCHEDULED, from_usec, ret_usec);
}

int store_next_deadline(struct store *store, int64_t *ret_usec, int64_t *ret_since_usec)
{
	int err = next_time(store, store_statement(store, ST_NEXT_DEADLINE), ret_usec);

	return err ? err : next_time(store, store_statement(store, ST_NEXT_SINCE), ret_since_usec);
}

static int make_due(
	struct store *store, enum statement which, int64_t latest_usec, size_t limit, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, which);
	int err;

	sqlite3_bind_int64(st, 1, latest_usec);
	sqlite3_bind_int64(st, 2, (int64_t)limit);
	err = store_run(store, st);
	*ret_n = err ? 0 : (size_t)sqlite3_changes(store->db);
	return err;
}

int store_clamp_retries(struct store *store, int64_t latest_usec, size_t limit, size_t *ret_n)
{
	return make_due(store, ST_CLAMP_RETRIES, latest_usec, limit, ret_n);
}

int store_wake_quota(struct store *store, int64_t latest_usec, size_t limit, size_t *ret_n)
{
	return make_due(store, ST_WAKE_QUOTA, latest_usec, limit, ret_n);
}

int store_wake_network(struct store *store, int64_t now_usec, int64_t spread_usec, int64_t *after_id,
	size_t limit, int64_t *ret_first_usec, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_WAKE_NETWORK);
	int rc;

	*ret_n = 0;
	*ret_first_usec = USEC_INFINITY;
	sqlite3_bind_int64(st, 1, now_usec);
	sqlite3_bind_int64(st, 2, spread_usec);
	sqlite3_bind_int64(st, 3, *after_id);
	sqlite3_bind_int64(st, 4, (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(st, 0), due = sqlite3_column_int64(st, 1);

		*after_id = id > *after_id ? id : *after_id;
		*ret_first_usec = due < *ret_first_usec ? due : *ret_first_usec;
		(*ret_n)++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "waking jobs that wait for the network");
}

/* ---- the end of history */

/* Moves what goes to the end of gone. */
static int purge_state(
	struct store *store, enum job_state state, int64_t before_usec, size_t limit, struct job_list *gone)
{
	sqlite3_stmt *st = store_statement(store, ST_EXPIRED);
	struct job_list list;
	int err;

	sqlite3_bind_int(st, 1, state);
	sqlite3_bind_int64(st, 2, before_usec);
	sqlite3_bind_int64(st, 3, (int64_t)limit);
	err = store_collect(store, st, limit, &list, "reading expired jobs");
	if (err)
		return err;
	for (size_t i = 0; !err && i < list.n; i++)
		err = store_remove(store, list.jobs[i]);
	gone->jobs = xreallocarray(gone->jobs, gone->n + list.n + 1, sizeof(*gone->jobs));
	memcpy(gone->jobs + gone->n, list.jobs, list.n * sizeof(*gone->jobs));
	gone->n += list.n;
	list.n = 0;
	job_list_done(&list);
	return err;
}

static int purge_events(struct store *store, int64_t before_usec, size_t limit, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_EVENTS_EXPIRE);
	int err;

	sqlite3_bind_int64(st, 1, before_usec);
	sqlite3_bind_int64(st, 2, (int64_t)limit);
	err = store_run(store, st);
	*ret_n = err ? 0 : (size_t)sqlite3_changes(store->db);
	return err;
}

int store_purge(struct store *store, int64_t done_before_usec, int64_t failed_before_usec, size_t limit,
	struct job_list *ret, bool *ret_more)
{
	size_t n_events = 0;
	int err;

	*ret = (struct job_list){0};
	err = purge_state(store, JOB_DONE, done_before_usec, limit, ret);
	if (!err)
		err = purge_state(store, JOB_CANCELLED, done_before_usec, limit, ret);
	if (!err)
		err = purge_state(store, JOB_FAILED, failed_before_usec, limit, ret);
	if (!err)
		err = purge_events(store, done_before_usec, limit, &n_events);
	*ret_more = ret->n > 0 || n_events > 0;
	if (err)
		job_list_done(ret);
	return err;
}
