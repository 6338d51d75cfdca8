/* Origins: their numbers, and what is remembered of them for a time. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* ---- numbers */

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

int store_origin_need(struct store *store, const char *origin, int64_t *ret_id)
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

/* ---- lanes */

sqlite3_stmt *store_lane_statement(struct store *store, enum statement which, const struct store_lane *lane)
{
	sqlite3_stmt *st = store_statement(store, which);

	sqlite3_bind_int64(st, 1, lane->origin_id);
	sqlite3_bind_int64(st, 2, lane->owner);
	sqlite3_bind_int64(st, 3, lane->group_id);
	return st;
}

int store_next_lane(struct store *store, struct store_lane *lane, int32_t *ret_priority)
{
	sqlite3_stmt *st = store_lane_statement(store, ST_NEXT_LANE, lane);
	int rc;

	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		lane->origin_id = sqlite3_column_int64(st, 0);
		lane->owner = (uid_t)sqlite3_column_int64(st, 1);
		lane->group_id = sqlite3_column_int64(st, 2);
		*ret_priority = sqlite3_column_int(st, 3);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading what is ready");
}

int store_lane_head(struct store *store, const struct store_lane *lane, int32_t *ret_priority)
{
	sqlite3_stmt *st = store_lane_statement(store, ST_LANE_HEAD, lane);
	int rc;

	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_priority = sqlite3_column_int(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading the best ready job");
}

int store_lane_ahead(struct store *store, const struct store_lane *lane, int32_t priority, int64_t id,
	int64_t limit, int64_t *ret)
{
	sqlite3_stmt *st = store_lane_statement(store, ST_LANE_AHEAD, lane);
	int rc;

	*ret = 0;
	sqlite3_bind_int(st, 4, priority);
	sqlite3_bind_int64(st, 5, id);
	sqlite3_bind_int64(st, 6, limit);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : store_failure(store, rc, "counting what comes first");
}

/* ---- what is remembered */

int store_origin_put(struct store *store, const struct store_origin *o)
{
	sqlite3_stmt *st = store_statement(store, ST_ORIGIN_PUT);
	int i = 1;

	assert(store->in_turn);
	sqlite3_bind_int64(st, i++, o->id);
	sqlite3_bind_int64(st, i++, o->hold_until_usec);
	store_bind_text(st, i++, o->hold_code);
	sqlite3_bind_int64(st, i++, o->hold_job);
	sqlite3_bind_int64(st, i++, o->http1_until_usec);
	sqlite3_bind_int64(st, i++, o->limit_rate);
	sqlite3_bind_int64(st, i++, o->max_active);
	sqlite3_bind_int64(st, i++, o->governor_limit);
	sqlite3_bind_int64(st, i++, o->governor_ceiling);
	sqlite3_bind_int64(st, i++, o->governor_probe_usec);
	sqlite3_bind_int64(st, i++, o->governor_probe_span_usec);
	sqlite3_bind_int64(st, i++, o->breaker_until_usec);
	sqlite3_bind_int64(st, i++, o->breaker_span_usec);
	sqlite3_bind_int64(st, i++, o->breaker_failures);
	return store_run(store, st);
}

static void origin_from_row(sqlite3_stmt *st, struct store_origin *o)
{
	int i = 0;

	o->id = sqlite3_column_int64(st, i++);
	o->origin = store_column_dup(st, i++);
	o->hold_until_usec = sqlite3_column_int64(st, i++);
	o->hold_code = store_column_dup(st, i++);
	o->hold_job = sqlite3_column_int64(st, i++);
	o->http1_until_usec = sqlite3_column_int64(st, i++);
	o->limit_rate = sqlite3_column_int64(st, i++);
	o->max_active = sqlite3_column_int64(st, i++);
	o->governor_limit = sqlite3_column_int64(st, i++);
	o->governor_ceiling = sqlite3_column_int64(st, i++);
	o->governor_probe_usec = sqlite3_column_int64(st, i++);
	o->governor_probe_span_usec = sqlite3_column_int64(st, i++);
	o->breaker_until_usec = sqlite3_column_int64(st, i++);
	o->breaker_span_usec = sqlite3_column_int64(st, i++);
	o->breaker_failures = sqlite3_column_int64(st, i++);
}

static int origin_read(struct store *store, enum statement which, int64_t id, struct store_origin *ret)
{
	sqlite3_stmt *st = store_statement(store, which);
	int rc;

	*ret = (struct store_origin){0};
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		origin_from_row(st, ret);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading an origin");
}

int store_origin_get(struct store *store, int64_t id, struct store_origin *ret)
{
	return origin_read(store, ST_ORIGIN_GET, id, ret);
}

int store_next_marked_origin(struct store *store, int64_t after_id, struct store_origin *ret)
{
	return origin_read(store, ST_NEXT_MARKED_ORIGIN, after_id, ret);
}

int store_origin_find(struct store *store, const char *origin, int64_t *ret_id)
{
	return origin_find(store, origin, ret_id);
}

void store_origin_done(struct store_origin *o)
{
	str_set(&o->origin, NULL);
	str_set(&o->hold_code, NULL);
}
