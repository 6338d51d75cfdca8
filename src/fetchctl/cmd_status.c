/* fetchctl status: the daemon, or the whole of some jobs. */
#include "config.h"

#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static int show_daemon(struct ctl *ctl)
{
	json_t *reply;
	int status = ctl_call(ctl, "Status", NULL, &reply);

	if (status != 0)
		return status;
	out_status(ctl->out, reply_parameters(reply));
	json_decref(reply);
	return 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	bool daemon = args->n_words == 0;
	struct shape shape;
	int status = shape_read(&shape, daemon ? &view_jobs : &view_attempts, args, ctl->settings.json);

	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = daemon ? show_daemon(ctl) : select_and_show(ctl, args, out_job);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = CMD_USAGE("[ID...]"),
	.summary = "show the daemon and what runs now, or the whole of some jobs",
	.options = CMD_OPTIONS(CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_jobs, &view_attempts),
	.takes_words = true,
	.pages = true,
	.run = run,
};
