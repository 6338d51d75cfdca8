/* Schema: append-only migrations. Entry N brings a file from version N to N + 1; an entry that was ever
 * released is never changed. All missing ones run in one transaction, after a copy of the file was made
 * (store.c).
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include "base/alloc.h"

static const char migration_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('uuid', lower(hex(randomblob(16))));"

	/* Numbers given out, ever: AUTOINCREMENT would write its own with every row, this is written with
	   every turn. */
	"CREATE TABLE sequences (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO sequences VALUES ('job', 0), ('event', 0);"

	"CREATE TABLE origins ("
	"  id INTEGER PRIMARY KEY,"
	"  origin TEXT NOT NULL UNIQUE"
	") STRICT;"

	"CREATE TABLE jobs ("
	"  id INTEGER PRIMARY KEY,"
	"  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),"
	"  waiting_for INTEGER NOT NULL DEFAULT 0 CHECK (waiting_for BETWEEN 0 AND 7),"
	"  intent INTEGER NOT NULL DEFAULT 0 CHECK (intent BETWEEN 0 AND 3),"
	"  owner INTEGER NOT NULL,"
	"  priority INTEGER NOT NULL DEFAULT 0,"
	"  origin INTEGER NOT NULL REFERENCES origins (id),"
	"  due_usec INTEGER NOT NULL DEFAULT 0,"
	"  created_usec INTEGER NOT NULL,"
	"  started_usec INTEGER NOT NULL DEFAULT 0,"
	"  finished_usec INTEGER NOT NULL DEFAULT 0,"
	"  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),"
	"  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),"
	"  generation INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0),"
	"  received INTEGER NOT NULL DEFAULT 0 CHECK (received >= 0),"
	"  size INTEGER NOT NULL DEFAULT -1 CHECK (size >= -1),"
	"  http_status INTEGER NOT NULL DEFAULT 0,"
	"  url TEXT NOT NULL,"
	"  dir TEXT NOT NULL,"
	"  name TEXT NOT NULL,"
	"  grp TEXT,"
	"  key TEXT,"
	"  etag TEXT,"
	"  last_modified TEXT,"
	"  effective_url TEXT,"
	"  error_code TEXT,"
	"  error_message TEXT,"
	"  headers TEXT,"
	"  user_agent TEXT,"
	"  referer TEXT,"
	"  checksum TEXT,"
	"  limit_rate INTEGER NOT NULL DEFAULT -1,"
	"  max_filesize INTEGER NOT NULL DEFAULT -1,"
	"  retry_delay_usec INTEGER NOT NULL DEFAULT -1,"
	"  max_time_usec INTEGER NOT NULL DEFAULT -1,"
	"  connect_timeout_usec INTEGER NOT NULL DEFAULT -1,"
	"  deadline_usec INTEGER NOT NULL DEFAULT -1,"
	"  max_attempts INTEGER NOT NULL DEFAULT -1,"
	"  on_conflict INTEGER NOT NULL DEFAULT -1 CHECK (on_conflict BETWEEN -1 AND 3)"
	") STRICT;"
	/* A claim is one step here. */
	"CREATE INDEX jobs_ready ON jobs (origin, priority DESC, id) WHERE state = 1;"
	"CREATE INDEX jobs_due ON jobs (due_usec) WHERE state = 2;"
	"CREATE INDEX jobs_active ON jobs (id) WHERE state = 3;"
	"CREATE INDEX jobs_ended ON jobs (state, finished_usec) WHERE state >= 5;"
	"CREATE INDEX jobs_group ON jobs (grp, id) WHERE grp IS NOT NULL;"
	"CREATE UNIQUE INDEX jobs_key ON jobs (owner, key) WHERE key IS NOT NULL;"

	"CREATE TABLE events ("
	"  id INTEGER PRIMARY KEY,"
	"  time_usec INTEGER NOT NULL,"
	"  job INTEGER NOT NULL," /* no reference: the record outlives the job */
	"  owner INTEGER NOT NULL,"
	"  kind INTEGER NOT NULL"
	") STRICT;"

	"CREATE TABLE counters ("
	"  owner INTEGER NOT NULL,"
	"  state INTEGER NOT NULL,"
	"  n INTEGER NOT NULL,"
	"  PRIMARY KEY (owner, state)"
	") STRICT, WITHOUT ROWID;";

static const char *const migrations[] = {migration_1};

int store_schema_version(void)
{
	return (int)ARRAY_LEN(migrations);
}

int store_migrate(struct store *store, int version)
{
	for (int i = version; i < store_schema_version(); i++) {
		int rc = sqlite3_exec(store->db, migrations[i], NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return store_failure(store, rc, "migrating the schema");
	}
	return 0;
}
