/* fetchctl group */
#include "config.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/group.h"
#include "fetchctl/out.h"
#include "fetchctl/timecond.h"
#include "wire/groupjson.h"

/* Takes params; NULL is what a name that is not UTF-8 makes of them. */
static int call_named(struct ctl *ctl, const char *method, json_t *params)
{
	if (!params)
		return complain(STATUS_USAGE, "a group's name is not valid UTF-8");
	return ctl_call(ctl, method, params, NULL);
}

/* ---- list */

static bool take_page(void *state, const json_t *parameters)
{
	const json_t *groups = json_object_get(parameters, "groups");

	for (size_t i = 0; i < json_array_size(groups); i++)
		out_row(state, json_array_get(groups, i));
	return true;
}

static int list(struct ctl *ctl, const struct args *args)
{
	struct shape shape;
	int status;

	if (args->n_words > 1)
		return complain(STATUS_USAGE, "group list takes no name");
	status = shape_read(&shape, &view_groups, args, ctl->settings.json);
	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status =
			ctl_stream(ctl, "GroupList", json_pack("{s:b}", "all_users", 1), take_page, ctl->out);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

/* ---- create */

/* "2h" from now, or a time. 0, or the exit status after a message. */
static int set_deadline(json_t *params, const char *value)
{
	int64_t span, at;

	if (units_parse_span(value, &span) == 0 && span != USEC_INFINITY)
		at = usec_add(clock_wall_usec(), span);
	else if (timecond_parse_ahead(value, clock_wall_usec(), &at) < 0)
		return complain(STATUS_USAGE,
			"--deadline %s: not a time such as 2h, \"2026-12-24 18:00\" or \"tomorrow 06:00\"",
			value);
	json_object_set_new(params, "deadline_usec", json_integer(at));
	return 0;
}

static int set_limit_rate(json_t *params, const char *value)
{
	int64_t rate;

	if (units_parse_rate(value, &rate) < 0)
		return complain(STATUS_USAGE, "--limit-rate %s: not a rate such as 500K or 2M", value);
	json_object_set_new(params, "limit_rate", json_integer(rate));
	return 0;
}

/* "none" as with add. */
static int set_hooks(json_t *params, const struct args *args)
{
	json_t *names = json_array();
	const char *value;
	size_t at = 0;

	while ((value = args_next(args, OPT_GROUP_HOOK, &at))) {
		json_t *name = json_string(value);

		if (!name || !*value) {
			json_decref(name);
			json_decref(names);
			return complain(STATUS_USAGE, "--hook: empty, or not valid UTF-8");
		}
		if (strcmp(value, "none") == 0)
			json_array_clear(names);
		if (strcmp(value, "none") == 0)
			json_decref(name);
		else
			json_array_append_new(names, name);
	}
	json_object_set_new(params, "hooks", names);
	return 0;
}

static int set_options(json_t *params, const struct args *args)
{
	const char *deadline = args_value(args, OPT_GROUP_DEADLINE);
	const char *limit_rate = args_value(args, OPT_GROUP_LIMIT_RATE);
	int policy = -1, status = group_policy_option(args, &policy);

	if (status == 0 && policy >= 0)
		json_object_set_new(
			params, "policy", json_string(wire_policy_name((enum group_policy)policy)));
	if (status == 0 && deadline)
		status = set_deadline(params, deadline);
	if (status == 0 && limit_rate)
		status = set_limit_rate(params, limit_rate);
	if (status == 0 && args_has(args, OPT_GROUP_HOOK))
		status = set_hooks(params, args);
	return status;
}

static int create(struct ctl *ctl, const struct args *args)
{
	json_t *params = json_pack("{s:s}", "group", args->words[1]);
	int status = params ? set_options(params, args) : 0;

	if (status == 0)
		return call_named(ctl, "GroupCreate", params);
	json_decref(params);
	return status;
}

/* ---- the verb */

static int show(struct ctl *ctl, const struct args *args)
{
	struct shape shape;
	int status = shape_read(&shape, &view_failures, args, ctl->settings.json);

	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = group_tell(ctl, args->words[1], true);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

static int remove_group(struct ctl *ctl, const struct args *args)
{
	return call_named(ctl, "GroupRemove", json_pack("{s:s}", "group", args->words[1]));
}

static const struct {
	const char *word;
	bool named;
	int (*run)(struct ctl *ctl, const struct args *args);
} actions[] = {{"list", false, list}, {"show", true, show}, {"create", true, create},
	{"remove", true, remove_group}};

static bool has_options(const struct args *args)
{
	return args_has(args, OPT_POLICY) || args_has(args, OPT_GROUP_DEADLINE) ||
	       args_has(args, OPT_GROUP_LIMIT_RATE) || args_has(args, OPT_GROUP_HOOK);
}

static int run(struct ctl *ctl, const struct args *args)
{
	const char *word = args->n_words > 0 ? args->words[0] : "list";
	size_t i = 0;

	while (i < ARRAY_LEN(actions) && strcmp(actions[i].word, word) != 0)
		i++;
	if (i == ARRAY_LEN(actions)) {
		complain(STATUS_USAGE, "there is no \"group %s\"", word);
		hint("There are list, show, create and remove.");
		return STATUS_USAGE;
	}
	if (actions[i].named && args->n_words != 2)
		return complain(STATUS_USAGE, "group %s: which group?", word);
	if (has_options(args) && actions[i].run != create)
		return complain(
			STATUS_USAGE, "--policy, --deadline, --limit-rate and --hook are for group create");
	if (shape_wanted(args) && actions[i].run != list && actions[i].run != show)
		return complain(
			STATUS_USAGE, "--columns, --sort and --reverse are for group list and group show");
	return actions[i].run(ctl, args);
}

const struct cmd cmd_group = {
	.name = "group",
	.usage = CMD_USAGE("[list]", "show GROUP", "create [OPTION]... GROUP", "remove GROUP"),
	.summary = "list, show and make groups of jobs",
	.notes = "\"add --group\" makes a group on first use, which collects failures: all its jobs run to "
		 "their\n"
		 "end. In one with --policy=fail-fast the first job that fails cancels the others. "
		 "\"remove\"\n"
		 "takes an empty group; with the record of its last job a group goes by itself.",
	.options = CMD_OPTIONS(
		OPT_POLICY, OPT_GROUP_DEADLINE, OPT_GROUP_LIMIT_RATE, OPT_GROUP_HOOK, CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_groups, &view_failures),
	.takes_words = true,
	.pages = true,
	.run = run,
};
