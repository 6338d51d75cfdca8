/* Dependencies: who waits for whom, and ends that not all who wait have heard of. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>

#include "base/alloc.h"

/* ---- who waits for whom */

int store_dependency_add(struct store *store, int64_t job_id, const struct job_dependency *after)
{
	sqlite3_stmt *st = store_statement(store, ST_DEPENDENCY_ADD);

	sqlite3_bind_int64(st, 1, job_id);
	sqlite3_bind_int64(st, 2, after->id);
	sqlite3_bind_int(st, 3, after->any);
	return store_run(store, st);
}

int store_dependency_remove(struct store *store, int64_t job_id, int64_t after_id)
{
	sqlite3_stmt *st = store_statement(store, ST_DEPENDENCY_REMOVE);

	sqlite3_bind_int64(st, 1, job_id);
	sqlite3_bind_int64(st, 2, after_id);
	return store_run(store, st);
}

static struct job_dependency from_row(sqlite3_stmt *st)
{
	return (struct job_dependency){
		.id = sqlite3_column_int64(st, 0), .any = sqlite3_column_int(st, 1) != 0};
}

int store_dependencies(struct store *store, int64_t job_id, struct job_dependency **ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_DEPENDENCIES);
	size_t room = 0;
	int rc;

	*ret = NULL;
	*ret_n = 0;
	sqlite3_bind_int64(st, 1, job_id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (*ret_n == room) {
			room = room ? 2 * room : 4;
			*ret = xreallocarray(*ret, room, sizeof(**ret));
		}
		(*ret)[(*ret_n)++] = from_row(st);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_DONE)
		return 0;
	free(*ret);
	*ret = NULL;
	*ret_n = 0;
	return store_failure(store, rc, "reading what a job waits for");
}

int store_dependents(struct store *store, int64_t after_id, int64_t beyond_id, size_t limit,
	struct job_dependency *ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_DEPENDENTS);
	int rc;

	*ret_n = 0;
	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int64(st, 2, beyond_id);
	sqlite3_bind_int64(st, 3, (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && *ret_n < limit)
		ret[(*ret_n)++] = from_row(st);
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_failure(store, rc, "reading who waits for a job");
}

int store_state(struct store *store, int64_t id, enum job_state *ret_state, uid_t *ret_owner)
{
	sqlite3_stmt *st = store_statement(store, ST_STATE);
	int rc;

	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*ret_state = (enum job_state)sqlite3_column_int(st, 0);
		*ret_owner = (uid_t)sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading the state of a job");
}

/* ---- ends */

int store_end_note(struct store *store, int64_t job_id, int state)
{
	sqlite3_stmt *st = store_statement(store, ST_END_NOTE);
	int before = sqlite3_total_changes(store->db), err;

	sqlite3_bind_int64(st, 1, job_id);
	sqlite3_bind_int(st, 2, state);
	err = store_run(store, st);
	store->ends = store->ends || sqlite3_total_changes(store->db) != before;
	return err;
}

int store_end_again(struct store *store, int64_t after_id, int state, int64_t job_id)
{
	sqlite3_stmt *st = store_statement(store, ST_END_AGAIN);

	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int(st, 2, state);
	sqlite3_bind_int64(st, 3, job_id - 1);
	store->ends = true;
	return store_run(store, st);
}

int store_end_told(struct store *store, int64_t after_id, int64_t job_id)
{
	sqlite3_stmt *st = store_statement(store, ST_END_TOLD);

	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int64(st, 2, job_id);
	return store_run(store, st);
}

int store_end_forget(struct store *store, int64_t job_id)
{
	sqlite3_stmt *st = store_statement(store, ST_END_FORGET);

	sqlite3_bind_int64(st, 1, job_id);
	return store_run(store, st);
}

bool store_has_ends(const struct store *store)
{
	return store->ends;
}

int store_next_end(struct store *store, struct store_end *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_NEXT_END);
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		*ret = (struct store_end){.job_id = sqlite3_column_int64(st, 0),
			.state = sqlite3_column_int(st, 1),
			.told = sqlite3_column_int64(st, 2)};
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	if (rc != SQLITE_DONE)
		return store_failure(store, rc, "reading the ends of jobs");
	/* Also when they come back with a turn that is undone: store_rollback() says so. */
	store->ends = false;
	return -ENOENT;
}
