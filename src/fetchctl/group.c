/* Group: asks what became of one. */
#include "config.h"

#include "fetchctl/group.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/out.h"
#include "job/group.h"

int group_policy_option(const struct args *args, int *ret)
{
	const char *word = args_value(args, OPT_POLICY);

	if (!word)
		return 0;
	*ret = group_policy_parse(word);
	return *ret >= 0 ? 0 : complain(STATUS_USAGE, "--policy %s: it must be collect or fail-fast", word);
}

static bool take_failures(void *state, const json_t *parameters)
{
	return json_array_extend(state, json_object_get(parameters, "jobs")) == 0;
}

static int ask_failures(struct ctl *ctl, const char *name, json_t *failures)
{
	json_t *params = json_pack("{s:{s:s, s:[s]}}", "selection", "group", name, "states", "failed");

	if (!params)
		abort();
	return ctl_stream(ctl, "List", params, take_failures, failures);
}

int group_tell(struct ctl *ctl, const char *name, bool whole)
{
	json_t *reply = NULL, *failures = json_array();
	json_t *params = json_pack("{s:s}", "group", name);
	int status = params ? ctl_call(ctl, "GroupInspect", params, &reply)
			    : complain(STATUS_USAGE, "a group's name is not valid UTF-8");

	if (status == 0)
		status = ask_failures(ctl, name, failures);
	if (status == 0)
		out_group(ctl->out, reply_parameters(reply), failures, whole);
	json_decref(reply);
	json_decref(failures);
	return status;
}
