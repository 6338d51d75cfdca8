/* fetchctl add and its common part with get: from URLs and lists to jobs in the queue. */
#include "config.h"

#include "fetchctl/cmd_add.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchctl/adder.h"
#include "fetchctl/cmd.h"
#include "fetchctl/follow.h"
#include "fetchctl/list.h"
#include "fetchctl/out.h"
#include "fetchctl/spec.h"

/* Ids named in the hint after Ctrl-C. */
#define IDS_SHOWN 8

/* What there is to add, before the first word of it is read. */
struct wanted {
	size_t n_urls;
	size_t n_lists;
	size_t n_outputs;
};

static struct wanted count_wanted(const struct args *args)
{
	struct wanted wanted = {.n_urls = 0};

	for (size_t i = 0; i < args->n_words; i++)
		if (strcmp(args->words[i], "-") == 0)
			wanted.n_lists++;
		else
			wanted.n_urls++;
	for (size_t i = 0; i < args->n_options; i++) {
		wanted.n_lists += args->options[i].id == OPT_INPUT_FILE;
		wanted.n_outputs += args->options[i].id == OPT_OUTPUT;
	}
	return wanted;
}

/* Options that mean one file only. */
static int check_single(const struct args *args, enum opt_id id, const struct wanted *wanted)
{
	if (!args_has(args, id) || (wanted->n_lists == 0 && wanted->n_urls == 1))
		return 0;
	return complain(STATUS_USAGE, "--%s is for one URL%s", opt_table[id].name,
		wanted->n_lists > 0 ? "; in a list give each its own" : "");
}

static int check_wanted(const struct args *args)
{
	const struct wanted wanted = count_wanted(args);
	int status;

	if (wanted.n_urls + wanted.n_lists == 0)
		return complain(STATUS_USAGE, "which URL?");
	if (wanted.n_outputs > 0 && wanted.n_lists > 0)
		return complain(
			STATUS_USAGE, "--output is for URLs; in a list write \"out=NAME\" below the URL");
	if (wanted.n_outputs > 0 && wanted.n_outputs != wanted.n_urls)
		return complain(
			STATUS_USAGE, "%zu names (--output) for %zu URLs", wanted.n_outputs, wanted.n_urls);
	status = check_single(args, OPT_KEY, &wanted);
	return status != 0 ? status : check_single(args, OPT_CHECKSUM, &wanted);
}

static int put_url(const char *url, const char *output, const struct job *defaults, struct adder *adder)
{
	struct job *job = job_dup(defaults);
	const char *why = spec_set_url(job, url);
	/* As the daemon would have it: a bad URL is no misuse of the program. */
	int status = why ? complain(STATUS_REFUSED, "%s: %s", url, why) : 0;

	why = status == 0 && output ? spec_set_output(job, output) : NULL;
	if (why)
		status = complain(STATUS_USAGE, "--output %s: %s", output, why);
	if (status == 0)
		adder_put(adder, job, url, 0);
	job_free(job);
	return status;
}

static int gather(const struct args *args, const struct job *defaults, struct adder *adder)
{
	size_t next_list = 0, next_output = 0;
	const char *file;
	int status = 0;

	while (status == 0 && (file = args_next(args, OPT_INPUT_FILE, &next_list)))
		status = list_read(file, defaults, adder);
	for (size_t i = 0; i < args->n_words && status == 0; i++) {
		if (strcmp(args->words[i], "-") == 0)
			status = list_read("-", defaults, adder);
		else
			status = put_url(
				args->words[i], args_next(args, OPT_OUTPUT, &next_output), defaults, adder);
	}
	return status;
}

int add_gather(const struct args *args, bool here, struct adder *adder)
{
	struct job defaults;
	int status = spec_from_args(&defaults, args);
	const char *why;

	if (status == 0)
		status = check_wanted(args);
	if (status == 0 && here && !defaults.dir) {
		why = spec_set_dir(&defaults, ".", NULL);
		if (why)
			status = complain(STATUS_USAGE, "the working directory: %s", why);
	}
	if (status == 0)
		status = gather(args, &defaults, adder);
	job_done(&defaults);
	return status;
}

int add_timeout(const struct args *args, int64_t *ret_usec)
{
	const char *value = args_value(args, OPT_TIMEOUT);

	*ret_usec = USEC_INFINITY;
	if (value && units_parse_span(value, ret_usec) < 0)
		return complain(STATUS_USAGE, "--timeout %s: not a time such as 30s or 5min", value);
	return 0;
}

static char *come_back_command(const struct args *args, const int64_t *ids, size_t n)
{
	const char *group = args_value(args, OPT_GROUP);
	char *command, *longer;

	if (group)
		return xasprintf("wait -g %s", group);
	command = xstrdup("wait");
	for (size_t i = 0; i < n && n <= IDS_SHOWN; i++) {
		longer = xasprintf("%s %lld", command, (long long)ids[i]);
		free(command);
		command = longer;
	}
	return command;
}

int add_follow(struct ctl *ctl, const struct args *args, const struct adder *adder, int64_t timeout_usec,
	enum follow_report report)
{
	struct follow follow = {.timeout_usec = timeout_usec, .report = report};
	CLEANUP_FREE char *come_back = NULL;

	follow.ids = adder_ids(adder, &follow.n_ids);
	if (follow.n_ids == 0)
		return 0;
	come_back = come_back_command(args, follow.ids, follow.n_ids);
	follow.come_back = come_back;
	return follow_run(ctl, &follow);
}

static void tell_id(struct ctl *ctl, int64_t id)
{
	out_id(ctl->out, id);
}

static int run_with(struct ctl *ctl, const struct args *args, struct adder *adder)
{
	bool wait = args_has(args, OPT_WAIT);
	int64_t timeout_usec;
	int status = add_timeout(args, &timeout_usec);

	if (status == 0 && timeout_usec != USEC_INFINITY && !wait)
		status = complain(
			STATUS_USAGE, "--timeout is for --wait; to limit the download itself: --deadline");
	if (status == 0)
		status = add_gather(args, false, adder);
	if (status == 0)
		status = adder_send(adder, ctl, tell_id);
	if (status == 0)
		status = out_flush(ctl->out);
	/* Ids are all that goes to standard output. */
	if (status == 0 && wait)
		status = add_follow(ctl, args, adder, timeout_usec, FOLLOW_NOTHING);
	return status;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct adder *adder = adder_new();
	int status = run_with(ctl, args, adder);

	adder_free(adder);
	return status;
}

const struct cmd cmd_add = {
	.name = "add",
	.usage = CMD_USAGE("[OPTION]... URL...", "[OPTION]... -i FILE", "[OPTION]... -"),
	.summary = "put downloads into the queue and print their ids",
	.notes = "Once an id is printed, the download survives a crash and a power cut. A URL \"-\" stands "
		 "for a\n"
		 "list on standard input. Lists have aria2's form: a URL a line, and below it indented lines "
		 "such\n"
		 "as \"  out=NAME\". A list with a mistake adds nothing.",
	.options = CMD_OPTIONS(ADD_OPTIONS, OPT_WAIT),
	.takes_words = true,
	.run = run,
};
