/* fetchctl list: a row for each job. Without --sort rows are written as they come, in constant memory. */
#include "config.h"

#include <stdlib.h>

#include "base/units.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static bool take_page(void *state, const json_t *parameters)
{
	const json_t *jobs = json_object_get(parameters, "jobs");
	struct out *out = state;

	for (size_t i = 0; i < json_array_size(jobs) && !out_rows_enough(out); i++)
		out_row(out, json_array_get(jobs, i));
	return !out_rows_enough(out);
}

static int parse_limit(const struct args *args, size_t *ret)
{
	const char *value = args_value(args, OPT_LIMIT);
	int64_t n;

	*ret = 0;
	if (!value)
		return 0;
	if (units_parse_int(value, 1, INT64_MAX, &n) < 0)
		return complain(STATUS_USAGE, "--limit %s: not a number of 1 or more", value);
	*ret = (size_t)n;
	return 0;
}

/* Takes selection. reverse: the daemon is to do it. */
static json_t *list_params(
	const struct args *args, const struct shape *shape, bool reverse, json_t *selection)
{
	json_t *params = json_pack("{s:b, s:o*}", "reverse", reverse, "selection", selection);

	if (!params)
		abort();
	if (args_has(args, OPT_MINE))
		json_object_set_new(params, "all_users", json_false());
	else if (args_has(args, OPT_ALL_USERS) || !args_has(args, OPT_SELECT_GROUP))
		json_object_set_new(params, "all_users", json_true());
	/* Sorting needs them all first. */
	if (shape->most > 0 && !shape_gathers(shape))
		json_object_set_new(params, "limit", json_integer((json_int_t)shape->most));
	return params;
}

static int show(struct ctl *ctl, const struct args *args, struct shape *shape)
{
	bool reverse = shape->reverse && shape->sort.n == 0;
	json_t *selection;
	int status = parse_limit(args, &shape->most);

	if (status == 0 && args_has(args, OPT_MINE) && args_has(args, OPT_ALL_USERS))
		status = complain(STATUS_USAGE, "--mine and --all-users exclude each other");
	if (status == 0)
		status = select_from_args(args, NULL, &selection);
	if (status != 0)
		return status;
	shape->reverse &= !reverse;
	out_rows_begin(ctl->out, shape);
	status = ctl_stream(ctl, "List", list_params(args, shape, reverse, selection), take_page, ctl->out);
	out_rows_end(ctl->out);
	return status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct shape shape;
	int status = shape_read(&shape, &view_jobs, args, ctl->settings.json);

	if (status == 0)
		status = show(ctl, args, &shape);
	shape_done(&shape);
	return status;
}

const struct cmd cmd_list = {
	.name = "list",
	.usage = CMD_USAGE("[OPTION]..."),
	.summary = "list jobs: all of them, unless narrowed",
	.notes = "In a pipe: one line a job, with tabs between id, state, received, size, speed, priority,\n"
		 "group, host, note, name and url, or the --columns; numbers plain, \"-\" for what is not "
		 "known.",
	.options = CMD_OPTIONS(OPT_STATE, OPT_SELECT_GROUP, OPT_HOST, OPT_HOOK_STATE, OPT_MINE, OPT_ALL_USERS,
		OPT_LIMIT, CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_jobs),
	.pages = true,
	.run = run,
};
