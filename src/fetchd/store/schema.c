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

/* Only the last of the columns has a CHECK, one for all: each costs a look at every row. */
static const char migration_2[] =
	"ALTER TABLE jobs ADD COLUMN validator INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN digest TEXT;"
	"ALTER TABLE jobs ADD COLUMN encoded TEXT;"
	"ALTER TABLE jobs ADD COLUMN integrity INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN no_ranges INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN range_faults INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN resume INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN auth INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN remote_name INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN conditional INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN insecure INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE jobs ADD COLUMN if_newer_usec INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN has_secrets INTEGER NOT NULL DEFAULT 0 CHECK ("
	"  validator BETWEEN 0 AND 2 AND integrity BETWEEN 0 AND 3 AND no_ranges IN (0, 1)"
	"  AND range_faults >= 0 AND changes >= 0 AND restarts >= 0 AND resume BETWEEN -1 AND 1"
	"  AND auth BETWEEN 0 AND 2 AND remote_name IN (0, 1) AND conditional IN (0, 1)"
	"  AND insecure IN (0, 1) AND has_secrets IN (0, 1));"
	/* Version 1 kept of the two only what proves sameness. */
	"UPDATE jobs SET validator = CASE WHEN etag IS NOT NULL THEN 1 ELSE 2 END"
	"  WHERE etag IS NOT NULL OR last_modified IS NOT NULL;"
	"CREATE INDEX jobs_no_network ON jobs (id) WHERE state = 2 AND waiting_for = 6;"

	/* 0: not held, HTTP/2 is fine. */
	"ALTER TABLE origins ADD COLUMN hold_until_usec INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN http1_until_usec INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX origins_marked ON origins (id) WHERE hold_until_usec > 0 OR http1_until_usec > 0;"

	"CREATE TABLE attempts ("
	"  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,"
	"  number INTEGER NOT NULL,"
	"  started_usec INTEGER NOT NULL,"
	"  ended_usec INTEGER NOT NULL,"
	"  outcome INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 5),"
	"  address TEXT,"
	"  http_version INTEGER NOT NULL,"
	"  http_status INTEGER NOT NULL,"
	"  dns_usec INTEGER NOT NULL,"
	"  connect_usec INTEGER NOT NULL,"
	"  tls_usec INTEGER NOT NULL,"
	"  first_byte_usec INTEGER NOT NULL,"
	"  redirects INTEGER NOT NULL,"
	"  start INTEGER NOT NULL,"
	"  bytes INTEGER NOT NULL,"
	"  code TEXT,"
	"  message TEXT,"
	"  note TEXT,"
	"  PRIMARY KEY (job, number)"
	") STRICT, WITHOUT ROWID;"

	/* Apart from the jobs, so that no statement that lists them can give them out. */
	"CREATE TABLE secrets ("
	"  job INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,"
	"  user TEXT,"
	"  password TEXT,"
	"  bearer TEXT,"
	"  cookies TEXT,"
	"  cookie_jar TEXT,"
	"  headers TEXT,"
	"  proxy TEXT,"
	"  ca_pem TEXT,"
	"  cert_pem TEXT,"
	"  key_pem TEXT"
	") STRICT;";

static const struct migration {
	const char *sql;
	int (*rest)(struct store *store); /* what SQL cannot say; 0 or -errno */
} migrations[] = {{migration_1, NULL}, {migration_2, secrets_move}};

int store_schema_version(void)
{
	return (int)ARRAY_LEN(migrations);
}

int store_migrate(struct store *store, int version)
{
	for (int i = version; i < store_schema_version(); i++) {
		int rc = sqlite3_exec(store->db, migrations[i].sql, NULL, NULL, NULL);
		int err = rc == SQLITE_OK ? 0 : store_failure(store, rc, "migrating the schema");

		if (!err && migrations[i].rest)
			err = migrations[i].rest(store);
		if (err)
			return err;
	}
	return 0;
}
