/* Request headers that users may add: token and field-value grammar (RFC 9110, 5.1 and 5.5), and those that
 * fetchd alone sets. Pure.
 */
#ifndef JOB_HEADER_H
#define JOB_HEADER_H

#include <stdbool.h>

/* line is "Name: value". NULL when it may be sent, else why not (static sentence). Refuses bytes that could
 * end the line, and Host, Content-Length, Transfer-Encoding, Connection, Range, If-Range, Proxy-*, TE,
 * Accept-Encoding. */
const char *header_refusal(const char *line);
/* A bare field value (User-Agent, Referer): NULL or why not. */
const char *header_value_refusal(const char *value);
/* Whether the header of line ("Name: value") tends to carry a secret: Authorization, Cookie, and names that
 * contain token, secret, password, api-key, signature, auth or credential. Such lines are kept apart. */
bool header_is_secret(const char *line);

#endif
