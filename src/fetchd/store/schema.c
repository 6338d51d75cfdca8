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

/* The queue for a million: groups and what they count, dependencies, what is learnt of an origin. */
static const char migration_3[] =
	"CREATE TABLE groups ("
	"  id INTEGER PRIMARY KEY,"
	"  owner INTEGER NOT NULL,"
	"  name TEXT NOT NULL,"
	"  policy INTEGER NOT NULL DEFAULT 0 CHECK (policy BETWEEN 0 AND 1),"
	"  fate INTEGER NOT NULL DEFAULT 0 CHECK (fate BETWEEN 0 AND 2),"
	"  fate_job INTEGER NOT NULL DEFAULT 0," /* whose failure brought it */
	"  filling INTEGER NOT NULL DEFAULT 0 CHECK (filling IN (0, 1)),"
	"  created_usec INTEGER NOT NULL,"
	"  finished_usec INTEGER NOT NULL DEFAULT 0,"
	"  deadline_usec INTEGER NOT NULL DEFAULT -1," /* a steady time */
	"  deadline_span_usec INTEGER NOT NULL DEFAULT -1,"
	"  limit_rate INTEGER NOT NULL DEFAULT 0,"
	"  queued INTEGER NOT NULL DEFAULT 0,"
	"  waiting INTEGER NOT NULL DEFAULT 0,"
	"  active INTEGER NOT NULL DEFAULT 0,"
	"  paused INTEGER NOT NULL DEFAULT 0,"
	"  done INTEGER NOT NULL DEFAULT 0,"
	"  failed INTEGER NOT NULL DEFAULT 0,"
	"  cancelled INTEGER NOT NULL DEFAULT 0,"
	"  UNIQUE (name, owner)"
	") STRICT;"
	/* Those that need something done: to be filled up, swept, or ended at a time. */
	"CREATE INDEX groups_fated ON groups (id) WHERE (fate > 0 AND finished_usec = 0) OR filling = 1;"
	"CREATE INDEX groups_deadline ON groups (deadline_usec) WHERE deadline_usec >= 0 AND finished_usec = "
	"0;"
	"INSERT INTO groups (owner, name, created_usec, finished_usec, queued, waiting, active, paused, "
	"done, failed,"
	"  cancelled) SELECT owner, grp, min(created_usec),"
	"  CASE WHEN sum(state < 5) = 0 THEN max(finished_usec) ELSE 0 END,"
	"  sum(state = 1), sum(state = 2), sum(state = 3), sum(state = 4), sum(state = 5), sum(state = 6),"
	"  sum(state = 7) FROM jobs WHERE grp IS NOT NULL GROUP BY owner, grp ORDER BY min(id);"

	/* 0: in none. */
	"ALTER TABLE jobs ADD COLUMN group_id INTEGER NOT NULL DEFAULT 0;"
	"UPDATE jobs SET group_id = (SELECT id FROM groups WHERE groups.owner = jobs.owner AND name = grp)"
	"  WHERE grp IS NOT NULL;"
	"DROP INDEX jobs_group;"
	"ALTER TABLE jobs DROP COLUMN grp;"
	/* -1: nobody; no time. */
	"ALTER TABLE jobs ADD COLUMN paused_by INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN not_before_usec INTEGER NOT NULL DEFAULT -1;"
	"ALTER TABLE jobs ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;"
	/* job/source.h; ready jobs that can be fetched from elsewhere, when a host is shut. */
	"ALTER TABLE jobs ADD COLUMN mirrors TEXT;"
	"CREATE INDEX jobs_sources ON jobs (origin, id) WHERE state = 1 AND mirrors IS NOT NULL;"
	"ALTER TABLE attempts ADD COLUMN origin TEXT;"
	/* What an add of the same file has too; NULL where each add is a file of its own. */
	"ALTER TABLE jobs ADD COLUMN same INTEGER;"

	/* A claim is one step here: of an owner's jobs of one group at one origin the best. */
	"DROP INDEX jobs_ready;"
	"CREATE INDEX jobs_ready ON jobs (origin, owner, group_id, priority DESC, id) WHERE state = 1;"
	"DROP INDEX jobs_active;"
	"CREATE INDEX jobs_state ON jobs (state, id) WHERE state <> 1;"
	"DROP INDEX jobs_due;"
	/* On the steady clock, and on the wall's, which users mean. */
	"CREATE INDEX jobs_due ON jobs (due_usec) WHERE state = 2 AND waiting_for NOT IN (2, 3);"
	"CREATE INDEX jobs_scheduled ON jobs (due_usec) WHERE state = 2 AND waiting_for = 2;"
	"CREATE INDEX jobs_group ON jobs (group_id, id) WHERE group_id > 0;"
	/* Of all states, by id: it is written once a job. */
	"CREATE INDEX jobs_owner ON jobs (owner);"
	/* When its deadline begins to run, steady; and those whose deadline would end a wait: their own, and
	   the configuration's, which may change. */
	"ALTER TABLE jobs ADD COLUMN since_usec INTEGER NOT NULL DEFAULT 0;"
	"UPDATE jobs SET since_usec = created_usec;"
	"CREATE INDEX jobs_deadline ON jobs (since_usec + deadline_usec)"
	"  WHERE state < 3 AND deadline_usec BETWEEN 0 AND 9223372036854775806;"
	"CREATE INDEX jobs_since ON jobs (since_usec) WHERE state < 3 AND deadline_usec < 0;"
	"CREATE INDEX jobs_same ON jobs (same) WHERE same IS NOT NULL AND state < 5;"

	"CREATE TABLE dependencies ("
	"  job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,"
	"  after INTEGER NOT NULL,"
	"  any INTEGER NOT NULL CHECK (any IN (0, 1))," /* any end will do, or only success */
	"  PRIMARY KEY (job, after)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX dependencies_after ON dependencies (after, job);"
	/* Jobs that have ended, and whose dependents have not all been told: state, or 0 when it was removed,
	   and the last of those who have. */
	"CREATE TABLE dependency_ends ("
	"  job INTEGER PRIMARY KEY,"
	"  state INTEGER NOT NULL,"
	"  told INTEGER NOT NULL DEFAULT 0"
	") STRICT;"

	/* 0: the configuration's. */
	"ALTER TABLE origins ADD COLUMN limit_rate INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN max_active INTEGER NOT NULL DEFAULT 0;"
	/* Why it is held. */
	"ALTER TABLE origins ADD COLUMN hold_code TEXT;"
	"ALTER TABLE origins ADD COLUMN hold_job INTEGER NOT NULL DEFAULT 0;"
	/* What job/governor.h remembers; limit 0: it was never asked. */
	"ALTER TABLE origins ADD COLUMN governor_limit INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN governor_ceiling INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN governor_probe_usec INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN governor_probe_span_usec INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN breaker_until_usec INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN breaker_span_usec INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE origins ADD COLUMN breaker_failures INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX origins_marked;"
	"CREATE INDEX origins_marked ON origins (id)"
	"  WHERE hold_until_usec > 0 OR http1_until_usec > 0 OR breaker_until_usec > 0;"

	/* Bytes of an owner's jobs on disk, parts and files. */
	"CREATE TABLE usage (owner INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;"
	"INSERT INTO usage SELECT owner, sum(received) FROM jobs WHERE state <> 7 GROUP BY owner;"
	/* Limits that users have set and saved. */
	"CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

/* Files that are fetched over several connections; the outbox of hooks. */
static const char migration_4[] =
	/* job/ranges.h; NULL: the bytes that are there are the first ones. */
	"ALTER TABLE jobs ADD COLUMN ranges TEXT;"
	"ALTER TABLE jobs ADD COLUMN split INTEGER NOT NULL DEFAULT -1 CHECK (split = -1 OR split >= 1);"

	/* Names; NULL: none were named. And what has become of all rows of the job: enum job_hook_state. */
	"ALTER TABLE jobs ADD COLUMN hooks TEXT;"
	"ALTER TABLE jobs ADD COLUMN hook INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX jobs_hook ON jobs (hook, id) WHERE hook > 0;"
	"ALTER TABLE groups ADD COLUMN hooks TEXT;"
	"ALTER TABLE groups ADD COLUMN hook INTEGER NOT NULL DEFAULT 0;"
	/* A number is the key of a hook's attempts: never given twice. */
	"CREATE TABLE hooks ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  job INTEGER REFERENCES jobs (id) ON DELETE CASCADE," /* NULL: a group's */
	"  grp INTEGER REFERENCES groups (id) ON DELETE CASCADE,"
	"  owner INTEGER NOT NULL,"
	"  name TEXT NOT NULL,"
	"  on_end INTEGER NOT NULL CHECK (on_end IN (1, 2, 4)),"
	"  after INTEGER NOT NULL DEFAULT 0," /* the row that has to be ok before */
	"  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),"
	"  attempts INTEGER NOT NULL DEFAULT 0,"
	"  due_usec INTEGER NOT NULL," /* steady; the greatest number: when that one is ok */
	"  created_usec INTEGER NOT NULL,"
	"  started_usec INTEGER NOT NULL DEFAULT 0,"
	"  finished_usec INTEGER NOT NULL DEFAULT 0,"
	"  end INTEGER NOT NULL DEFAULT 0 CHECK (end BETWEEN 0 AND 4),"
	"  status INTEGER NOT NULL DEFAULT 0,"
	"  error TEXT,"
	"  run_usec INTEGER NOT NULL DEFAULT -1,"
	"  cpu_usec INTEGER NOT NULL DEFAULT -1,"
	"  peak_bytes INTEGER NOT NULL DEFAULT -1,"
	"  output TEXT,"
	"  output_cut INTEGER NOT NULL DEFAULT 0"
	") STRICT;"
	/* The next of a name is one step here, however many of another name stand before it. */
	"CREATE INDEX hooks_due ON hooks (name, due_usec, id) WHERE state = 1;"
	"CREATE INDEX hooks_running ON hooks (id) WHERE state = 2;"
	"CREATE INDEX hooks_job ON hooks (job, id);"
	"CREATE INDEX hooks_group ON hooks (grp, id);";

/* Which hook an event is of; NULL: of none, or of one that version 4 recorded. */
static const char migration_5[] = "ALTER TABLE events ADD COLUMN hook TEXT;";

static const struct migration {
	const char *sql;
	int (*rest)(struct store *store); /* what SQL cannot say; 0 or -errno */
} migrations[] = {{migration_1, NULL}, {migration_2, secrets_move}, {migration_3, NULL}, {migration_4, NULL},
	{migration_5, NULL}};

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
