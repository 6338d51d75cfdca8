/* fetchctl pause */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	return select_and_change(ctl, args, "Pause", "paused");
}

const struct cmd cmd_pause = {
	.name = "pause",
	.usage = CMD_USAGE("ID...", "-g GROUP | --state STATE | --host HOST | --failed | --all"),
	.summary = "stop jobs until they are resumed",
	.notes = "Bytes already fetched are kept.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_STATE, OPT_HOST, OPT_FAILED, OPT_ALL),
	.takes_words = true,
	.run = run,
};
