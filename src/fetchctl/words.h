/* Words: parts of a job as a person reads them. Each result is escaped for a terminal and freed by the
 * caller. */
#ifndef FETCHCTL_WORDS_H
#define FETCHCTL_WORDS_H

#include <stdint.h>

#include "job/job.h"

/* "example.org", "http://example.org:8080": the origin without what goes without saying. */
char *words_host(const char *origin);
/* The file's name, or its URL while it has none. */
char *words_name(const struct job *job);
/* The group's name, or "". */
char *words_group(const struct job *job);
/* "45%", or the bytes so far when the size is not known; "" before the first byte. */
char *words_progress(const struct job *job);
/* What is worth knowing beside the state: speed and time left, what it waits for and until when, the error's
 * code. */
char *words_note(const struct job *job, int64_t speed);
/* "E_HTTP_404: the server has no such file" */
char *words_error(const struct job *job);
/* "3min ago", "in 12s", "2025-11-22": the largest unit is enough beside others. */
char *words_when(int64_t wall_usec);
/* Time left at this speed, or USEC_INFINITY. */
int64_t words_eta_usec(int64_t size, int64_t received, int64_t speed);
/* "retry in 4s, after E_HTTP_503", "host". due_usec: 0 when no time is known; error_code: NULL for none. */
char *words_waiting(enum job_wait waiting_for, int64_t due_usec, const char *error_code);
/* A word as a shell takes it: quoted where that is needed. Not escaped. */
char *words_shell(const char *word);

#endif
