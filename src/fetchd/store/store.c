/* Opening, closing, turns. Owns the connection; opened by the main thread, then the engine's alone.
 *
 * locking_mode=EXCLUSIVE is set before WAL: no -shm file, and the lock on the file is the proof that one
 * process has it.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/log.h"
#include "job/message.h"

#define EXIT_UNUSABLE 65
#define EXIT_HELD     75

/* Steps of SQLite's machine between two signs of life: some milliseconds. */
#define WORK_STEPS 1000000

/* ---- opening */

static int tell_work(void *arg)
{
	const struct store *store = arg;

	if (store->on_work)
		store->on_work();
	return 0;
}

/* A command for a shell. It needs of sqlite3(1) what every build of it has: .recover stands on a table
 * (sqlite_dbpage) that those of Debian lack, and leaves an empty database then. The new file is looked at
 * before it takes the place of the old one, which stays, with its log; and it is its owner's, whoever made
 * it.
 */
static char *repair_advice(const struct store *store)
{
	const char *db = store->path;

	return xasprintf("repair it with: (umask 077; rm -f '%s.new'; (echo 'PRAGMA application_id=%d; "
			 "PRAGMA user_version=%d;'; "
			 "sqlite3 '%s' .dump | sed 's/^ROLLBACK;.*/COMMIT;/') | sqlite3 '%s.new'); "
			 "sqlite3 '%s.new' 'SELECT count(*) FROM jobs' && mv '%s' '%s.damaged' && "
			 "{ [ ! -e '%s-wal' ] || mv '%s-wal' '%s.damaged-wal'; } && mv '%s.new' '%s' && "
			 "chown --reference='%s.damaged' '%s'",
		db, STORE_APPLICATION_ID, store_schema_version(), db, db, db, db, db, db, db, db, db, db, db,
		db);
}

static int open_failed(struct store *store, int rc, const char *doing, char **ret_error)
{
	CLEANUP_FREE char *advice = NULL;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		*ret_error = xasprintf("another process holds the queue database %s", store->path);
		return EXIT_HELD;
	case SQLITE_FULL:
		*ret_error = xasprintf(
			"there is no room on the disk of the queue database %s (%s)", store->path, doing);
		return EXIT_HELD;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		advice = repair_advice(store);
		*ret_error = xasprintf("the queue database %s is damaged (%s, %s); nothing was changed; %s",
			store->path, doing, sqlite3_errmsg(store->db), advice);
		return EXIT_UNUSABLE;
	default:
		*ret_error = xasprintf("cannot use the queue database %s: %s: %s", store->path, doing,
			sqlite3_errmsg(store->db));
		return EXIT_UNUSABLE;
	}
}

static int pragma_int(struct store *store, const char *sql, int *ret)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*ret = sqlite3_column_int(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

/* SQLite would make the file with the umask's mode: make it 0600 first. */
static int make_private(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		err = -EINVAL;
	else if ((st.st_mode & 077) != 0 && fchmod(fd, 0600) != 0)
		err = -errno;
	close(fd);
	return err;
}

/* A look without writing: a file that is not ours, or newer, stays as it is to the byte. */
static int check_identity(struct store *store, int *ret_version, char **ret_error)
{
	int application_id = 0, version = 0, pages = 0;
	int rc = sqlite3_exec(store->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = pragma_int(store, "PRAGMA application_id", &application_id);
	if (rc == SQLITE_OK)
		rc = pragma_int(store, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = pragma_int(store, "SELECT count(*) FROM sqlite_schema", &pages);
	if (rc != SQLITE_OK)
		return open_failed(store, rc, "reading its header", ret_error);
	if (application_id != STORE_APPLICATION_ID && (application_id != 0 || version != 0 || pages != 0)) {
		*ret_error = xasprintf(
			"%s is a database of another program; nothing was changed; move it away, or set "
			"Daemon.StateDirectory to another directory",
			store->path);
		return EXIT_UNUSABLE;
	}
	if (version > store_schema_version()) {
		*ret_error = xasprintf(
			"the queue database %s was written by a newer fetchd (schema %d, this program knows "
			"%d); "
			"nothing was changed; install that fetchd again, or move the file away to start anew",
			store->path, version, store_schema_version());
		return EXIT_UNUSABLE;
	}
	*ret_version = version;
	return 0;
}

static const char pragmas[] = "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA trusted_schema = OFF;"
			      /* Deleted secrets do not stay in free space. */
			      "PRAGMA secure_delete = ON;"
			      "PRAGMA mmap_size = 0;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA cache_size = -8192;"
			      "PRAGMA wal_autocheckpoint = 4000;"
			      "PRAGMA journal_size_limit = 67108864;";

/* A consistent copy beside the file, before its schema changes. */
static int backup_before_migration(struct store *store, int version)
{
	CLEANUP_FREE char *copy = xasprintf("%s.schema-%d.backup", store->path, version);
	char *statement = sqlite3_mprintf("VACUUM INTO %Q", copy);
	int rc;

	unlink(copy);
	/* It holds what the file holds. */
	if (make_private(copy) != 0)
		return SQLITE_CANTOPEN;
	rc = sqlite3_exec(store->db, statement, NULL, NULL, NULL);
	sqlite3_free(statement);
	if (rc != SQLITE_OK)
		return rc;
	log_notice("queue database: schema %d kept as %s", version, copy);
	return SQLITE_OK;
}

static int upgrade(struct store *store, int version)
{
	char identity[128];
	int rc;

	if (version == store_schema_version())
		return SQLITE_OK;
	if (version > 0 && (rc = backup_before_migration(store, version)) != SQLITE_OK)
		return rc;
	rc = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return rc;
	snprintf(identity, sizeof(identity), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		STORE_APPLICATION_ID, store_schema_version());
	if (store_migrate(store, version) == 0)
		rc = sqlite3_exec(store->db, identity, NULL, NULL, NULL);
	else if ((rc = sqlite3_extended_errcode(store->db)) == SQLITE_OK)
		rc = SQLITE_ERROR; /* whatever was done since the failure */
	if (rc != SQLITE_OK)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static int load_identity(struct store *store)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(store->db,
		"SELECT (SELECT value FROM meta WHERE key = 'uuid'),"
		" (SELECT last FROM sequences WHERE name = 'job'), (SELECT last FROM sequences WHERE name = "
		"'event')",
		-1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *uuid = (const char *)sqlite3_column_text(st, 0);

		rc = uuid && strlen(uuid) == 32 ? SQLITE_OK : SQLITE_CORRUPT;
		if (rc == SQLITE_OK)
			memcpy(store->uuid, uuid, sizeof(store->uuid));
		store->last_job_id = store->stored_job_id = sqlite3_column_int64(st, 1);
		store->last_event_id = store->stored_event_id = sqlite3_column_int64(st, 2);
	}
	sqlite3_finalize(st);
	return rc;
}

/* 0, or the exit status. */
static int open_steps(struct store *store, char **ret_error)
{
	int version = 0, rc, err = make_private(store->path);

	if (err) {
		*ret_error = xasprintf("cannot open the queue database %s: %s", store->path, strerror(-err));
		return EXIT_UNUSABLE;
	}
	rc = sqlite3_open_v2(store->path, &store->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc != SQLITE_OK)
		return open_failed(store, rc, "opening it", ret_error);
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_progress_handler(store->db, WORK_STEPS, tell_work, store);
	err = check_identity(store, &version, ret_error);
	if (err)
		return err;
	if ((rc = sqlite3_exec(store->db, pragmas, NULL, NULL, NULL)) != SQLITE_OK)
		return open_failed(store, rc, "setting it up", ret_error);
	if ((rc = upgrade(store, version)) != SQLITE_OK)
		return open_failed(store, rc, "bringing it to this program's schema", ret_error);
	if ((rc = load_identity(store)) != SQLITE_OK)
		return open_failed(store, rc, "reading its identity", ret_error);
	if (store_prepare(store) != 0 || counters_load(store) != 0)
		return open_failed(
			store, sqlite3_extended_errcode(store->db), "preparing statements", ret_error);
	sqlite3_progress_handler(store->db, 0, NULL, NULL);
	return 0;
}

static int64_t file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void measure(struct store *store)
{
	store->figures.database_bytes = file_bytes(store->path);
	store->figures.wal_bytes = file_bytes(store->wal_path);
}

struct store *store_open(
	const char *state_directory, void (*on_work)(void), char **ret_error, int *ret_exit_code)
{
	struct store *store = xcalloc(1, sizeof(*store));

	store->path = xasprintf("%s/queue.db", state_directory);
	store->on_work = on_work;
	store->wal_path = xasprintf("%s-wal", store->path);
	*ret_exit_code = open_steps(store, ret_error);
	/* A log that a crash left may have some. */
	store->secrets_gone = true;
	store->ends = true;
	if (*ret_exit_code == 0) {
		measure(store);
		store_backup_sweep(store->path);
		return store;
	}
	store_close(store);
	return NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_finalize(store);
	if (sqlite3_close(store->db) != SQLITE_OK)
		log_err("database %s: closed with work left: %s", store->path, sqlite3_errmsg(store->db));
	counters_done(&store->counters);
	counters_done(&store->saved);
	free(store->group_moves.moves);
	free(store->group_moves.touched);
	free(store->group_moves.strays);
	free(store->memo_origin);
	free(store->memo_group);
	free(store->path);
	free(store->wal_path);
	free(store);
}

char *store_damage(const struct store *store)
{
	CLEANUP_FREE char *advice = store->damaged ? repair_advice(store) : NULL;

	return advice ? xasprintf("the queue database %s is damaged; %s", store->path, advice) : NULL;
}

void store_relax(struct store *store)
{
	int rc = SQLITE_OK;

	if (store->secrets_gone)
		rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		(void)store_failure(store, rc, "emptying the write-ahead log");
	store->secrets_gone = store->secrets_gone && rc != SQLITE_OK;
	measure(store);
	sqlite3_db_release_memory(store->db);
}

void store_figures(const struct store *store, struct store_figures *ret)
{
	*ret = store->figures;
	ret->full = store->full_told;
}

bool store_wrote(const struct store *store)
{
	return sqlite3_total_changes(store->db) != store->changes;
}

const char *store_uuid(const struct store *store)
{
	return store->uuid;
}

int store_meta_get(struct store *store, const char *key, char **ret)
{
	sqlite3_stmt *st = store_statement(store, ST_META_GET);
	int rc;

	*ret = NULL;
	store_bind_text(st, 1, key);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret = store_column_dup(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT
				 : store_failure(store, rc, "reading what the daemon keeps of itself");
}

int store_meta_put(struct store *store, const char *key, const char *value)
{
	sqlite3_stmt *st = store_statement(store, ST_META_SET);

	store_bind_text(st, 1, key);
	store_bind_text(st, 2, value);
	return store_run(store, st);
}

/* ---- turns */

int store_begin(struct store *store)
{
	int err = store_run(store, store_statement(store, ST_BEGIN));

	store->in_turn = err == 0;
	store->changes = sqlite3_total_changes(store->db);
	store->group_moves.n_touched = store->group_moves.n_strays = 0;
	return err;
}

static int sequence_flush(struct store *store, const char *name, int64_t last, int64_t *stored)
{
	sqlite3_stmt *st;
	int err;

	if (*stored == last)
		return 0;
	st = store_statement(store, ST_SEQUENCE_SET);
	store_bind_text(st, 1, name);
	sqlite3_bind_int64(st, 2, last);
	err = store_run(store, st);
	if (!err)
		*stored = last;
	return err;
}

int store_commit(struct store *store)
{
	int64_t stored_job_id = store->stored_job_id, stored_event_id = store->stored_event_id;
	bool wrote = store_wrote(store);
	int err = counters_flush(store);

	if (!err)
		err = group_moves_flush(store);

	/* Numbers of a turn that was undone are no reason to write: who only reads needs no room. */
	if (!err && wrote)
		err = sequence_flush(store, "job", store->last_job_id, &store->stored_job_id);
	if (!err && wrote)
		err = sequence_flush(store, "event", store->last_event_id, &store->stored_event_id);
	if (!err)
		err = store_run(store, store_statement(store, ST_COMMIT));
	if (err) {
		store->stored_job_id = stored_job_id;
		store->stored_event_id = stored_event_id;
		store_rollback(store);
	}
	store->in_turn = false;
	if (!err && store->full_told && wrote) {
		log_message(LOG_LEVEL_NOTICE, MESSAGE_DATABASE_ROOM, "database %s: there is room again",
			store->path);
		store->full_told = false;
	}
	if (!err && wrote)
		measure(store);
	return err;
}

/* What is held in memory about rows must follow them back. */
static void forget_memos(struct store *store)
{
	str_set(&store->memo_origin, NULL);
	store->memo_origin_id = 0;
	str_set(&store->memo_group, NULL);
	store->memo_group_id = 0;
}

void store_rollback(struct store *store)
{
	if (!store->in_turn)
		return;
	store->in_turn = false;
	/* A failed COMMIT may have rolled back already. */
	if (!sqlite3_get_autocommit(store->db))
		(void)store_run(store, store_statement(store, ST_ROLLBACK));
	forget_memos(store);
	store->ends = true;
	store->group_moves.n = store->group_moves.n_touched = store->group_moves.n_strays = 0;
	(void)counters_load(store);
}

int store_savepoint(struct store *store)
{
	/* What was moved before is not undone with what follows. */
	int err = group_moves_flush(store);

	store->group_moves.n_touched_saved = store->group_moves.n_touched;
	counters_save(store);
	return err ? err : store_run(store, store_statement(store, ST_SAVEPOINT));
}

int store_release(struct store *store)
{
	return store_run(store, store_statement(store, ST_RELEASE));
}

int store_rollback_to(struct store *store)
{
	int err = store_run(store, store_statement(store, ST_ROLLBACK_TO));

	forget_memos(store);
	store->group_moves.n_touched = store->group_moves.n_touched_saved;
	counters_restore(store);
	return err ? err : store_run(store, store_statement(store, ST_RELEASE));
}
