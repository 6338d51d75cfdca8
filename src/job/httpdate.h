/* HTTP dates (RFC 9110, 5.6.7): IMF-fixdate, and the two obsolete forms. Pure. */
#ifndef JOB_HTTPDATE_H
#define JOB_HTTPDATE_H

#include <stdint.h>

/* Seconds since the epoch in *ret; 0, or -EINVAL. */
int httpdate_parse(const char *text, int64_t *ret_sec);

#endif
