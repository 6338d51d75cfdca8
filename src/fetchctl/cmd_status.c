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
	int status = select_read_ids(args, &ids);

	if (status == 0 && args->n_words == 0)
		return show_daemon(ctl);
	return status == 0 ? select_each(ctl, ids, args->n_words, show_job) : status;
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = CMD_USAGE("[ID...]"),
	.summary = "show the daemon and what runs now, or the whole of some jobs",
	.takes_words = true,
	.pages = true,
	.run = run,
};
