/* Directories as users write them, made into what the daemon takes. */
#ifndef FETCHCTL_DIR_H
#define FETCHCTL_DIR_H

/* dir, relative to base (absolute; NULL: the working directory), as an absolute path without ".", ".." or
 * symbolic links; what does not exist yet is taken as written. Caller frees. NULL with *ret_why a static
 * sentence. */
char *dir_resolve(const char *dir, const char *base, const char **ret_why);

#endif
