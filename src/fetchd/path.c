/* Paths as text: owns nothing, looks at no file system. Any thread. */
#include "fetchd/path.h"

#include <limits.h>
#include <string.h>

#include "base/alloc.h"

static const char *path_refusal(const char *path)
{
	if (!*path)
		return "is empty";
	if (*path != '/')
		return "is not an absolute path";
	if (strlen(path) >= PATH_MAX)
		return "is too long";
	return NULL;
}

char *path_normalize(const char *path, const char **ret_why)
{
	*ret_why = path_refusal(path);
	if (*ret_why)
		return NULL;

	char *normal = xmalloc(strlen(path) + 1);
	size_t used = 0;
	while (*path) {
		path += strspn(path, "/");
		size_t n = strcspn(path, "/");
		if (n == 2 && !strncmp(path, "..", 2)) {
			*ret_why = "has a \"..\" in it";
			free(normal);
			return NULL;
		}
		if (n > 0 && !(n == 1 && *path == '.')) {
			normal[used++] = '/';
			memcpy(normal + used, path, n);
			used += n;
		}
		path += n;
	}
	if (used == 0)
		normal[used++] = '/';
	normal[used] = '\0';
	return normal;
}

const char *path_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	if (n == 1) /* "/" */
		return path + 1;
	if (strncmp(path, dir, n) != 0)
		return NULL;
	if (path[n] == '\0')
		return path + n;
	return path[n] == '/' ? path + n + 1 : NULL;
}
