/* fetchctl drain */
#include "config.h"

#include "fetchctl/call.h"
#include "fetchctl/cmd.h"

static int run(struct ctl *ctl, const struct args *args)
{
	bool exits = args_has(args, OPT_EXIT), off = args_has(args, OPT_OFF);

	if (exits && off)
		return complain(STATUS_USAGE, "--exit and --off exclude each other");
	return ctl_call(ctl, "Drain", json_pack("{s:b, s:b}", "exit", exits, "off", off), NULL);
}

const struct cmd cmd_drain = {
	.name = "drain",
	.usage = CMD_USAGE("[--exit | --off]"),
	.summary = "let what runs finish, and start nothing new",
	.notes = "Jobs can still be added; they wait. The command returns at once.",
	.options = CMD_OPTIONS(OPT_EXIT, OPT_OFF),
	.run = run,
};
