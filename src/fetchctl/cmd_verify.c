/* fetchctl verify: finished files read again. */
#include "config.h"

#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"

static int verify_job(struct ctl *ctl, int64_t id, const void *arg)
{
	const json_t *result;
	json_t *reply;
	bool verified;
	int status = ctl_call(ctl, "Verify", json_pack("{s:I}", "id", (json_int_t)id), &reply);

	(void)arg;
	if (status != 0)
		return status;
	result = reply_parameters(reply);
	verified = json_is_true(json_object_get(result, "verified"));
	out_verified(ctl->out, id, result);
	json_decref(reply);
	/* A large file takes a while: whoever reads along shall see each. */
	status = out_flush(ctl->out);
	return status == 0 && !verified ? STATUS_JOB_FAILED : status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	return select_each(ctl, args, verify_job, NULL);
}

const struct cmd cmd_verify = {
	.name = "verify",
	.usage = CMD_USAGE("ID..."),
	.summary = "read finished files again: are they still what was downloaded?",
	.notes = "Prints a line for each: its id, \"ok\" or \"changed\", and what it hashes to or what is\n"
		 "wrong; \"unproven\" where only the size could be compared.",
	.takes_words = true,
	.run = run,
};
