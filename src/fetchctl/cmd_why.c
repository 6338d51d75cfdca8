/* fetchctl why: the reason that a job does not run, or why it failed. */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static int run(struct ctl *ctl, const struct args *args)
{
	return select_and_show(ctl, args, out_why);
}

const struct cmd cmd_why = {
	.name = "why",
	.usage = CMD_USAGE("ID..."),
	.summary = "tell why jobs do not run, until when, and what was tried so far",
	.notes = "The one reason, as the scheduler has it; for a job that has ended, what became of it.",
	.takes_words = true,
	.pages = true,
	.run = run,
};
