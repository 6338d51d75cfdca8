/* Reload: a new configuration, whole or not at all, that fits the parts that run already. Main thread; reads
 * a few small files. */
#include "fetchd/reload.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "job/message.h"

static void warn_kept(const char *key)
{
	log_warning("%s was changed: it takes effect at the next start", key);
}

static void keep_string(char **slot, const char *old, const char *key)
{
	bool same = *slot && old ? strcmp(*slot, old) == 0 : *slot == old;
	if (!same) {
		warn_kept(key);
		str_set(slot, old);
	}
}

static bool same_list(char *const *a, char *const *b)
{
	size_t i = 0;
	while (a[i] && b[i] && !strcmp(a[i], b[i]))
		i++;
	return !a[i] && !b[i];
}

static char **copy_list(char *const *list)
{
	size_t n = 0;
	while (list[n])
		n++;
	char **copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

static void replace_list(char ***slot, char *const *old)
{
	for (size_t i = 0; (*slot)[i]; i++)
		free((*slot)[i]);
	free(*slot);
	*slot = copy_list(old);
}

static void keep_roots(struct config *config, const struct config *old)
{
	const char *rest;
	if (!same_list(config->download_roots, old->download_roots)) {
		warn_kept("Transfer.DownloadRoots");
		replace_list(&config->download_roots, old->download_roots);
		replace_list(&config->root_aliases, old->root_aliases);
	}
	if (config_root_of(config, config->default_directory, &rest) < 0)
		keep_string(&config->default_directory, old->default_directory, "Transfer.DefaultDirectory");
}

struct config *reload_config(const struct config_source *source, const struct config *old)
{
	CLEANUP_FREE char *error = NULL;
	struct config *config = config_load(source, &error);
	if (!config) {
		log_message(LOG_LEVEL_ERR, MESSAGE_RELOAD_REFUSED, "the configuration stays as it was: %s",
			error);
		return NULL;
	}
	keep_string(&config->state_directory, old->state_directory, "Daemon.StateDirectory");
	keep_string(&config->socket, old->socket, "Daemon.Socket");
	keep_string(&config->metrics_socket, old->metrics_socket, "Daemon.MetricsSocket");
	keep_roots(config, old);
	if (config->workers != old->workers) {
		warn_kept("Daemon.Workers");
		config->workers = old->workers;
	}
	return config;
}
