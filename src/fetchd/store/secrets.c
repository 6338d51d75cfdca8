/* Secrets: written when a job is added, read when it is claimed, deleted when it needs them no more. Engine's
 * thread. No statement elsewhere names this table.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <assert.h>
#include <errno.h>

#include "base/alloc.h"

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

int secrets_add(struct store *store, const struct job *job)
{
	sqlite3_stmt *st = store_statement(store, ST_SECRETS_ADD);
	int err;

	sqlite3_bind_int64(st, 1, job->id);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		store_bind_text(st, (int)i + 2, *field(job->secrets, i));
	err = store_run(store, st);
	sqlite3_clear_bindings(st);
	return err;
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

int store_forget_secrets(struct store *store, struct job *job)
{
	sqlite3_stmt *st = store_statement(store, ST_SECRETS_REMOVE);
	int err;

	sqlite3_bind_int64(st, 1, job->id);
	err = store_run(store, st);
	if (err)
		return err;
	st = store_statement(store, ST_SECRETS_NONE);
	sqlite3_bind_int64(st, 1, job->id);
	err = store_run(store, st);
	job->has_secrets = err ? job->has_secrets : false;
	store->secrets_gone = true;
	return err;
}
