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
	ST_ORIGINS_FROM,
	ST_KEY_FIND,
	ST_ADD,
	ST_GET,
	ST_PEEK,
	ST_NEXT_SAME,
	ST_QUEUED_AT,
	ST_UPDATE,
	ST_UPDATE_CLAIMED,
	ST_EDIT,
	ST_REMOVE,
	ST_QUARANTINE,
	ST_READY,
	ST_SOURCES,
	ST_SOURCE,
	ST_DUE,
	ST_NEXT_DUE,
	ST_SCHEDULED,
	ST_NEXT_SCHEDULED,
	ST_OVERDUE,
	ST_NEXT_DEADLINE,
	ST_OVERDUE_SINCE,
	ST_NEXT_SINCE,
	ST_CLAMP_RETRIES,
	ST_WAKE_QUOTA,
	ST_ACTIVE,
	ST_NEXT_LANE,
	ST_LANE_HEAD,
	ST_LANE_AHEAD,
	ST_EXPIRED,
	ST_EVENT_ADD,
	ST_EVENT_FORGET,
	ST_EVENTS,
	ST_FIRST_EVENT,
	ST_EVENTS_EXPIRE,
	ST_WAKE_NETWORK,
	ST_ORIGIN_PUT,
	ST_ORIGIN_GET,
	ST_NEXT_MARKED_ORIGIN,
	ST_ATTEMPT_ADD,
	ST_ATTEMPT_SETTLE,
	ST_ATTEMPTS_TRIM,
	ST_ATTEMPTS,
	ST_LAST_RESTART,
	ST_SECRETS_ADD,
	ST_SECRETS_GET,
	ST_SECRETS_REMOVE,
	ST_SECRETS_NONE,
	ST_GROUP_FIND,
	ST_GROUP_FIND_ANY,
	ST_GROUPS_NAMED,
	ST_GROUP_ADD,
	ST_GROUP_GET,
	ST_GROUP_PUT,
	ST_GROUP_REMOVE,
	ST_GROUP_COUNT,
	ST_GROUPS,
	ST_GROUPS_FATED,
	ST_GROUP_MEMBERS,
	ST_NEXT_GROUP_DEADLINE,
	ST_STATE,
	ST_DEPENDENCY_ADD,
	ST_DEPENDENCY_REMOVE,
	ST_DEPENDENCIES,
	ST_DEPENDENTS,
	ST_END_NOTE,
	ST_END_AGAIN,
	ST_END_TOLD,
	ST_END_FORGET,
	ST_NEXT_END,
	ST_HOOK_ADD,
	ST_HOOK_GET,
	ST_HOOK_PUT,
	ST_HOOK_STATE,
	ST_HOOKS_OF_JOB,
	ST_HOOKS_OF_GROUP,
	ST_HOOK_AFTER,
	ST_NEXT_HOOK_NAME,
	ST_HOOK_HEAD,
	ST_HOOKS_FORGET,
	ST_HOOKS_WITHDRAW,
	ST_HOOKS_RUNNING,
	ST_HOOKS_COUNT,
	ST_HOOK_OF_JOB,
	ST_HOOK_OF_GROUP,
	ST_COUNTER_SET,
	ST_USAGE_SET,
	ST_BYTES_OF,
	ST_META_GET,
	ST_META_SET,
	ST_SEQUENCE_SET,
	ST_SETTING_GET,
	ST_SETTING_PUT,
	ST_SETTING_REMOVE,
	ST_N,
};

struct counters {
	struct store_counter *owners;
	bool *dirty;
	size_t n;
	uint64_t version;
};

/* Jobs of groups that have changed their state in this turn: added to the groups' rows by its commit. */
struct group_moves {
	struct group_move {
		int64_t group_id;
		int from, to; /* enum job_state, 0: not there */
	} * moves;
	size_t n, room;
	/* Groups of this turn, each once: store_groups_touched(). */
	int64_t *touched;
	size_t n_touched, room_touched, n_touched_saved;
	/* Their jobs that the store itself has made fail: store_next_stray(). */
	struct stray {
		int64_t group_id, job_id;
	} * strays;
	size_t n_strays;
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[ST_N];
	char uuid[33];
	char *path;
	void (*on_work)(void); /* while it opens; NULL: nobody asks */
	/* Numbers given out; those of a turn that was undone are not given again. */
	int64_t last_job_id, last_event_id;
	int64_t stored_job_id, stored_event_id; /* as the file has them */
	struct counters counters;
	struct counters saved; /* as they were at the savepoint */
	struct group_moves group_moves;
	/* Consecutive adds mostly share a group. */
	char *memo_group;
	uid_t memo_group_owner;
	int64_t memo_group_id;
	/* Consecutive adds mostly share an origin. */
	char *memo_origin;
	int64_t memo_origin_id;
	bool in_turn;
	bool ends;	   /* dependency_ends may have rows */
	bool full_told;	   /* that there is no room */
	bool damaged;	   /* SQLite found what it cannot have written */
	int changes;	   /* SQLite's count of them when the turn began */
	bool secrets_gone; /* some were deleted, and the log still has them */
	char *wal_path;
	struct store_figures figures;
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

/* attempts.c, secrets.c: in the order in which they are bound and read. */
#define ATTEMPT_COLUMNS                                                                                      \
	"number, started_usec, ended_usec, outcome, address, http_version, http_status, dns_usec,"           \
	" connect_usec, tls_usec, first_byte_usec, redirects, start, bytes, code, message, note,"            \
	" origin"
#define SECRET_COLUMNS                                                                                       \
	"user, password, bearer, cookies, cookie_jar, headers, proxy, ca_pem, cert_pem, key_pem"

/* origins.c: in the order of struct store_origin, behind the number. */
#define ORIGIN_COLUMNS                                                                                       \
	"origin, hold_until_usec, hold_code, hold_job, http1_until_usec, limit_rate, max_active,"            \
	" governor_limit, governor_ceiling, governor_probe_usec, governor_probe_span_usec,"                  \
	" breaker_until_usec, breaker_span_usec, breaker_failures"
#define ORIGIN_SET                                                                                           \
	"hold_until_usec = ?2, hold_code = ?3, hold_job = ?4, http1_until_usec = ?5, limit_rate = ?6,"       \
	" max_active = ?7, governor_limit = ?8, governor_ceiling = ?9, governor_probe_usec = ?10,"           \
	" governor_probe_span_usec = ?11, breaker_until_usec = ?12, breaker_span_usec = ?13,"                \
	" breaker_failures = ?14"
/* groups.c: in the order of struct job_group. */
#define GROUP_COLUMNS                                                                                        \
	"id, owner, name, policy, fate, fate_job, filling, created_usec, finished_usec, deadline_usec,"      \
	" deadline_span_usec, limit_rate, queued, waiting, active, paused, done, failed, cancelled, hooks,"  \
	" hook"
/* hooks.c: in the order in which they are read. */
#define HOOK_COLUMNS                                                                                         \
	"id, job, grp, owner, name, on_end, after, state, attempts, due_usec, created_usec,"                 \
	" started_usec, finished_usec, end, status, error, run_usec, cpu_usec, peak_bytes, output,"          \
	" output_cut"

/* jobs.c */
/* The columns that job_from_row() reads, in its order. */
#define JOB_COLUMNS                                                                                          \
	"jobs.id, state, waiting_for, intent, owner, priority, jobs.origin, due_usec, created_usec,"         \
	" started_usec, finished_usec, attempts, failures, generation, received, size, http_status, url,"    \
	" dir, name, (SELECT groups.name FROM groups WHERE groups.id = group_id), key, etag, last_modified," \
	" effective_url, error_code, error_message, headers, user_agent, referer, checksum,"                 \
	" jobs.limit_rate, max_filesize, retry_delay_usec, max_time_usec, connect_timeout_usec,"             \
	" deadline_usec, max_attempts, on_conflict, validator, digest, encoded, integrity, no_ranges,"       \
	" range_faults, changes, restarts, resume, auth, remote_name, conditional, insecure, if_newer_usec," \
	" has_secrets, origins.origin, group_id, paused_by, not_before_usec, same, since_usec, edits,"       \
	" mirrors, ranges, split, hooks, hook"
#define JOB_FROM " FROM jobs JOIN origins ON origins.id = jobs.origin"
/* NULL for a row that makes no sense (logged; the caller passes over it). */
struct job *job_from_row(sqlite3_stmt *st);
char *store_column_dup(sqlite3_stmt *st, int i);
/* Steps st to its end, or to limit jobs. In a turn, jobs whose rows make no sense fail (E_INTERNAL). */
int store_collect(
	struct store *store, sqlite3_stmt *st, size_t limit, struct job_list *ret, const char *doing);

/* The jobs of ids that are there; those whose rows make no sense as above. */
int store_collect_ids(struct store *store, const int64_t *ids, size_t n, struct job_list *ret);

/* origins.c: a statement about one lane: its first three parameters. */
sqlite3_stmt *store_lane_statement(struct store *store, enum statement which, const struct store_lane *lane);

/* secrets.c: the part of store_add() */
int secrets_add(struct store *store, const struct job *job);
/* Takes them all away. */
int secrets_remove(struct store *store, int64_t job_id);
bool secrets_any(const struct job_secrets *secrets);
/* Version 1 had them in URLs and headers. A part of its migration. */
int secrets_move(struct store *store);

/* backup.c: removes what a crash has left of one. */
void store_backup_sweep(const char *database);

/* schema.c */
#define STORE_APPLICATION_ID 0x46544348 /* "FTCH" */
int store_schema_version(void);
/* Brings the file from version to store_schema_version(), in one transaction. */
int store_migrate(struct store *store, int version);

/* counters.c */
int counters_load(struct store *store);
void counters_move(struct store *store, const struct job *job, int from, int to);
void counters_move_row(struct store *store, uid_t owner, int64_t group_id, int from, int to);
/* Before the row of job is written, or removed with gone: what it has on disk. 0 or -errno. */
/* What a job has on disk, by its row. 0 or -errno. */
int counters_bytes_of(struct store *store, int64_t job_id, int64_t *ret);
void counters_add_bytes(struct store *store, uid_t owner, int64_t bytes);
int counters_move_bytes(struct store *store, const struct job *job, bool gone);
/* Writes dirty ones into the running transaction. */
int counters_flush(struct store *store);
void counters_save(struct store *store);
void counters_restore(struct store *store);
void counters_done(struct counters *counters);

/* groups.c */
/* The number of the owner's group of that name, made as "collect" when there is none. */
int group_need(struct store *store, uid_t owner, const char *name, int64_t now_usec, int64_t *ret_id);
void group_moved(struct store *store, int64_t group_id, int from, int to);
/* Writes the moves into the running transaction. */
void group_strayed(struct store *store, int64_t group_id, int64_t job_id);
int group_moves_flush(struct store *store);

#endif
