/* fetchctl list: a row for each job. Without --sort rows are written as they come, in constant memory. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/units.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"
#include "job/job.h"

struct sort_key {
	const char *name; /* of --sort */
	const char *field;
	enum { SORT_NUMBER, SORT_STRING, SORT_STATE } type;
};

static const struct sort_key sort_keys[] = {
	{"id", "id", SORT_NUMBER},
	{"state", "state", SORT_STATE},
	{"size", "size", SORT_NUMBER},
	{"name", "name", SORT_STRING},
	{"host", "host", SORT_STRING},
	{"priority", "priority", SORT_NUMBER},
	{"created", "created_usec", SORT_NUMBER},
};

struct listing {
	struct out *out;
	size_t limit; /* 0: none */
	bool reverse;
	const struct sort_key *sort; /* NULL: as they come */
	json_t **jobs;		     /* gathered to be sorted */
	size_t n_jobs;
	size_t cap_jobs;
};

/* ---- sorting ------------------------------------------------------------------------------------- */

/* What is absent comes first. */
static int64_t number_of(const json_t *job, const struct sort_key *key)
{
	const json_t *value = json_object_get(job, key->field);

	if (key->type == SORT_STATE)
		return json_is_string(value) ? job_state_parse(json_string_value(value)) : -1;
	return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}

static int compare_by(const json_t *a, const json_t *b, const struct sort_key *key)
{
	const char *s, *t;
	int64_t n, m;

	if (key->type == SORT_STRING) {
		s = json_string_value(json_object_get(a, key->field));
		t = json_string_value(json_object_get(b, key->field));
		return strcmp(s ? s : "", t ? t : "");
	}
	n = number_of(a, key);
	m = number_of(b, key);
	return (n > m) - (n < m);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct listing *listing = arg;
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int order = compare_by(left, right, listing->sort);

	/* Equals stand in the order of their ids. */
	if (order == 0)
		order = compare_by(left, right, &sort_keys[0]);
	return listing->reverse ? -order : order;
}

static void write_sorted(struct listing *listing)
{
	size_t n = listing->n_jobs;

	if (n > 0)
		qsort_r(listing->jobs, n, sizeof(*listing->jobs), compare, listing);
	if (listing->limit > 0 && n > listing->limit)
		n = listing->limit;
	for (size_t i = 0; i < n; i++)
		out_row(listing->out, listing->jobs[i]);
}

/* ---- pages --------------------------------------------------------------------------------------- */

static void gather(struct listing *listing, json_t *job)
{
	if (listing->n_jobs == listing->cap_jobs) {
		listing->cap_jobs = listing->cap_jobs ? listing->cap_jobs * 2 : 256;
		listing->jobs = xreallocarray(listing->jobs, listing->cap_jobs, sizeof(*listing->jobs));
	}
	listing->jobs[listing->n_jobs++] = json_incref(job);
}

static bool take_page(void *state, const json_t *parameters)
{
	struct listing *listing = state;
	const json_t *jobs = json_object_get(parameters, "jobs");

	for (size_t i = 0; i < json_array_size(jobs); i++) {
		json_t *job = json_array_get(jobs, i);

		if (listing->sort) {
			gather(listing, job);
			continue;
		}
		out_row(listing->out, job);
		if (++listing->n_jobs == listing->limit)
			return false;
	}
	return true;
}

/* ---- options ------------------------------------------------------------------------------------- */

static int parse_sort(const struct args *args, const struct sort_key **ret)
{
	const char *name = args_value(args, OPT_SORT);

	*ret = NULL;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(sort_keys); i++)
		if (strcmp(sort_keys[i].name, name) == 0)
			*ret = &sort_keys[i];
	if (*ret)
		return 0;
	complain(STATUS_USAGE, "cannot sort by \"%s\"", name);
	hint("Keys are id, state, size, name, host, priority and created.");
	return STATUS_USAGE;
}

static int parse_limit(const struct args *args, size_t *ret)
{
	const char *value = args_value(args, OPT_LIMIT);
	int64_t n;

	*ret = 0;
	if (!value)
		return 0;
	if (units_parse_int(value, 1, INT32_MAX, &n) < 0)
		return complain(STATUS_USAGE, "--limit %s: not a number of 1 or more", value);
	*ret = (size_t)n;
	return 0;
}

/* Takes selection. */
static json_t *list_params(const struct args *args, const struct listing *listing, json_t *selection)
{
	json_t *params = json_pack("{s:b, s:b, s:o*}", "all_users", !args_has(args, OPT_MINE), "reverse",
		listing->reverse && !listing->sort, "selection", selection);

	if (!params)
		abort();
	/* Sorting needs them all first. */
	if (listing->limit > 0 && !listing->sort)
		json_object_set_new(params, "limit", json_integer((json_int_t)listing->limit));
	return params;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct listing listing = {.out = ctl->out, .reverse = args_has(args, OPT_REVERSE)};
	json_t *selection;
	int status = parse_sort(args, &listing.sort);

	if (status == 0)
		status = parse_limit(args, &listing.limit);
	if (status == 0 && args_has(args, OPT_MINE) && args_has(args, OPT_ALL_USERS))
		status = complain(STATUS_USAGE, "--mine and --all-users exclude each other");
	if (status == 0)
		status = select_from_args(args, NULL, &selection);
	if (status != 0)
		return status;
	status = ctl_stream(ctl, "List", list_params(args, &listing, selection), take_page, &listing);
	if (status == 0 && listing.sort)
		write_sorted(&listing);
	for (size_t i = 0; listing.sort && i < listing.n_jobs; i++)
		json_decref(listing.jobs[i]);
	free(listing.jobs);
	return status;
}

const struct cmd cmd_list = {
	.name = "list",
	.usage = CMD_USAGE("[OPTION]..."),
	.summary = "list jobs: all of them, unless narrowed",
	.notes = "In a pipe: one line a job, with tabs between id, state, received, size, speed, priority,\n"
		 "group, host, note, name and URL; numbers plain, \"-\" for what is not known.",
	.options = CMD_OPTIONS(OPT_STATE, OPT_SELECT_GROUP, OPT_HOST, OPT_MINE, OPT_ALL_USERS, OPT_LIMIT,
		OPT_SORT, OPT_REVERSE),
	.pages = true,
	.run = run,
};
