/* fetchctl __complete: what the shells' completion asks. Not for people: no help names it. */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/complete.h"

static int run(struct ctl *ctl, const struct args *args)
{
	complete_words(ctl, args->words, args->n_words);
	return 0;
}

const struct cmd cmd_complete = {
	.name = "__complete",
	.usage = CMD_USAGE("-- [WORD]..."),
	.takes_words = true,
	.run = run,
};
