/* Rows: jobs and hosts as the views show them. Every string is escaped for the terminal. Pure. */
#ifndef FETCHCTL_TOP_ROWS_H
#define FETCHCTL_TOP_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job/filter.h"
#include "job/job.h"

struct row {
	int64_t id; /* of a job; of a host a number made of its name */
	char *name; /* of the file; of the host */
	char *code; /* of the error: a job's, the one a host is held for, or its last */

	/* of a job */
	char *host;
	char *group;
	char *message; /* of the error */
	enum job_state state;
	enum job_wait waiting_for;
	int32_t priority;
	int64_t size; /* -1: unknown */
	int64_t received;
	int64_t speed;
	int64_t due_usec;      /* 0: none */
	int64_t finished_usec; /* 0: not yet */

	/* of a host */
	char *origin; /* as the daemon names it, not for the terminal; NULL: a job */
	char *word;   /* open, full, paced, broken, held */
	int64_t active, limit, max;
	int64_t until_usec; /* 0: no time is known */
	int64_t done, failed;
	bool held; /* nothing starts there now */
};

struct rows {
	struct row *at;
	size_t n, cap;
};

void rows_done(struct rows *rows);
/* Appends jobs (type Job), those that only means. */
void rows_add_jobs(struct rows *rows, const json_t *jobs, const struct job_filter *only);
/* Appends hosts (type Host), those that only means. */
void rows_add_hosts(struct rows *rows, const json_t *hosts, const struct job_filter *only);
/* 0…1; -1 when the size is not known. */
double row_part(const struct row *row);

#endif
