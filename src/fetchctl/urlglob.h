/* URL patterns, as of curl(1), "GLOBBING": {one,two}, [1-100], [001-100:10], [a-z]. Pure. */
#ifndef FETCHCTL_URLGLOB_H
#define FETCHCTL_URLGLOB_H

#include <stddef.h>

/* URLs that one pattern may stand for. */
#define URL_GLOB_MAX ((size_t)1000000)

struct url_glob;

/* NULL, or what is wrong with the pattern and at which byte of it. "\" takes the next character as it is; the
 * brackets of an IPv6 address are no range. *ret: url_glob_free(). */
const char *url_glob_parse(const char *pattern, struct url_glob **ret, size_t *ret_position);
void url_glob_free(struct url_glob *glob);
/* How many URLs it stands for: 1 when it holds no set and no range. */
size_t url_glob_count(const struct url_glob *glob);
/* The next of them, the last part changing fastest; NULL: there is none. Caller frees. */
char *url_glob_next(struct url_glob *glob);
/* name with #1, #2 … replaced by what the last url_glob_next() had for the first, second … set or range; a
 * number that it has not stays. Caller frees. */
char *url_glob_name(const struct url_glob *glob, const char *name);

#endif
