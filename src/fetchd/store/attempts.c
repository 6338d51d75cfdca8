/* Attempts: what each try of a job came to, for people who ask why. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>

#include "base/alloc.h"

/* Of one job. */
#define ATTEMPTS_KEPT 100

int store_attempt_add(struct store *store, int64_t job_id, const struct attempt *a)
{
	sqlite3_stmt *st = store_statement(store, ST_ATTEMPT_ADD);
	int i = 1, err;

	sqlite3_bind_int64(st, i++, job_id);
	sqlite3_bind_int64(st, i++, a->number);
	sqlite3_bind_int64(st, i++, a->started_usec);
	sqlite3_bind_int64(st, i++, a->ended_usec);
	sqlite3_bind_int(st, i++, a->outcome);
	store_bind_text(st, i++, a->address);
	sqlite3_bind_int(st, i++, a->http_version);
	sqlite3_bind_int(st, i++, a->http_status);
	sqlite3_bind_int64(st, i++, a->dns_usec);
	sqlite3_bind_int64(st, i++, a->connect_usec);
	sqlite3_bind_int64(st, i++, a->tls_usec);
	sqlite3_bind_int64(st, i++, a->first_byte_usec);
	sqlite3_bind_int64(st, i++, a->redirects);
	sqlite3_bind_int64(st, i++, a->offset);
	sqlite3_bind_int64(st, i++, a->bytes);
	store_bind_text(st, i++, a->code);
	store_bind_text(st, i++, a->message);
	store_bind_text(st, i++, a->note);
	store_bind_text(st, i++, a->origin);
	err = store_run(store, st);
	if (err || a->number <= ATTEMPTS_KEPT)
		return err;
	st = store_statement(store, ST_ATTEMPTS_TRIM);
	sqlite3_bind_int64(st, 1, job_id);
	sqlite3_bind_int64(st, 2, a->number - ATTEMPTS_KEPT);
	return store_run(store, st);
}

int store_attempt_settle(struct store *store, int64_t job_id, const struct attempt *a)
{
	sqlite3_stmt *st = store_statement(store, ST_ATTEMPT_SETTLE);

	sqlite3_bind_int64(st, 1, job_id);
	sqlite3_bind_int64(st, 2, a->number);
	sqlite3_bind_int(st, 3, a->outcome);
	store_bind_text(st, 4, a->code);
	store_bind_text(st, 5, a->message);
	sqlite3_bind_int64(st, 6, a->ended_usec);
	return store_run(store, st);
}

static struct attempt *attempt_from_row(sqlite3_stmt *st)
{
	struct attempt *a = attempt_new();
	int i = 0;

	a->number = sqlite3_column_int64(st, i++);
	a->started_usec = sqlite3_column_int64(st, i++);
	a->ended_usec = sqlite3_column_int64(st, i++);
	a->outcome = (enum attempt_outcome)sqlite3_column_int(st, i++);
	a->address = store_column_dup(st, i++);
	a->http_version = sqlite3_column_int(st, i++);
	a->http_status = sqlite3_column_int(st, i++);
	a->dns_usec = sqlite3_column_int64(st, i++);
	a->connect_usec = sqlite3_column_int64(st, i++);
	a->tls_usec = sqlite3_column_int64(st, i++);
	a->first_byte_usec = sqlite3_column_int64(st, i++);
	a->redirects = (unsigned)sqlite3_column_int64(st, i++);
	a->offset = sqlite3_column_int64(st, i++);
	a->bytes = sqlite3_column_int64(st, i++);
	a->code = store_column_dup(st, i++);
	a->message = store_column_dup(st, i++);
	a->note = store_column_dup(st, i++);
	a->origin = store_column_dup(st, i++);
	return a;
}

int store_attempts(struct store *store, int64_t job_id, struct attempt ***ret, size_t *ret_n)
{
	sqlite3_stmt *st = store_statement(store, ST_ATTEMPTS);
	struct attempt **attempts = NULL;
	size_t n = 0;
	int rc;

	sqlite3_bind_int64(st, 1, job_id);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		attempts = xreallocarray(attempts, n + 1, sizeof(struct attempt *));
		attempts[n++] = attempt_from_row(st);
	}
	sqlite3_reset(st);
	*ret = attempts;
	*ret_n = n;
	return rc == SQLITE_DONE ? 0 : store_failure(store, rc, "reading attempts");
}

int store_last_restart(struct store *store, int64_t job_id, char **ret_code)
{
	sqlite3_stmt *st = store_statement(store, ST_LAST_RESTART);
	int rc;

	*ret_code = NULL;
	sqlite3_bind_int64(st, 1, job_id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_code = store_column_dup(st, 0);
	sqlite3_reset(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_failure(store, rc, "reading the last restart");
	return *ret_code ? 0 : -ENOENT;
}
