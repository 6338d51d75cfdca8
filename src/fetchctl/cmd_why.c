/* fetchctl why: the reason that a job does not run, or why it failed. */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	struct shape shape;
	int status = shape_read(&shape, &view_attempts, args, ctl->settings.json);

	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = select_and_show(ctl, args, out_why);
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
