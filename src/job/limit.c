/* The table of limits. Pure. */
#include "config.h"

#include "job/limit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/units.h"

#define COUNT_MAX 100000
#define BYTES_MAX ((int64_t)1 << 60)
#define RATE_MAX  ((int64_t)1 << 40)

static const struct {
	struct limit_info info;
	size_t offset;
} table[LIMITS_N] = {
#define LIMIT(id, name, key, unit, least, most, field)                                                       \
	[LIMIT_##id] = {{name, key, LIMIT_##unit, least, most}, offsetof(struct limits, field)}
	LIMIT(MAX_ACTIVE, "max-active", "MaxActive", COUNT, 1, COUNT_MAX, max_active),
	LIMIT(MAX_PER_HOST, "max-per-host", "MaxPerHost", COUNT, 1, COUNT_MAX, max_per_host),
	LIMIT(MAX_ACTIVE_PER_USER, "max-active-per-user", "MaxActivePerUser", COUNT, 0, COUNT_MAX,
		max_active_per_user),
	LIMIT(MAX_JOBS_PER_USER, "max-jobs-per-user", "MaxJobsPerUser", COUNT, 1, 1000000000,
		max_jobs_per_user),
	LIMIT(MAX_DISK_PER_USER, "max-disk-per-user", "MaxDiskPerUser", BYTES, 0, BYTES_MAX,
		max_disk_per_user),
	LIMIT(LIMIT_RATE, "limit-rate", "LimitRate", RATE, 0, RATE_MAX, limit_rate),
	LIMIT(LIMIT_RATE_PER_HOST, "limit-rate-per-host", "LimitRatePerHost", RATE, 0, RATE_MAX,
		limit_rate_per_host),
	LIMIT(LIMIT_RATE_PER_USER, "limit-rate-per-user", "LimitRatePerUser", RATE, 0, RATE_MAX,
		limit_rate_per_user),
#undef LIMIT
};

const struct limit_info *limit_info(enum limit limit)
{
	return &table[limit].info;
}

int limit_parse(const char *name)
{
	for (int i = 0; i < LIMITS_N; i++)
		if (strcmp(table[i].info.name, name) == 0)
			return i;
	return -1;
}

int limit_check(enum limit limit, int64_t value)
{
	const struct limit_info *info = limit_info(limit);

	return value < info->least || value > info->most ? -ERANGE : 0;
}

static int parse(enum limit_unit unit, const char *text, int64_t *ret)
{
	switch (unit) {
	case LIMIT_COUNT: return units_parse_int(text, INT64_MIN, INT64_MAX, ret);
	case LIMIT_BYTES: return units_parse_size(text, ret);
	case LIMIT_RATE: return units_parse_rate(text, ret);
	}
	return -EINVAL;
}

int limit_parse_value(enum limit limit, const char *text, int64_t *ret)
{
	int64_t value;
	int err = parse(limit_info(limit)->unit, text, &value);

	if (!err)
		err = limit_check(limit, value);
	if (!err)
		*ret = value;
	return err;
}

int64_t *limits_field(struct limits *limits, enum limit limit)
{
	return (int64_t *)(void *)((char *)limits + table[limit].offset);
}
