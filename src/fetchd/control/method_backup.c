/* io.fetchd.Manager.Backup: the engine copies the queue; then its pieces go out as the client takes them.
 * Main thread, which reads none of them itself.
 */
#include <config.h>

#include "fetchd/control/methods.h"

#include "base/alloc.h"
#include "fetchd/control/internal.h"

struct backup {
	int64_t size, sent;
	bool wants_piece; /* as soon as the client has taken what is written */
};

static void ask(struct call *call, enum backup_step step)
{
	struct backup *backup = call->state;
	struct request *request = request_new(REQUEST_BACKUP);

	backup->wants_piece = false;
	request->backup_step = step;
	request->backup_offset = backup->sent;
	call_request(call, request);
}

void method_backup_start(struct call *call, json_t *parameters)
{
	if (!call_read_params(call, parameters, NULL, 0, NULL))
		return;
	if (!call->peer.privileged) {
		call_not_permitted(call, "only root, the daemon's own user and its administrators may have a "
					 "copy: there are secrets in it");
		return;
	}
	call->state = xcalloc(1, sizeof(struct backup));
	ask(call, BACKUP_BEGIN);
}

void method_backup_reply(struct call *call, struct request *request)
{
	struct backup *backup = call->state;
	bool continues;

	if (request->backup_step == BACKUP_BEGIN) {
		backup->size = request->backup_size;
		ask(call, BACKUP_READ);
		return;
	}
	backup->sent += (int64_t)request->backup_n;
	continues = backup->sent < backup->size;
	backup->wants_piece = continues;
	call_reply(call,
		json_pack("{s:s, s:I}", "data", request->backup_data, "size", (json_int_t)backup->size),
		continues);
	if (continues)
		method_backup_drained(call);
}

void method_backup_drained(struct call *call)
{
	struct backup *backup = call->state;

	if (backup && backup->wants_piece && call_output_low(call))
		ask(call, BACKUP_READ);
}

void method_backup_end(struct call *call)
{
	struct request *request;

	if (!call->state)
		return;
	if (!call->control->stopping) {
		request = request_new(REQUEST_BACKUP);
		request->backup_step = BACKUP_END;
		request->backup_call_id = call->id;
		mailbox_post(call->control->setup.engine, &request->msg);
	}
	free(call->state);
}
