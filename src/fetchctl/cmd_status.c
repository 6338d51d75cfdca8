/* fetchctl status: the daemon, or the whole of some jobs. */
#include "config.h"

#include "base/alloc.h"
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

static int show_job(struct ctl *ctl, int64_t id)
{
	json_t *reply;
	int status = ctl_call(ctl, "Inspect", json_pack("{s:I}", "id", (json_int_t)id), &reply);

	if (status != 0)
		return status;
	out_job(ctl->out, reply_parameters(reply));
	json_decref(reply);
	return 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	CLEANUP_FREE int64_t *ids = NULL;
	bool daemon = args->n_words == 0;
	struct shape shape;
	int status = shape_read(&shape, daemon ? &view_jobs : &view_attempts, args, ctl->settings.json);

	if (status == 0)
		status = select_read_ids(args, &ids);
	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = daemon ? show_daemon(ctl) : select_each(ctl, ids, args->n_words, show_job);
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
