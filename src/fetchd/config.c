/* Configuration: one immutable value made whole from files, overrides and environment. Runs before threads
 * start and on SIGHUP; a loaded config is read by any thread and never changed.
 */
#include "fetchd/config_private.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchd/path.h"
#include "job/calendar.h"
#include "job/origin.h"

static char *explain(const struct config_settings *settings, int option, const char *why)
{
	const struct config_setting *setting = &settings->of[option];
	bool written = setting->rank > 0;
	return xasprintf("%s%s%s.%s: %s", written ? setting->where : "", written ? ": " : "",
		config_options[option].section, config_options[option].key, why);
}

static const struct config_option *option_of_limit(enum limit limit, size_t *ret_i)
{
	for (*ret_i = 0; *ret_i < CONFIG_OPTIONS_N; ++*ret_i)
		if (strcmp(config_options[*ret_i].key, limit_info(limit)->key) == 0)
			return &config_options[*ret_i];
	abort(); /* options.def lacks it */
}

static void take_limits(struct config *config, const struct config_settings *settings)
{
	for (int i = 0; i < LIMITS_N; i++) {
		enum limit limit = (enum limit)i;
		size_t n;
		const struct config_option *option = option_of_limit(limit, &n);
		const struct config_setting *setting = &settings->of[n];

		*limits_field(&config->limits, limit) = *(int64_t *)config_field(config, option);
		config->limits_from[i] = setting->rank == 0		     ? CONFIG_FROM_DEFAULT
					 : strcmp(setting->where, "-o") == 0 ? CONFIG_FROM_OVERRIDE
									     : CONFIG_FROM_FILE;
	}
}

static int set_all(
	struct config *config, const struct config_settings *settings, bool strict, char **ret_error)
{
	CLEANUP_FREE char *why = NULL;
	int option;

	for (option = 0; option < CONFIG_OPTIONS_N; option++)
		if (config_value_set(config_field(config, &config_options[option]), config->mode,
			    &config_options[option], &settings->of[option], &why)) {
			*ret_error = explain(settings, option, why);
			return -EINVAL;
		}
	take_limits(config, settings);
	if (config_places_resolve(config, &option, &why)) {
		*ret_error = explain(settings, option, why);
		return -EINVAL;
	}
	return config_hooks_set(config, settings, strict, ret_error);
}

static struct config *load(
	const struct config_source *source, struct config_settings *settings, char **ret_error)
{
	struct config *config = xcalloc(1, sizeof(*config));
	config->refs = 1;
	config->mode = source->mode;
	if (config_settings_read(settings, source, ret_error) ||
		set_all(config, settings, source->strict, ret_error)) {
		config_unref(config);
		return NULL;
	}
	return config;
}

struct config *config_load(const struct config_source *source, char **ret_error)
{
	struct config_settings settings;
	struct config *config = load(source, &settings, ret_error);
	config_settings_done(&settings);
	return config;
}

struct config *config_ref(struct config *config)
{
	atomic_fetch_add(&config->refs, 1);
	return config;
}

static void free_strings(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

void config_unref(struct config *config)
{
	if (!config || atomic_fetch_sub(&config->refs, 1) > 1)
		return;
	free(config->state_directory);
	free(config->socket);
	free(config->metrics_socket);
	free_strings(config->download_roots);
	free_strings(config->root_aliases);
	free(config->default_directory);
	free(config->ca_file);
	free(config->proxy);
	free(config->user_agent);
	free(config->protocols);
	free(config->user_weights);
	calendar_free(config->schedule);
	config_hooks_done(config);
	free(config);
}

/* The entry of list deepest above dir, when deeper than *ret_rel says already. */
static void find_root(char *const *list, const char *dir, int *index, const char **ret_rel)
{
	for (int i = 0; list[i]; i++) {
		const char *rel = path_below(dir, list[i]);
		if (rel && (*index < 0 || rel > *ret_rel)) {
			*index = i;
			*ret_rel = rel;
		}
	}
}

int config_root_of(const struct config *config, const char *dir, const char **ret_rel)
{
	int index = -1;
	find_root(config->download_roots, dir, &index, ret_rel);
	find_root(config->root_aliases, dir, &index, ret_rel);
	return index;
}

/* ---- print */

static void print_line(FILE *to, const struct config_option *option, const char *value, const char *where)
{
	fprintf(to, "# %s\n# set by: %s\n%s=%s\n", option->help, where, option->key, value);
}

static void print_paths(FILE *to, const struct config_option *option, char *const *paths, const char *where)
{
	fprintf(to, "# %s\n# set by: %s\n", option->help, where);
	if (!paths[0])
		fprintf(to, "%s=\n", option->key);
	for (size_t i = 0; paths[i]; i++)
		fprintf(to, "%s=\"%s\"\n", option->key, paths[i]);
}

static void print_windows(
	FILE *to, const struct config_option *option, const struct calendar *calendar, const char *where)
{
	size_t n = calendar_length(calendar);

	fprintf(to, "# %s\n# set by: %s\n", option->help, where);
	for (size_t i = 0; i < n; i++)
		fprintf(to, "%s=%s\n", option->key, calendar_window(calendar, i));
	if (n == 0)
		fprintf(to, "%s=\n", option->key);
}

/* A line each, as they were written. */
static void print_lines(FILE *to, const struct config_option *option, const char *text, const char *where)
{
	fprintf(to, "# %s\n# set by: %s\n", option->help, where);
	do {
		size_t n = strcspn(text, "\n");
		fprintf(to, "%s=%.*s\n", option->key, (int)n, text);
		text += n;
	} while (*text++);
}

static const char *print_string(char *const *field)
{
	return *field ? *field : "";
}

/* object: config, or the hook. */
static void print_option(FILE *to, const struct config *config, const void *object,
	const struct config_option *option, const struct config_setting *setting)
{
	const void *field = config_field(object, option);
	const char *text = *setting->text ? setting->text : option->defaults[config->mode];
	CLEANUP_FREE char *redacted = NULL;

	switch (option->type) {
	case CONFIG_TYPE_WINDOWS: print_windows(to, option, config->schedule, setting->where); break;
	case CONFIG_TYPE_PATHS: print_paths(to, option, *(char ***)field, setting->where); break;
	case CONFIG_TYPE_PROXY:
		redacted = config->proxy ? origin_redact(config->proxy) : NULL;
		print_line(to, option, redacted ? redacted : "", setting->where);
		break;
	case CONFIG_TYPE_SOCKET:
		print_line(
			to, option, config->metrics_socket ? config->metrics_socket : "none", setting->where);
		break;
	case CONFIG_TYPE_PATH:
	case CONFIG_TYPE_FILE:
	case CONFIG_TYPE_TEMPLATE:
	case CONFIG_TYPE_AGENT:
	case CONFIG_TYPE_PROTOCOLS: print_line(to, option, print_string(field), setting->where); break;
	case CONFIG_TYPE_INTEGER:
	case CONFIG_TYPE_WORKERS:
	case CONFIG_TYPE_CPUS:
	case CONFIG_TYPE_RATIO:
	case CONFIG_TYPE_SPAN:
	case CONFIG_TYPE_RATE:
	case CONFIG_TYPE_SIZE:
	case CONFIG_TYPE_RESUME:
	case CONFIG_TYPE_LEVEL:
	case CONFIG_TYPE_BOOL:
	case CONFIG_TYPE_WEIGHTS:
	case CONFIG_TYPE_GROUP:
	case CONFIG_TYPE_COMMAND:
	case CONFIG_TYPE_EVENTS:
	case CONFIG_TYPE_ISOLATION:
	case CONFIG_TYPE_CONFLICT: print_line(to, option, text, setting->where); break;
	case CONFIG_TYPE_ENVIRONMENT: print_lines(to, option, text, setting->where); break;
	case CONFIG_TYPE_ADDRESSES:
		print_line(to, option, config->private_addresses == CONFIG_ADDRESSES_ALLOW ? "allow" : "deny",
			setting->where);
		break;
	}
}

static void print_hooks(FILE *to, const struct config *config, const struct config_settings *settings)
{
	for (size_t i = 0; i < config->n_hooks; i++) {
		fprintf(to, "\n[Hook %s]\n", config->hooks[i].name);
		for (int k = 0; k < CONFIG_HOOK_OPTIONS_N; k++)
			print_option(to, config, &config->hooks[i], &config_hook_options[k],
				&settings->hooks[i].of[k]);
	}
}

void config_print(const struct config_source *source, FILE *to)
{
	struct config_settings settings;
	CLEANUP_FREE char *error = NULL;
	struct config *config = load(source, &settings, &error);

	for (int i = 0; config && i < CONFIG_OPTIONS_N; i++) {
		const struct config_option *option = &config_options[i];
		if (i == 0 || strcmp(option->section, config_options[i - 1].section) != 0)
			fprintf(to, "%s[%s]\n", i ? "\n" : "", option->section);
		print_option(to, config, config, option, &settings.of[i]);
	}
	if (config)
		print_hooks(to, config, &settings);
	if (error)
		fprintf(to, "# %s\n", error);
	config_settings_done(&settings);
	config_unref(config);
}
