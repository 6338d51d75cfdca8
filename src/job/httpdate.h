/* HTTP dates (RFC 9110, 5.6.7): IMF-fixdate, and the two obsolete forms. Pure. */
#ifndef JOB_HTTPDATE_H
#define JOB_HTTPDATE_H

#include <stdint.h>

/* Seconds since the epoch in *ret; 0, or -EINVAL. */
int httpdate_parse(const char *text, int64_t *ret_sec);
/* IMF-fixdate of a time in years 0 to 9999. Returns buf. */
#define HTTPDATE_MAX 30
char *httpdate_format(char buf[HTTPDATE_MAX], int64_t sec);

#endif
