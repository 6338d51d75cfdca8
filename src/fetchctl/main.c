/* fetchctl: the client of fetchd. From the command line to one command and its exit status. */
#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchctl/cmd.h"
#include "fetchctl/ctl.h"
#include "fetchctl/help.h"
#include "fetchctl/link.h"
#include "fetchctl/option.h"
#include "fetchctl/out.h"
#include "fetchctl/place.h"
#include "wire/frame.h"

static int set_color(struct settings *settings, const char *when)
{
	if (strcmp(when, "auto") == 0)
		settings->color = COLOR_AUTO;
	else if (strcmp(when, "always") == 0)
		settings->color = COLOR_ALWAYS;
	else if (strcmp(when, "never") == 0)
		settings->color = COLOR_NEVER;
	else
		return complain(STATUS_USAGE, "--color %s: it must be auto, always or never", when);
	return 0;
}

/* The options of the program among args, whichever side of the verb they stand on. */
static int take_settings(struct settings *settings, const struct args *args)
{
	const char *color = args_value(args, OPT_COLOR);
	const char *socket = args_value(args, OPT_SOCKET);

	if (socket)
		settings->socket = socket;
	settings->user |= args_has(args, OPT_USER);
	settings->system |= args_has(args, OPT_SYSTEM);
	settings->json |= args_has(args, OPT_JSON);
	settings->quiet |= args_has(args, OPT_QUIET);
	settings->no_pager |= args_has(args, OPT_NO_PAGER);
	settings->no_legend |= args_has(args, OPT_NO_LEGEND);
	return color ? set_color(settings, color) : 0;
}

static int check_words(const struct cmd *cmd, const struct args *args)
{
	if (args->n_words > 0 && !cmd->takes_words)
		return complain(STATUS_USAGE, "%s takes no argument \"%s\"", cmd->name, args->words[0]);
	return 0;
}

static int run_in_place(struct ctl *ctl, const struct cmd *cmd, const struct args *args)
{
	struct place place = {.socket = NULL};
	int status = place_choose(&place, &ctl->settings), written;

	ctl->place = &place;
	if (status == 0) {
		ctl->out = out_new(&ctl->settings, cmd->pages);
		status = cmd->run(ctl, args);
		written = out_close(ctl->out);
		status = status != 0 ? status : written;
	}
	link_close(ctl->link);
	place_done(&place);
	return status;
}

/* Takes text. */
static int show(char *text)
{
	struct settings plain = {.quiet = false};
	struct out *out = out_new(&plain, false);

	out_text(out, text);
	free(text);
	return out_close(out);
}

/* "--columns=help" */
static bool asks_for_columns(const struct cmd *cmd, const struct args *args)
{
	const char *columns = args_value(args, OPT_COLUMNS);

	return cmd->views && columns && strcmp(columns, "help") == 0;
}

static int run_command(struct ctl *ctl, const struct cmd *cmd, int argc, char **argv)
{
	struct args args;
	int status = args_parse(&args, argc, argv, cmd->options, false);

	if (status == 0)
		status = take_settings(&ctl->settings, &args);
	if (status == 0 && args_has(&args, OPT_HELP))
		status = show(help_command(cmd));
	else if (status == 0 && args_has(&args, OPT_VERSION))
		status = show(help_version());
	else if (status == 0 && asks_for_columns(cmd, &args))
		status = show(help_columns(cmd));
	else if (status == 0 && (status = check_words(cmd, &args)) == 0)
		status = run_in_place(ctl, cmd, &args);
	args_done(&args);
	return status;
}

static int missing_command(void)
{
	complain(STATUS_USAGE, "which command?");
	hint("\"fetchctl help\" lists them all.");
	return STATUS_USAGE;
}

/* args: the program's options and, behind them, the command with all that belongs to it. */
static int run(const struct args *args)
{
	struct ctl ctl = {.link = NULL};
	const struct cmd *cmd;
	int status = take_settings(&ctl.settings, args);

	if (status != 0)
		return status;
	if (args_has(args, OPT_LIST_OPTIONS))
		return show(help_list_options());
	if (args_has(args, OPT_HELP) && args->n_words == 0)
		return show(help_program());
	if (args_has(args, OPT_VERSION))
		return show(help_version());
	if (args->n_words == 0)
		return missing_command();
	cmd = cmd_find(args->words[0]);
	if (!cmd)
		return cmd_unknown(args->words[0]);
	if (args_has(args, OPT_HELP))
		return show(help_command(cmd));
	return run_command(&ctl, cmd, (int)args->n_words, args->words);
}

int main(int argc, char **argv)
{
	struct args args;
	int status;

	fileio_hold_standard();
	/* Names are UTF-8 whatever the locale; only widths of characters are asked of it. */
	setlocale(LC_ALL, "");
	if (MB_CUR_MAX == 1)
		setlocale(LC_CTYPE, "C.UTF-8");
	wire_init();
	status = args_parse(&args, argc, argv, NULL, true);
	if (status == 0)
		status = run(&args);
	args_done(&args);
	return status;
}
