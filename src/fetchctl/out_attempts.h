/* The attempts of a job, for the text writer. */
#ifndef FETCHCTL_OUT_ATTEMPTS_H
#define FETCHCTL_OUT_ATTEMPTS_H

#include <jansson.h>
#include <stdbool.h>

/* attempts: array of type Attempt. aligned: a table, below each row what is too long for it; else a line for
 * each. */
void attempts_show(const json_t *attempts, bool aligned, bool legend);
/* Address of the last one that came to a connection, escaped; NULL when there is none. Caller frees. */
char *attempts_address(const json_t *attempts);

#endif
