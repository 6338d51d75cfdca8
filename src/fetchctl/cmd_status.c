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

static bool take_page(void *state, const json_t *parameters)
{
	struct out *out = state;
	const json_t *jobs = json_object_get(parameters, "jobs");

	for (size_t i = 0; i < json_array_size(jobs); i++)
		out_job(out, json_array_get(jobs, i));
	return true;
}

static int run(struct ctl *ctl, const struct args *args)
{
	json_t *selection;
	int status = select_from_args(args, &selection);

	if (status != 0)
		return status;
	if (!selection)
		return show_daemon(ctl);
	return ctl_stream(ctl, "List", json_pack("{s:o, s:b}", "selection", selection, "all_users", 1),
		take_page, ctl->out);
}

const struct cmd cmd_status = {
	.name = "status",
	.usage = CMD_USAGE("[ID...]"),
	.summary = "show the daemon and what runs now, or the whole of some jobs",
	.takes_words = true,
	.pages = true,
	.run = run,
};
