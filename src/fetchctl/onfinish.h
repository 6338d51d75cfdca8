/* Onfinish: a command of the user's for each job that ends. */
#ifndef FETCHCTL_ONFINISH_H
#define FETCHCTL_ONFINISH_H

#include <jansson.h>

/* When the event is a job's end, runs command by sh(1), and returns when it has ended. What it is about
 * stands in the environment: FETCHD_EVENT (done, failed, cancelled), FETCHD_CURSOR, FETCHD_JOB_ID,
 * FETCHD_NAME, FETCHD_PATH, FETCHD_URL, FETCHD_GROUP, FETCHD_SIZE, FETCHD_ERROR; empty where nothing is
 * known. A failure is told on standard error. */
void onfinish(const char *command, const json_t *event);

#endif
