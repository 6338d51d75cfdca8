/* fetchctl help */
#include "config.h"

#include "base/alloc.h"
#include "fetchctl/cmd.h"
#include "fetchctl/help.h"
#include "fetchctl/out.h"

static int run(struct ctl *ctl, const struct args *args)
{
	const struct cmd *cmd = args->n_words > 0 ? cmd_find(args->words[0]) : NULL;
	CLEANUP_FREE char *text = NULL;

	if (args->n_words > 1)
		return complain(STATUS_USAGE, "help takes one command");
	if (args->n_words == 1 && !cmd)
		return cmd_unknown(args->words[0]);
	text = cmd ? help_command(cmd) : help_program();
	out_text(ctl->out, text);
	return 0;
}

const struct cmd cmd_help = {
	.name = "help",
	.usage = CMD_USAGE("[COMMAND]"),
	.summary = "show all commands, or tell more of one",
	.takes_words = true,
	.pages = true,
	.run = run,
};
