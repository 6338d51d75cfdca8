/* Help: what the tables of commands and options say, as text. Each result is freed by the caller. */
#ifndef FETCHCTL_HELP_H
#define FETCHCTL_HELP_H

#include "fetchctl/cmd.h"

/* All commands and the options of the program. */
char *help_program(void);
char *help_command(const struct cmd *cmd);
/* What --columns and --sort of a command know. */
char *help_columns(const struct cmd *cmd);
/* For completion scripts: "VERB OPTION" a line; the options of the program come first, alone on theirs. */
char *help_list_options(void);
/* fetchctl and its libraries. */
char *help_version(void);

#endif
