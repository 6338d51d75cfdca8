/* Help: every word of it stands in the tables of commands and options. */
#include "config.h"

#include "fetchctl/help.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/table.h"
#include "fetchctl/top/top.h"

/* Where the help of an option begins. */
#define HELP_COLUMN 30

static FILE *text_open(char **text, size_t *len)
{
	FILE *to = open_memstream(text, len);

	if (!to)
		abort();
	return to;
}

static void put_option(FILE *to, enum opt_id id)
{
	const struct opt *opt = &opt_table[id];
	CLEANUP_FREE char *letter = opt->letter ? xasprintf("-%c, ", opt->letter) : xstrdup("    ");
	CLEANUP_FREE char *head =
		xasprintf("  %s--%s%s%s", letter, opt->name, opt->arg ? "=" : "", opt->arg ? opt->arg : "");
	int n = (int)text_width(head);

	fputs(head, to);
	if (n > HELP_COLUMN - 2) {
		fputc('\n', to);
		n = 0;
	}
	fprintf(to, "%*s%s\n", HELP_COLUMN - n, "", opt->help);
}

static void put_options(FILE *to, const char *heading, const enum opt_id *ids)
{
	if (!ids)
		return;
	fprintf(to, "\n%s:\n", heading);
	for (; *ids != OPT_END; ids++)
		put_option(to, *ids);
}

static void put_columns(FILE *to, const struct view *view)
{
	fprintf(to, "Columns of %s:\n", view->what);
	for (size_t i = 0; i < view->n_columns; i++)
		fprintf(to, "  %-14s %s\n", view->columns[i].name, view->columns[i].about);
}

char *help_program(void)
{
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	fputs("Usage: fetchctl [OPTION]... COMMAND [ARGUMENT]...\n"
	      "\nDownloads that survive: fetchd keeps a queue of them and carries them out, fetchctl talks "
	      "to it.\n"
	      "\nCommands:\n",
		to);
	for (size_t i = 0; cmd_table[i]; i++)
		if (cmd_table[i]->summary)
			fprintf(to, "  %-9s %s\n", cmd_table[i]->name, cmd_table[i]->summary);
	put_options(to, "Options, before or after the command", opt_global);
	fputs("\n\"fetchctl help COMMAND\" tells more of each; see also fetchctl(1).\n", to);
	fclose(to);
	return text;
}

char *help_command(const struct cmd *cmd)
{
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	for (size_t i = 0; cmd->usage[i]; i++)
		fprintf(to, "%s fetchctl %s%s%s\n", i == 0 ? "Usage:" : "      ", cmd->name,
			*cmd->usage[i] ? " " : "", cmd->usage[i]);
	if (cmd->summary)
		fprintf(to, "\n%s: %s.\n", cmd->name, cmd->summary);
	if (cmd->notes)
		fprintf(to, "%s\n", cmd->notes);
	put_options(to, "Options", cmd->options);
	put_options(to, "Options of every command", opt_global);
	for (size_t i = 0; cmd->views && cmd->views[i]; i++) {
		fputc('\n', to);
		put_columns(to, cmd->views[i]);
	}
	fclose(to);
	return text;
}

char *help_columns(const struct cmd *cmd)
{
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	for (size_t i = 0; cmd->views[i]; i++) {
		fputs(i > 0 ? "\n" : "", to);
		put_columns(to, cmd->views[i]);
	}
	fclose(to);
	return text;
}

/* verb: with a space behind it. */
static void list_options(FILE *to, const char *verb, const enum opt_id *ids)
{
	for (; ids && *ids != OPT_END; ids++) {
		fprintf(to, "%s--%s\n", verb, opt_table[*ids].name);
		if (opt_table[*ids].letter)
			fprintf(to, "%s-%c\n", verb, opt_table[*ids].letter);
	}
}

char *help_list_options(void)
{
	char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	list_options(to, "", opt_global);
	for (size_t i = 0; cmd_table[i] && cmd_table[i]->summary; i++) {
		CLEANUP_FREE char *verb = xasprintf("%s ", cmd_table[i]->name);

		/* Every command has it, also those with no option of their own. */
		list_options(to, verb, (const enum opt_id[]){OPT_HELP, OPT_END});
		list_options(to, verb, cmd_table[i]->options);
	}
	fclose(to);
	return text;
}

char *help_version(void)
{
	return xasprintf("fetchctl %s\njansson %s, libsmartcols %s, %s\n", PACKAGE_VERSION,
		jansson_version_str(), table_library_version(), top_library_version());
}
