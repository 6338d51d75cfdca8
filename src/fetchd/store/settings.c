/* Settings: what was set while the daemon ran and is to be kept. Engine's thread. */
#include "config.h"

#include "fetchd/store/internal.h"

#include <errno.h>

int store_setting(struct store *store, const char *name, char **ret_value)
{
	sqlite3_stmt *st = store_statement(store, ST_SETTING_GET);
	int rc;

	store_bind_text(st, 1, name);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*ret_value = store_column_dup(st, 0);
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return 0;
	return rc == SQLITE_DONE ? -ENOENT : store_failure(store, rc, "reading a setting");
}

int store_setting_put(struct store *store, const char *name, const char *value)
{
	sqlite3_stmt *st = store_statement(store, value ? ST_SETTING_PUT : ST_SETTING_REMOVE);

	store_bind_text(st, 1, name);
	if (value)
		store_bind_text(st, 2, value);
	return store_run(store, st);
}
