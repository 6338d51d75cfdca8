/* Groups: names that jobs share, what becomes of them together, and how many of them are in each state.
 * Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

/* ---- counts */

void group_moved(struct store *store, int64_t group_id, int from, int to)
{
	struct group_moves *m = &store->group_moves;

	if (m->n == m->room) {
		m->room = m->room ? 2 * m->room : 64;
		m->moves = xreallocarray(m->moves, m->room, sizeof(*m->moves));
	}
	m->moves[m->n++] = (struct group_move){.group_id = group_id, .from = from, .to = to};
}

static int by_group(const void *a, const void *b)
{
	const struct group_move *x = a, *y = b;

	return x->group_id < y->group_id ? -1 : x->group_id > y->group_id;
}

static int add_counts(struct store *store, int64_t group_id, const int64_t by_state[JOB_STATE_N])
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_COUNT);

	sqlite3_bind_int64(st, 1, group_id);
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		sqlite3_bind_int64(st, 1 + state, by_state[state]);
	return store_run(store, st);
}

/* The moves of one group, which stand together. */
static int flush_some(struct store *store, const struct group_move *moves, size_t n)
{
	int64_t by_state[JOB_STATE_N] = {0};

	for (size_t i = 0; i < n; i++) {
		by_state[moves[i].from]--;
		by_state[moves[i].to]++;
	}
	return add_counts(store, moves[0].group_id, by_state);
}

static void touch(struct group_moves *m, int64_t group_id)
{
	if (m->n_touched == m->room_touched) {
		m->room_touched = m->room_touched ? 2 * m->room_touched : 16;
		m->touched = xreallocarray(m->touched, m->room_touched, sizeof(*m->touched));
	}
	m->touched[m->n_touched++] = group_id;
}

void group_strayed(struct store *store, int64_t group_id, int64_t job_id)
{
	struct group_moves *m = &store->group_moves;

	m->strays = xreallocarray(m->strays, m->n_strays + 1, sizeof(*m->strays));
	m->strays[m->n_strays++] = (struct stray){.group_id = group_id, .job_id = job_id};
}

bool store_next_stray(struct store *store, int64_t *ret_group_id, int64_t *ret_job_id)
{
	struct group_moves *m = &store->group_moves;

	if (m->n_strays == 0)
		return false;
	m->n_strays--;
	*ret_group_id = m->strays[m->n_strays].group_id;
	*ret_job_id = m->strays[m->n_strays].job_id;
	return true;
}

int group_moves_flush(struct store *store)
{
	struct group_moves *m = &store->group_moves;
	size_t n, i;
	int err = 0;

	if (m->n > 1)
		qsort(m->moves, m->n, sizeof(*m->moves), by_group);
	for (i = 0; i < m->n && !err; i += n) {
		for (n = 1; i + n < m->n && m->moves[i + n].group_id == m->moves[i].group_id; n++)
			;
		err = flush_some(store, m->moves + i, n);
		touch(m, m->moves[i].group_id);
	}
	m->n = 0;
	return err;
}

/* ---- rows */

static int group_find(struct store *store, uid_t owner, const char *name, int64_t *ret_id)
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_FIND);
	int rc;

	sqlite3_bind_int64(st, 1, owner);
	store_bind_text(st, 2, name);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "finding a group");
}

int store_group_add(struct store *store, struct job_group *group)
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_ADD);
	int err;

	sqlite3_bind_int64(st, 1, group->owner);
	store_bind_text(st, 2, group->name);
	sqlite3_bind_int(st, 3, group->policy);
	sqlite3_bind_int(st, 4, group->filling);
	sqlite3_bind_int64(st, 5, group->created_usec);
	sqlite3_bind_int64(st, 6, group->deadline_usec);
	sqlite3_bind_int64(st, 7, group->limit_rate);
	sqlite3_bind_int64(st, 8, group->deadline_span_usec);
	store_bind_text(st, 9, group->hooks);
	err = store_run(store, st);
	if (!err)
		group->id = sqlite3_last_insert_rowid(store->db);
	return err;
}

int group_need(struct store *store, uid_t owner, const char *name, int64_t now_usec, int64_t *ret_id)
{
	int err;

	if (store->memo_group && store->memo_group_owner == owner && strcmp(store->memo_group, name) == 0) {
		*ret_id = store->memo_group_id;
		return 0;
	}
	err = group_find(store, owner, name, ret_id);
	if (err == -ENOENT) {
		CLEANUP_FREE char *copy = xstrdup(name);
		struct job_group group = {.owner = owner,
			.name = copy,
			.created_usec = now_usec,
			.deadline_usec = -1,
			.deadline_span_usec = -1};

		err = store_group_add(store, &group);
		*ret_id = group.id;
	}
	if (err)
		return err;
	str_set(&store->memo_group, name);
	store->memo_group_owner = owner;
	store->memo_group_id = *ret_id;
	return 0;
}

static void group_from_row(sqlite3_stmt *st, struct job_group *g)
{
	int i = 0;

	g->id = sqlite3_column_int64(st, i++);
	g->owner = (uid_t)sqlite3_column_int64(st, i++);
	g->name = store_column_dup(st, i++);
	g->policy = (enum group_policy)sqlite3_column_int(st, i++);
	g->fate = (enum group_fate)sqlite3_column_int(st, i++);
	g->fate_job = sqlite3_column_int64(st, i++);
	g->filling = sqlite3_column_int(st, i++) != 0;
	g->created_usec = sqlite3_column_int64(st, i++);
	g->finished_usec = sqlite3_column_int64(st, i++);
	g->deadline_usec = sqlite3_column_int64(st, i++);
	g->deadline_span_usec = sqlite3_column_int64(st, i++);
	g->limit_rate = sqlite3_column_int64(st, i++);
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		g->by_state[state] = sqlite3_column_int64(st, i++);
	g->hooks = store_column_dup(st, i++);
	g->hook = (enum job_hook_state)sqlite3_column_int(st, i++);
}

/* Steps to the one row that st may have, and resets it. */
static int one_group(struct store *store, sqlite3_stmt *st, struct job_group *ret)
{
	int rc = sqlite3_step(st);

	*ret = (struct job_group){0};
	if (rc == SQLITE_ROW)
		group_from_row(st, ret);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading a group");
}

/* What this turn has moved is counted first. */
static int flush_in_turn(struct store *store)
{
	return store->in_turn ? group_moves_flush(store) : 0;
}

int store_group_get(struct store *store, int64_t id, struct job_group *ret)
{
	int err = flush_in_turn(store);
	sqlite3_stmt *st = store_statement(store, ST_GROUP_GET);

	*ret = (struct job_group){0};
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, id);
	return one_group(store, st, ret);
}

int store_group_find(struct store *store, uid_t owner, const char *name, struct job_group *ret)
{
	int64_t id;
	int err = group_find(store, owner, name, &id);

	*ret = (struct job_group){0};
	return err ? err : store_group_get(store, id, ret);
}

int store_group_find_any(struct store *store, const char *name, struct job_group *ret)
{
	int err = flush_in_turn(store);
	sqlite3_stmt *st = store_statement(store, ST_GROUP_FIND_ANY);

	*ret = (struct job_group){0};
	if (err)
		return err;
	store_bind_text(st, 1, name);
	return one_group(store, st, ret);
}

int store_group_put(struct store *store, const struct job_group *g)
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_PUT);

	sqlite3_bind_int64(st, 1, g->id);
	sqlite3_bind_int(st, 2, g->policy);
	sqlite3_bind_int(st, 3, g->fate);
	sqlite3_bind_int64(st, 4, g->fate_job);
	sqlite3_bind_int(st, 5, g->filling);
	sqlite3_bind_int64(st, 6, g->finished_usec);
	sqlite3_bind_int64(st, 7, g->deadline_usec);
	sqlite3_bind_int64(st, 8, g->limit_rate);
	store_bind_text(st, 9, g->hooks);
	return store_run(store, st);
}

int store_group_remove(struct store *store, int64_t id)
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_REMOVE);

	str_set(&store->memo_group, NULL);
	sqlite3_bind_int64(st, 1, id);
	return store_run(store, st);
}

int store_groups(struct store *store, bool all_owners, uid_t owner, int64_t after_id, size_t limit,
	struct job_group *ret, size_t *ret_n)
{
	int err = flush_in_turn(store);
	sqlite3_stmt *st = store_statement(store, ST_GROUPS);
	int rc;

	*ret_n = 0;
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int(st, 2, all_owners);
	sqlite3_bind_int64(st, 3, owner);
	sqlite3_bind_int64(st, 4, (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && *ret_n < limit)
		group_from_row(st, &ret[(*ret_n)++]);
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading groups");
}

int store_next_fated_group(struct store *store, int64_t after_id, struct job_group *ret)
{
	int err = flush_in_turn(store);
	sqlite3_stmt *st = store_statement(store, ST_GROUPS_FATED);

	*ret = (struct job_group){0};
	if (err)
		return err;
	sqlite3_bind_int64(st, 1, after_id);
	return one_group(store, st, ret);
}

int store_next_group_deadline(struct store *store, struct job_group *ret)
{
	int err = flush_in_turn(store);
	sqlite3_stmt *st = store_statement(store, ST_NEXT_GROUP_DEADLINE);

	*ret = (struct job_group){0};
	return err ? err : one_group(store, st, ret);
}

int store_group_members(struct store *store, int64_t id, int64_t after_id, size_t limit, int64_t *ret_ids,
	enum job_state *ret_states, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_GROUP_MEMBERS);
	int rc;

	*ret_n = 0;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, after_id);
	sqlite3_bind_int64(st, 3, (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && *ret_n < limit) {
		ret_ids[*ret_n] = sqlite3_column_int64(st, 0);
		ret_states[(*ret_n)++] = (enum job_state)sqlite3_column_int(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading a group's jobs");
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int store_groups_touched(struct store *store, const int64_t **ret_ids, size_t *ret_n)
{
	struct group_moves *m = &store->group_moves;
	int err = flush_in_turn(store);
	size_t kept = 0;

	*ret_ids = m->touched;
	*ret_n = 0;
	if (err || m->n_touched == 0)
		return err;
	qsort(m->touched, m->n_touched, sizeof(*m->touched), by_id);
	for (size_t i = 0; i < m->n_touched; i++)
		if (i == 0 || m->touched[i] != m->touched[kept - 1])
			m->touched[kept++] = m->touched[i];
	m->n_touched = 0;
	*ret_n = kept;
	return 0;
}
