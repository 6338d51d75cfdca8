/* The limits that hold for all jobs together, for each origin and for each user: their names, units and
 * ranges. Pure; any thread. */
#ifndef JOB_LIMIT_H
#define JOB_LIMIT_H

#include <stdint.h>

/* Stored and sent by name; the numbers may change. */
enum limit {
	LIMIT_MAX_ACTIVE,
	LIMIT_MAX_PER_HOST,
	LIMIT_MAX_ACTIVE_PER_USER,
	LIMIT_MAX_JOBS_PER_USER,
	LIMIT_MAX_DISK_PER_USER,
	LIMIT_LIMIT_RATE,
	LIMIT_LIMIT_RATE_PER_HOST,
	LIMIT_LIMIT_RATE_PER_USER,
};
#define LIMITS_N (LIMIT_LIMIT_RATE_PER_USER + 1)

/* Counts; bytes; bytes a second. 0 where it is allowed: no limit. */
struct limits {
	int64_t max_active;
	int64_t max_per_host;
	int64_t max_active_per_user;
	int64_t max_jobs_per_user;
	int64_t max_disk_per_user;
	int64_t limit_rate;
	int64_t limit_rate_per_host;
	int64_t limit_rate_per_user;
};

enum limit_unit { LIMIT_COUNT, LIMIT_BYTES, LIMIT_RATE };

struct limit_info {
	const char *name; /* "max-active" */
	const char *key;  /* of the configuration: "MaxActive" */
	enum limit_unit unit;
	int64_t least, most;
};
const struct limit_info *limit_info(enum limit limit);
/* -1 when there is none of that name. */
int limit_parse(const char *name);
/* 0, -EINVAL (no number of its unit) or -ERANGE. */
int limit_parse_value(enum limit limit, const char *text, int64_t *ret);
/* Whether the limit may have this value. */
int limit_check(enum limit limit, int64_t value);
int64_t *limits_field(struct limits *limits, enum limit limit);

#endif
