/* fetchctl why: the reason that a job does not run, or why it failed. */
#include "config.h"

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static int show_why(struct ctl *ctl, int64_t id)
{
	json_t *reply;
	int status = ctl_call(ctl, "Inspect", json_pack("{s:I}", "id", (json_int_t)id), &reply);

	if (status != 0)
		return status;
	out_why(ctl->out, reply_parameters(reply));
	json_decref(reply);
	return 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	CLEANUP_FREE int64_t *ids = NULL;
	struct shape shape;
	int status = shape_read(&shape, &view_attempts, args, ctl->settings.json);

	if (status == 0)
		status = select_read_ids(args, &ids);
	if (status == 0 && args->n_words == 0)
		status = complain(STATUS_USAGE, "which jobs?");
	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = select_each(ctl, ids, args->n_words, show_why);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

const struct cmd cmd_why = {
	.name = "why",
	.usage = CMD_USAGE("ID..."),
	.summary = "tell why jobs do not run, until when, and what was tried so far",
	.notes = "The one reason, as the scheduler has it; for a job that has ended, what became of it.",
	.options = CMD_OPTIONS(CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_attempts),
	.takes_words = true,
	.pages = true,
	.run = run,
};
