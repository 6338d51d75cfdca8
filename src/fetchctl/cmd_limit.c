/* fetchctl limit: the limits of the running daemon. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/suggest.h"
#include "job/limit.h"

/* Each of them, or that of this name, is told; value is handed on. */
static int each_limit(struct ctl *ctl, const char *name,
	void (*tell)(struct ctl *ctl, const json_t *limit, int64_t value), int64_t value)
{
	json_t *reply;
	const json_t *limit;
	size_t i;
	int status = ctl_call(ctl, "Limits", NULL, &reply);

	if (status != 0)
		return status;
	json_array_foreach(json_object_get(reply_parameters(reply), "limits"), i, limit)
	{
		const char *its = json_string_value(json_object_get(limit, "name"));

		if (!name || (its && strcmp(its, name) == 0))
			tell(ctl, limit, value);
	}
	json_decref(reply);
	return 0;
}

static void tell_row(struct ctl *ctl, const json_t *limit, int64_t value)
{
	(void)value;
	out_row(ctl->out, limit);
}

static int show(struct ctl *ctl, const struct args *args, const char *name)
{
	struct shape shape;
	int status = shape_read(&shape, &view_limits, args, ctl->settings.json);

	shape.bare = name;
	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = each_limit(ctl, name, tell_row, 0);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

/* Something else holds than what was set just now. */
static void tell_other(struct ctl *ctl, const json_t *limit, int64_t value)
{
	const char *window = json_string_value(json_object_get(limit, "window"));
	int64_t now = json_integer_value(json_object_get(limit, "value"));
	CLEANUP_FREE char *shown = window ? text_escape(window) : NULL;

	if (now == value || ctl->settings.quiet)
		return;
	hint("%s%s holds now: %lld.", shown ? "The window " : "What the daemon was started with",
		shown ? shown : "", (long long)now);
}

static int unknown(const char *name)
{
	struct suggest suggest;

	suggest_init(&suggest, name);
	for (int i = 0; i < LIMITS_N; i++)
		suggest_offer(&suggest, limit_info((enum limit)i)->name);
	complain(STATUS_USAGE, "there is no limit \"%s\"", name);
	if (suggest.best)
		hint("Did you mean \"%s\"?", suggest.best);
	else
		hint("\"fetchctl limit\" shows them all.");
	return STATUS_USAGE;
}

static const char *unit_name(enum limit_unit unit)
{
	switch (unit) {
	case LIMIT_COUNT: return "number";
	case LIMIT_BYTES: return "size (bytes, with K, M or G)";
	case LIMIT_RATE: return "rate (bytes a second, with K, M or G)";
	}
	return "value";
}

/* What a limit may be is the daemon's to say: a group's may be 0 where the daemon's own may not. */
static int read_value(enum limit limit, const char *text, int64_t *ret)
{
	enum limit_unit unit = limit_info(limit)->unit;
	int err = unit == LIMIT_COUNT	? units_parse_int(text, INT64_MIN, INT64_MAX, ret)
		  : unit == LIMIT_BYTES ? units_parse_size(text, ret)
					: units_parse_rate(text, ret);

	if (err)
		return complain(
			STATUS_USAGE, "%s %s: it is no %s", limit_info(limit)->name, text, unit_name(unit));
	return 0;
}

static int check_form(const struct args *args)
{
	bool reset = args_has(args, OPT_RESET);
	bool whose = args_has(args, OPT_OF_GROUP) || args_has(args, OPT_OF_HOST);

	if (args_has(args, OPT_OF_GROUP) && args_has(args, OPT_OF_HOST))
		return complain(STATUS_USAGE, "--group and --host exclude each other");
	if (args->n_words > 2)
		return complain(STATUS_USAGE, "limit takes no argument \"%s\"", args->words[2]);
	if (reset && args->n_words == 2)
		return complain(STATUS_USAGE, "a value and --reset exclude each other");
	if (reset && args_has(args, OPT_SAVE))
		return complain(STATUS_USAGE, "--save and --reset exclude each other");
	if (shape_wanted(args) && (reset || args->n_words == 2))
		return complain(STATUS_USAGE, "--columns, --sort and --reverse are for showing limits");
	if (args->n_words == 0 && (reset || whose || args_has(args, OPT_SAVE)))
		return complain(STATUS_USAGE, "which limit?");
	if (args->n_words == 1 && !reset && (whose || args_has(args, OPT_SAVE)))
		return complain(STATUS_USAGE, "%s to what?", args->words[0]);
	return 0;
}

static int set(struct ctl *ctl, const struct args *args, const char *name, const int64_t *value)
{
	json_t *params = json_pack("{s:s, s:b}", "name", name, "save", args_has(args, OPT_SAVE));
	const char *group = args_value(args, OPT_OF_GROUP), *host = args_value(args, OPT_OF_HOST);
	int status;

	if (!params || (value && json_object_set_new(params, "value", json_integer(*value)) < 0))
		abort();
	if ((group && json_object_set_new(params, "group", json_string(group)) < 0) ||
		(host && json_object_set_new(params, "host", json_string(host)) < 0)) {
		json_decref(params);
		return complain(STATUS_USAGE, "the name is no UTF-8");
	}
	status = ctl_call(ctl, "SetLimit", params, NULL);
	if (status != 0 || !value || group || host)
		return status;
	return each_limit(ctl, name, tell_other, *value);
}

static int run(struct ctl *ctl, const struct args *args)
{
	const char *name = args->n_words > 0 ? args->words[0] : NULL;
	int limit = name ? limit_parse(name) : 0, status = check_form(args);
	int64_t value;

	if (status != 0)
		return status;
	if (limit < 0)
		return unknown(name);
	if (args_has(args, OPT_RESET))
		return set(ctl, args, name, NULL);
	if (args->n_words < 2)
		return show(ctl, args, name);
	status = read_value((enum limit)limit, args->words[1], &value);
	return status != 0 ? status : set(ctl, args, name, &value);
}

const struct cmd cmd_limit = {
	.name = "limit",
	.usage = CMD_USAGE("[NAME]", "[-g GROUP | --host ORIGIN] NAME VALUE [--save]",
		"[-g GROUP | --host ORIGIN] NAME --reset"),
	.summary = "show or change the limits of the running daemon",
	.notes = "They take effect on what runs now. Where a value comes from: default, file, saved, "
		 "override\n"
		 "(the daemon's command line), command (until the next start), window (of the calendar).\n"
		 "A group can have a limit-rate, an origin a limit-rate and max-active; these are kept.",
	.options = CMD_OPTIONS(OPT_OF_GROUP, OPT_OF_HOST, OPT_SAVE, OPT_RESET, CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_limits),
	.takes_words = true,
	.run = run,
};
