/* What the files of store/ share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include <sqlite3.h>

#include "fetchd/store/store.h"

/* Prepared at open, one each, in sql.c. */
enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_SAVEPOINT,
	ST_RELEASE,
	ST_ROLLBACK_TO,
	ST_ORIGIN_FIND,
	ST_ORIGIN_ADD,
	ST_KEY_FIND,
	ST_ADD,
	ST_GET,
	ST_UPDATE,
	ST_UPDATE_CLAIMED,
	ST_REMOVE,
	ST_READY,
	ST_DUE,
	ST_NEXT_DUE,
	ST_CLAMP_RETRIES,
	ST_ACTIVE,
	ST_NEXT_READY_ORIGIN,
	ST_ORIGIN_HEAD,
	ST_EXPIRED,
	ST_EVENT_ADD,
	ST_EVENTS,
	ST_EVENTS_EXPIRE,
	ST_COUNTER_SET,
	ST_SEQUENCE_SET,
	ST_N,
};

struct counters {
	struct store_counter *owners;
	bool *dirty;
	size_t n;
	uint64_t version;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[ST_N];
	char uuid[33];
	char *path;
	/* Numbers given out; those of a turn that was undone are not given again. */
	int64_t last_job_id, last_event_id;
	int64_t stored_job_id, stored_event_id; /* as the file has them */
	struct counters counters;
	struct counters saved; /* as they were at the savepoint */
	/* Consecutive adds mostly share an origin. */
	char *memo_origin;
	int64_t memo_origin_id;
	bool in_turn;
};

/* sql.c */
int store_prepare(struct store *store);
void store_finalize(struct store *store);
/* Reset and ready for binding. */
sqlite3_stmt *store_statement(struct store *store, enum statement which);
/* Runs a statement that gives no row, and resets it. */
int store_run(struct store *store, sqlite3_stmt *st);
/* SQLite's answer → -errno, logged with what was being done. */
int store_failure(struct store *store, int rc, const char *doing);
void store_bind_text(sqlite3_stmt *st, int index, const char *text);

/* jobs.c */
/* The columns that job_from_row() reads, in its order. */
#define JOB_COLUMNS                                                                                          \
	"jobs.id, state, waiting_for, intent, owner, priority, jobs.origin, due_usec, created_usec, "        \
	"started_usec,"                                                                                      \
	" finished_usec, attempts, failures, generation, received, size, http_status, url, dir, name, grp, " \
	"key, etag,"                                                                                         \
	" last_modified, effective_url, error_code, error_message, headers, user_agent, referer, checksum, " \
	"limit_rate,"                                                                                        \
	" max_filesize, retry_delay_usec, max_time_usec, connect_timeout_usec, deadline_usec, max_attempts," \
	" on_conflict, origins.origin"
#define JOB_FROM " FROM jobs JOIN origins ON origins.id = jobs.origin"
/* NULL for a row that makes no sense (logged; the caller passes over it). */
struct job *job_from_row(sqlite3_stmt *st);
/* Steps st to its end, or to limit jobs. */
int store_collect(
	struct store *store, sqlite3_stmt *st, size_t limit, struct job_list *ret, const char *doing);

/* schema.c */
#define STORE_APPLICATION_ID 0x46544348 /* "FTCH" */
int store_schema_version(void);
/* Brings the file from version to store_schema_version(), in one transaction. */
int store_migrate(struct store *store, int version);

/* counters.c */
int counters_load(struct store *store);
void counters_move(struct store *store, uid_t owner, int from, int to);
/* Writes dirty ones into the running transaction. */
int counters_flush(struct store *store);
void counters_save(struct store *store);
void counters_restore(struct store *store);
void counters_done(struct counters *counters);

#endif
