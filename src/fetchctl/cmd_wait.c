/* fetchctl wait */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/cmd_add.h"
#include "fetchctl/follow.h"
#include "fetchctl/group.h"
#include "fetchctl/select.h"
#include "fetchctl/words.h"

/* The same command again. Caller frees. */
static char *come_back_command(const struct args *args)
{
	const char *group = args_value(args, OPT_SELECT_GROUP);
	CLEANUP_FREE char *quoted = words_shell(group ? group : "");
	const char *hooks = args_has(args, OPT_WAIT_HOOKS) ? " --hooks" : "";
	char *command = group ? xasprintf("wait%s -g %s", hooks, quoted) : xasprintf("wait%s", hooks);

	for (size_t i = 0; i < args->n_words; i++) {
		char *longer = xasprintf("%s %s", command, args->words[i]);

		free(command);
		command = longer;
	}
	return command;
}

/* The ids of a selection that has some. Caller frees. */
static int64_t *selected_ids(const json_t *selection, size_t *ret_n)
{
	const json_t *ids = json_object_get(selection, "ids");
	int64_t *array;

	*ret_n = json_array_size(ids);
	if (*ret_n == 0)
		return NULL;
	array = xcalloc(*ret_n, sizeof(*array));
	for (size_t i = 0; i < *ret_n; i++)
		array[i] = json_integer_value(json_array_get(ids, i));
	return array;
}

/* How many jobs a group has, for progress that hears only of those that run or have ended. */
static int count_group(struct ctl *ctl, const char *group, size_t *ret_n)
{
	static const char *const states[] = {
		"queued", "waiting", "active", "paused", "done", "failed", "cancelled"};
	json_t *reply = NULL, *params = json_pack("{s:s}", "group", group);
	int status = params ? ctl_call(ctl, "GroupInspect", params, &reply)
			    : complain(STATUS_USAGE, "a group's name is not valid UTF-8");
	const json_t *counts = json_object_get(json_object_get(reply_parameters(reply), "group"), "counts");

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		*ret_n += (size_t)json_integer_value(json_object_get(counts, states[i]));
	json_decref(reply);
	return status;
}

/* A group: all that failed is told at once, when all have ended. */
static int wait_group(struct ctl *ctl, struct follow *follow, const char *group)
{
	bool shown = !ctl->settings.quiet && !ctl->settings.json;
	int status = shown ? count_group(ctl, group, &follow->n_expected) : 0, told;

	follow->group = group;
	follow->report = ctl->settings.quiet ? FOLLOW_NOTHING : FOLLOW_LATER;
	if (status == 0)
		status = follow_run(ctl, follow);
	if (ctl->settings.quiet || (status != 0 && status != STATUS_JOB_FAILED))
		return status;
	told = group_tell(ctl, group, false);
	/* Removed with its jobs: that has been told. */
	return told != 0 && told != STATUS_NOT_FOUND ? told : status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct follow follow = {.any = args_has(args, OPT_ANY),
		.hooks = args_has(args, OPT_WAIT_HOOKS),
		.report = FOLLOW_LINES};
	CLEANUP_FREE char *come_back = come_back_command(args);
	CLEANUP_FREE int64_t *ids = NULL;
	const char *group = follow.any ? NULL : args_value(args, OPT_SELECT_GROUP);
	int status = add_timeout(args, &follow.timeout_usec);

	if (status == 0)
		status = select_from_args(args, NULL, &follow.selection);
	if (status != 0)
		return status;
	ids = selected_ids(follow.selection, &follow.n_ids);
	follow.ids = ids;
	follow.come_back = come_back;
	status = group ? wait_group(ctl, &follow, group) : follow_run(ctl, &follow);
	json_decref(follow.selection);
	return status;
}

const struct cmd cmd_wait = {
	.name = "wait",
	.usage = CMD_USAGE("[--any] [--hooks] [--timeout TIME] [ID... | -g GROUP]"),
	.summary = "wait until jobs end, with progress on a terminal",
	.notes =
		"Without ids and group: until all your jobs have ended. The exit status is 1 when one of "
		"them\n"
		"failed or was cancelled; with --any the first to end decides. In a pipe each ended job is "
		"a\n"
		"line of state, id, and path or reason, with tabs between. For a group, what failed is told\n"
		"at the end, and a last line counts its jobs. With --hooks a job has ended when its hooks "
		"have, too,\n"
		"and one that failed counts as a failure; for a group, so do its own.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_ANY, OPT_WAIT_HOOKS, OPT_TIMEOUT),
	.takes_words = true,
	.run = run,
};
