/* fetchctl retry */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	bool hooks = args_has(args, OPT_RETRY_HOOKS);

	return select_and_change(ctl, args, "Retry", hooks ? "begun anew: hooks of" : "put back");
}

const struct cmd cmd_retry = {
	.name = "retry",
	.usage = CMD_USAGE(
		"[--hooks] ID...", "[--hooks] -g GROUP | --state STATE | --host HOST | --failed | --all"),
	.summary = "put failed or cancelled jobs back into the queue, or let waiting ones start at once",
	.notes = "With --hooks the jobs stay as they are: those of their hooks that have failed for good are "
		 "run "
		 "again,\n"
		 "with all their attempts; with -g the group's own, too. \"list --hook failed\" shows which "
		 "there are.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_STATE, OPT_HOST, OPT_FAILED, OPT_ALL, OPT_RETRY_HOOKS),
	.takes_words = true,
	.run = run,
};
