/* fetchctl ping */
#include "config.h"

#include "base/clock.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"

static int run(struct ctl *ctl, const struct args *args)
{
	int64_t begun;
	json_t *reply;
	int status = ctl_link(ctl);

	(void)args;
	begun = clock_boot_usec();
	if (status == 0)
		status = ctl_call(ctl, "Ping", NULL, &reply);
	if (status != 0)
		return status;
	out_pong(ctl->out, json_integer_value(json_object_get(reply_parameters(reply), "pid")),
		clock_boot_usec() - begun);
	json_decref(reply);
	return 0;
}

const struct cmd cmd_ping = {
	.name = "ping",
	.usage = CMD_USAGE(""),
	.summary = "ask whether the daemon answers",
	.run = run,
};
