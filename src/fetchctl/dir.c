/* Directories: the daemon takes absolute paths only, and compares them with its roots, which have no symbolic
 * links. */
#include "config.h"

#include "fetchctl/dir.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/text.h"

/* Append the components of tail to path (absolute and normal, "" for the root; room for PATH_MAX + 1), "."
 * and ".." worked out as text. */
static bool append(char *path, const char *tail)
{
	while (*tail) {
		size_t n = strcspn(tail, "/"), len = strlen(path);

		if (n == 2 && strncmp(tail, "..", 2) == 0) {
			if (len > 0)
				*strrchr(path, '/') = '\0';
		} else if (n > 0 && !(n == 1 && *tail == '.')) {
			if (len + n + 2 > PATH_MAX)
				return false;
			path[len] = '/';
			*(char *)mempcpy(path + len + 1, tail, n) = '\0';
		}
		tail += n + strspn(tail + n, "/");
	}
	return true;
}

/* The longest part of path that exists, resolved, and *ret_tail: what follows it. NULL when that cannot be
 * known. */
static char *resolve_existing(char *path, const char **ret_tail)
{
	size_t end = strlen(path);

	for (;;) {
		char saved = path[end], *resolved;

		path[end] = '\0';
		resolved = realpath(end > 0 ? path : "/", NULL);
		path[end] = saved;
		*ret_tail = path + end;
		if (resolved || (errno != ENOENT && errno != ENOTDIR) || end == 0)
			return resolved;
		do
			end--;
		while (end > 0 && path[end] != '/');
	}
}

/* What cannot be looked at is the daemon's to judge. */
static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 || S_ISDIR(st.st_mode);
}

char *dir_resolve(const char *dir, const char *base, const char **ret_why)
{
	CLEANUP_FREE char *cwd = base ? NULL : realpath(".", NULL);
	CLEANUP_FREE char *path = NULL, *resolved = NULL;
	char out[PATH_MAX + 1] = "";
	const char *tail;

	*ret_why = "the directory's path is empty, too long, or cannot be resolved";
	if (!base)
		base = cwd;
	if (!*dir || (*dir != '/' && !base))
		return NULL;
	path = *dir == '/' ? xstrdup(dir) : xasprintf("%s/%s", base, dir);
	if (!text_utf8_valid(path, strlen(path))) {
		*ret_why = "the directory's path is not valid UTF-8";
		return NULL;
	}
	resolved = resolve_existing(path, &tail);
	if (resolved && !is_directory(resolved)) {
		*ret_why = "a file stands where a directory must be";
		return NULL;
	}
	if (!resolved || !append(out, resolved) || !append(out, tail))
		return NULL;
	return xstrdup(*out ? out : "/");
}
