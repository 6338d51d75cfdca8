/* fetchctl retry */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	return select_and_change(ctl, args, "Retry", "put back");
}

const struct cmd cmd_retry = {
	.name = "retry",
	.usage = CMD_USAGE("ID...", "-g GROUP | --state STATE | --host HOST | --failed | --all"),
	.summary = "put failed or cancelled jobs back into the queue, or let waiting ones start at once",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_STATE, OPT_HOST, OPT_FAILED, OPT_ALL),
	.takes_words = true,
	.run = run,
};
