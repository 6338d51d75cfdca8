/* base64 with padding (RFC 4648, 4). Pure. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

/* Of n bytes. Caller frees. */
char *base64_encode(const void *bytes, size_t n);
/* NULL when text is anything else; else *ret_n bytes. Caller frees. */
void *base64_decode(const char *text, size_t *ret_n);

#endif
