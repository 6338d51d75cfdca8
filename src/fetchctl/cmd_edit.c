/* fetchctl edit: the options of add, for jobs that are there. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"
#include "fetchctl/spec.h"
#include "wire/jobjson.h"

/* What an option changes; --unset takes it back by the option's name. */
static const struct editable {
	enum opt_id id;
	uint64_t fields;
} editables[] = {
	{OPT_URL, EDIT_BIT(EDIT_URL)},
	{OPT_MIRROR, EDIT_BIT(EDIT_MIRRORS)},
	{OPT_OUTPUT, EDIT_BIT(EDIT_NAME)},
	{OPT_DIR, EDIT_BIT(EDIT_DIR)},
	{OPT_GROUP, EDIT_BIT(EDIT_GROUP)},
	{OPT_NOT_BEFORE, EDIT_BIT(EDIT_NOT_BEFORE)},
	{OPT_HOOK, EDIT_BIT(EDIT_HOOKS)},
	{OPT_NO_HOOK, EDIT_BIT(EDIT_HOOKS)},
	{OPT_PRIORITY, EDIT_BIT(EDIT_PRIORITY)},
	{OPT_CHECKSUM, EDIT_BIT(EDIT_CHECKSUM)},
	{OPT_HEADER, EDIT_BIT(EDIT_HEADERS)},
	{OPT_USER_AGENT, EDIT_BIT(EDIT_USER_AGENT)},
	{OPT_REFERER, EDIT_BIT(EDIT_REFERER)},
	{OPT_LOGIN, EDIT_BIT(EDIT_USER) | EDIT_BIT(EDIT_PASSWORD)},
	{OPT_BASIC, EDIT_BIT(EDIT_AUTH)},
	{OPT_DIGEST, EDIT_BIT(EDIT_AUTH)},
	{OPT_ANYAUTH, EDIT_BIT(EDIT_AUTH)},
	{OPT_BEARER, EDIT_BIT(EDIT_BEARER)},
	{OPT_COOKIE, EDIT_BIT(EDIT_COOKIES) | EDIT_BIT(EDIT_COOKIE_JAR)},
	{OPT_PROXY, EDIT_BIT(EDIT_PROXY)},
	{OPT_CACERT, EDIT_BIT(EDIT_CA)},
	{OPT_CERT, EDIT_BIT(EDIT_CERT)},
	{OPT_CERT_KEY, EDIT_BIT(EDIT_KEY)},
	{OPT_INSECURE, EDIT_BIT(EDIT_INSECURE)},
	{OPT_LIMIT_RATE, EDIT_BIT(EDIT_LIMIT_RATE)},
	{OPT_RETRY, EDIT_BIT(EDIT_MAX_ATTEMPTS)},
	{OPT_RETRY_DELAY, EDIT_BIT(EDIT_RETRY_DELAY)},
	{OPT_MAX_TIME, EDIT_BIT(EDIT_MAX_TIME)},
	{OPT_CONNECT_TIMEOUT, EDIT_BIT(EDIT_CONNECT_TIMEOUT)},
	{OPT_DEADLINE, EDIT_BIT(EDIT_DEADLINE)},
	{OPT_MAX_FILESIZE, EDIT_BIT(EDIT_MAX_FILESIZE)},
	{OPT_SPLIT, EDIT_BIT(EDIT_SPLIT)},
	{OPT_ON_CONFLICT, EDIT_BIT(EDIT_ON_CONFLICT)},
	{OPT_RESUME, EDIT_BIT(EDIT_RESUME)},
};

/* What every job has, and what is different for each. */
static const enum opt_id kept[] = {OPT_URL, OPT_OUTPUT, OPT_DIR};
static const enum opt_id own[] = {OPT_URL, OPT_MIRROR, OPT_OUTPUT, OPT_CHECKSUM};

static bool is_in(const enum opt_id *ids, size_t n, enum opt_id id)
{
	while (n > 0 && ids[n - 1] != id)
		n--;
	return n > 0;
}

/* Without ids, -g says which jobs. */
static bool selects(const struct args *args, enum opt_id id)
{
	return args->n_words == 0 && id == OPT_GROUP;
}

static void add_options(const struct args *args, struct job_edit *edit)
{
	for (size_t i = 0; i < args->n_options; i++)
		for (size_t k = 0; k < ARRAY_LEN(editables); k++)
			if (editables[k].id == args->options[i].id && !selects(args, editables[k].id))
				edit->fields |= editables[k].fields;
}

/* 0 for a name that cannot be taken back. */
static uint64_t fields_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(editables); i++)
		if (!is_in(kept, ARRAY_LEN(kept), editables[i].id) &&
			strcmp(opt_table[editables[i].id].name, name) == 0)
			return editables[i].fields;
	return 0;
}

/* "checksum,user" */
static int add_unsets(const char *words, struct job_edit *edit)
{
	while (*words) {
		size_t n = strcspn(words, ",");
		CLEANUP_FREE char *name = xstrndup(words, n);
		uint64_t fields = fields_named(name);

		if (!fields)
			return complain(
				STATUS_USAGE, "--unset %s: not an option that can be taken back", name);
		if (edit->fields & fields)
			return complain(STATUS_USAGE, "--%s is given, and taken back by --unset too", name);
		edit->fields |= fields;
		words += n + (words[n] == ',');
	}
	return 0;
}

static int set_url_and_name(struct job *job, const struct args *args)
{
	const char *url = args_value(args, OPT_URL), *name = args_value(args, OPT_OUTPUT), *why;

	why = url ? spec_set_url(job, url) : NULL;
	if (why)
		return complain(STATUS_REFUSED, "--url: %s", why);
	if (name && strchr(name, '/'))
		return complain(
			STATUS_USAGE, "--output %s: a file name alone; the directory is --dir's", name);
	why = name ? spec_set_output(job, name) : NULL;
	return why ? complain(STATUS_USAGE, "--output %s: %s", name, why) : 0;
}

/* edit: initialised by this call. */
static int read_edit(const struct args *args, struct job_edit *edit)
{
	size_t at = 0;
	const char *words;
	int status = spec_from_args(&edit->values, args);

	edit->fields = 0;
	/* What is left of it differs from job to job. */
	if (status == 0 && args_has(args, OPT_DEADLINE) && !spec_is_span(args_value(args, OPT_DEADLINE)))
		status = complain(STATUS_USAGE,
			"--deadline %s: here it is a span such as 2h, counted from when the job was added",
			args_value(args, OPT_DEADLINE));
	add_options(args, edit);
	while (status == 0 && (words = args_next(args, OPT_UNSET, &at)))
		status = add_unsets(words, edit);
	if (status == 0)
		status = set_url_and_name(&edit->values, args);
	if (status == 0 && edit->fields == 0 && edit->values.n_after == 0)
		status = complain(STATUS_USAGE, "what is to change?");
	return status;
}

static int check_many(const struct args *args)
{
	for (size_t i = 0; i < args->n_options && args->n_words == 0; i++)
		if (is_in(own, ARRAY_LEN(own), args->options[i].id))
			return complain(STATUS_USAGE, "--%s is for jobs that are named by their ids",
				opt_table[args->options[i].id].name);
	return 0;
}

/* "ids" or "selection" of *ret, a new reference. */
static int read_jobs(const struct args *args, json_t **ret)
{
	const char *group = args->n_words == 0 ? args_value(args, OPT_GROUP) : NULL;
	json_t *selection;
	int status = check_many(args);

	if (status == 0)
		status = select_from_args(args, group, &selection);
	if (status != 0)
		return status;
	if (!selection)
		return select_nothing();
	*ret = args->n_words > 0 ? json_pack("{s:O}", "ids", json_object_get(selection, "ids"))
				 : json_pack("{s:O}", "selection", selection);
	json_decref(selection);
	return 0;
}

static int send_edit(struct ctl *ctl, const struct args *args, const struct job_edit *edit)
{
	json_t *params = NULL, *reply;
	int status = read_jobs(args, &params);

	if (status != 0)
		return status;
	if (json_object_set_new(params, "changes", wire_edit_to_json(edit)) < 0)
		abort();
	status = ctl_call(ctl, "Edit", params, &reply);
	if (status != 0)
		return status;
	out_changed(ctl->out, "edited",
		json_integer_value(json_object_get(reply_parameters(reply), "changed")), args->n_words == 0);
	json_decref(reply);
	return 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct job_edit edit;
	int status = read_edit(args, &edit);

	if (status == 0)
		status = send_edit(ctl, args, &edit);
	job_edit_done(&edit);
	return status;
}

const struct cmd cmd_edit = {
	.name = "edit",
	.usage = CMD_USAGE("ID... OPTION...", "-g GROUP | --state STATE | --host HOST | --all OPTION..."),
	.summary = "change jobs that have not ended, keeping the bytes that are on disk",
	.notes = "-H \"Name: value\" takes the place of that header, -H \"Name:\" takes it away. All of the "
		 "jobs\n"
		 "that are named are changed, or none. After ids, -g GROUP puts them into that group; "
		 "without, it\n"
		 "says which jobs.",
	.options = CMD_OPTIONS(OPT_URL, OPT_MIRROR, OPT_OUTPUT, OPT_PRIORITY, OPT_CHECKSUM, OPT_HEADER,
		OPT_USER_AGENT, OPT_REFERER, OPT_LOGIN, OPT_BASIC, OPT_DIGEST, OPT_ANYAUTH, OPT_BEARER,
		OPT_COOKIE, OPT_PROXY, OPT_CACERT, OPT_CERT, OPT_CERT_KEY, OPT_INSECURE, OPT_LIMIT_RATE,
		OPT_RETRY, OPT_RETRY_DELAY, OPT_MAX_TIME, OPT_CONNECT_TIMEOUT, OPT_DEADLINE, OPT_MAX_FILESIZE,
		OPT_SPLIT, OPT_ON_CONFLICT, OPT_RESUME, OPT_AFTER, OPT_AFTER_ANY, OPT_UNSET, OPT_DIR,
		OPT_GROUP, OPT_NOT_BEFORE, OPT_HOOK, OPT_NO_HOOK, OPT_STATE, OPT_HOST, OPT_ALL),
	.takes_words = true,
	.run = run,
};
