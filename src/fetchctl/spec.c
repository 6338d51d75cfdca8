/* Spec: values of options, checked with the same functions the daemon uses, so that most mistakes are named
 * with their place before anything is sent. The daemon checks again.
 */
#include "config.h"

#include "fetchctl/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/access.h"
#include "fetchctl/ctl.h"
#include "fetchctl/dir.h"
#include "fetchctl/secret.h"
#include "fetchctl/timecond.h"
#include "job/checksum.h"
#include "job/header.h"
#include "job/hook.h"
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

static const char *take_url(const char *typed, char **ret)
{
	struct origin origin;
	enum origin_error error;

	if (odd_host(typed))
		return "the host name is not ASCII; write its \"xn--\" form";
	free(*ret);
	*ret = encode_typed(typed);
	error = origin_parse(*ret, &origin);
	if (error == ORIGIN_NO_SCHEME)
		return "the URL has no scheme; did you mean https:// in front of it?";
	if (error != ORIGIN_OK)
		return origin_error_text(error);
	origin_done(&origin);
	return NULL;
}

const char *spec_set_url(struct job *job, const char *typed)
{
	return take_url(typed, &job->url);
}

const char *spec_add_mirror(struct job *job, const char *typed)
{
	CLEANUP_FREE char *url = NULL;
	const char *why = take_url(typed, &url);
	char *lines;

	if (why)
		return why;
	lines = xasprintf("%s%s\n", job->mirrors ? job->mirrors : "", url);
	free(job->mirrors);
	job->mirrors = lines;
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

/* "3,4" */
static const char *add_after(struct job *job, const char *value, bool any)
{
	const char *why = *value ? NULL : "no job is named";

	while (*value && !why) {
		size_t n = strcspn(value, ",");
		CLEANUP_FREE char *word = xstrndup(value, n);
		int64_t id;

		if (units_parse_int(word, 1, INT64_MAX, &id) < 0)
			return "it must be job ids, with commas between";
		job->after = xreallocarray(job->after, job->n_after + 1, sizeof(*job->after));
		job->after[job->n_after++] = (struct job_dependency){.id = id, .any = any};
		value += n + (value[n] == ',');
	}
	return why;
}

static const char *set_after(struct job *job, const char *value)
{
	return add_after(job, value, false);
}

static const char *set_after_any(struct job *job, const char *value)
{
	return add_after(job, value, true);
}

static const char *set_hook(struct job *job, const char *value)
{
	const char *one;
	size_t n;

	if (!*value)
		return "no hook is named";
	if (strcmp(value, "none") == 0) {
		str_set(&job->hooks, "");
		return NULL;
	}
	while (job_hook_next_name(&value, &one, &n)) {
		CLEANUP_FREE char *name = xstrndup(one, n);

		if (n == 0)
			return "it must be names of hooks, with commas between";
		job_hook_names_add(&job->hooks, name);
	}
	return NULL;
}

static const char *set_no_hook(struct job *job, const char *value)
{
	(void)value;
	return set_hook(job, "none");
}

static const char *set_priority(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, INT32_MIN, INT32_MAX, &n) < 0)
		return "not a whole number from -2147483648 to 2147483647";
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

/* "-H @FILE": a header a line. */
static const char *set_headers(struct job *job, char *lines)
{
	const char *why = NULL;
	char *line;

	while (!why && (line = strsep(&lines, "\n"))) {
		size_t n = strlen(line);

		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (*line)
			why = set_header(job, line);
	}
	return why;
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

static const char *set_split(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, 1, JOB_SPLIT_MAX, &n) < 0)
		return "not a whole number from 1 to 64";
	job->options.split = (int)n;
	return NULL;
}

/* curl counts the retries, the protocol all attempts. */
static const char *set_retry(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, 0, INT32_MAX - 1, &n) < 0)
		return "not a whole number from 0 to 2147483646";
	job->options.max_attempts = (int)n + 1;
	return NULL;
}

/* aria2 counts all attempts; 0 has no limit. */
static const char *set_max_tries(struct job *job, const char *value)
{
	int64_t n;

	if (units_parse_int(value, 0, INT32_MAX, &n) < 0)
		return "not a whole number from 0 to 2147483647";
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

static const char *set_not_before(struct job *job, const char *value)
{
	return timecond_parse_ahead(value, clock_wall_usec(), &job->not_before_usec) < 0
		       ? "not a time such as 2h, \"2026-12-24 18:00\" or \"tomorrow 06:00\""
		       : NULL;
}

/* A span, or a time, which is sent as the span until then: what limits an effort does not move with the
 * clock.
 */
static const char *set_deadline(struct job *job, const char *value)
{
	int64_t now = clock_wall_usec(), at;

	if (parse_limit_span(value, &job->options.deadline_usec) == NULL)
		return NULL;
	if (timecond_parse_ahead(value, now, &at) < 0)
		return "not a time such as 2h, \"2026-12-24 18:00\" or \"tomorrow 06:00\"";
	if (at <= now)
		return "that time has passed";
	job->options.deadline_usec = at - now;
	return NULL;
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

static const char *set_remote_name(struct job *job, const char *value)
{
	(void)value;
	job->options.remote_name = true;
	return NULL;
}

static const char *set_conditional(struct job *job, const char *value)
{
	(void)value;
	job->options.conditional = true;
	return NULL;
}

static const char *set_listed_conditional(struct job *job, const char *value)
{
	job->options.conditional = strcmp(value, "true") == 0;
	return job->options.conditional || strcmp(value, "false") == 0 ? NULL : "it must be true or false";
}

static const char *set_time_cond(struct job *job, const char *value)
{
	int error = timecond_parse(value, clock_wall_usec(), &job->options.if_newer_usec);
	struct stat st;

	if (spec_time_is_url(value))
		return set_conditional(job, NULL);
	if (error == -ERANGE)
		return "a time before 1970";
	if (error == 0)
		return NULL;
	if (*value == '-')
		return "\"older than\" is not supported";
	if (stat(value, &st) < 0)
		return "neither a time, such as 2026-11-22 or \"3h ago\", nor a file";
	job->options.if_newer_usec = (int64_t)st.st_mtim.tv_sec * USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
	return NULL;
}

static const char *set_resume(struct job *job, const char *value)
{
	job->options.resume = job_resume_parse(value);
	return job->options.resume < 0 ? "it must be auto or strict" : NULL;
}

/* ---- the table ----------------------------------------------------------------------------------- */

static const struct setter {
	enum opt_id id;	    /* OPT_END: only in lists */
	const char *listed; /* its name in lists, NULL: not there */
	const char *(*set)(struct job *job, const char *value);
} setters[] = {
	{OPT_MIRROR, NULL, spec_add_mirror},
	{OPT_GROUP, "group", set_group},
	{OPT_PRIORITY, "priority", set_priority},
	{OPT_AFTER, NULL, set_after},
	{OPT_AFTER_ANY, NULL, set_after_any},
	{OPT_HOOK, "hook", set_hook},
	{OPT_NO_HOOK, NULL, set_no_hook},
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
	{OPT_NOT_BEFORE, "not-before", set_not_before},
	{OPT_MAX_FILESIZE, NULL, set_max_filesize},
	{OPT_SPLIT, "split", set_split},
	{OPT_ON_CONFLICT, NULL, set_on_conflict},
	{OPT_REMOTE_HEADER_NAME, NULL, set_remote_name},
	{OPT_CONDITIONAL, NULL, set_conditional},
	{OPT_END, "conditional-get", set_listed_conditional},
	{OPT_TIME_COND, NULL, set_time_cond},
	{OPT_RESUME, NULL, set_resume},
	{OPT_LOGIN, NULL, access_set_login},
	{OPT_END, "http-user", access_set_user},
	{OPT_END, "http-passwd", access_set_password},
	{OPT_BASIC, NULL, access_set_basic},
	{OPT_DIGEST, NULL, access_set_digest},
	{OPT_ANYAUTH, NULL, access_set_anyauth},
	{OPT_BEARER, NULL, access_set_bearer},
	{OPT_COOKIE, NULL, access_set_cookie},
	{OPT_END, "load-cookies", access_set_cookie_file},
	{OPT_PROXY, "all-proxy", access_set_proxy},
	{OPT_CACERT, "ca-certificate", access_set_ca},
	{OPT_CERT, "certificate", access_set_cert},
	{OPT_CERT_KEY, "private-key", access_set_cert_key},
	{OPT_INSECURE, NULL, access_set_insecure},
	{OPT_END, "check-certificate", access_set_check_certificate},
};

/* JSON has no room for anything else. */
static const char *set_checked(const struct setter *setter, struct job *job, const char *value)
{
	return !value || text_utf8_valid(value, strlen(value)) ? setter->set(job, value) : "not valid UTF-8";
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

bool spec_is_span(const char *value)
{
	int64_t usec;

	return parse_limit_span(value, &usec) == NULL;
}

bool spec_time_is_url(const char *value)
{
	return strstr(value, "://") != NULL;
}

/* ---- the command line ---------------------------------------------------------------------------- */

static const char *set_secret(struct job *job, enum opt_id id, const char *value)
{
	const char *why = NULL;
	CLEANUP_SECRET char *text = secret_take(value, &why);

	if (!text)
		return why;
	if (id == OPT_HEADER && *value == '@')
		return text_utf8_valid(text, strlen(text)) ? set_headers(job, text) : "not valid UTF-8";
	if (id != OPT_HEADER && strpbrk(text, "\r\n"))
		return "more than one line";
	return spec_set_option(job, id, text);
}

static const char *set_from_args(struct job *job, const struct args_option *option)
{
	/* Cookies have a rule of their own for what is a file. */
	if (option->value && opt_table[option->id].secret && option->id != OPT_COOKIE)
		return set_secret(job, option->id, option->value);
	return spec_set_option(job, option->id, option->value);
}

/* A secret is not repeated: a header is named by what stands before its colon, a file by its name. */
static int refuse_option(const struct args_option *option, const char *why)
{
	const struct opt *opt = &opt_table[option->id];
	const char *value = option->value ? option->value : "";
	int n = 0;

	if (!opt->secret || *value == '@')
		n = (int)strlen(value);
	else if (option->id == OPT_HEADER && strchr(value, ':'))
		n = (int)strcspn(value, ":");
	else if (option->id == OPT_COOKIE && !strchr(value, '='))
		n = (int)strlen(value);
	return complain(STATUS_USAGE, "--%s%s%.*s: %s", opt->name, n > 0 ? " " : "", n, value, why);
}

/* --user without a password. */
static int ask_password(struct job *job, const struct args *args)
{
	CLEANUP_FREE char *prompt = NULL, *safe = NULL;

	if (!args_has(args, OPT_LOGIN) || job->secrets->password)
		return 0;
	safe = text_escape(job->secrets->user);
	prompt = xasprintf("Password of %s: ", safe);
	job->secrets->password = secret_ask(prompt);
	if (job->secrets->password)
		return 0;
	return complain(STATUS_USAGE,
		"--user %s: no password is given, and no terminal to ask for it; "
		"write NAME:PASSWORD into a file and give --user @FILE",
		job->secrets->user);
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
		why = set_from_args(job, &args->options[i]);
		if (why)
			return refuse_option(&args->options[i], why);
	}
	return ask_password(job, args);
}
