/* Events: the append-only record that "watch" reads. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <stdio.h>

int store_event_add(struct store *store, struct event *event)
{
	sqlite3_stmt *st = store_statement(store, ST_EVENT_ADD);

	event->id = ++store->last_event_id;
	sqlite3_bind_int64(st, 1, event->time_usec);
	sqlite3_bind_int64(st, 2, event->job_id);
	sqlite3_bind_int64(st, 3, event->owner);
	sqlite3_bind_int(st, 4, event->kind);
	sqlite3_bind_int64(st, 5, event->id);
	store_bind_text(st, 6, *event->hook ? event->hook : NULL);
	return store_run(store, st);
}

int store_event_number(struct store *store, struct event *event)
{
	event->id = ++store->last_event_id;
	return 0;
}

int store_event_forget(struct store *store, int64_t id)
{
	sqlite3_stmt *st = store_statement(store, ST_EVENT_FORGET);

	sqlite3_bind_int64(st, 1, id);
	return store_run(store, st);
}

static void read_hook(sqlite3_stmt *st, struct event *event)
{
	const char *name = (const char *)sqlite3_column_text(st, 5);

	snprintf(event->hook, sizeof(event->hook), "%s", name ? name : "");
}

int store_events(struct store *store, const struct job_filter *filter, int64_t after_id, size_t limit,
	struct event *ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_EVENTS);
	int rc;

	*ret_n = 0;
	sqlite3_bind_int64(st, 1, after_id);
	sqlite3_bind_int(st, 2, filter->all_owners);
	sqlite3_bind_int64(st, 3, filter->owner);
	sqlite3_bind_int64(st, 4, (int64_t)limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && *ret_n < limit) {
		struct event *e = &ret[*ret_n];

		e->id = sqlite3_column_int64(st, 0);
		e->time_usec = sqlite3_column_int64(st, 1);
		e->job_id = sqlite3_column_int64(st, 2);
		e->owner = (uid_t)sqlite3_column_int64(st, 3);
		e->kind = (enum event_kind)sqlite3_column_int(st, 4);
		read_hook(st, e);
		if (e->kind >= EVENT_ADDED && e->kind <= EVENT_KIND_LAST)
			(*ret_n)++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading events");
}

int64_t store_last_event_id(const struct store *store)
{
	return store->last_event_id;
}

int store_first_event_id(struct store *store, int64_t *ret)
{
	sqlite3_stmt *st = store_statement(store, ST_FIRST_EVENT);
	int rc = sqlite3_step(st);

	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW ? 0 : store_failure(store, rc, "looking for the oldest event");
}
