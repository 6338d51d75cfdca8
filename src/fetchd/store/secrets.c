/* Secrets: written when a job is added, read when it is claimed, deleted when it needs them no more. Engine's
 * thread. No statement elsewhere names this table.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <assert.h>
#include <errno.h>

#include "base/alloc.h"
#include "job/origin.h"
#include "job/secret.h"

/* In the order of SECRET_COLUMNS. */
static const size_t fields[] = {
	offsetof(struct job_secrets, user),
	offsetof(struct job_secrets, password),
	offsetof(struct job_secrets, bearer),
	offsetof(struct job_secrets, cookies),
	offsetof(struct job_secrets, cookie_jar),
	offsetof(struct job_secrets, headers),
	offsetof(struct job_secrets, proxy),
	offsetof(struct job_secrets, ca_pem),
	offsetof(struct job_secrets, cert_pem),
	offsetof(struct job_secrets, key_pem),
};
static_assert(sizeof(struct job_secrets) == ARRAY_LEN(fields) * sizeof(char *), "a secret without a column");

static char **field(const struct job_secrets *secrets, size_t i)
{
	return (char **)(void *)((char *)secrets + fields[i]);
}

bool secrets_any(const struct job_secrets *secrets)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (*field(secrets, i))
			return true;
	return false;
}

static int run_add(struct store *store, sqlite3_stmt *st, const struct job *job)
{
	int err;

	sqlite3_bind_int64(st, 1, job->id);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		store_bind_text(st, (int)i + 2, *field(job->secrets, i));
	err = store_run(store, st);
	sqlite3_clear_bindings(st);
	return err;
}

int secrets_add(struct store *store, const struct job *job)
{
	return run_add(store, store_statement(store, ST_SECRETS_ADD), job);
}

int store_secrets(struct store *store, int64_t job_id, struct job_secrets **ret)
{
	sqlite3_stmt *st = store_statement(store, ST_SECRETS_GET);
	int rc;

	*ret = NULL;
	sqlite3_bind_int64(st, 1, job_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*ret = xcalloc(1, sizeof(**ret));
		for (size_t i = 0; i < ARRAY_LEN(fields); i++)
			*field(*ret, i) = store_column_dup(st, (int)i);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading what a job keeps apart");
}

int secrets_remove(struct store *store, int64_t job_id)
{
	sqlite3_stmt *st = store_statement(store, ST_SECRETS_REMOVE);

	sqlite3_bind_int64(st, 1, job_id);
	store->secrets_gone = true;
	return store_run(store, st);
}

int store_forget_secrets(struct store *store, struct job *job)
{
	sqlite3_stmt *st;
	int err = secrets_remove(store, job->id);

	if (err)
		return err;
	st = store_statement(store, ST_SECRETS_NONE);
	sqlite3_bind_int64(st, 1, job->id);
	err = store_run(store, st);
	job->has_secrets = err ? job->has_secrets : false;
	return err;
}

/* ---- a file of version 1 */

enum { MOVE_NEXT, MOVE_UPDATE, MOVE_ADD, MOVE_N };

static const char *const move_sql[MOVE_N] = {
	[MOVE_NEXT] =
		"SELECT id, url, headers, effective_url FROM jobs WHERE id > ?1 AND (instr(url, '@') > 0"
		" OR instr(effective_url, '@') > 0 OR headers IS NOT NULL) ORDER BY id LIMIT 1",
	[MOVE_UPDATE] =
		"UPDATE jobs SET url = ?2, headers = ?3, effective_url = ?4, has_secrets = ?5 WHERE id = ?1",
	[MOVE_ADD] = "INSERT INTO secrets (job, " SECRET_COLUMNS ")"
		     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
};

static bool is_url(const char *text)
{
	struct origin origin;

	if (!text || origin_parse(text, &origin) != ORIGIN_OK)
		return false;
	origin_done(&origin);
	return true;
}

/* For eyes only: where it led, without who asked. */
static void clean_effective_url(struct job *job)
{
	char *userinfo = NULL, *url;

	if (!is_url(job->effective_url))
		return;
	url = origin_split_userinfo(job->effective_url, &userinfo);
	free(job->effective_url);
	job->effective_url = url;
	free(userinfo);
}

/* The next job after job->id that may have some; -ENOENT after the last. */
static int next_to_move(struct store *store, sqlite3_stmt *st, struct job *job)
{
	int rc;

	sqlite3_bind_int64(st, 1, job->id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		job->id = sqlite3_column_int64(st, 0);
		job->url = store_column_dup(st, 1);
		job->options.headers = store_column_dup(st, 2);
		job->effective_url = store_column_dup(st, 3);
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "looking for secrets in the open");
}

static int move_one(struct store *store, sqlite3_stmt *const *st, struct job *job)
{
	int err;

	if (is_url(job->url))
		(void)secret_take_userinfo(job);
	secret_take_headers(job);
	clean_effective_url(job);
	job->has_secrets = job->secrets && secrets_any(job->secrets);
	sqlite3_bind_int64(st[MOVE_UPDATE], 1, job->id);
	store_bind_text(st[MOVE_UPDATE], 2, job->url);
	store_bind_text(st[MOVE_UPDATE], 3, job->options.headers);
	store_bind_text(st[MOVE_UPDATE], 4, job->effective_url);
	sqlite3_bind_int(st[MOVE_UPDATE], 5, job->has_secrets);
	err = store_run(store, st[MOVE_UPDATE]);
	return err || !job->has_secrets ? err : run_add(store, st[MOVE_ADD], job);
}

int secrets_move(struct store *store)
{
	sqlite3_stmt *st[MOVE_N] = {NULL};
	int64_t id = 0;
	int err = 0;

	for (int i = 0; i < MOVE_N && !err; i++) {
		int rc = sqlite3_prepare_v2(store->db, move_sql[i], -1, &st[i], NULL);

		err = rc == SQLITE_OK ? 0 : store_failure(store, rc, move_sql[i]);
	}
	while (!err) {
		struct job *job = job_new();

		job->id = id;
		err = next_to_move(store, st[MOVE_NEXT], job);
		id = job->id;
		err = err ? err : move_one(store, st, job);
		job_free(job);
	}
	for (int i = 0; i < MOVE_N; i++)
		sqlite3_finalize(st[i]);
	store->secrets_gone = true;
	return err == -ENOENT ? 0 : err;
}
