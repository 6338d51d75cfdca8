/* Secrets that come from elsewhere than the command line: from files, standard input, the terminal. Each
 * result is the caller's, for secret_free(). */
#ifndef FETCHCTL_SECRET_H
#define FETCHCTL_SECRET_H

#include <stddef.h>

/* Longest file. */
#define SECRET_FILE_MAX ((size_t)256 * 1024)

/* The text of a file, "-" for standard input. NULL with *ret_why a static sentence. */
char *secret_read(const char *path, const char **ret_why);
/* value itself; of "@FILE" and "@-" what stands there, without the end of the last line. NULL as above. */
char *secret_take(const char *value, const char **ret_why);
/* A line typed on the terminal, which does not show it. NULL when there is no terminal, or nothing was typed.
 */
char *secret_ask(const char *prompt);
/* Overwrites it. NULL is fine. */
void secret_free(char *secret);
static inline void secret_cleanup(char **secret)
{
	secret_free(*secret);
}
#define CLEANUP_SECRET __attribute__((cleanup(secret_cleanup)))
/* Replaces *slot, which is overwritten; takes value. */
void secret_set(char **slot, char *value);

#endif
