/* Filter: which jobs are meant. Owns nothing itself; any thread.
 */
#include "config.h"

#include "job/filter.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/origin.h"

void job_filter_init(struct job_filter *filter)
{
	*filter = (struct job_filter){0};
}

void job_filter_done(struct job_filter *filter)
{
	free(filter->ids);
	filter->ids = NULL;
	filter->n_ids = 0;
	str_set(&filter->group, NULL);
	str_set(&filter->host, NULL);
}

void job_filter_copy(struct job_filter *to, const struct job_filter *from)
{
	*to = *from;
	to->ids = from->n_ids > 0 ? xmemdup(from->ids, from->n_ids * sizeof(*from->ids)) : NULL;
	to->group = xstrdup_null(from->group);
	to->host = xstrdup_null(from->host);
}

static bool has_id(const struct job_filter *filter, int64_t id)
{
	for (size_t i = 0; i < filter->n_ids; i++) {
		if (filter->ids[i] == id)
			return true;
	}
	return filter->n_ids == 0;
}

bool job_filter_hook_match(const struct job_filter *filter, enum job_hook_state state)
{
	return filter->hooks == 0 || (filter->hooks & JOB_HOOK_STATE_BIT(state)) != 0;
}

/* A whole origin may be written without its default port. */
static bool origin_matches(const char *url, const char *origin)
{
	struct origin parsed;

	if (origin_parse(url, &parsed) != ORIGIN_OK)
		return false;
	CLEANUP_FREE char *text = origin_text(&parsed);

	origin_done(&parsed);
	return strcmp(text, origin) == 0;
}

bool job_filter_host_match(const char *host, const char *origin)
{
	const char *authority = strstr(origin, "://");

	if (strstr(host, "://"))
		return origin_matches(host, origin);
	authority = authority ? authority + 3 : origin;
	const char *colon = strrchr(authority, ':');
	CLEANUP_FREE char *bare =
		xstrndup(authority, colon ? (size_t)(colon - authority) : strlen(authority));

	return text_ieq(host, authority) || text_ieq(host, bare);
}

bool job_filter_match(const struct job_filter *filter, const struct job *job)
{
	if (!filter->all_owners && job->owner != filter->owner)
		return false;
	if (filter->states && !(filter->states & JOB_STATE_BIT(job->state)))
		return false;
	if (!job_filter_hook_match(filter, job->hook))
		return false;
	if (filter->group && (!job->group || strcmp(filter->group, job->group) != 0))
		return false;
	if (filter->host && (!job->origin || !job_filter_host_match(filter->host, job->origin)))
		return false;
	return has_id(filter, job->id);
}
