/* Values of the configuration: text → field, by type. The option table stands here. Runs before threads start
 * and on SIGHUP; must not change anything outside the struct config it fills.
 */
#include <config.h>

#include "fetchd/config_private.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchd/path.h"
#include "job/calendar.h"
#include "job/header.h"
#include "job/job.h"
#include "job/origin.h"
#include "job/proxy.h"

const struct config_option config_options[CONFIG_OPTIONS_N] = {
#define OPTION(section, key, field, type, system_default, user_default, least, most, help)                   \
	{#section, #key, CONFIG_TYPE_##type, offsetof(struct config, field), {system_default, user_default}, \
		least, most, help},
#include "fetchd/options.def"
};

const struct config_option config_hook_options[CONFIG_HOOK_OPTIONS_N] = {
#define HOOK_OPTION(key, field, type, value, least, most, help)                                              \
	{"Hook", #key, CONFIG_TYPE_##type, offsetof(struct config_hook, field), {value, value}, least, most, \
		help},
#include "fetchd/options.def"
};

/* What this build can fetch. */
static const char known_protocols[] = "http,https,ftp,ftps";

int config_path_set(char **field, enum config_mode mode, const char *text, const char **ret_why)
{
	CLEANUP_FREE char *expanded = NULL;
	CLEANUP_FREE char *home = config_home();
	if (mode == CONFIG_USER && text_starts(text, "~/") && home)
		expanded = xasprintf("%s%s", home, text + 1);
	char *path = path_normalize(expanded ? expanded : text, ret_why);
	if (!path)
		return -EINVAL;
	free(*field);
	*field = path;
	return 0;
}

/* Next element of a list: white space, commas and colons separate, double quotes keep. NULL at the end;
 * caller frees. */
static char *next_element(const char **text)
{
	static const char separators[] = " \t\n,:";
	const char *start = *text + strspn(*text, separators);
	bool quoted = *start == '"';
	start += quoted;
	size_t n = strcspn(start, quoted ? "\"" : separators);
	*text = start + n + (quoted && start[n]);
	return n > 0 ? xstrndup(start, n) : NULL;
}

static int set_paths(char ***field, enum config_mode mode, const char *text, char **ret_why)
{
	char **list = xcalloc(1, sizeof(*list));
	size_t n = 0;
	char *element;

	while ((element = next_element(&text))) {
		const char *why;
		list = xreallocarray(list, n + 2, sizeof(*list));
		list[n] = list[n + 1] = NULL;
		int bad = config_path_set(&list[n++], mode, element, &why);
		if (bad)
			*ret_why = xasprintf("%s %s", element, why);
		free(element);
		if (bad)
			break;
	}
	*field = list;
	return *ret_why ? -EINVAL : 0;
}

static int set_file(char **field, enum config_mode mode, const char *text, char **ret_why)
{
	const char *why;
	if (!*text)
		return 0;
	if (config_path_set(field, mode, text, &why)) {
		*ret_why = xasprintf("%s %s", text, why);
		return -EINVAL;
	}
	if (access(*field, R_OK) < 0) {
		*ret_why = xasprintf("%s cannot be read: %s", *field, strerror(errno));
		return -EINVAL;
	}
	return 0;
}

static int set_proxy(char **field, const struct config_setting *setting, char **ret_why)
{
	if (!*setting->text)
		return 0;
	char *url = proxy_normalize(setting->text, ret_why);
	if (!url)
		return -EINVAL;
	CLEANUP_FREE char *redacted = origin_redact(url);
	if (setting->exposed && strcmp(redacted, url) != 0) {
		*ret_why = xstrdup("holds a password, but others can read the file: chmod 0600 it");
		free(url);
		return -EINVAL;
	}
	free(*field);
	*field = url;
	return 0;
}

static int set_agent(char **field, const char *text, char **ret_why)
{
	const char *why = header_value_refusal(text);
	if (why)
		*ret_why = xstrdup(why);
	else
		str_set(field, *text ? text : "fetchd/" PACKAGE_VERSION);
	return why ? -EINVAL : 0;
}

static int set_protocols(char **field, const char *text, char **ret_why)
{
	CLEANUP_FREE char *list = xstrdup("");
	char *word;

	while ((word = next_element(&text))) {
		CLEANUP_FREE char *owned = word;
		if (!origin_scheme_in(word, known_protocols)) {
			*ret_why = xasprintf("%s is not known here; known are %s", word, known_protocols);
			return -EINVAL;
		}
		char *longer = xasprintf("%s%s%s", list, *list ? "," : "", word);
		free(list);
		list = longer;
	}
	str_set(field, list);
	return 0;
}

/* ---- numbers and words */

static void explain_number(int error, const struct config_option *option, const char *text, char **ret_why)
{
	CLEANUP_FREE char *shown = text_escape(text);
	char least[UNITS_MAX], most[UNITS_MAX];

	if (error == -EINVAL && option->type == CONFIG_TYPE_SPAN)
		*ret_why = xasprintf("%s is no time span (30s, 1h 30min, infinity)", shown);
	else if (error == -EINVAL && option->type == CONFIG_TYPE_RATE)
		*ret_why = xasprintf("%s is no rate (bytes a second, with K, M or G)", shown);
	else if (error == -EINVAL && option->type == CONFIG_TYPE_SIZE)
		*ret_why = xasprintf("%s is no size (bytes, with K, M or G)", shown);
	else if (error == -EINVAL)
		*ret_why = xasprintf("%s is no number", shown);
	else if (option->type == CONFIG_TYPE_SPAN)
		*ret_why = xasprintf("%s is out of range: %s to %s", shown,
			units_format_span(least, option->least), units_format_span(most, option->most));
	else
		*ret_why = xasprintf("%s is out of range: %lld to %lld", shown, (long long)option->least,
			(long long)option->most);
}

static int parse_number(const struct config_option *option, const char *text, int64_t *ret)
{
	if (option->type == CONFIG_TYPE_SPAN)
		return units_parse_span(text, ret);
	if (option->type == CONFIG_TYPE_RATE)
		return units_parse_rate(text, ret);
	if (option->type == CONFIG_TYPE_SIZE)
		return units_parse_size(text, ret);
	return units_parse_int(text, INT64_MIN, INT64_MAX, ret);
}

static int set_number(int64_t *field, const struct config_option *option, const char *text, char **ret_why)
{
	int64_t value = 0;
	int error = parse_number(option, text, &value);
	if (!error && (value < option->least || value > option->most))
		error = -ERANGE;
	if (error)
		explain_number(error, option, text, ret_why);
	else
		*field = value;
	return error;
}

/* auto: the number of CPUs, at most so many. */
static int set_cpus(
	int64_t *field, const struct config_option *option, const char *text, int64_t most, char **ret_why)
{
	if (strcmp(text, "auto") != 0)
		return set_number(field, option, text, ret_why);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	*field = cpus < 1 ? 1 : cpus > most ? most : cpus;
	return 0;
}

static int set_ratio(double *field, const struct config_option *option, const char *text, char **ret_why)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value < (double)option->least ||
		value > (double)option->most) {
		CLEANUP_FREE char *shown = text_escape(text);
		*ret_why = xasprintf("%s is no number from %lld to %lld", shown, (long long)option->least,
			(long long)option->most);
		return -EINVAL;
	}
	*field = value;
	return 0;
}

static int addresses_parse(const char *word, enum config_mode mode)
{
	if (!*word)
		return mode == CONFIG_SYSTEM ? CONFIG_ADDRESSES_DENY : CONFIG_ADDRESSES_ALLOW;
	if (!strcmp(word, "allow"))
		return CONFIG_ADDRESSES_ALLOW;
	return strcmp(word, "deny") ? -1 : CONFIG_ADDRESSES_DENY;
}

static int isolation_parse(const char *word)
{
	if (!strcmp(word, "none"))
		return HOOK_ISOLATION_NONE;
	return strcmp(word, "unit") ? -1 : HOOK_ISOLATION_UNIT;
}

/* Words of systemd.syntax(7). */
static int bool_parse(const char *word)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (int i = 0; i < (int)ARRAY_LEN(words); i++)
		if (text_ieq(word, words[i]))
			return i % 2;
	return -1;
}

static int set_word(int64_t *field, int value, const char *text, const char *words, char **ret_why)
{
	if (value < 0) {
		CLEANUP_FREE char *shown = text_escape(text);
		*ret_why = xasprintf("%s is none of %s", shown, words);
		return -EINVAL;
	}
	*field = value;
	return 0;
}

char *config_window_refusal(const char *line)
{
	size_t n;
	char *why = NULL;

	calendar_free(calendar_parse(line, &n, &why));
	return why;
}

static int set_windows(struct calendar **field, const char *text, char **ret_why)
{
	size_t n;

	calendar_free(*field);
	*field = calendar_parse(text, &n, ret_why);
	return *field ? 0 : -EINVAL;
}

static int set_single_path(char **field, enum config_mode mode, const char *text, char **ret_why)
{
	const char *why;
	if (!*text || !config_path_set(field, mode, text, &why))
		return 0;
	CLEANUP_FREE char *shown = text_escape(text);
	*ret_why = xasprintf("%s %s", shown, why);
	return -EINVAL;
}

int config_value_set(void *field, enum config_mode mode, const struct config_option *option,
	const struct config_setting *setting, char **ret_why)
{
	const char *text = *setting->text ? setting->text : option->defaults[mode];
	*ret_why = NULL;

	switch (option->type) {
	case CONFIG_TYPE_SOCKET:
		if (!strcmp(text, "none")) {
			str_set(field, "");
			return 0;
		}
		return set_single_path(field, mode, text, ret_why);
	case CONFIG_TYPE_PATH: return set_single_path(field, mode, text, ret_why);
	case CONFIG_TYPE_PATHS: return set_paths(field, mode, text, ret_why);
	case CONFIG_TYPE_FILE: return set_file(field, mode, text, ret_why);
	case CONFIG_TYPE_PROXY: return set_proxy(field, setting, ret_why);
	case CONFIG_TYPE_AGENT: return set_agent(field, text, ret_why);
	case CONFIG_TYPE_PROTOCOLS: return set_protocols(field, text, ret_why);
	case CONFIG_TYPE_INTEGER:
	case CONFIG_TYPE_SPAN:
	case CONFIG_TYPE_RATE:
	case CONFIG_TYPE_SIZE: return set_number(field, option, text, ret_why);
	case CONFIG_TYPE_WORKERS: return set_cpus(field, option, text, 8, ret_why);
	case CONFIG_TYPE_CPUS: return set_cpus(field, option, text, option->most, ret_why);
	case CONFIG_TYPE_RATIO: return set_ratio(field, option, text, ret_why);
	case CONFIG_TYPE_LEVEL:
		return set_word(
			field, log_level_parse(text), text, "err, warning, notice, info, debug", ret_why);
	case CONFIG_TYPE_CONFLICT:
		return set_word(
			field, job_conflict_parse(text), text, "fail, rename, overwrite, skip", ret_why);
	case CONFIG_TYPE_RESUME:
		return set_word(field, job_resume_parse(text), text, "auto, strict", ret_why);
	case CONFIG_TYPE_ADDRESSES:
		return set_word(field, addresses_parse(text, mode), text, "allow, deny", ret_why);
	case CONFIG_TYPE_BOOL: return set_word(field, bool_parse(text), text, "yes, no", ret_why);
	case CONFIG_TYPE_WINDOWS: return set_windows(field, text, ret_why);
	case CONFIG_TYPE_WEIGHTS: return config_weights_set(field, text, ret_why);
	case CONFIG_TYPE_GROUP: return config_group_set(field, text, ret_why);
	case CONFIG_TYPE_COMMAND: return config_command_set(field, mode, text, ret_why);
	case CONFIG_TYPE_EVENTS: return config_events_set(field, text, ret_why);
	case CONFIG_TYPE_ENVIRONMENT: return config_environment_set(field, text, ret_why);
	case CONFIG_TYPE_TEMPLATE: return config_template_set(field, text, ret_why);
	case CONFIG_TYPE_ISOLATION:
		return set_word(field, isolation_parse(text), text, "none, unit", ret_why);
	}
	abort(); /* not a type */
}
