/* fetchctl version */
#include "config.h"

#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"

static int run(struct ctl *ctl, const struct args *args)
{
	json_t *reply = NULL;
	int status = ctl_call(ctl, "Status", NULL, &reply);

	(void)args;
	/* The client's own is known in any case. */
	out_version(ctl->out, PACKAGE_VERSION, reply_parameters(reply));
	json_decref(reply);
	return status;
}

const struct cmd cmd_version = {
	.name = "version",
	.usage = CMD_USAGE(""),
	.summary = "show the versions of fetchctl and of the daemon",
	.run = run,
};
