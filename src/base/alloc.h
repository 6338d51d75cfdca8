/* Allocation that cannot fail.
 *
 * Out of memory aborts: the queue is on disk, systemd restarts the daemon and nothing is lost
 * (FAULTS P4). So no caller carries an error path for it. Any thread.
 */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
/* As xstrdup; NULL stays NULL. */
char *xstrdup_null(const char *s);
void *xmemdup(const void *p, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), malloc, returns_nonnull));
char *xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0), malloc, returns_nonnull));

/* Replace *slot by a copy of s (NULL clears). Frees the old value. */
void str_set(char **slot, const char *s);

/* At the start of a program that works in bursts: freed memory is kept for the next turn, up to 8 MiB a heap,
 * instead of being given back and faulted in again (mallopt(3); half of the time of adds in bench-queue). */
void alloc_keep(void);
/* Free memory goes back to the system (malloc_trim(3)): after a burst, when there is nothing to do. */
void alloc_trim(void);

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}
/* Local pointer freed when its scope ends. */
#define CLEANUP_FREE __attribute__((cleanup(cleanup_freep)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
