/* Selection: ids, or what narrows all jobs; never both, since "ids of that group" is more likely a slip than
 * a wish. */
#include "config.h"

#include "fetchctl/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/units.h"
#include "fetchctl/call.h"
#include "fetchctl/out.h"
#include "job/job.h"

static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) < 0)
		abort();
}

json_t *select_ids(const int64_t *ids, size_t n)
{
	json_t *selection = json_object(), *array = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, json_integer(ids[i])) < 0)
			abort();
	set(selection, "ids", array);
	return selection;
}

int select_read_ids(const struct args *args, int64_t **ret)
{
	int64_t *ids = args->n_words > 0 ? xcalloc(args->n_words, sizeof(*ids)) : NULL;

	*ret = ids;
	for (size_t i = 0; i < args->n_words; i++)
		if (units_parse_int(args->words[i], 1, INT64_MAX, &ids[i]) < 0)
			return complain(STATUS_USAGE, "\"%s\" is not a job id", args->words[i]);
	return 0;
}

int select_each(struct ctl *ctl, const struct args *args,
	int (*each)(struct ctl *ctl, int64_t id, const void *arg), const void *arg)
{
	CLEANUP_FREE int64_t *ids = NULL;
	int highest = select_read_ids(args, &ids);

	if (highest == 0 && args->n_words == 0)
		return complain(STATUS_USAGE, "which jobs?");
	if (highest != 0)
		return highest;
	for (size_t i = 0; i < args->n_words; i++) {
		int status = each(ctl, ids[i], arg);

		if (status >= STATUS_UNREACHABLE)
			return status;
		highest = status > highest ? status : highest;
	}
	return highest;
}

static int show(struct ctl *ctl, int64_t id, const void *arg)
{
	const inspection_writer *write = arg;
	json_t *reply;
	int status = ctl_call(ctl, "Inspect", json_pack("{s:I}", "id", (json_int_t)id), &reply);

	if (status != 0)
		return status;
	(*write)(ctl->out, reply_parameters(reply));
	json_decref(reply);
	return 0;
}

int select_and_show(struct ctl *ctl, const struct args *args, inspection_writer write)
{
	return select_each(ctl, args, show, &write);
}

static int from_words(const struct args *args, json_t **ret)
{
	CLEANUP_FREE int64_t *ids = NULL;
	int status = select_read_ids(args, &ids);

	if (status == 0)
		*ret = select_ids(ids, args->n_words);
	return status;
}

/* "failed,paused" */
static int parse_states(const char *words, json_t *states)
{
	while (*words) {
		size_t n = strcspn(words, ",");
		CLEANUP_FREE char *word = xstrndup(words, n);

		if (job_state_parse(word) < 0) {
			complain(STATUS_USAGE, "\"%s\" is not a state", word);
			hint("States are queued, waiting, active, paused, done, failed and cancelled.");
			return STATUS_USAGE;
		}
		json_array_append_new(states, json_string(word));
		words += n + (words[n] == ',');
	}
	return 0;
}

/* json_string() refuses what is not UTF-8. */
static int set_string(json_t *selection, const char *name, const char *value)
{
	json_t *string = value ? json_string(value) : NULL;

	if (value && (!string || !*value)) {
		json_decref(string);
		return complain(STATUS_USAGE, "--%s: empty, or not valid UTF-8", name);
	}
	if (string)
		set(selection, name, string);
	return 0;
}

static int set_states(json_t *selection, const struct args *args)
{
	const char *words = args_value(args, OPT_STATE);
	json_t *states;
	int status = 0;

	if (!words && !args_has(args, OPT_FAILED))
		return 0;
	states = json_array();
	if (args_has(args, OPT_FAILED))
		json_array_append_new(states, json_string(job_state_name(JOB_FAILED)));
	if (words)
		status = parse_states(words, states);
	if (status == 0 && json_array_size(states) == 0)
		status = complain(STATUS_USAGE, "--state: no state is named");
	set(selection, "states", states);
	return status;
}

/* "pending,failed" */
static int set_hooks(json_t *selection, const struct args *args)
{
	const char *words = args_value(args, OPT_HOOK_STATE), *word;
	json_t *states = words ? json_array() : NULL;
	size_t n;

	while (job_hook_next_name(&words, &word, &n)) {
		CLEANUP_FREE char *one = xstrndup(word, n);

		if (job_hook_state_parse(one) < JOB_HOOK_PENDING) {
			json_decref(states);
			complain(STATUS_USAGE, "--hook: \"%s\" is not a state of hooks", one);
			hint("States are pending, running, ok and failed.");
			return STATUS_USAGE;
		}
		json_array_append_new(states, json_string(one));
	}
	if (states && json_array_size(states) == 0) {
		json_decref(states);
		return complain(STATUS_USAGE, "--hook: no state is named");
	}
	if (states)
		set(selection, "hooks", states);
	return 0;
}

static int from_options(const struct args *args, const char *group, json_t *selection)
{
	int status = set_states(selection, args);

	if (status == 0)
		status = set_string(selection, "group", group ? group : args_value(args, OPT_SELECT_GROUP));
	if (status == 0)
		status = set_string(selection, "host", args_value(args, OPT_HOST));
	if (status == 0)
		status = set_hooks(selection, args);
	if (args_has(args, OPT_ALL))
		set(selection, "all", json_true());
	return status;
}

int select_from_args(const struct args *args, const char *group, json_t **ret)
{
	json_t *selection = json_object();
	int status = from_options(args, group, selection);

	*ret = NULL;
	if (status == 0 && args->n_words > 0) {
		if (json_object_size(selection) > 0)
			status = complain(
				STATUS_USAGE, "give job ids, or options that select jobs, but not both");
		else
			status = from_words(args, ret);
	} else if (status == 0 && json_object_size(selection) > 0) {
		*ret = json_incref(selection);
	}
	json_decref(selection);
	return status;
}

int select_nothing(void)
{
	complain(STATUS_USAGE, "which jobs?");
	hint("Give job ids, -g GROUP, --state STATE, --host HOST, --failed or --all.");
	return STATUS_USAGE;
}

int select_and_change(struct ctl *ctl, const struct args *args, const char *method, const char *done)
{
	json_t *selection, *params, *reply;
	int status = select_from_args(args, NULL, &selection);

	if (status != 0)
		return status;
	if (!selection)
		return select_nothing();
	params = json_pack("{s:o}", "selection", selection);
	if (args_has(args, OPT_FILES))
		set(params, "files", json_true());
	if (args_has(args, OPT_RETRY_HOOKS))
		set(params, "hooks", json_true());
	status = ctl_call(ctl, method, params, &reply);
	if (status != 0)
		return status;
	/* Ids are named one by one: silence is success, as with systemctl(1). */
	out_changed(ctl->out, done, json_integer_value(json_object_get(reply_parameters(reply), "changed")),
		args->n_words == 0);
	json_decref(reply);
	return 0;
}
