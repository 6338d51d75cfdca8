/* Spec: values of options, checked with the same functions the daemon uses, so that most mistakes are named
 * with their place before anything is sent. The daemon checks again.
 */
#include "config.h"

#include "fetchctl/spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/ctl.h"
#include "fetchctl/dir.h"
#include "job/checksum.h"
#include "job/header.h"
#include "job/name.h"
#include "job/origin.h"

static char *encode_typed(const char *typed)
{
	static const char hex[] = "0123456789ABCDEF";
	char *url = xmalloc(strlen(typed) * 3 + 1), *to = url;

	for (; *typed; typed++) {
		unsigned char c = (unsigned char)*typed;

		if (c != ' ' && c < 0x80) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to = '\0';
	return url;
}

/* Whether there is a byte beyond ASCII where the host stands: it would become a nonsensical "%C3%BC". */
static bool odd_host(const char *typed)
{
	const char *host = strstr(typed, "://");

	if (!host)
		return false;
	for (host += strlen("://"); *host && !strchr("/?#", *host); host++)
		if ((unsigned char)*host >= 0x80)
			return true;
	return false;
}

const char *spec_set_url(struct job *job, const char *typed)
{
	struct origin origin;
	enum origin_error error;

	if (odd_host(typed))
		return "the host name is not ASCII; write its \"xn--\" form";
	free(job->url);
	job->url = encode_typed(typed);
	error = origin_parse(job->url, &origin);
	if (error == ORIGIN_NO_SCHEME)
		return "the URL has no scheme; did you mean https:// in front of it?";
	if (error != ORIGIN_OK)
		return origin_error_text(error);
	origin_done(&origin);
	return NULL;
}

const char *spec_set_dir(struct job *job, const char *dir, const char *base)
{
	const char *why;
	char *resolved = dir_resolve(dir, base, &why);

	if (!resolved)
		return why;
	free(job->dir);
	job->dir = resolved;
	return NULL;
}

const char *spec_set_output(struct job *job, const char *output)
{
	const char *slash = strrchr(output, '/'), *why;
	CLEANUP_FREE char *dir = slash ? xstrndup(output, (size_t)(slash + 1 - output)) : NULL;

	if (strcmp(output, "-") == 0)
		return "the daemon writes files; it has no standard output of yours to write to";
	why = name_refusal(slash ? slash + 1 : output);
	if (why)
		return why;
	str_set(&job->name, slash ? slash + 1 : output);
	return dir ? spec_set_dir(job, dir, job->dir) : NULL;
}

/* ---- options, one function each ------------------------------------------------------------------ */

static const char *set_group(struct job *job, const char *value)
{
	if (!*value)
		return "the name is empty";
	str_set(&job->group, value);
	return NULL;
}

static const char *set_key(struct job *job, const char *value)
{
	if (!*value)
		return "the key is empty";
	str_set(&job->key, value);
	return NULL;
}

static const char *set_priority(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, INT32_MIN, INT32_MAX, &n) < 0)
		return "not a whole number";
	job->priority = (int32_t)n;
	return NULL;
}

static const char *set_checksum(struct job *job, const char *value)
{
	const char *why = NULL;
	char *normal = checksum_normalize(value, &why);

	if (!normal)
		return why;
	free(job->options.checksum);
	job->options.checksum = normal;
	return NULL;
}

static const char *set_header(struct job *job, const char *value)
{
	const char *why = header_refusal(value);
	char *lines;

	if (why)
		return why;
	lines = xasprintf("%s%s\n", job->options.headers ? job->options.headers : "", value);
	free(job->options.headers);
	job->options.headers = lines;
	return NULL;
}

static const char *set_user_agent(struct job *job, const char *value)
{
	str_set(&job->options.user_agent, value);
	return header_value_refusal(value);
}

static const char *set_referer(struct job *job, const char *value)
{
	str_set(&job->options.referer, value);
	return header_value_refusal(value);
}

static const char *set_limit_rate(struct job *job, const char *value)
{
	return units_parse_rate(value, &job->options.limit_rate) < 0 ? "not a rate such as 500K or 2M" : NULL;
}

static const char *set_max_filesize(struct job *job, const char *value)
{
	return units_parse_size(value, &job->options.max_filesize) < 0 ? "not a size such as 700M or 4G"
								       : NULL;
}

/* curl counts the retries, the protocol all attempts. */
static const char *set_retry(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, 0, INT32_MAX - 1, &n) < 0)
		return "not a whole number";
	job->options.max_attempts = (int)n + 1;
	return NULL;
}

/* aria2 counts all attempts; 0 has no limit. */
static const char *set_max_tries(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, 0, INT32_MAX, &n) < 0)
		return "not a whole number";
	job->options.max_attempts = n > 0 ? (int)n : INT32_MAX;
	return NULL;
}

static const char *parse_span(const char *value, int64_t *ret)
{
	return units_parse_span(value, ret) < 0 ? "not a time such as 30s or 5min" : NULL;
}

/* 0 stands for no limit, as in curl. */
static const char *parse_limit_span(const char *value, int64_t *ret)
{
	const char *why = parse_span(value, ret);

	if (!why && *ret == 0)
		*ret = USEC_INFINITY;
	return why;
}

static const char *set_retry_delay(struct job *job, const char *value)
{
	return parse_span(value, &job->options.retry_delay_usec);
}

static const char *set_max_time(struct job *job, const char *value)
{
	return parse_limit_span(value, &job->options.max_time_usec);
}

static const char *set_deadline(struct job *job, const char *value)
{
	return parse_limit_span(value, &job->options.deadline_usec);
}

static const char *set_connect_timeout(struct job *job, const char *value)
{
	const char *why = parse_span(value, &job->options.connect_timeout_usec);

	/* curl's 0 is its default: leave it to the daemon's. */
	if (!why && job->options.connect_timeout_usec == 0)
		job->options.connect_timeout_usec = -1;
	return why;
}

static const char *set_on_conflict(struct job *job, const char *value)
{
	job->options.on_conflict = job_conflict_parse(value);
	return job->options.on_conflict < 0 ? "it must be fail, rename, overwrite or skip" : NULL;
}

static const struct setter {
	enum opt_id id;	    /* OPT_END: only in lists */
	const char *listed; /* its name in lists, NULL: not there */
	const char *(*set)(struct job *job, const char *value);
} setters[] = {
	{OPT_GROUP, "group", set_group},
	{OPT_PRIORITY, "priority", set_priority},
	{OPT_KEY, "key", set_key},
	{OPT_CHECKSUM, "checksum", set_checksum},
	{OPT_HEADER, "header", set_header},
	{OPT_USER_AGENT, "user-agent", set_user_agent},
	{OPT_REFERER, "referer", set_referer},
	{OPT_LIMIT_RATE, NULL, set_limit_rate},
	{OPT_RETRY, NULL, set_retry},
	{OPT_END, "max-tries", set_max_tries},
	{OPT_RETRY_DELAY, "retry-wait", set_retry_delay},
	{OPT_MAX_TIME, NULL, set_max_time},
	{OPT_CONNECT_TIMEOUT, "connect-timeout", set_connect_timeout},
	{OPT_DEADLINE, NULL, set_deadline},
	{OPT_MAX_FILESIZE, NULL, set_max_filesize},
	{OPT_ON_CONFLICT, NULL, set_on_conflict},
};

/* JSON has no room for anything else. */
static const char *set_checked(const struct setter *setter, struct job *job, const char *value)
{
	return text_utf8_valid(value, strlen(value)) ? setter->set(job, value) : "not valid UTF-8";
}

const char *spec_set_option(struct job *job, enum opt_id id, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(setters); i++)
		if (setters[i].id == id && id != OPT_END)
			return set_checked(&setters[i], job, value);
	return NULL;
}

const char *spec_set_listed(struct job *job, const char *name, const char *value, bool *ret_known)
{
	for (size_t i = 0; i < ARRAY_LEN(setters); i++) {
		if (!setters[i].listed || strcmp(setters[i].listed, name) != 0)
			continue;
		*ret_known = true;
		return set_checked(&setters[i], job, value);
	}
	*ret_known = false;
	return NULL;
}

int spec_from_args(struct job *job, const struct args *args)
{
	const char *dir = args_value(args, OPT_DIR);
	const char *why;

	job_init(job);
	why = dir ? spec_set_dir(job, dir, NULL) : NULL;
	if (why)
		return complain(STATUS_USAGE, "--dir %s: %s", dir, why);
	for (size_t i = 0; i < args->n_options; i++) {
		const struct args_option *option = &args->options[i];

		why = option->value ? spec_set_option(job, option->id, option->value) : NULL;
		if (why)
			return complain(
				STATUS_USAGE, "--%s %s: %s", opt_table[option->id].name, option->value, why);
	}
	return 0;
}
