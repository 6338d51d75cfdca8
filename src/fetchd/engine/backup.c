/* Backup: a copy of the queue for one client at a time. It is made between turns, slice by slice, and then
 * read for the client piece by piece, as it asks.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/base64.h"

/* A message's worth of base64: 512 KiB. */
#define PIECE_BYTES ((size_t)384 * 1024)

struct backup {
	uint64_t call_id;	   /* whose it is */
	struct store_backup *copy; /* NULL: not begun */
	struct request *waiting;   /* the answer that it is whole */
};

static void answer(struct engine *engine, struct request *request)
{
	request->pending--;
	turn_reply(engine, request);
}

static void fail(struct request *request, int err)
{
	request_fail(request, REQUEST_TRY_AGAIN, 0, "E_DB", "%s",
		err == -EAGAIN ? "no room for a copy of the queue database (E_DB); nothing is left of it"
			       : "the queue database could not be copied (E_DB); see the log of fetchd");
}

static void drop(struct engine *engine)
{
	store_backup_end(engine->backup->copy);
	free(engine->backup);
	engine->backup = NULL;
}

/* ---- requests */

static void begin(struct engine *engine, struct request *request)
{
	if (engine->stopping || engine->backup) {
		request_fail(request, REQUEST_TRY_AGAIN, 0, NULL, "%s",
			engine->stopping ? "fetchd is shutting down" : "another backup is under way");
		return;
	}
	engine->backup = xcalloc(1, sizeof(*engine->backup));
	engine->backup->call_id = request->call_id;
	engine->backup->waiting = request;
	request->pending++;
}

static void read_piece(struct engine *engine, struct request *request)
{
	const struct backup *backup = engine->backup;
	void *piece;
	ssize_t n;

	if (!backup || backup->call_id != request->call_id) {
		request_fail(request, REQUEST_TRY_AGAIN, 0, NULL, "fetchd is shutting down");
		return;
	}
	piece = xmalloc(PIECE_BYTES);
	n = store_backup_read(backup->copy, piece, PIECE_BYTES, request->backup_offset);
	if (n > 0) {
		request->backup_data = base64_encode(piece, (size_t)n);
		request->backup_n = (size_t)n;
	} else {
		fail(request, -EIO);
	}
	free(piece);
}

void request_backup(struct engine *engine, struct request *request)
{
	switch (request->backup_step) {
	case BACKUP_BEGIN: begin(engine, request); break;
	case BACKUP_READ: read_piece(engine, request); break;
	case BACKUP_END:
		if (engine->backup && engine->backup->call_id == request->backup_call_id)
			backup_stop(engine);
		break;
	}
}

/* ---- between turns */

bool backup_step(struct engine *engine)
{
	struct backup *backup = engine->backup;
	bool whole = false;
	int err = 0;

	if (!backup || !backup->waiting)
		return false;
	if (!backup->copy)
		err = store_backup_begin(engine->store, &backup->copy);
	if (!err)
		err = store_backup_step(backup->copy, &whole);
	if (!err && !whole)
		return true;
	backup->waiting->backup_size = err ? 0 : store_backup_size(backup->copy);
	if (err || backup->waiting->backup_size <= 0)
		fail(backup->waiting, err ? err : -EIO);
	answer(engine, backup->waiting);
	backup->waiting = NULL;
	if (err)
		drop(engine);
	mailbox_post_all(engine->control, &engine->to_control);
	return false;
}

void backup_stop(struct engine *engine)
{
	if (!engine->backup)
		return;
	if (engine->backup->waiting) {
		request_fail(engine->backup->waiting, REQUEST_TRY_AGAIN, 0, NULL, "fetchd is shutting down");
		answer(engine, engine->backup->waiting);
	}
	drop(engine);
}
