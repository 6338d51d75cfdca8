/* fetchctl top: the queue on a full screen. */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/top/top.h"

static int run(struct ctl *ctl, const struct args *args)
{
	if (ctl->settings.json) {
		complain(STATUS_USAGE, "top has no JSON");
		hint("\"fetchctl --json status\" tells the same once, \"fetchctl --json watch\" what "
		     "happens.");
		return STATUS_USAGE;
	}
	return top_run(ctl, args_value(args, OPT_SELECT_GROUP), args_value(args, OPT_HOST));
}

const struct cmd cmd_top = {
	.name = "top",
	.usage = CMD_USAGE("[-g GROUP] [--host HOST]"),
	.summary = "show the queue on a full screen, live, with keys that change it",
	.notes = "\"?\" shows the keys, \"q\" leaves; the downloads go on. Needs a terminal; in a pipe, "
		 "\"status\"\n"
		 "shows the same once, and \"watch --json\" tells what happens.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_HOST),
	.run = run,
};
