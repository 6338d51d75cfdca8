/* fetchctl cancel */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	return select_and_change(ctl, args, "Cancel", "cancelled");
}

const struct cmd cmd_cancel = {
	.name = "cancel",
	.usage = CMD_USAGE("ID...", "-g GROUP | --state STATE | --host HOST | --failed | --all"),
	.summary = "end jobs for good, keeping their records",
	.notes = "Their unfinished files are deleted.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_STATE, OPT_HOST, OPT_FAILED, OPT_ALL),
	.takes_words = true,
	.run = run,
};
