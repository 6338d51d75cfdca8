/* Origins: their numbers, and what is remembered of them for a time. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

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

int origin_need(struct store *store, const char *origin, int64_t *ret_id)
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

/* ---- best ready jobs */

static int origin_head(struct store *store, enum statement which, int64_t id, struct store_origin_head *ret)
{
	sqlite3_stmt *st = store_statement(store, which);
	int rc;

	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		ret->origin_id = sqlite3_column_int64(st, 0);
		ret->priority = sqlite3_column_int(st, 1);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading an origin's head");
}

int store_next_ready_origin(struct store *store, int64_t after_id, struct store_origin_head *ret)
{
	return origin_head(store, ST_NEXT_READY_ORIGIN, after_id, ret);
}

int store_origin_head(struct store *store, int64_t origin_id, struct store_origin_head *ret)
{
	return origin_head(store, ST_ORIGIN_HEAD, origin_id, ret);
}

/* ---- marks */

int store_origin_mark(struct store *store, const struct store_origin_mark *mark)
{
	sqlite3_stmt *st = store_statement(store, ST_ORIGIN_MARK);

	sqlite3_bind_int64(st, 1, mark->origin_id);
	sqlite3_bind_int64(st, 2, mark->hold_until_usec);
	sqlite3_bind_int64(st, 3, mark->http1_until_usec);
	return store_run(store, st);
}

int store_next_marked_origin(struct store *store, int64_t after_id, struct store_origin_mark *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_NEXT_MARKED_ORIGIN);
	int rc;

	sqlite3_bind_int64(st, 1, after_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		ret->origin_id = sqlite3_column_int64(st, 0);
		ret->origin = store_column_dup(st, 1);
		ret->hold_until_usec = sqlite3_column_int64(st, 2);
		ret->http1_until_usec = sqlite3_column_int64(st, 3);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading an origin's marks");
}
