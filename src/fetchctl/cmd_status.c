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
	return args->n_words == 0 ? show_daemon(ctl) : select_and_show(ctl, args, out_job);
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = CMD_USAGE("[ID...]"),
	.summary = "show the daemon and what runs now, or the whole of some jobs",
	.takes_words = true,
	.pages = true,
	.run = run,
};
