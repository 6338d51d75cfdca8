/* Users and groups by name: weights ("alice=2 1001=4"), the group of administrators. Runs where the
 * configuration is read. */
#include <config.h>

#include "fetchd/config_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "base/units.h"

#define WEIGHT_MAX 1000

static int find_uid(const char *name, int64_t *ret)
{
	const struct passwd *entry;

	if (units_parse_int(name, 0, UINT32_MAX - 1, ret) == 0)
		return 0;
	entry = getpwnam(name);
	if (!entry)
		return -ENOENT;
	*ret = entry->pw_uid;
	return 0;
}

/* One "NAME=N". */
static int read_weight(char *word, struct config_weight *ret, char **ret_why)
{
	CLEANUP_FREE char *shown = text_escape(word);
	char *equals = strchr(word, '=');
	int64_t uid, weight;

	if (!equals || equals == word) {
		*ret_why = xasprintf("%s is not of the form USER=WEIGHT", shown);
		return -EINVAL;
	}
	*equals = '\0';
	if (units_parse_int(equals + 1, 1, WEIGHT_MAX, &weight) < 0) {
		*ret_why = xasprintf("%s: a weight is a whole number from 1 to %d", shown, WEIGHT_MAX);
		return -EINVAL;
	}
	if (find_uid(word, &uid) < 0) {
		*ret_why = xasprintf("%s: there is no such user", shown);
		return -EINVAL;
	}
	*ret = (struct config_weight){.uid = (uid_t)uid, .weight = (uint32_t)weight};
	return 0;
}

int config_weights_set(struct config_weight **field, const char *text, char **ret_why)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	struct config_weight *list = xcalloc(1, sizeof(*list));
	char *save = NULL;
	size_t n = 0;
	int err = 0;

	for (char *word = strtok_r(copy, " \t\n,", &save); word && !err;
		word = strtok_r(NULL, " \t\n,", &save)) {
		list = xreallocarray(list, n + 2, sizeof(*list));
		err = read_weight(word, &list[n], ret_why);
		list[++n] = (struct config_weight){0};
	}
	free(*field);
	*field = list;
	return err;
}

int config_group_set(int64_t *field, const char *text, char **ret_why)
{
	const struct group *entry;

	*field = -1;
	if (!*text || units_parse_int(text, 0, UINT32_MAX - 1, field) == 0)
		return 0;
	entry = getgrnam(text);
	if (!entry) {
		CLEANUP_FREE char *shown = text_escape(text);
		*ret_why = xasprintf("%s: there is no such group", shown);
		return -EINVAL;
	}
	*field = entry->gr_gid;
	return 0;
}

uint32_t config_user_weight(const struct config *config, uid_t uid)
{
	for (const struct config_weight *w = config->user_weights; w && w->weight; w++)
		if (w->uid == uid)
			return w->weight;
	return 1;
}
