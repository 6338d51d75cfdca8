/* What a job spec means: URL, place, name, headers, checksum, conditions. Main thread. Touches no file
 * system: whether a directory can be written is found out when the job runs. No message repeats a secret;
 * those have a file of their own, secrets.c.
 */
#include <config.h>

#include "fetchd/control/spec.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchd/control/secrets.h"
#include "fetchd/hook_names.h"
#include "fetchd/path.h"
#include "job/checksum.h"
#include "job/header.h"
#include "job/name.h"
#include "job/origin.h"
#include "job/source.h"

#define LABEL_MAX	128 /* characters of a group's name */
#define KEY_MAX		255
#define AFTER_MAX	1000
#define USER_RECORD_MAX 16384
/* A schedule beyond is a slip of the pen, or a clock that was never set. */
#define AHEAD_YEARS 10
#define YEAR_USEC   ((int64_t)365 * 24 * 3600 * USEC_PER_SEC)

struct subject {
	struct job *job;
	const struct config *config;
	const struct peer *peer;
	char *message;
};

/* ---- URL */

static const char *check_scheme(struct subject *s, const struct origin *origin)
{
	if (origin_scheme_in(origin->scheme, s->config->protocols))
		return NULL;
	CLEANUP_FREE char *scheme = text_escape(origin->scheme);
	s->message = xasprintf("%s is not among the allowed protocols (%s): see Protocols in fetchd.conf(5)",
		scheme, s->config->protocols);
	return "E_SCHEME";
}

static const char *check_url(struct subject *s)
{
	struct origin origin;
	enum origin_error error = origin_parse(s->job->url, &origin);
	if (error != ORIGIN_OK) {
		s->message = xstrdup(origin_error_text(error));
		return "E_BAD_URL";
	}
	const char *code = check_scheme(s, &origin);
	if (!code) {
		free(s->job->origin);
		s->job->origin = origin_text(&origin);
	}
	origin_done(&origin);
	return code;
}

static const char *refuse_mirror(struct subject *s, const char *url, const char *code, const char *why)
{
	CLEANUP_FREE char *redacted = origin_redact(url), *shown = text_escape(redacted);
	CLEANUP_FREE char *reason = xstrdup(why);
	free(s->message);
	s->message = xasprintf("the mirror %s: %s", shown, reason);
	return code;
}

/* A login is for the first URL alone. */
static const char *check_mirror(struct subject *s, const char *url)
{
	struct origin origin;
	char *userinfo = NULL;
	enum origin_error error = origin_parse(url, &origin);
	if (error != ORIGIN_OK)
		return refuse_mirror(s, url, "E_BAD_URL", origin_error_text(error));
	const char *code = check_scheme(s, &origin);
	origin_done(&origin);
	if (code)
		return refuse_mirror(s, url, code, s->message);
	free(origin_split_userinfo(url, &userinfo));
	bool login = userinfo != NULL;
	if (userinfo)
		explicit_bzero(userinfo, strlen(userinfo));
	free(userinfo);
	return login ? refuse_mirror(s, url, "E_BAD_URL",
			       "a user or password is for the first URL only: it goes to no mirror")
		     : NULL;
}

static const char *check_mirrors(struct subject *s)
{
	struct source source;
	const char *code = NULL;
	int n = 0;
	sources_unique(s->job);
	for (const char *at = s->job->mirrors; !code && source_line(&at, &source);) {
		CLEANUP_FREE char *url = xstrndup(source.url, source.n);
		code = check_mirror(s, url);
		if (!code && ++n > MIRRORS_MAX) {
			s->message = xasprintf("more than %d mirrors", MIRRORS_MAX);
			code = "E_TOOBIG";
		}
	}
	return code;
}

/* ---- directory */

/* The user's name when it can be a directory's, else the number. */
static char *user_component(uid_t uid)
{
	char record[USER_RECORD_MAX];
	struct passwd pw, *found = NULL;

	if (getpwuid_r(uid, &pw, record, sizeof(record), &found) == 0 && found &&
		!name_refusal(found->pw_name))
		return xstrdup(found->pw_name);
	return xasprintf("%u", (unsigned)uid);
}

char *spec_default_directory(const struct config *config, uid_t uid)
{
	if (config->mode == CONFIG_USER)
		return xstrdup(config->default_directory);
	CLEANUP_FREE char *user = user_component(uid);
	return xasprintf("%s/%s", config->default_directory, user);
}

static char *roots_text(const struct config *config)
{
	char *text = xstrdup("");
	for (size_t i = 0; config->download_roots[i]; i++) {
		char *longer = xasprintf("%s%s%s", text, i ? ", " : "", config->download_roots[i]);
		free(text);
		text = longer;
	}
	return text;
}

static const char *refuse_dir(struct subject *s, const char *why)
{
	CLEANUP_FREE char *dir = text_escape(s->job->dir);
	s->message = xasprintf("the directory %s %s", dir, why);
	return "E_DIR";
}

/* In system mode the default directory holds one directory a user, and each is that user's alone. */
static bool is_others(const struct subject *s, const char *own)
{
	const char *base = s->config->default_directory;
	return s->config->mode == CONFIG_SYSTEM && !s->peer->privileged && path_below(s->job->dir, base) &&
	       !path_below(s->job->dir, own);
}

static const char *check_dir(struct subject *s, const char *own)
{
	const char *why, *rest;
	if (!s->job->dir) {
		s->job->dir = xstrdup(own);
		return NULL;
	}
	char *dir = path_normalize(s->job->dir, &why);
	if (!dir)
		return refuse_dir(s, why);
	free(s->job->dir);
	s->job->dir = dir;
	if (config_root_of(s->config, dir, &rest) < 0) {
		CLEANUP_FREE char *roots = roots_text(s->config);
		CLEANUP_FREE char *text = xasprintf(
			"is in none of the download roots (%s): see DownloadRoots in fetchd.conf(5)", roots);
		return refuse_dir(s, text);
	}
	if (path_below(rest, CONFIG_PARTS_DIR) || strcmp(dir, s->config->state_directory) == 0)
		return refuse_dir(s, "is fetchd's own");
	return is_others(s, own) ? refuse_dir(s, "is another user's") : NULL;
}

const char *spec_check_dir(
	struct job *job, const struct config *config, const struct peer *peer, char **ret_message)
{
	struct subject s = {.job = job, .config = config, .peer = peer};
	CLEANUP_FREE char *own = spec_default_directory(config, peer->uid);
	const char *code = check_dir(&s, own);

	*ret_message = s.message;
	return code;
}

/* ---- the rest */

static const char *check_name(struct subject *s)
{
	if (!s->job->name) {
		s->job->name = name_from_url(s->job->url);
		return NULL;
	}
	const char *why = name_refusal(s->job->name);
	s->job->options.remote_name = false; /* whose name is given needs no other */
	if (!why)
		return NULL;
	CLEANUP_FREE char *name = text_escape(s->job->name);
	s->message = xasprintf("the file name %s: %s", name, why);
	return "E_NAME";
}

static const char *refuse_header(struct subject *s, const char *which, const char *why)
{
	s->message = xasprintf("%s: %s", which, why);
	return "E_HEADER";
}

/* A header is named by what stands before its colon: what follows can be a secret. */
static const char *check_header_line(struct subject *s, const char *line)
{
	const char *why = header_refusal(line);
	if (!why)
		return NULL;
	const char *colon = strchr(line, ':');
	CLEANUP_FREE char *name = text_escape_n(line, colon ? (size_t)(colon - line) : 0);
	CLEANUP_FREE char *which = xasprintf("the header %s", name);
	return refuse_header(s, which, why);
}

static const char *check_headers(struct subject *s)
{
	const struct job_options *options = &s->job->options;
	const char *why, *code = NULL;

	if (options->user_agent && (why = header_value_refusal(options->user_agent)))
		return refuse_header(s, "user_agent", why);
	if (options->referer && (why = header_value_refusal(options->referer)))
		return refuse_header(s, "referer", why);
	for (const char *line = options->headers; line && *line && !code;) {
		size_t n = strcspn(line, "\n");
		CLEANUP_FREE char *copy = xstrndup(line, n);
		code = check_header_line(s, copy);
		line += n + (line[n] == '\n');
	}
	return code;
}

static const char *check_checksum(struct subject *s)
{
	const char *why;
	if (!s->job->options.checksum)
		return NULL;
	char *normal = checksum_normalize(s->job->options.checksum, &why);
	if (!normal) {
		s->message = xasprintf("the checksum: %s", why);
		return "E_CHECKSUM_FORMAT";
	}
	free(s->job->options.checksum);
	s->job->options.checksum = normal;
	return NULL;
}

/* A Referer goes without userinfo (RFC 9110, 10.1.3). */
static void strip_referer(struct subject *s)
{
	char *userinfo = NULL;
	if (!s->job->options.referer || !strstr(s->job->options.referer, "://"))
		return;
	char *referer = origin_split_userinfo(s->job->options.referer, &userinfo);
	free(s->job->options.referer);
	s->job->options.referer = referer;
	free(userinfo);
}

static const char *check_conditions(struct subject *s)
{
	struct job_options *options = &s->job->options;
	if (!options->conditional)
		return NULL;
	if (options->on_conflict >= 0 && options->on_conflict != JOB_CONFLICT_OVERWRITE)
		s->message =
			xasprintf("a conditional download replaces the file that is there by a newer one: "
				  "to %s on conflict does not go with it",
				job_conflict_name((enum job_conflict)options->on_conflict));
	else if (options->if_newer_usec >= 0)
		s->message = xstrdup("a conditional download compares with the file that is there, or with "
				     "a time: give one of the two");
	else if (options->remote_name)
		s->message =
			xstrdup("a conditional download replaces the file that has the name, and -J lets "
				"the server say which: give one of the two");
	options->on_conflict = JOB_CONFLICT_OVERWRITE;
	return s->message ? "E_CONDITION" : NULL;
}

static const char *check_times(struct subject *s)
{
	int64_t now = clock_wall_usec(), deadline = s->job->options.deadline_usec;

	if (s->job->not_before_usec > now + AHEAD_YEARS * YEAR_USEC) {
		s->message = xasprintf(
			"the time before which it must not begin is more than %d years ahead", AHEAD_YEARS);
		return "E_NOT_BEFORE";
	}
	if (deadline >= 0 && s->job->not_before_usec >= 0 && s->job->not_before_usec > now &&
		usec_add(now, deadline) <= s->job->not_before_usec) {
		s->message = xstrdup("its deadline would pass before it may begin");
		return "E_DEADLINE";
	}
	return NULL;
}

/* 1…most characters, all of them visible or spaces. */
static bool is_label(const char *text, size_t most)
{
	size_t n = 0, len = strlen(text);
	while (len > 0) {
		unsigned cp;
		size_t used = text_utf8_decode(text, len, &cp);
		if (used == 0 || text_cp_hidden(cp))
			return false;
		text += used;
		len -= used;
		n++;
	}
	return n >= 1 && n <= most;
}

char *spec_group_refusal(const char *name)
{
	if (is_label(name, LABEL_MAX))
		return NULL;
	return xasprintf("a group's name has 1 to %d characters, none of them control characters", LABEL_MAX);
}

static const char *check_labels(struct subject *s)
{
	if (s->job->group && (s->message = spec_group_refusal(s->job->group)))
		return "E_GROUP";
	if (s->job->n_after > AFTER_MAX) {
		s->message = xasprintf("a job follows at most %d others", AFTER_MAX);
		return "E_DEPENDENCY";
	}
	if (s->job->key && !is_label(s->job->key, KEY_MAX)) {
		s->message =
			xasprintf("a key has 1 to %d characters, none of them control characters", KEY_MAX);
		return "E_KEY";
	}
	return NULL;
}

const char *spec_check_hooks(const struct job *job, const struct config *config, char **ret_message)
{
	unsigned on = HOOK_ON_DONE | HOOK_ON_FAILED | (job->group ? HOOK_ON_GROUP_DONE : 0);

	*ret_message = job->hooks ? hook_names_refusal(config, job->hooks, on) : NULL;
	return *ret_message ? "E_HOOK" : NULL;
}

const char *spec_complete(struct job *job, const struct config *config, const struct peer *peer,
	const char *own_dir, char **ret_message)
{
	struct subject s = {.job = job, .config = config, .peer = peer};
	const char *code = check_url(&s);

	job->owner = peer->uid;
	strip_referer(&s);
	if (!code)
		code = check_mirrors(&s);
	if (!code)
		code = check_dir(&s, own_dir);
	if (!code)
		code = check_name(&s);
	if (!code)
		code = check_headers(&s);
	if (!code)
		code = secrets_complete(job, &s.message);
	if (!code)
		code = check_checksum(&s);
	if (!code)
		code = check_conditions(&s);
	if (!code)
		code = check_times(&s);
	if (!code)
		code = check_labels(&s);
	*ret_message = s.message;
	return code;
}

const char *spec_recheck(
	struct job *job, const struct config *config, uid_t uid, bool privileged, char **ret_message)
{
	const struct peer peer = {.uid = uid, .privileged = privileged};
	bool remote_name = job->options.remote_name;
	uid_t owner = job->owner;
	CLEANUP_FREE char *dir = xstrdup(job->dir);
	const char *code = spec_complete(job, config, &peer, dir, ret_message);

	job->owner = owner;
	/* Whose name the server may give has one already, from its URL. */
	job->options.remote_name = remote_name;
	return code;
}
