/* Name: whatever comes in, one safe file name component comes out. Pure. Rules: FAULTS.md, threats, first
 * row. */
#ifndef JOB_NAME_H
#define JOB_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Longest name in bytes: leaves room for " (999)" under NAME_MAX. */
#define NAME_BYTES_MAX 240

/* From a URL's last path segment, percent-decoded once. "index.html" when there is none. Caller frees. */
char *name_from_url(const char *url);
/* Make any bytes one safe component: no '/', no control, bidi or format characters, no leading dot, dash or
 * space, no trailing dot or space, none of \ : * ? " < > | ~, no reserved device name; at most NAME_BYTES_MAX
 * bytes of UTF-8, the extension kept. "download" when nothing is left. Caller frees. */
char *name_sanitize(const char *raw, size_t n);
/* As name_sanitize(); NULL when nothing is left. */
char *name_sanitize_or_null(const char *raw, size_t n);
/* A name the user gave ("-o"): NULL when it may be used as it is, else why not (static sentence). */
const char *name_refusal(const char *name);
/* Cut to at most max bytes (64 or more), between characters, the extension kept. Caller frees. */
char *name_shorten(const char *name, size_t max);
/* The n-th alternative (n >= 1): "file (1).txt", "file (1).tar.gz"; at most NAME_BYTES_MAX + 7 bytes. Caller
 * frees. */
char *name_numbered(const char *name, int n);

#endif
