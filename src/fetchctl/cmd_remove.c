/* fetchctl remove */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	return select_and_change(ctl, args, "Remove", "removed");
}

const struct cmd cmd_remove = {
	.name = "remove",
	.usage = CMD_USAGE(
		"[--files] ID...", "[--files] -g GROUP | --state STATE | --host HOST | --failed | --all"),
	.summary = "forget jobs: take their records, and end them if they run",
	.notes = "Finished files stay, unless --files is given; unfinished ones are deleted.",
	.options = CMD_OPTIONS(OPT_FILES, OPT_SELECT_GROUP, OPT_STATE, OPT_HOST, OPT_FAILED, OPT_ALL),
	.takes_words = true,
	.run = run,
};
