/* fetchctl get: add, and stay until the files are there. */
#include "config.h"

#include "fetchctl/cmd.h"
#include "fetchctl/cmd_add.h"

static int run_with(struct ctl *ctl, const struct args *args, struct adder *adder)
{
	int64_t timeout_usec;
	int status = add_timeout(args, &timeout_usec);

	if (status == 0)
		status = add_gather(ctl, args, true, adder);
	if (status == 0)
		status = adder_send(adder, ctl, NULL);
	if (status == 0)
		status = add_follow(ctl, args, adder, timeout_usec, FOLLOW_PATHS);
	return status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct adder *adder = adder_new();
	int status = run_with(ctl, args, adder);

	adder_free(adder);
	return status;
}

const struct cmd cmd_get = {
	.name = "get",
	.usage = CMD_USAGE("[OPTION]... URL...", "[OPTION]... -i FILE", "[OPTION]... -"),
	.summary = "download now: add, show progress, wait, exit by the outcome",
	.notes = "Files go to the working directory unless --dir says otherwise; in a pipe the path of each\n"
		 "finished file is printed. Ctrl-C leaves the downloads running. Many options of curl and "
		 "wget are\n"
		 "understood as they spell them: see fetchctl(1).",
	.options = CMD_OPTIONS(ADD_OPTIONS),
	.takes_words = true,
	.run = run,
};
