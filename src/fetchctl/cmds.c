/* The table of commands. */
#include "config.h"

#include "fetchctl/cmd.h"

#include <string.h>

#include "fetchctl/suggest.h"

const struct cmd *const cmd_table[] = {
	&cmd_add,
	&cmd_get,
	&cmd_status,
	&cmd_list,
	&cmd_why,
	&cmd_hosts,
	&cmd_wait,
	&cmd_watch,
	&cmd_top,
	&cmd_pause,
	&cmd_resume,
	&cmd_cancel,
	&cmd_retry,
	&cmd_remove,
	&cmd_group,
	&cmd_edit,
	&cmd_verify,
	&cmd_backup,
	&cmd_limit,
	&cmd_drain,
	&cmd_metrics,
	&cmd_ping,
	&cmd_version,
	&cmd_help,
	&cmd_complete,
	NULL,
};

const struct cmd *cmd_find(const char *name)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (strcmp(cmd_table[i]->name, name) == 0)
			return cmd_table[i];
	return NULL;
}

int cmd_unknown(const char *name)
{
	struct suggest suggest;

	suggest_init(&suggest, name);
	for (size_t i = 0; cmd_table[i]; i++)
		if (cmd_table[i]->summary)
			suggest_offer(&suggest, cmd_table[i]->name);
	complain(STATUS_USAGE, "there is no command \"%s\"", name);
	if (suggest.best)
		hint("Did you mean \"fetchctl %s\"?", suggest.best);
	else
		hint("\"fetchctl help\" lists them all.");
	return STATUS_USAGE;
}
