/* Classification: libcurl's code, HTTP status or errno → class, stable code, sentence. One table (FAULTS.md,
 * "Classification"). Pure: libcurl's numbers come in as plain ints; transfer/ asserts that they are its own.
 */
#ifndef JOB_CLASSIFY_H
#define JOB_CLASSIFY_H

#include "job/verdict.h"

/* All keep the first cause: a verdict that is already set stays. A row that wants slow retries raises
 * retry_after_usec, and says with slow_growth when they are to become slower; Rn rows set most_attempts to
 * n + 1, the first attempt included; whole_origin is set for 429 and 503. */

/* A CURLcode that is not 0. detail: libcurl's error text or NULL. Sets class, code, message. */
void classify_curl(struct verdict *v, int curl_code, const char *detail);
/* A CURLproxycode that is not 0: tells more than the CURLcode that it comes with (97). Before
 * classify_curl(). */
void classify_proxy(struct verdict *v, int proxy_code, const char *detail);
/* The status of an HTTP proxy's answer to CONNECT when it is no success. Before classify_curl(). */
void classify_connect(struct verdict *v, int status);
/* An HTTP status that is not a success the gate accepts. Sets class, code, message, http_status. A
 * Retry-After must stand in retry_after_usec before: with it 202 and 413 are tried again. That 400, 417 and
 * 505 may be an answer to Range is for who has sent one to say. */
void classify_http(struct verdict *v, int status);
/* errno (positive) from an operation on the payload ("write", "rename", …) at path. */
void classify_errno(struct verdict *v, int error, const char *operation, const char *path);

#endif
