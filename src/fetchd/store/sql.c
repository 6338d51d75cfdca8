/* Statements: prepared once at open, and the one place where SQLite's answers become ours. Engine's thread.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>

#include "base/log.h"
#include "job/message.h"

#define NEXT_LANE  "SELECT origin, owner, group_id, priority FROM jobs WHERE state = 1 AND "
#define LANE_ORDER " ORDER BY origin, owner, group_id, priority DESC, id LIMIT 1)"

static const char *const statement_sql[ST_N] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_SAVEPOINT] = "SAVEPOINT operation",
	[ST_RELEASE] = "RELEASE operation",
	[ST_ROLLBACK_TO] = "ROLLBACK TO operation",
	[ST_ORIGIN_FIND] = "SELECT id FROM origins WHERE origin = ?1",
	[ST_ORIGIN_ADD] = "INSERT INTO origins (origin) VALUES (?1)",
	[ST_ORIGINS_FROM] =
		"SELECT id FROM origins WHERE origin >= ?1 AND (origin < ?2 OR origin = ?1) AND origin <= ?2",
	[ST_KEY_FIND] = "SELECT id FROM jobs WHERE owner = ?1 AND key = ?2",
	[ST_ADD] = "INSERT INTO jobs (id, state, owner, priority, origin, created_usec, url, dir, name, "
		   "group_id, "
		   "key, has_secrets, headers, user_agent, referer, checksum, limit_rate, max_filesize,"
		   " retry_delay_usec, max_time_usec, connect_timeout_usec, deadline_usec, max_attempts,"
		   " on_conflict, resume, auth, remote_name, conditional, insecure, if_newer_usec,"
		   " waiting_for, due_usec, not_before_usec, same, since_usec, mirrors, split, hooks)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
		   " ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35,"
		   " ?36, ?37, ?38)",
	[ST_GET] = "SELECT " JOB_COLUMNS JOB_FROM " WHERE jobs.id = ?1",
	/* In the order of struct row, select.c. */
	[ST_PEEK] = "SELECT id, state, owner, group_id, origin, hook FROM jobs WHERE id = ?1",
	[ST_NEXT_SAME] = "SELECT id FROM jobs WHERE same = ?1 AND same IS NOT NULL AND state < 5 AND id > ?2"
			 " ORDER BY id LIMIT 1",
	[ST_QUEUED_AT] = "SELECT id FROM jobs WHERE origin = ?1 AND state = 1",
	[ST_UPDATE] =
		"UPDATE jobs SET state = ?2, waiting_for = ?3, intent = ?4, priority = ?5, due_usec = ?6,"
		" started_usec = ?7, finished_usec = ?8, attempts = ?9, failures = ?10, generation = ?11,"
		" received = ?12, size = ?13, http_status = ?14, name = ?15, etag = ?16, last_modified = ?17,"
		" effective_url = ?18, error_code = ?19, error_message = ?20, deadline_usec = ?21,"
		" validator = ?22, digest = ?23, encoded = ?24, integrity = ?25, no_ranges = ?26,"
		" range_faults = ?27, changes = ?28, restarts = ?29, paused_by = ?30, since_usec = ?31,"
		" ranges = ?32"
		" WHERE id = ?1",
	[ST_UPDATE_CLAIMED] = "UPDATE jobs SET state = ?2, waiting_for = 0, intent = 0, attempts = ?3,"
			      " started_usec = ?4 WHERE id = ?1",
	[ST_EDIT] = "UPDATE jobs SET url = ?2, origin = ?3, name = ?4, priority = ?5, has_secrets = ?6, same "
		    "= ?7,"
		    " headers = ?8, user_agent = ?9, referer = ?10, checksum = ?11, limit_rate = ?12,"
		    " max_filesize = ?13, retry_delay_usec = ?14, max_time_usec = ?15,"
		    " connect_timeout_usec = ?16, deadline_usec = ?17, max_attempts = ?18, on_conflict = ?19,"
		    " resume = ?20, auth = ?21, remote_name = ?22, conditional = ?23, insecure = ?24,"
		    " if_newer_usec = ?25, group_id = ?26, dir = ?27, not_before_usec = ?28, edits = ?29,"
		    " mirrors = ?30, split = ?31, hooks = ?32"
		    " WHERE id = ?1",
	[ST_REMOVE] = "DELETE FROM jobs WHERE id = ?1",
	/* What cannot be mended so far stays as it is. */
	[ST_QUARANTINE] =
		"UPDATE OR IGNORE jobs SET state = 6, waiting_for = 0, intent = 0, due_usec = 0, "
		"finished_usec = ?2,"
		" attempts = max(attempts, 0), failures = max(failures, 0), generation = max(generation, 0),"
		" received = 0, size = -1, on_conflict = -1, validator = 0, integrity = 0, no_ranges = 0,"
		" range_faults = 0, changes = 0, restarts = 0, resume = -1, auth = 0, remote_name = 0,"
		" conditional = 0, insecure = 0, mirrors = NULL, ranges = NULL, split = -1, hooks = NULL, "
		"hook = 0, edits = "
		"max(edits, 0), has_secrets = id IN "
		"(SELECT job FROM "
		"secrets),"
		" error_code = 'E_INTERNAL', error_message = 'its record in the queue database made no sense'"
		" WHERE id = ?1",
	[ST_READY] = "SELECT " JOB_COLUMNS JOB_FROM
		     " WHERE jobs.origin = ?1 AND jobs.owner = ?2 AND group_id = ?3 AND state = 1"
		     " ORDER BY priority DESC, jobs.id LIMIT ?4",
	[ST_SOURCES] = "SELECT " JOB_COLUMNS
		       " FROM jobs INDEXED BY jobs_sources JOIN origins ON origins.id = jobs.origin"
		       " WHERE jobs.origin = ?1 AND state = 1 AND mirrors IS NOT NULL AND jobs.id > ?2"
		       " ORDER BY jobs.id LIMIT ?3",
	[ST_SOURCE] = "UPDATE jobs SET url = ?2, origin = ?3, mirrors = ?4 WHERE id = ?1",
	[ST_DUE] = "SELECT " JOB_COLUMNS JOB_FROM " WHERE state = 2 AND waiting_for NOT IN (2, 3)"
		   " AND due_usec BETWEEN ?1 AND ?2 ORDER BY due_usec LIMIT ?3",
	[ST_NEXT_DUE] = "SELECT min(due_usec) FROM jobs WHERE state = 2 AND waiting_for NOT IN (2, 3)"
			" AND due_usec >= ?1",
	[ST_SCHEDULED] = "SELECT " JOB_COLUMNS JOB_FROM " WHERE state = 2 AND waiting_for = 2"
			 " AND due_usec BETWEEN ?1 AND ?2 ORDER BY due_usec LIMIT ?3",
	[ST_NEXT_SCHEDULED] =
		"SELECT min(due_usec) FROM jobs WHERE state = 2 AND waiting_for = 2 AND due_usec >= ?1",
	[ST_OVERDUE] = "SELECT " JOB_COLUMNS JOB_FROM " WHERE state < 3"
		       " AND deadline_usec BETWEEN 0 AND 9223372036854775806"
		       " AND since_usec + deadline_usec <= ?1 ORDER BY since_usec + deadline_usec LIMIT ?2",
	[ST_NEXT_DEADLINE] = "SELECT min(since_usec + deadline_usec) FROM jobs WHERE state < 3"
			     " AND deadline_usec BETWEEN 0 AND 9223372036854775806",
	[ST_OVERDUE_SINCE] = "SELECT " JOB_COLUMNS JOB_FROM " WHERE state < 3 AND deadline_usec < 0"
			     " AND since_usec <= ?1 ORDER BY since_usec LIMIT ?2",
	[ST_NEXT_SINCE] = "SELECT min(since_usec) FROM jobs WHERE state < 3 AND deadline_usec < 0",
	[ST_CLAMP_RETRIES] =
		/* For a retry, the host, the disk, the network, a quota: none is for a time that a user gave.
		 */
	"UPDATE jobs SET due_usec = ?1 WHERE id IN (SELECT id FROM jobs WHERE state = 2"
	" AND waiting_for NOT IN (2, 3) AND due_usec > ?1 ORDER BY due_usec DESC LIMIT ?2)",
	[ST_WAKE_QUOTA] = "UPDATE jobs SET due_usec = ?1 WHERE id IN (SELECT id FROM jobs WHERE state = 2"
			  " AND waiting_for = 7 AND due_usec > ?1 LIMIT ?2)",
	[ST_ACTIVE] =
		/* The first statement after a start: by the rows' own numbers it would read the queue. */
	"SELECT " JOB_COLUMNS " FROM jobs INDEXED BY jobs_state JOIN origins ON origins.id = jobs.origin"
	" WHERE state <> 1 AND state = 3 AND jobs.id > ?1 ORDER BY jobs.id LIMIT ?2",
	/* One seek each: with (origin, owner, group_id) > (?1, ?2, ?3) SQLite would begin at the first row of
	 * the lane before, and read them all. "+ 0": else each value bound could make jobs_group the better
	 * index, and SQLite would prepare the statement anew for each. */
	[ST_NEXT_LANE] =
		"SELECT * FROM (" NEXT_LANE "origin = ?1 AND owner = ?2 AND group_id > ?3 + 0" LANE_ORDER
		" UNION ALL SELECT * FROM (" NEXT_LANE "origin = ?1 AND owner > ?2" LANE_ORDER
		" UNION ALL SELECT * FROM (" NEXT_LANE "origin > ?1" LANE_ORDER " LIMIT 1",
	[ST_LANE_AHEAD] =
		"SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = 1 AND origin = ?1 AND owner = ?2"
		" AND group_id = ?3 AND (priority > ?4 OR (priority = ?4 AND id < ?5)) LIMIT ?6)",
	[ST_LANE_HEAD] =
		"SELECT priority FROM jobs WHERE state = 1 AND origin = ?1 AND owner = ?2 AND group_id = ?3"
		" ORDER BY priority DESC, id LIMIT 1",
	[ST_EXPIRED] =
		"SELECT " JOB_COLUMNS JOB_FROM " WHERE state = ?1 AND state >= 5 AND finished_usec < ?2"
		/* What is still to run keeps its job. */
		" AND hook NOT IN (1, 2) ORDER BY finished_usec LIMIT ?3",
	[ST_EVENT_ADD] =
		"INSERT INTO events (id, time_usec, job, owner, kind, hook) VALUES (?5, ?1, ?2, ?3, ?4, ?6)",
	[ST_EVENT_FORGET] = "DELETE FROM events WHERE id = ?1",
	[ST_EVENTS] = "SELECT id, time_usec, job, owner, kind, hook FROM events WHERE id > ?1 AND (?2 OR "
		      "owner = ?3)"
		      " ORDER BY id LIMIT ?4",
	[ST_FIRST_EVENT] = "SELECT min(id) FROM events",
	[ST_EVENTS_EXPIRE] =
		"DELETE FROM events WHERE id < (SELECT min(id) FROM events) + ?2 AND time_usec < ?1",
	[ST_WAKE_NETWORK] =
		"UPDATE jobs SET due_usec = min(due_usec, ?1 + abs(random() % (?2 + 1)))"
		" WHERE id IN (SELECT id FROM jobs WHERE state = 2 AND waiting_for = 6 AND id > ?3"
		" ORDER BY id LIMIT ?4) RETURNING id, due_usec",
	[ST_ORIGIN_PUT] = "UPDATE origins SET " ORIGIN_SET " WHERE id = ?1",
	[ST_ORIGIN_GET] = "SELECT id, " ORIGIN_COLUMNS " FROM origins WHERE id = ?1",
	[ST_NEXT_MARKED_ORIGIN] =
		"SELECT id, " ORIGIN_COLUMNS " FROM origins"
		" WHERE (hold_until_usec > 0 OR http1_until_usec > 0 OR breaker_until_usec > 0)"
		" AND id > ?1 ORDER BY id LIMIT 1",
	/* One that was taken back gives its number to the next, and its place. */
	[ST_ATTEMPT_ADD] = "INSERT OR REPLACE INTO attempts (job, " ATTEMPT_COLUMNS ")"
			   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
			   " ?17, ?18, ?19)",
	[ST_ATTEMPT_SETTLE] = "UPDATE attempts SET outcome = ?3, code = ?4, message = ?5, ended_usec = ?6"
			      " WHERE job = ?1 AND number = ?2",
	[ST_ATTEMPTS_TRIM] = "DELETE FROM attempts WHERE job = ?1 AND number <= ?2",
	[ST_ATTEMPTS] = "SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE job = ?1 ORDER BY number",
	[ST_LAST_RESTART] =
		"SELECT code FROM attempts WHERE job = ?1 AND outcome = 2 ORDER BY number DESC LIMIT 1",
	[ST_SECRETS_ADD] = "INSERT INTO secrets (job, " SECRET_COLUMNS ")"
			   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[ST_SECRETS_GET] = "SELECT " SECRET_COLUMNS " FROM secrets WHERE job = ?1",
	[ST_SECRETS_REMOVE] = "DELETE FROM secrets WHERE job = ?1",
	[ST_SECRETS_NONE] = "UPDATE jobs SET has_secrets = 0 WHERE id = ?1",
	[ST_COUNTER_SET] = "INSERT INTO counters VALUES (?1, ?2, ?3)"
			   " ON CONFLICT (owner, state) DO UPDATE SET n = excluded.n",
	[ST_USAGE_SET] =
		"INSERT INTO usage VALUES (?1, ?2) ON CONFLICT (owner) DO UPDATE SET bytes = excluded.bytes",
	[ST_BYTES_OF] = "SELECT received FROM jobs WHERE id = ?1 AND state <> 7",
	[ST_GROUP_FIND] = "SELECT id FROM groups WHERE owner = ?1 AND name = ?2",
	[ST_GROUP_FIND_ANY] = "SELECT " GROUP_COLUMNS " FROM groups WHERE name = ?1 ORDER BY owner LIMIT 1",
	/* Owners are few: a step in the index each. */
	[ST_GROUPS_NAMED] =
		"WITH RECURSIVE owners (uid) AS (SELECT min(owner) FROM groups UNION ALL"
		" SELECT (SELECT min(owner) FROM groups WHERE owner > uid) FROM owners WHERE uid IS NOT NULL)"
		" SELECT groups.id FROM owners CROSS JOIN groups ON groups.owner = uid AND groups.name = ?1",
	[ST_GROUP_ADD] =
		"INSERT INTO groups (owner, name, policy, filling, created_usec, deadline_usec, limit_rate,"
		" deadline_span_usec, hooks) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[ST_GROUP_GET] = "SELECT " GROUP_COLUMNS " FROM groups WHERE id = ?1",
	[ST_GROUP_PUT] =
		"UPDATE groups SET policy = ?2, fate = ?3, fate_job = ?4, filling = ?5, finished_usec = ?6,"
		" deadline_usec = ?7, limit_rate = ?8, hooks = ?9 WHERE id = ?1",
	[ST_GROUP_REMOVE] = "DELETE FROM groups WHERE id = ?1",
	[ST_GROUP_COUNT] =
		"UPDATE groups SET queued = queued + ?2, waiting = waiting + ?3, active = active + ?4,"
		" paused = paused + ?5, done = done + ?6, failed = failed + ?7,"
		" cancelled = cancelled + ?8 WHERE id = ?1",
	[ST_GROUPS] = "SELECT " GROUP_COLUMNS
		      " FROM groups WHERE id > ?1 AND (?2 OR owner = ?3) ORDER BY id LIMIT ?4",
	[ST_GROUPS_FATED] =
		"SELECT " GROUP_COLUMNS " FROM groups WHERE ((fate > 0 AND finished_usec = 0) OR filling = 1)"
		" AND id > ?1 ORDER BY id LIMIT 1",
	/* All states: that a slice has a bound counts more than what it brings. */
	[ST_GROUP_MEMBERS] = "SELECT id, state FROM jobs WHERE group_id = ?1 AND id > ?2 AND group_id > 0 "
			     "ORDER BY id LIMIT ?3",
	[ST_NEXT_GROUP_DEADLINE] =
		"SELECT " GROUP_COLUMNS " FROM groups WHERE deadline_usec >= 0 AND finished_usec = 0"
		" AND fate = 0 ORDER BY deadline_usec LIMIT 1",
	[ST_STATE] = "SELECT state, owner FROM jobs WHERE id = ?1",
	[ST_DEPENDENCY_ADD] = "INSERT INTO dependencies VALUES (?1, ?2, ?3)"
			      " ON CONFLICT (job, after) DO UPDATE SET any = min(any, excluded.any)",
	[ST_DEPENDENCY_REMOVE] = "DELETE FROM dependencies WHERE job = ?1 AND after = ?2",
	[ST_DEPENDENCIES] = "SELECT after, any FROM dependencies WHERE job = ?1 ORDER BY after",
	[ST_DEPENDENTS] =
		"SELECT job, any FROM dependencies WHERE after = ?1 AND job > ?2 ORDER BY job LIMIT ?3",
	/* Only where somebody waits for it. */
	[ST_END_NOTE] = "INSERT OR REPLACE INTO dependency_ends SELECT ?1, ?2, 0"
			" WHERE EXISTS (SELECT 1 FROM dependencies WHERE after = ?1)",
	/* One that is still to be told of is true; a record may be gone by now. */
	[ST_END_AGAIN] = "INSERT INTO dependency_ends VALUES (?1, ?2, ?3)"
			 " ON CONFLICT (job) DO UPDATE SET told = min(told, excluded.told)",
	[ST_END_TOLD] = "UPDATE dependency_ends SET told = ?2 WHERE job = ?1",
	[ST_END_FORGET] = "DELETE FROM dependency_ends WHERE job = ?1",
	[ST_NEXT_END] = "SELECT job, state, told FROM dependency_ends ORDER BY job LIMIT 1",
	[ST_HOOK_ADD] =
		"INSERT INTO hooks (job, grp, owner, name, on_end, after, state, due_usec, created_usec)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)",
	[ST_HOOK_GET] = "SELECT " HOOK_COLUMNS " FROM hooks WHERE id = ?1",
	[ST_HOOK_PUT] =
		"UPDATE hooks SET state = ?2, attempts = ?3, due_usec = ?4, started_usec = ?5,"
		" finished_usec = ?6, end = ?7, status = ?8, error = ?9, run_usec = ?10, cpu_usec = ?11,"
		" peak_bytes = ?12, output = ?13, output_cut = ?14 WHERE id = ?1",
	[ST_HOOK_STATE] =
		"UPDATE hooks SET state = ?2, attempts = ?3, due_usec = ?4, started_usec = ?5 WHERE id = ?1",
	[ST_HOOKS_OF_JOB] = "SELECT " HOOK_COLUMNS " FROM hooks WHERE job = ?1 ORDER BY id",
	[ST_HOOKS_OF_GROUP] = "SELECT " HOOK_COLUMNS " FROM hooks WHERE grp = ?1 ORDER BY id",
	[ST_HOOK_AFTER] = "SELECT " HOOK_COLUMNS " FROM hooks WHERE (job = ?1 OR grp = ?2) AND after = ?3",
	[ST_NEXT_HOOK_NAME] = "SELECT id, name, due_usec FROM hooks WHERE state = 1 AND name > ?1"
			      " ORDER BY name, due_usec, id LIMIT 1",
	[ST_HOOK_HEAD] = "SELECT id, name, due_usec FROM hooks WHERE state = 1 AND name = ?1"
			 " ORDER BY due_usec, id LIMIT 1",
	[ST_HOOKS_FORGET] = "DELETE FROM hooks WHERE (job = ?1 OR grp = ?2) AND state >= 3",
	[ST_HOOKS_WITHDRAW] = "DELETE FROM hooks WHERE grp = ?1 AND NOT EXISTS"
			      " (SELECT 1 FROM hooks WHERE grp = ?1 AND (state <> 1 OR attempts > 0))",
	[ST_HOOKS_RUNNING] = "SELECT " HOOK_COLUMNS " FROM hooks WHERE state = 2 ORDER BY id",
	[ST_HOOKS_COUNT] = "SELECT count(*) FROM hooks WHERE state = 1",
	/* Of all its rows: running, pending, failed, ok, none. */
	[ST_HOOK_OF_JOB] = "UPDATE jobs SET hook = (SELECT coalesce(CASE WHEN max(state = 2) THEN 2"
			   " WHEN max(state = 1) THEN 1 ELSE max(state) END, 0) FROM hooks WHERE job = ?1)"
			   " WHERE id = ?1 RETURNING hook",
	[ST_HOOK_OF_GROUP] = "UPDATE groups SET hook = (SELECT coalesce(CASE WHEN max(state = 2) THEN 2"
			     " WHEN max(state = 1) THEN 1 ELSE max(state) END, 0) FROM hooks WHERE grp = ?1)"
			     " WHERE id = ?1 RETURNING hook",
	[ST_META_GET] = "SELECT value FROM meta WHERE key = ?1",
	[ST_META_SET] =
		"INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_SETTING_GET] = "SELECT value FROM settings WHERE key = ?1",
	[ST_SETTING_PUT] =
		"INSERT INTO settings VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	[ST_SETTING_REMOVE] = "DELETE FROM settings WHERE key = ?1",
	[ST_SEQUENCE_SET] = "UPDATE sequences SET last = ?2 WHERE name = ?1",
};

int store_prepare(struct store *store)
{
	for (int i = 0; i < ST_N; i++) {
		int rc = sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
			&store->statements[i], NULL);

		if (rc != SQLITE_OK)
			return store_failure(store, rc, statement_sql[i]);
	}
	return 0;
}

void store_finalize(struct store *store)
{
	for (int i = 0; i < ST_N; i++)
		sqlite3_finalize(store->statements[i]);
}

sqlite3_stmt *store_statement(struct store *store, enum statement which)
{
	sqlite3_stmt *st = store->statements[which];

	sqlite3_reset(st);
	return st;
}

int store_run(struct store *store, sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);

	sqlite3_reset(st);
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return 0;
	return store_failure(store, rc, sqlite3_sql(st));
}

int store_failure(struct store *store, int rc, const char *doing)
{
	/* A full disk shows as FULL, or as a write that failed; both leave the file as it was. */
	bool full = (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_WRITE || (rc & 0xff) == SQLITE_NOMEM;

	/* It is tried again and again. */
	if (!full || !store->full_told)
		log_message(LOG_LEVEL_ERR, full ? MESSAGE_DATABASE_FULL : MESSAGE_DATABASE_FAILED,
			"database %s: %s (%s): %.60s", store->path, sqlite3_errmsg(store->db),
			sqlite3_errstr(rc), doing);
	store->full_told = store->full_told || full;
	store->damaged = store->damaged || (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
	return full ? -EAGAIN : -EIO;
}

void store_bind_text(sqlite3_stmt *st, int index, const char *text)
{
	/* The caller's string outlives the step: no copy. */
	if (text)
		sqlite3_bind_text(st, index, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, index);
}
