/* Hooks of the configuration: the keys of [Hook NAME] that nothing else has, and what makes a hook whole.
 * Looks at the file system, whether commands are there. Runs before threads start and on SIGHUP.
 */
#include <config.h>

#include "fetchd/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchd/path.h"

bool config_hook_name_valid(const char *name)
{
	size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

	return n > 0 && n <= CONFIG_HOOK_NAME_MAX && !name[n];
}

const struct config_hook *config_hook_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n_hooks; i++)
		if (!strcmp(config->hooks[i].name, name))
			return &config->hooks[i];
	return NULL;
}

bool config_hook_below(const struct config_hook *hook, const char *dir)
{
	for (size_t i = 0; hook->roots && hook->roots[i]; i++)
		if (path_below(dir, hook->roots[i]))
			return true;
	return false;
}

/* ---- values */

/* Why a text with specifiers is none; NULL: it is one. Caller frees. */
static char *specifier_refusal(const char *text)
{
	for (const char *p = strchr(text, '%'); p; p = strchr(p + 2, '%'))
		if (!p[1] || !strchr(CONFIG_HOOK_SPECIFIERS, p[1])) {
			CLEANUP_FREE char *shown = text_escape_n(p, p[1] ? 2 : 1);
			return xasprintf(
				"%s is no specifier; known are %%p %%n %%d %%i %%u %%g %%c %%k and %%%%",
				shown);
		}
	return NULL;
}

/* The program is a fixed one: what was fetched may be its argument only. */
static int resolve_program(char **word, enum config_mode mode, char **ret_why)
{
	char *path = NULL;
	const char *why = "has a specifier: only arguments may";

	if (!strchr(*word, '%') && config_path_set(&path, mode, *word, &why) == 0) {
		free(*word);
		*word = path;
		return 0;
	}
	CLEANUP_FREE char *shown = text_escape(*word);
	*ret_why = xasprintf("%s %s", shown, why);
	return -EINVAL;
}

int config_command_set(char ***field, enum config_mode mode, const char *text, char **ret_why)
{
	const char *why;
	char **words = config_words_split(text, &why);

	if (!words)
		*ret_why = xstrdup(why);
	else if (!words[0])
		*ret_why = xstrdup("a hook needs one");
	else if (resolve_program(&words[0], mode, ret_why) == 0)
		for (size_t i = 1; words[i] && !*ret_why; i++)
			*ret_why = specifier_refusal(words[i]);
	*field = words;
	return *ret_why ? -EINVAL : 0;
}

int config_events_set(unsigned *field, const char *text, char **ret_why)
{
	static const char *const names[] = {"done", "failed", "group-done"};
	CLEANUP_FREE char *copy = xstrdup(text);
	char *save = NULL;

	*field = 0;
	for (char *word = strtok_r(copy, " \t,", &save); word; word = strtok_r(NULL, " \t,", &save)) {
		size_t i = 0;
		while (i < ARRAY_LEN(names) && strcmp(word, names[i]) != 0)
			i++;
		if (i == ARRAY_LEN(names)) {
			CLEANUP_FREE char *shown = text_escape(word);
			*ret_why = xasprintf("%s is none of done, failed, group-done", shown);
			return -EINVAL;
		}
		*field |= 1u << i;
	}
	return 0;
}

static const char *variable_refusal(const char *word)
{
	size_t n = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

	if (n == 0 || word[n] != '=' || (*word >= '0' && *word <= '9'))
		return "is not of the form NAME=VALUE";
	return text_starts(word, "FETCHD_") ? "begins as those that fetchd itself sets" : NULL;
}

int config_environment_set(char ***field, const char *text, char **ret_why)
{
	const char *why = NULL;
	char **words = config_words_split(text, &why);

	*field = words;
	if (!words)
		*ret_why = xstrdup(why);
	for (size_t i = 0; words && words[i] && !*ret_why; i++) {
		why = variable_refusal(words[i]);
		if (why) {
			CLEANUP_FREE char *shown = text_escape(words[i]);
			*ret_why = xasprintf("%s %s", shown, why);
		}
	}
	return *ret_why ? -EINVAL : 0;
}

int config_template_set(char **field, const char *text, char **ret_why)
{
	if (!*text)
		return 0;
	*ret_why = specifier_refusal(text);
	if (!*ret_why && *text != '/' && !text_starts(text, "%d")) {
		CLEANUP_FREE char *shown = text_escape(text);
		*ret_why = xasprintf("%s begins neither with / nor with %%d", shown);
	}
	str_set(field, text);
	return *ret_why ? -EINVAL : 0;
}

/* ---- the whole */

/* Why a program cannot run just now; NULL: it can. Caller frees. */
static char *program_problem(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return xasprintf("%s: %s", path, errno == ENOENT ? "there is no such file" : strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xasprintf("%s is no file", path);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return xasprintf("%s cannot be executed: %s", path, strerror(errno));
	if (st.st_mode & S_IWOTH)
		return xasprintf("%s can be written by all users: chmod o-w %s", path, path);
	return NULL;
}

static void add_real(char ***list, size_t n, const char *path)
{
	char real[PATH_MAX];

	if (!realpath(path, real) || !strcmp(path, real))
		return;
	*list = xreallocarray(*list, n + 2, sizeof(**list));
	(*list)[n] = xstrdup(real);
	(*list)[n + 1] = NULL;
}

/* A job's directory may be written with symbolic links above it, and without. */
static int resolve_roots(const struct config *config, struct config_hook *hook, char **ret_why)
{
	size_t n = 0;
	const char *rest;

	while (hook->roots[n])
		n++;
	for (size_t i = 0, given = n; i < given; i++) {
		if (config_root_of(config, hook->roots[i], &rest) < 0) {
			*ret_why = xasprintf("%s is in none of DownloadRoots", hook->roots[i]);
			return -EINVAL;
		}
		add_real(&hook->roots, n, hook->roots[i]);
		n += hook->roots[n] != NULL;
	}
	return 0;
}

static char *explain(const struct config_hook_settings *settings, int option, const char *why)
{
	const struct config_setting *setting = &settings->of[option];

	return xasprintf("%s: Hook %s.%s: %s", setting->rank > 0 ? setting->where : settings->where,
		settings->name, config_hook_options[option].key, why);
}

/* 0, or -EINVAL with the option and why. */
static int set_keys(const struct config *config, struct config_hook *hook,
	const struct config_hook_settings *settings, int *ret_option, char **ret_why)
{
	for (*ret_option = 0; *ret_option < CONFIG_HOOK_OPTIONS_N; ++*ret_option) {
		const struct config_option *option = &config_hook_options[*ret_option];

		if (config_value_set(config_field(hook, option), config->mode, option,
			    &settings->of[*ret_option], ret_why))
			return -EINVAL;
	}
	*ret_option = CONFIG_HOOK_OPTION_Roots;
	return resolve_roots(config, hook, ret_why);
}

static int set_hook(const struct config *config, struct config_hook *hook,
	const struct config_hook_settings *settings, bool strict, char **ret_error)
{
	CLEANUP_FREE char *why = NULL;
	int option;

	hook->name = xstrdup(settings->name);
	if (set_keys(config, hook, settings, &option, &why)) {
		*ret_error = explain(settings, option, why);
		return -EINVAL;
	}
	hook->problem = program_problem(hook->command[0]);
	if (!hook->problem && hook->isolation == HOOK_ISOLATION_UNIT)
		hook->problem = program_problem(CONFIG_HOOK_SYSTEMD_RUN);
	if (!strict || !hook->problem)
		return 0;
	*ret_error = explain(settings, CONFIG_HOOK_OPTION_Command, hook->problem);
	return -EINVAL;
}

int config_hooks_set(
	struct config *config, const struct config_settings *settings, bool strict, char **ret_error)
{
	int err = 0;

	if (settings->n_hooks == 0)
		return 0;
	config->hooks = xcalloc(settings->n_hooks, sizeof(*config->hooks));
	while (config->n_hooks < settings->n_hooks && !err) {
		size_t i = config->n_hooks++;
		err = set_hook(config, &config->hooks[i], &settings->hooks[i], strict, ret_error);
	}
	return err;
}

void config_hooks_done(struct config *config)
{
	for (size_t i = 0; i < config->n_hooks; i++) {
		struct config_hook *hook = &config->hooks[i];

		free(hook->name);
		config_words_free(hook->command);
		config_words_free(hook->environment);
		config_words_free(hook->roots);
		free(hook->working_directory);
		free(hook->problem);
	}
	free(config->hooks);
}
