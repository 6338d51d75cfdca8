/* Groups in text. Names come from outside, and are escaped here. */
#include "config.h"

#include "fetchctl/out_group.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/out_detail.h"
#include "job/job.h"

static const char *string_of(const json_t *group, const char *name)
{
	const char *value = json_string_value(json_object_get(group, name));

	return value ? value : "";
}

static char *name_of(const json_t *group)
{
	return text_escape(string_of(group, "name"));
}

static long long count_of(const json_t *group, enum job_state state)
{
	return json_integer_value(json_object_get(json_object_get(group, "counts"), job_state_name(state)));
}

static const struct grid_column columns[] = {
	{"NAME", false},
	{"POLICY", false},
	{"STATE", false},
	{"JOBS", false},
};

struct grid *group_grid(void)
{
	return grid_new(columns, ARRAY_LEN(columns));
}

void group_grid_add(struct grid *grid, const json_t *group)
{
	char *cells[ARRAY_LEN(columns)] = {
		xstrdup(string_of(group, "name")),
		detail_policy(group),
		xstrdup(string_of(group, "state")),
		detail_counts(json_object_get(group, "counts")),
	};

	grid_add(grid, cells);
}

void group_heading(void)
{
	puts("NAME\tPOLICY\tSTATE\tQUEUED\tWAITING\tACTIVE\tPAUSED\tDONE\tFAILED\tCANCELLED");
}

void group_row(const json_t *group)
{
	CLEANUP_FREE char *name = name_of(group);
	CLEANUP_FREE char *policy = detail_policy(group);
	CLEANUP_FREE char *state = text_escape(string_of(group, "state"));

	printf("%s\t%s\t%s", name, policy, state);
	for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++)
		printf("\t%lld", count_of(group, (enum job_state)s));
	putchar('\n');
}

void group_sum(const json_t *group)
{
	CLEANUP_FREE char *name = name_of(group);
	CLEANUP_FREE char *counts = detail_counts(json_object_get(group, "counts"));

	printf("%s: %s\n", name, counts);
}
