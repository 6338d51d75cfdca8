/* Lists that users ask for. Of the ways to the jobs of a filter the one with the fewest rows is taken, by
 * what the counters say, and a call looks at a bounded number of rows. Engine's thread.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "job/origin.h"

/* Rows that are looked at in one call: some milliseconds. */
#define LOOK_MAX 4096
/* More of them than this, and the filter is no narrow one. */
#define ORIGINS_MAX 4096
#define GROUPS_MAX  16

/* What decides whether a row is meant. */
struct row {
	int64_t id;
	int state;
	uid_t owner;
	int64_t group_id;
	int64_t origin_id;
	enum job_hook_state hook;
};

/* Rows in the order of their ids: of a statement, or of a list of ids. */
struct stream {
	sqlite3_stmt *st;
	int64_t *ids; /* NULL: st gives the rows */
	size_t n, at;
	struct row row; /* the next; id 0: it has ended */
};

struct ids {
	int64_t *ids;
	size_t n;
};

struct look {
	struct store *store;
	const struct job_filter *filter;
	unsigned states; /* that there are any of */
	struct ids groups, origins;
	int64_t after_id;
	bool reverse;
	struct stream *streams;
	size_t n_streams;
	size_t looked;
};

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Adds the first column of st's rows; true when there were no more than most. */
static bool take_ids(struct ids *ids, sqlite3_stmt *st, size_t most, int *ret_rc)
{
	while ((*ret_rc = sqlite3_step(st)) == SQLITE_ROW && ids->n < most) {
		ids->ids = xreallocarray(ids->ids, ids->n + 1, sizeof(*ids->ids));
		ids->ids[ids->n++] = sqlite3_column_int64(st, 0);
	}
	sqlite3_reset(st);
	return *ret_rc != SQLITE_ROW;
}

static bool has(const struct ids *ids, int64_t id)
{
	return ids->n > 0 && bsearch(&id, ids->ids, ids->n, sizeof(id), by_id) != NULL;
}

/* ---- which groups, which origins */

int store_groups_named(
	struct store *store, bool all_owners, uid_t owner, const char *name, int64_t **ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, all_owners ? ST_GROUPS_NAMED : ST_GROUP_FIND);
	struct ids ids = {0};
	int rc;

	if (!all_owners)
		sqlite3_bind_int64(st, 1, owner);
	store_bind_text(st, all_owners ? 1 : 2, name);
	(void)take_ids(&ids, st, SIZE_MAX, &rc);
	if (ids.n)
		qsort(ids.ids, ids.n, sizeof(*ids.ids), by_id);
	*ret = ids.ids;
	*ret_n = ids.n;
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "looking for a group");
}

static int add_origins(
	struct store *store, const char *from, const char *below, struct ids *ids, bool *ret_all)
{
	sqlite3_stmt *st = store_statement(store, ST_ORIGINS_FROM);
	int rc;

	store_bind_text(st, 1, from);
	store_bind_text(st, 2, below);
	*ret_all = take_ids(ids, st, ORIGINS_MAX, &rc) && *ret_all;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : store_failure(store, rc, "looking for a host");
}

/* "host" of any scheme and port, or "host:port". */
static int add_host(struct store *store, const char *host, struct ids *ids, bool *ret_all)
{
	const char *scheme;
	int err = 0;

	for (size_t i = 0; !err && (scheme = origin_known_scheme(i)); i++) {
		CLEANUP_FREE char *whole = xasprintf("%s://%s", scheme, host);
		CLEANUP_FREE char *from = xasprintf("%s:", whole), *below = xasprintf("%s;", whole);

		err = add_origins(store, whole, whole, ids, ret_all);
		if (!err)
			err = add_origins(store, from, below, ids, ret_all);
	}
	return err;
}

/* *ret_all: false when there are more than are taken, which a list then has to do without. */
static int find_origins(struct store *store, const char *host, struct ids *ids, bool *ret_all)
{
	CLEANUP_FREE char *lower = xstrdup(host);
	struct origin origin;
	int err;

	*ret_all = true;
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!strstr(host, "://")) {
		err = add_host(store, lower, ids, ret_all);
	} else if (origin_parse(host, &origin) == ORIGIN_OK) {
		CLEANUP_FREE char *text = origin_text(&origin);

		origin_done(&origin);
		err = add_origins(store, text, text, ids, ret_all);
	} else {
		err = 0;
	}
	if (ids->n)
		qsort(ids->ids, ids->n, sizeof(*ids->ids), by_id);
	return err;
}

/* ---- streams */

static void read_row(struct row *row, sqlite3_stmt *st)
{
	row->id = sqlite3_column_int64(st, 0);
	row->state = sqlite3_column_int(st, 1);
	row->owner = (uid_t)sqlite3_column_int64(st, 2);
	row->group_id = sqlite3_column_int64(st, 3);
	row->origin_id = sqlite3_column_int64(st, 4);
	row->hook = (enum job_hook_state)sqlite3_column_int(st, 5);
}

/* 0 with the row, -ENOENT, or the store's error. */
static int peek(struct store *store, int64_t id, struct row *row)
{
	sqlite3_stmt *st = store_statement(store, ST_PEEK);
	int rc;

	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		read_row(row, st);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "looking at a job");
}

static int advance_ids(struct look *look, struct stream *s)
{
	int err = -ENOENT;

	while (err == -ENOENT && s->at < s->n) {
		int64_t id = s->ids[look->reverse ? s->n - 1 - s->at : s->at];

		s->at++;
		look->looked++;
		err = peek(look->store, id, &s->row);
	}
	if (err == -ENOENT)
		s->row.id = 0;
	return err == -ENOENT ? 0 : err;
}

static int advance(struct look *look, struct stream *s)
{
	int rc;

	if (s->ids)
		return advance_ids(look, s);
	rc = sqlite3_step(s->st);
	s->row.id = 0;
	if (rc == SQLITE_ROW) {
		read_row(&s->row, s->st);
		look->looked++;
	}
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_failure(look->store, rc, "listing jobs");
}

static struct stream *new_stream(struct look *look)
{
	look->streams = xreallocarray(look->streams, look->n_streams + 1, sizeof(*look->streams));
	look->streams[look->n_streams] = (struct stream){0};
	return &look->streams[look->n_streams++];
}

/* Takes ids, which are sorted. */
static void add_id_stream(struct look *look, struct ids *ids)
{
	struct stream *s = new_stream(look);
	size_t before = 0;

	s->ids = ids->ids ? ids->ids : xcalloc(1, sizeof(*ids->ids));
	s->n = ids->n;
	*ids = (struct ids){0};
	while (look->after_id && before < s->n &&
		(look->reverse ? s->ids[s->n - 1 - before] >= look->after_id
			       : s->ids[before] <= look->after_id))
		before++;
	s->at = before;
}

/* where: of constants and value. */
static int add_row_stream(struct look *look, const char *where, int64_t value)
{
	CLEANUP_FREE char *sql = xasprintf(
		"SELECT id, state, owner, group_id, origin, hook FROM jobs WHERE id %s ?1%s ORDER BY id %s",
		look->reverse ? "<" : ">", where, look->reverse ? "DESC" : "ASC");
	struct stream *s = new_stream(look);
	int rc = sqlite3_prepare_v2(look->store->db, sql, -1, &s->st, NULL);

	if (rc != SQLITE_OK)
		return store_failure(look->store, rc, "preparing a list");
	sqlite3_bind_int64(s->st, 1, look->after_id || !look->reverse ? look->after_id : INT64_MAX);
	sqlite3_bind_int64(s->st, 2, value);
	return 0;
}

/* ---- the way with the fewest rows */

static bool is_meant(const struct job_filter *filter, uid_t owner)
{
	return filter->all_owners || owner == filter->owner;
}

/* Rows of these states, whoever's they are. */
static int64_t rows_of(const struct store *store, unsigned states)
{
	int64_t n = 0;

	for (size_t i = 0; i < store->counters.n; i++)
		for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
			if (states & JOB_STATE_BIT(state))
				n += store->counters.owners[i].by_state[state];
	return n;
}

/* Of the owner that is asked for. */
static int64_t rows_of_owner(const struct store *store, const struct job_filter *filter)
{
	int64_t n = 0;

	if (filter->all_owners)
		return INT64_MAX;
	for (size_t i = 0; i < store->counters.n; i++)
		for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
			if (store->counters.owners[i].owner == filter->owner)
				n += store->counters.owners[i].by_state[state];
	return n;
}

/* The states of the filter that its owners have jobs in. */
static unsigned states_there(const struct store *store, const struct job_filter *filter)
{
	unsigned there = 0;

	for (size_t i = 0; i < store->counters.n; i++)
		for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
			if (is_meant(filter, store->counters.owners[i].owner) &&
				store->counters.owners[i].by_state[state] > 0)
				there |= JOB_STATE_BIT(state);
	return filter->states ? there & filter->states : there;
}

/* Narrows the states to those that the groups have; *ret_rows: of the groups in all. */
static int count_groups(struct look *look, int64_t *ret_rows)
{
	unsigned there = 0;
	int err = 0;

	*ret_rows = 0;
	for (size_t i = 0; i < look->groups.n && !err; i++) {
		struct job_group group;

		err = store_group_get(look->store, look->groups.ids[i], &group);
		for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST && !err; state++) {
			*ret_rows += group.by_state[state];
			there |= group.by_state[state] > 0 ? JOB_STATE_BIT(state) : 0;
		}
		job_group_done(&group);
		err = err == -ENOENT ? 0 : err;
	}
	look->states &= there;
	if (look->groups.n > GROUPS_MAX)
		*ret_rows = INT64_MAX;
	return err;
}

/* The queued jobs of the origins, when they are few: their index is not in the order of ids. */
static int queued_at(struct look *look, struct ids *ret, bool *ret_all)
{
	int rc = SQLITE_DONE;

	*ret_all = true;
	for (size_t i = 0; i < look->origins.n && *ret_all; i++) {
		sqlite3_stmt *st = store_statement(look->store, ST_QUEUED_AT);

		sqlite3_bind_int64(st, 1, look->origins.ids[i]);
		*ret_all = take_ids(ret, st, LOOK_MAX, &rc);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return store_failure(look->store, rc, "listing a host's jobs");
	}
	if (ret->n)
		qsort(ret->ids, ret->n, sizeof(*ret->ids), by_id);
	return 0;
}

static int by_states(struct look *look)
{
	int err = 0;

	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST && !err; state++)
		if (state != JOB_QUEUED && (look->states & JOB_STATE_BIT(state)))
			err = add_row_stream(look, " AND state = ?2 AND state <> 1", state);
	return err;
}

static int by_groups(struct look *look)
{
	int err = 0;

	for (size_t i = 0; i < look->groups.n && !err; i++)
		err = add_row_stream(look, " AND group_id = ?2 AND group_id > 0", look->groups.ids[i]);
	return err;
}

static int by_owner(struct look *look)
{
	return add_row_stream(look, " AND owner = ?2", look->filter->owner);
}

/* Their index has none of the jobs without. */
static int by_hooks(struct look *look)
{
	int err = 0;

	for (int state = JOB_HOOK_PENDING; state <= JOB_HOOK_STATE_LAST && !err; state++)
		if (look->filter->hooks & JOB_HOOK_STATE_BIT(state))
			err = add_row_stream(look, " AND hook = ?2 AND hook > 0", state);
	return err;
}

static int choose(struct look *look, int64_t group_rows)
{
	int64_t own = rows_of_owner(look->store, look->filter);
	bool wants_queued = (look->states & JOB_STATE_BIT(JOB_QUEUED)) != 0, few = !wants_queued;
	int64_t all = rows_of(look->store, JOB_STATES_ALL);
	int64_t others = rows_of(look->store, look->states & ~JOB_STATE_BIT(JOB_QUEUED));
	struct ids queued = {0};
	int err = 0;

	if (look->filter->hooks && !job_filter_hook_match(look->filter, JOB_HOOK_NONE) &&
		group_rows > LOOK_MAX)
		return by_hooks(look);
	if (group_rows <= own && (group_rows <= others || group_rows <= LOOK_MAX))
		return by_groups(look);
	if (own < all && (own <= others || own <= LOOK_MAX))
		return by_owner(look);
	if (wants_queued && look->filter->host && others < all)
		err = queued_at(look, &queued, &few);
	if (!err && few && others + (int64_t)queued.n <= group_rows && others < all) {
		if (wants_queued)
			add_id_stream(look, &queued);
		return by_states(look);
	}
	free(queued.ids);
	if (err)
		return err;
	if (group_rows < all && group_rows <= own)
		return by_groups(look);
	return own < all ? by_owner(look) : add_row_stream(look, "", 0);
}

/* ---- looking */

/* -ENOENT: there can be none. */
static int prepare(struct look *look)
{
	const struct job_filter *filter = look->filter;
	int64_t group_rows = INT64_MAX;
	bool all_origins = true;
	int err = 0;

	look->states = states_there(look->store, filter);
	if (filter->group)
		err = store_groups_named(look->store, filter->all_owners, filter->owner, filter->group,
			&look->groups.ids, &look->groups.n);
	if (!err && filter->group)
		err = count_groups(look, &group_rows);
	if (!err && filter->host)
		err = find_origins(look->store, filter->host, &look->origins, &all_origins);
	if (err)
		return err;
	/* A row that makes no sense is counted like any other. */
	if (!look->states || (filter->group && look->groups.n == 0) || (filter->host && look->origins.n == 0))
		return -ENOENT;
	if (filter->n_ids) {
		struct ids ids = {.ids = xmemdup(filter->ids, filter->n_ids * sizeof(*filter->ids)),
			.n = filter->n_ids};

		qsort(ids.ids, ids.n, sizeof(*ids.ids), by_id);
		add_id_stream(look, &ids);
		return 0;
	}
	return choose(look, group_rows);
}

static bool matches(const struct look *look, const struct row *row)
{
	const struct job_filter *filter = look->filter;

	return is_meant(filter, row->owner) &&
	       (!filter->states ||
		       (row->state >= 0 && row->state < 32 && (filter->states >> row->state & 1))) &&
	       job_filter_hook_match(filter, row->hook) &&
	       (!filter->group || has(&look->groups, row->group_id)) &&
	       (!filter->host || has(&look->origins, row->origin_id));
}

/* The stream whose row comes next; NULL: all have ended. */
static struct stream *next(struct look *look)
{
	struct stream *first = NULL;

	for (size_t i = 0; i < look->n_streams; i++) {
		struct stream *s = &look->streams[i];

		if (s->row.id &&
			(!first || (look->reverse ? s->row.id > first->row.id : s->row.id < first->row.id)))
			first = s;
	}
	return first;
}

/* Fills ids with those that match; the last row that was looked at is look->after_id then. */
static int gather(struct look *look, size_t limit, struct ids *ret, bool *ret_more)
{
	struct stream *s = NULL;
	int err = 0;

	for (size_t i = 0; i < look->n_streams && !err; i++)
		err = advance(look, &look->streams[i]);
	ret->ids = xcalloc(limit, sizeof(*ret->ids));
	while (!err && (s = next(look)) && ret->n < limit && look->looked <= LOOK_MAX) {
		int64_t id = s->row.id;

		if (id != look->after_id && matches(look, &s->row))
			ret->ids[ret->n++] = id;
		look->after_id = id;
		err = advance(look, s);
	}
	*ret_more = s != NULL;
	return err;
}

static void look_done(struct look *look)
{
	for (size_t i = 0; i < look->n_streams; i++) {
		sqlite3_finalize(look->streams[i].st);
		free(look->streams[i].ids);
	}
	free(look->streams);
	free(look->groups.ids);
	free(look->origins.ids);
}

int store_list(struct store *store, const struct job_filter *filter, int64_t *after_id, bool reverse,
	size_t limit, struct job_list *ret, bool *ret_more)
{
	struct look look = {.store = store, .filter = filter, .after_id = *after_id, .reverse = reverse};
	struct ids ids = {0};
	int err = prepare(&look);

	*ret = (struct job_list){0};
	*ret_more = false;
	if (!err)
		err = gather(&look, limit, &ids, ret_more);
	*after_id = look.after_id;
	look_done(&look);
	if (!err)
		err = store_collect_ids(store, ids.ids, ids.n, ret);
	free(ids.ids);
	return err == -ENOENT ? 0 : err;
}

int store_owner_of(struct store *store, int64_t id, uid_t *ret)
{
	struct row row;
	int err = peek(store, id, &row);

	*ret = err ? 0 : row.owner;
	return err;
}
