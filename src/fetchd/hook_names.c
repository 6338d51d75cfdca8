/* Names of hooks against the configuration. Owns nothing; any thread. */
#include <config.h>

#include "fetchd/hook_names.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/hook.h"

#define OF_JOBS ((unsigned)(HOOK_ON_DONE | HOOK_ON_FAILED))

/* Those that may be asked for, in a sentence. */
static char *known(const struct config *config, unsigned on)
{
	char *text = NULL;

	for (size_t i = 0; i < config->n_hooks; i++) {
		char *longer;

		if (!(config->hooks[i].on & on))
			continue;
		longer = xasprintf("%s%s", text ? text : "there are ", config->hooks[i].name);
		free(text);
		text = xasprintf("%s, ", longer);
		free(longer);
	}
	if (!text)
		return xstrdup("none is configured for it: see [Hook NAME] in fetchd.conf(5)");
	text[strlen(text) - 2] = '\0';
	return text;
}

static char *refusal(const struct config *config, const char *name, unsigned on)
{
	const struct config_hook *hook = config_hook_find(config, name);
	CLEANUP_FREE char *safe = text_escape(name), *others = NULL;

	if (hook && (hook->on & on))
		return NULL;
	others = known(config, on);
	if (!hook)
		return xasprintf("there is no hook %s; %s", safe, others);
	if (on & HOOK_ON_GROUP_DONE)
		return xasprintf(
			"the hook %s does not run when a group has ended (On=group-done); %s", safe, others);
	return xasprintf("the hook %s runs only when a group has ended, and this job is in none", safe);
}

char *hook_names_refusal(const struct config *config, const char *names, unsigned on)
{
	const char *at = names, *one;
	char *why = NULL;
	size_t n, count = 0;

	while (!why && job_hook_next_name(&at, &one, &n)) {
		CLEANUP_FREE char *name = xstrndup(one, n);

		why = ++count > JOB_HOOK_NAMES_MAX ? xasprintf("more than %d hooks", JOB_HOOK_NAMES_MAX)
						   : refusal(config, name, on);
	}
	return why;
}

static bool is_default_of(const struct config_hook *hook, const char *dir)
{
	return (hook->on & OF_JOBS) && (hook->is_default || config_hook_below(hook, dir));
}

char *hook_names_default(const struct config *config, const char *dir)
{
	char *names = NULL;

	for (size_t i = 0; i < config->n_hooks; i++)
		if (is_default_of(&config->hooks[i], dir))
			job_hook_names_add(&names, config->hooks[i].name);
	return names;
}

char *hook_names_group_default(const struct config *config)
{
	char *names = NULL;

	for (size_t i = 0; i < config->n_hooks; i++)
		if (config->hooks[i].is_default && (config->hooks[i].on & HOOK_ON_GROUP_DONE))
			job_hook_names_add(&names, config->hooks[i].name);
	return names;
}
