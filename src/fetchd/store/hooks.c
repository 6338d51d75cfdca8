/* Hooks: the outbox. What is due is a row that was written with the end that it follows. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"

/* A row has one of the two. */
static void bind_whose(sqlite3_stmt *st, int64_t job_id, int64_t group_id)
{
	if (job_id)
		sqlite3_bind_int64(st, 1, job_id);
	else
		sqlite3_bind_null(st, 1);
	if (group_id && !job_id)
		sqlite3_bind_int64(st, 2, group_id);
	else
		sqlite3_bind_null(st, 2);
}

int store_hook_add(struct store *store, struct job_hook *hook)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_ADD);
	int err;

	bind_whose(st, hook->job_id, hook->group_id);
	sqlite3_bind_int64(st, 3, hook->owner);
	store_bind_text(st, 4, hook->name);
	sqlite3_bind_int(st, 5, hook->on);
	sqlite3_bind_int64(st, 6, hook->after);
	sqlite3_bind_int64(st, 7, hook->due_usec);
	sqlite3_bind_int64(st, 8, hook->created_usec);
	err = store_run(store, st);
	if (!err)
		hook->id = sqlite3_last_insert_rowid(store->db);
	return err;
}

/* ---- reading */

static void hook_from_row(sqlite3_stmt *st, struct job_hook *h)
{
	int i = 0;

	job_hook_init(h);
	h->id = sqlite3_column_int64(st, i++);
	h->job_id = sqlite3_column_int64(st, i++);
	h->group_id = sqlite3_column_int64(st, i++);
	h->owner = (uid_t)sqlite3_column_int64(st, i++);
	h->name = store_column_dup(st, i++);
	h->on = (enum job_hook_on)sqlite3_column_int(st, i++);
	h->after = sqlite3_column_int64(st, i++);
	h->state = (enum job_hook_state)sqlite3_column_int(st, i++);
	h->attempts = sqlite3_column_int(st, i++);
	h->due_usec = sqlite3_column_int64(st, i++);
	h->created_usec = sqlite3_column_int64(st, i++);
	h->started_usec = sqlite3_column_int64(st, i++);
	h->finished_usec = sqlite3_column_int64(st, i++);
	h->end = (enum job_hook_end)sqlite3_column_int(st, i++);
	h->status = sqlite3_column_int(st, i++);
	h->error = store_column_dup(st, i++);
	h->run_usec = sqlite3_column_int64(st, i++);
	h->cpu_usec = sqlite3_column_int64(st, i++);
	h->peak_bytes = sqlite3_column_int64(st, i++);
	h->output = store_column_dup(st, i++);
	h->output_cut = sqlite3_column_int(st, i++) != 0;
}

/* Steps to the one row that st may have, and resets it. */
static int one_hook(struct store *store, sqlite3_stmt *st, struct job_hook *ret)
{
	int rc = sqlite3_step(st);

	job_hook_init(ret);
	if (rc == SQLITE_ROW)
		hook_from_row(st, ret);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading a hook");
}

int store_hook_get(struct store *store, int64_t id, struct job_hook *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_GET);

	sqlite3_bind_int64(st, 1, id);
	return one_hook(store, st, ret);
}

int store_hook_after(struct store *store, const struct job_hook *hook, struct job_hook *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_AFTER);

	bind_whose(st, hook->job_id, hook->group_id);
	sqlite3_bind_int64(st, 3, hook->id);
	return one_hook(store, st, ret);
}

static int all_hooks(struct store *store, sqlite3_stmt *st, struct job_hook **ret, size_t *ret_n)
{
	struct job_hook *hooks = NULL;
	size_t n = 0;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		hooks = xreallocarray(hooks, n + 1, sizeof(*hooks));
		hook_from_row(st, &hooks[n++]);
	}
	sqlite3_reset(st);
	*ret = hooks;
	*ret_n = n;
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading hooks");
}

int store_hooks(struct store *store, int64_t job_id, int64_t group_id, struct job_hook **ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, job_id ? ST_HOOKS_OF_JOB : ST_HOOKS_OF_GROUP);

	sqlite3_bind_int64(st, 1, job_id ? job_id : group_id);
	return all_hooks(store, st, ret, ret_n);
}

int store_hooks_running(struct store *store, struct job_hook **ret, size_t *ret_n)
{
	return all_hooks(store, store_statement(store, ST_HOOKS_RUNNING), ret, ret_n);
}

/* Steps to the one row that st may have. */
static int read_head(struct store *store, sqlite3_stmt *st, struct store_hook_head *head, bool named)
{
	int rc = sqlite3_step(st);

	head->id = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	head->due_usec = rc == SQLITE_ROW ? sqlite3_column_int64(st, 2) : USEC_INFINITY;
	if (!named)
		head->name = rc == SQLITE_ROW ? store_column_dup(st, 1) : NULL;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_failure(store, rc, "looking for due hooks");
}

int store_next_hook_head(struct store *store, const char *after, struct store_hook_head *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_NEXT_HOOK_NAME);
	int err;

	store_bind_text(st, 1, after ? after : "");
	err = read_head(store, st, ret, false);
	return err || ret->id ? err : -ENOENT;
}

int store_hook_head(struct store *store, struct store_hook_head *head)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_HEAD);

	store_bind_text(st, 1, head->name);
	return read_head(store, st, head, true);
}

/* ---- changing */

static void bind_state(sqlite3_stmt *st, const struct job_hook *h)
{
	sqlite3_bind_int64(st, 1, h->id);
	sqlite3_bind_int(st, 2, h->state);
	sqlite3_bind_int(st, 3, h->attempts);
	sqlite3_bind_int64(st, 4, h->due_usec);
	sqlite3_bind_int64(st, 5, h->started_usec);
}

int store_hook_put_state(struct store *store, const struct job_hook *h)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_STATE);

	bind_state(st, h);
	return store_run(store, st);
}

int store_hook_put(struct store *store, const struct job_hook *h)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOK_PUT);

	bind_state(st, h);
	sqlite3_bind_int64(st, 6, h->finished_usec);
	sqlite3_bind_int(st, 7, h->end);
	sqlite3_bind_int(st, 8, h->status);
	store_bind_text(st, 9, h->error);
	sqlite3_bind_int64(st, 10, h->run_usec);
	sqlite3_bind_int64(st, 11, h->cpu_usec);
	sqlite3_bind_int64(st, 12, h->peak_bytes);
	store_bind_text(st, 13, h->output);
	sqlite3_bind_int(st, 14, h->output_cut);
	return store_run(store, st);
}

int store_hooks_forget(struct store *store, int64_t job_id, int64_t group_id)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOKS_FORGET);

	bind_whose(st, job_id, group_id);
	return store_run(store, st);
}

int store_hooks_withdraw(struct store *store, int64_t group_id, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOKS_WITHDRAW);
	int err;

	sqlite3_bind_int64(st, 1, group_id);
	err = store_run(store, st);
	*ret_n = err ? 0 : (size_t)sqlite3_changes(store->db);
	return err;
}

int store_hooks_count(struct store *store, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_HOOKS_COUNT);
	int rc = sqlite3_step(st);

	*ret_n = rc == SQLITE_ROW ? (size_t)sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : store_failure(store, rc, "counting hooks");
}

int store_hook_sum(struct store *store, int64_t job_id, int64_t group_id, enum job_hook_state *ret)
{
	sqlite3_stmt *st = store_statement(store, job_id ? ST_HOOK_OF_JOB : ST_HOOK_OF_GROUP);
	int rc;

	sqlite3_bind_int64(st, 1, job_id ? job_id : group_id);
	rc = sqlite3_step(st);
	*ret = rc == SQLITE_ROW ? (enum job_hook_state)sqlite3_column_int(st, 0) : JOB_HOOK_NONE;
	/* To the end: what it returns it has not written yet. */
	while (rc == SQLITE_ROW)
		rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "writing what has become of hooks");
}
