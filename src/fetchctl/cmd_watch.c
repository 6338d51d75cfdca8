/* fetchctl watch: events as they happen. When the daemon goes away and comes back, the stream goes on where
 * it broke. */
#include "config.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchctl/absence.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/eventline.h"
#include "fetchctl/link.h"
#include "fetchctl/onfinish.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

struct watch {
	json_t *selection;     /* or NULL */
	int64_t since;	       /* the last event seen; -1: none */
	const char *format;    /* or NULL */
	const char *on_finish; /* or NULL */
	struct absence absence;
};

static bool send_watch(struct ctl *ctl, const struct watch *watch)
{
	json_t *params = json_pack("{s:O*}", "selection", watch->selection);

	if (!params)
		abort();
	if (!watch->selection)
		json_object_set_new(params, "all_users", json_true());
	if (watch->since >= 0)
		json_object_set_new(params, "since", json_integer(watch->since));
	return link_send_call(ctl->link, "Watch", params, true);
}

static void lose_link(struct ctl *ctl, struct watch *watch)
{
	if (absence_begin(&watch->absence, ctl) && !ctl->settings.quiet)
		hint(ABSENCE_NOTICE);
}

static void tell_event(struct ctl *ctl, const struct watch *watch, const json_t *event)
{
	if (watch->format) {
		CLEANUP_FREE char *line = eventline(watch->format, event);

		out_text(ctl->out, line);
	} else if (!watch->on_finish || !ctl->settings.quiet) {
		out_event(ctl->out, event);
	}
}

/* 0: go on; -1: the stream has ended; else the exit status after a message. */
static int take_event(struct ctl *ctl, struct watch *watch, const json_t *reply)
{
	const json_t *event = json_object_get(reply_parameters(reply), "event");
	const json_t *id = json_object_get(event, "id");
	int status = 0;

	absence_end(&watch->absence);
	if (json_is_integer(id))
		watch->since = json_integer_value(id);
	if (event)
		tell_event(ctl, watch, event);
	/* A line is of use only while it is new; but many at once need not leave one by one. */
	if (watch->on_finish || !link_has_more(ctl->link))
		status = out_flush(ctl->out);
	if (event && watch->on_finish && status == 0)
		onfinish(watch->on_finish, event);
	return status == 0 && !reply_continues(reply) ? -1 : status;
}

static int take_reply(struct ctl *ctl, struct watch *watch, const json_t *reply)
{
	struct problem problem;
	int status = 0;

	if (!reply_problem(reply, &problem))
		return take_event(ctl, watch, reply);
	/* A daemon that is about to stop says so. */
	if (problem.status == STATUS_TRY_AGAIN)
		lose_link(ctl, watch);
	else
		status = complain(problem.status, "%s", problem.message);
	problem_done(&problem);
	return status;
}

static int try_link(struct ctl *ctl, struct watch *watch)
{
	if (absence_too_long(&watch->absence))
		return absence_complain(ctl);
	absence_try(ctl, NULL);
	if (ctl->link && !send_watch(ctl, watch))
		lose_link(ctl, watch);
	return 0;
}

static int step(struct ctl *ctl, struct watch *watch)
{
	json_t *reply = NULL;
	int status = 0;

	if (!ctl->link)
		return try_link(ctl, watch);
	switch (link_next(ctl->link, USEC_INFINITY, NULL, &reply)) {
	case LINK_REPLY: status = take_reply(ctl, watch, reply); break;
	case LINK_TIMEOUT:
	case LINK_SIGNAL: break;
	case LINK_LOST:
	case LINK_GARBAGE: lose_link(ctl, watch); break;
	}
	json_decref(reply);
	return status;
}

static int parse_since(const struct args *args, int64_t *ret)
{
	const char *value = args_value(args, OPT_SINCE);

	*ret = -1;
	if (value && units_parse_int(value, 0, INT64_MAX, ret) < 0)
		return complain(STATUS_USAGE, "--since %s: not the number of an event", value);
	return 0;
}

/* It may come yet. */
static int look_for_group(struct ctl *ctl, const char *group)
{
	struct problem problem;
	json_t *reply = NULL;
	int status;

	if (!group || ctl->settings.quiet ||
		!link_send_call(ctl->link, "GroupInspect", json_pack("{s:s}", "group", group), false))
		return 0;
	status = link_next(ctl->link, USEC_INFINITY, NULL, &reply) == LINK_REPLY ? 0 : ctl_lost(ctl);
	if (status == 0 && reply_problem(reply, &problem)) {
		if (problem.status == STATUS_NOT_FOUND)
			hint("There is no group %s yet: its jobs are told when it comes.", group);
		problem_done(&problem);
	}
	json_decref(reply);
	return status;
}

static int parse_form(const struct ctl *ctl, const struct args *args, struct watch *watch)
{
	const char *why;

	watch->format = args_value(args, OPT_FORMAT);
	watch->on_finish = args_value(args, OPT_ON_FINISH);
	if (watch->format && ctl->settings.json)
		return complain(STATUS_USAGE, "--format and --json are two forms: give one");
	why = watch->format ? eventline_check(watch->format) : NULL;
	return why ? complain(STATUS_USAGE, "--format %s: %s", watch->format, why) : 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct watch watch = {.since = -1};
	int status = parse_since(args, &watch.since);

	if (status == 0)
		status = parse_form(ctl, args, &watch);

	if (status == 0)
		status = select_from_args(args, NULL, &watch.selection);
	if (status != 0)
		return status;
	status = ctl_link(ctl);
	if (status == 0)
		status = look_for_group(ctl, args_value(args, OPT_SELECT_GROUP));
	if (status == 0 && !send_watch(ctl, &watch))
		status = ctl_lost(ctl);
	while (status == 0)
		status = step(ctl, &watch);
	json_decref(watch.selection);
	return status < 0 ? 0 : status;
}

const struct cmd cmd_watch = {
	.name = "watch",
	.usage = CMD_USAGE("[--since CURSOR] [--format FORMAT] [--on-finish COMMAND] [ID... | -g GROUP]"),
	.summary = "print a line for each event as it happens",
	.notes = "In a pipe: tabs between the event's number (the CURSOR of --since), time, kind, job id, "
		 "name\n"
		 "and detail. With --json one object a line. Ends with Ctrl-C.",
	.options = CMD_OPTIONS(OPT_SELECT_GROUP, OPT_SINCE, OPT_FORMAT, OPT_ON_FINISH),
	.takes_words = true,
	.run = run,
};
