/* Counters: jobs by owner and state, and bytes on disk by owner, so that "status" and limits never count
 * rows. In memory for reading, written with the turn that changed them; a turn or operation that is undone
 * puts them back. Engine's thread.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <string.h>

#include "base/alloc.h"

static struct store_counter *counter_of(struct counters *counters, uid_t owner)
{
	for (size_t i = 0; i < counters->n; i++)
		if (counters->owners[i].owner == owner)
			return &counters->owners[i];
	return NULL;
}

static struct store_counter *counter_need(struct counters *counters, uid_t owner)
{
	struct store_counter *c = counter_of(counters, owner);

	if (c)
		return c;
	counters->owners = xreallocarray(counters->owners, counters->n + 1, sizeof(*counters->owners));
	counters->dirty = xreallocarray(counters->dirty, counters->n + 1, sizeof(*counters->dirty));
	c = &counters->owners[counters->n];
	memset(c, 0, sizeof(*c));
	c->owner = owner;
	counters->dirty[counters->n++] = false;
	return c;
}

static int usage_load(struct store *store)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(store->db, "SELECT owner, bytes FROM usage", -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		counter_need(&store->counters, (uid_t)sqlite3_column_int64(st, 0))->bytes =
			sqlite3_column_int64(st, 1);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading what is on disk");
}

int counters_load(struct store *store)
{
	struct counters *counters = &store->counters;
	sqlite3_stmt *st;
	int rc;

	for (size_t i = 0; i < counters->n; i++) {
		memset(counters->owners[i].by_state, 0, sizeof(counters->owners[i].by_state));
		counters->owners[i].bytes = 0;
		counters->dirty[i] = false;
	}
	counters->version++;
	rc = sqlite3_prepare_v2(store->db, "SELECT owner, state, n FROM counters", -1, &st, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int state = sqlite3_column_int(st, 1);

		if (state >= JOB_STATE_FIRST && state <= JOB_STATE_LAST)
			counter_need(counters, (uid_t)sqlite3_column_int64(st, 0))->by_state[state] =
				sqlite3_column_int64(st, 2);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? usage_load(store) : store_failure(store, rc, "reading the counters");
}

void counters_move_row(struct store *store, uid_t owner, int64_t group_id, int from, int to)
{
	struct store_counter *c = counter_need(&store->counters, owner);

	if (from == to)
		return;
	if (from)
		c->by_state[from]--;
	if (to)
		c->by_state[to]++;
	store->counters.dirty[c - store->counters.owners] = true;
	store->counters.version++;
	if (group_id)
		group_moved(store, group_id, from, to);
}

void counters_move(struct store *store, const struct job *job, int from, int to)
{
	counters_move_row(store, job->owner, job->group_id, from, to);
}

int counters_bytes_of(struct store *store, int64_t job_id, int64_t *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_BYTES_OF);
	int rc;

	sqlite3_bind_int64(st, 1, job_id);
	rc = sqlite3_step(st);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_failure(store, rc, "reading what a job has on disk");
}

void counters_add_bytes(struct store *store, uid_t owner, int64_t bytes)
{
	struct store_counter *c = counter_need(&store->counters, owner);

	if (bytes == 0)
		return;
	c->bytes += bytes;
	store->counters.dirty[c - store->counters.owners] = true;
	store->counters.version++;
}

int counters_move_bytes(struct store *store, const struct job *job, bool gone)
{
	int64_t is = gone || job->state == JOB_CANCELLED ? 0 : job->received, was;
	int err = counters_bytes_of(store, job->id, &was);

	if (!err)
		counters_add_bytes(store, job->owner, is - was);
	return err;
}

static int usage_flush(struct store *store, const struct store_counter *c)
{
	sqlite3_stmt *st = store_statement(store, ST_USAGE_SET);

	sqlite3_bind_int64(st, 1, c->owner);
	sqlite3_bind_int64(st, 2, c->bytes);
	return store_run(store, st);
}

int counters_flush(struct store *store)
{
	struct counters *counters = &store->counters;

	for (size_t i = 0; i < counters->n; i++) {
		if (!counters->dirty[i])
			continue;
		int err = usage_flush(store, &counters->owners[i]);

		if (err)
			return err;
		for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++) {
			sqlite3_stmt *st = store_statement(store, ST_COUNTER_SET);

			sqlite3_bind_int64(st, 1, counters->owners[i].owner);
			sqlite3_bind_int(st, 2, state);
			sqlite3_bind_int64(st, 3, counters->owners[i].by_state[state]);
			err = store_run(store, st);
			if (err)
				return err;
		}
		counters->dirty[i] = false;
	}
	return 0;
}

void counters_save(struct store *store)
{
	struct counters *from = &store->counters, *to = &store->saved;

	to->owners = xreallocarray(to->owners, from->n + 1, sizeof(*to->owners));
	to->dirty = xreallocarray(to->dirty, from->n + 1, sizeof(*to->dirty));
	if (from->n) {
		memcpy(to->owners, from->owners, from->n * sizeof(*to->owners));
		memcpy(to->dirty, from->dirty, from->n * sizeof(*to->dirty));
	}
	to->n = from->n;
}

void counters_restore(struct store *store)
{
	struct counters *from = &store->saved, *to = &store->counters;

	/* Owners only ever join: those that came since the savepoint go back to zero. */
	for (size_t i = 0; i < to->n; i++) {
		if (i < from->n) {
			to->owners[i] = from->owners[i];
			to->dirty[i] = from->dirty[i];
		} else {
			memset(to->owners[i].by_state, 0, sizeof(to->owners[i].by_state));
			to->owners[i].bytes = 0;
			to->dirty[i] = false;
		}
	}
	to->version++;
	store->group_moves.n = 0;
}

void counters_done(struct counters *counters)
{
	free(counters->owners);
	free(counters->dirty);
}

const struct store_counter *store_counters(const struct store *store, size_t *ret_n)
{
	*ret_n = store->counters.n;
	return store->counters.owners;
}

int64_t store_bytes(const struct store *store, uid_t owner)
{
	for (size_t i = 0; i < store->counters.n; i++)
		if (store->counters.owners[i].owner == owner)
			return store->counters.owners[i].bytes;
	return 0;
}

int64_t store_open_jobs(const struct store *store, uid_t owner)
{
	int64_t n = 0;

	for (size_t i = 0; i < store->counters.n; i++) {
		const struct store_counter *c = &store->counters.owners[i];

		for (int state = JOB_STATE_FIRST; c->owner == owner && state <= JOB_STATE_LAST; state++)
			if (!job_state_ended((enum job_state)state))
				n += c->by_state[state];
	}
	return n;
}

uint64_t store_counters_version(const struct store *store)
{
	return store->counters.version;
}
