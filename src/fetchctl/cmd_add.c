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
#include "fetchctl/group.h"
#include "fetchctl/intake.h"
#include "fetchctl/list.h"
#include "fetchctl/out.h"
#include "fetchctl/spec.h"
#include "fetchctl/urlglob.h"
#include "fetchctl/words.h"
#include "job/origin.h"

/* Ids named in the hint after Ctrl-C. */
#define IDS_SHOWN 8

/* What there is to add, before the first word of it is read. */
struct wanted {
	size_t n_urls;
	size_t n_lists;
	size_t n_outputs;
	size_t n_stdin; /* times that standard input is to be read */
};

static bool is_url(const struct args_option *option)
{
	return option->id == OPT_TIME_COND && spec_time_is_url(option->value);
}

static void count_option(struct wanted *wanted, const struct args_option *option)
{
	const char *value = option->value ? option->value : "";

	wanted->n_lists += option->id == OPT_INPUT_FILE;
	wanted->n_outputs += option->id == OPT_OUTPUT;
	wanted->n_urls += is_url(option);
	wanted->n_stdin += opt_table[option->id].secret ? strcmp(value, "@-") == 0
							: strcmp(value, "-") == 0 && option->id != OPT_OUTPUT;
}

static struct wanted count_wanted(const struct args *args)
{
	struct wanted wanted = {.n_urls = 0};

	for (size_t i = 0; i < args->n_words; i++)
		if (strcmp(args->words[i], "-") == 0)
			wanted.n_lists++;
		else
			wanted.n_urls++;
	wanted.n_stdin = wanted.n_lists;
	for (size_t i = 0; i < args->n_options; i++)
		count_option(&wanted, &args->options[i]);
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

static bool has_word(const struct args *args, const char *word)
{
	for (size_t i = 0; i < args->n_words; i++)
		if (strcmp(args->words[i], word) == 0)
			return true;
	return false;
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
	if (args_has(args, OPT_REMOTE_NAME) && wanted.n_urls > 0 && has_word(args, "-"))
		return complain(STATUS_USAGE,
			"-O -: the daemon writes files; it has no standard output of yours "
			"to write to; a list on standard input is \"-i -\"");
	if (wanted.n_stdin > 1)
		return complain(STATUS_USAGE, "standard input can be read only once");
	if (args_has(args, OPT_POLICY) && !args_has(args, OPT_GROUP) && wanted.n_lists == 0)
		return complain(STATUS_USAGE, "--policy is for a group: give --group, too");
	status = check_single(args, OPT_KEY, &wanted);
	if (status == 0)
		status = check_single(args, OPT_MIRROR, &wanted);
	return status != 0 ? status : check_single(args, OPT_CHECKSUM, &wanted);
}

/* source: what the user wrote, which outlives the intake. */
static int put_one(const char *url, const char *output, const char *source, struct intake *intake)
{
	struct job *job = job_dup(&intake->defaults);
	CLEANUP_FREE char *shown = origin_redact(url);
	const char *why = spec_set_url(job, url);
	/* As the daemon would have it: a bad URL is no misuse of the program. */
	int status = why ? complain(STATUS_REFUSED, "%s: %s", shown, why) : 0;

	why = status == 0 && output ? spec_set_output(job, output) : NULL;
	if (why)
		status = complain(STATUS_USAGE, "--output %s: %s", output, why);
	if (status == 0)
		intake_put(intake, job, source, 0);
	job_free(job);
	return status;
}

/* What can be of one file only. */
static int check_many(size_t n, const char *output, const struct job *defaults)
{
	if (n == 1)
		return 0;
	if (output && !strchr(output, '#'))
		return complain(
			STATUS_USAGE, "--output %s: one name for %zu files; put #1 into it", output, n);
	if (defaults->key || defaults->options.checksum || defaults->mirrors)
		return complain(STATUS_USAGE, "--%s is for one URL; the pattern stands for %zu",
			defaults->key		     ? "key"
			: defaults->options.checksum ? "checksum"
						     : "mirror",
			n);
	return 0;
}

/* Each URL that a pattern stands for. */
static int put_pattern(const char *pattern, const char *output, struct intake *intake)
{
	struct url_glob *glob;
	size_t position;
	const char *why = url_glob_parse(pattern, &glob, &position);
	int status = 0;
	char *url;

	if (why) {
		CLEANUP_FREE char *shown = origin_redact(pattern);

		return complain(STATUS_USAGE, "%s, byte %zu: %s", shown, position + 1, why);
	}
	status = check_many(url_glob_count(glob), output, &intake->defaults);
	while (status == 0 && (url = url_glob_next(glob))) {
		CLEANUP_FREE char *name = output ? url_glob_name(glob, output) : NULL;

		status = put_one(url, name, pattern, intake);
		free(url);
	}
	url_glob_free(glob);
	return status;
}

static int put_url(const char *url, const char *output, struct intake *intake)
{
	return intake->glob ? put_pattern(url, output, intake) : put_one(url, output, url, intake);
}

static int gather(const struct args *args, struct intake *intake)
{
	size_t next_list = 0, next_output = 0;
	const char *file;
	int status = 0;

	while (status == 0 && (file = args_next(args, OPT_INPUT_FILE, &next_list)))
		status = list_read(file, intake);
	for (size_t i = 0; i < args->n_options && status == 0; i++)
		if (is_url(&args->options[i]))
			status = put_url(
				args->options[i].value, args_next(args, OPT_OUTPUT, &next_output), intake);
	for (size_t i = 0; i < args->n_words && status == 0; i++) {
		if (strcmp(args->words[i], "-") == 0)
			status = list_read("-", intake);
		else
			status = put_url(args->words[i], args_next(args, OPT_OUTPUT, &next_output), intake);
		if (status != 0 && args_has(args, OPT_REMOTE_NAME) && !strstr(args->words[i], "://"))
			hint("-O takes no name, as with curl; what wget calls -O NAME is -o NAME.");
	}
	return status;
}

static int add_policy(const struct args *args, struct adder *adder)
{
	int policy = -1, status = group_policy_option(args, &policy);

	if (status == 0 && policy >= 0)
		adder_set_policy(adder, (enum group_policy)policy);
	return status;
}

int add_gather(const struct ctl *ctl, const struct args *args, bool here, struct adder *adder)
{
	struct intake intake;
	int status = check_wanted(args);
	const char *why;

	if (status != 0)
		return status;
	status = add_policy(args, adder);
	if (status != 0)
		return status;
	status = intake_init(&intake, ctl, args, adder);
	if (status == 0 && here && !intake.defaults.dir) {
		why = spec_set_dir(&intake.defaults, ".", NULL);
		if (why)
			status = complain(STATUS_USAGE, "the working directory: %s", why);
	}
	if (status == 0)
		status = gather(args, &intake);
	if (status == 0)
		intake_warn(&intake, ctl);
	intake_done(&intake);
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

	if (group) {
		CLEANUP_FREE char *quoted = words_shell(group);

		return xasprintf("wait -g %s", quoted);
	}
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
		status = add_gather(ctl, args, false, adder);
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
