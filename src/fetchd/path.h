/* Paths as text. Pure; any thread. */
#ifndef FETCHD_PATH_H
#define FETCHD_PATH_H

/* Copy of an absolute path with "//", "/./" and a "/" at its end taken out. Caller frees. NULL with *ret_why
 * a static sentence when path is empty, relative, has a ".." component or is longer than PATH_MAX. */
char *path_normalize(const char *path, const char **ret_why);
/* What of path (normal form) follows dir: "" for dir itself, without a leading slash; NULL when it is not
 * inside. */
const char *path_below(const char *path, const char *dir);

#endif
