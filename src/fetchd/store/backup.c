/* Backup: a copy of the whole file, made in slices between turns. What this connection writes meanwhile goes
 * into the copy too (SQLite sees to it), so that it is of the moment when it is whole. Engine's thread.
 */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/log.h"

/* 1 MiB: some milliseconds. */
#define SLICE_PAGES 256

struct store_backup {
	char *path;
	sqlite3 *db;
	sqlite3_backup *backup; /* NULL: whole */
	int fd;
};

static char *copy_path(const char *database)
{
	return xasprintf("%s.copy", database);
}

void store_backup_sweep(const char *database)
{
	CLEANUP_FREE char *path = copy_path(database);

	if (unlink(path) == 0)
		log_notice("%s: a copy that was not finished was removed", path);
}

/* -EAGAIN: no room. */
static int failed(const struct store_backup *b, int rc)
{
	bool full = (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_WRITE || (rc & 0xff) == SQLITE_NOMEM;

	log_err("copying the queue database to %s: %s", b->path, sqlite3_errstr(rc));
	return full ? -EAGAIN : -EIO;
}

/* It is thrown away when anything goes wrong, so that it needs no journal and no sync. */
static int open_copy(struct store *store, struct store_backup *b)
{
	int rc = sqlite3_open_v2(
		b->path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_extended_result_codes(b->db, 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(b->db,
			"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = "
			"EXCLUSIVE",
			NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return failed(b, rc);
	b->backup = sqlite3_backup_init(b->db, "main", store->db, "main");
	return b->backup ? 0 : failed(b, sqlite3_extended_errcode(b->db));
}

int store_backup_begin(struct store *store, struct store_backup **ret)
{
	struct store_backup *b = xcalloc(1, sizeof(*b));
	int err = 0;

	b->path = copy_path(store->path);
	(void)unlink(b->path);
	b->fd = open(b->path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (b->fd < 0) {
		err = errno == ENOSPC || errno == EDQUOT ? -EAGAIN : -EIO;
		log_err("cannot make %s: %s", b->path, strerror(errno));
	}
	if (!err)
		err = open_copy(store, b);
	if (err) {
		store_backup_end(b);
		b = NULL;
	}
	*ret = b;
	return err;
}

/* Only the descriptor holds it from here on. */
static int finish(struct store_backup *b)
{
	int rc = sqlite3_backup_finish(b->backup);

	b->backup = NULL;
	if (rc == SQLITE_OK)
		rc = sqlite3_close(b->db);
	b->db = rc == SQLITE_OK ? NULL : b->db;
	if (rc != SQLITE_OK)
		return failed(b, rc);
	return unlink(b->path) == 0 ? 0 : -EIO;
}

int store_backup_step(struct store_backup *b, bool *ret_whole)
{
	int rc = sqlite3_backup_step(b->backup, SLICE_PAGES);

	*ret_whole = false;
	if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		return 0;
	if (rc != SQLITE_DONE)
		return failed(b, rc);
	*ret_whole = true;
	return finish(b);
}

int64_t store_backup_size(const struct store_backup *b)
{
	struct stat st;

	return fstat(b->fd, &st) == 0 ? (int64_t)st.st_size : -errno;
}

ssize_t store_backup_read(const struct store_backup *b, void *buf, size_t n, int64_t offset)
{
	return fileio_pread_full(b->fd, buf, n, offset);
}

void store_backup_end(struct store_backup *b)
{
	if (!b)
		return;
	sqlite3_backup_finish(b->backup);
	sqlite3_close(b->db);
	if (b->fd >= 0) {
		(void)unlink(b->path);
		close(b->fd);
	}
	free(b->path);
	free(b);
}
