/* Requests that add and read. Runs between turn_begin() and turn_end(); an answer that changed something
 * leaves after the commit.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/same.h"
#include "job/source.h"

/* ---- the message */

struct request *request_new(enum request_kind kind)
{
	struct request *request = xcalloc(1, sizeof(*request));

	request->msg.kind = (int)kind;
	request->kind = kind;
	request->policy = -1;
	job_filter_init(&request->filter);
	return request;
}

static void free_found(struct request *request)
{
	for (size_t i = 0; request->found && i < request->n_found; i++)
		job_free(request->found[i]);
	for (size_t i = 0; i < request->n_attempts; i++)
		attempt_free(request->attempts[i]);
	job_hooks_free(request->hooks, request->n_hooks);
	for (size_t i = 0; i < request->n_groups; i++)
		job_group_done(&request->groups[i]);
	free(request->groups);
	why_done(&request->why);
	for (size_t i = 0; i < request->n_hosts; i++)
		host_report_done(&request->hosts[i]);
	free(request->hosts);
	for (size_t i = 0; request->limits && i < LIMITS_N; i++)
		free(request->limits[i].window);
	free(request->limits);
	free(request->found);
	free(request->attempts);
	free(request->events);
}

bool request_only_asks(const struct request *request)
{
	return request->kind == REQUEST_LIST || request->kind == REQUEST_HOSTS ||
	       request->kind == REQUEST_INSPECT || request->kind == REQUEST_LIMITS ||
	       request->kind == REQUEST_EVENTS || request->kind == REQUEST_GROUP ||
	       request->kind == REQUEST_GROUPS;
}

void request_unanswer(struct request *request)
{
	free_found(request);
	request->found = NULL;
	request->attempts = NULL;
	request->hooks = NULL;
	request->events = NULL;
	request->hosts = NULL;
	request->groups = NULL;
	request->limits = NULL;
	request->n_found = request->n_attempts = request->n_hooks = request->n_hosts = request->n_groups = 0;
	request->more = request->looking = request->spread = false;
	request->error = REQUEST_OK;
	request->error_code = NULL;
	str_set(&request->error_message, NULL);
	request->msg.kind = (int)request->kind;
}

void request_free(struct request *request)
{
	if (!request)
		return;
	for (size_t i = 0; request->jobs && i < request->n_jobs; i++)
		job_free(request->jobs[i]);
	free_found(request);
	free(request->jobs);
	free(request->limit_group);
	free(request->limit_host);
	free(request->digest);
	free(request->verify_error);
	free(request->ids);
	free(request->made_groups);
	free(request->error_message);
	job_group_done(&request->group);
	job_filter_done(&request->filter);
	if (request->edit)
		job_edit_done(request->edit);
	free(request->edit);
	if (request->backup_data)
		explicit_bzero(request->backup_data, strlen(request->backup_data));
	free(request->backup_data);
	config_unref(request->config);
	free(request);
}

void request_fail(
	struct request *request, enum request_error error, int64_t id, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(request->error_message);
	request->error_message = xvasprintf(fmt, ap);
	va_end(ap);
	request->error = error;
	request->error_id = id;
	request->error_code = code;
}

void control_message_free(struct msg *msg)
{
	switch ((enum control_kind)msg->kind) {
	case CONTROL_REPLY: request_free((struct request *)msg); return;
	case CONTROL_EVENT: job_free(((struct engine_event *)msg)->job); break;
	case CONTROL_NOTICE: free(((struct engine_notice *)msg)->message); break;
	case CONTROL_LIMITS: free(((struct engine_limits *)msg)->window); break;
	case CONTROL_COUNTERS:
	case CONTROL_TALLY:
	case CONTROL_PROGRESS: break;
	}
	free(msg);
}

void job_dress(const struct engine *engine, struct job *job)
{
	job->max_attempts = job_most_attempts(engine, job);
	if (job->state == JOB_WAITING && job->waiting_for != JOB_WAIT_SCHEDULE && job->due_usec > 0)
		job->due_usec = engine_shown(engine, job->due_usec);
}

/* ---- add */

/* Of those that are to be added: jobs that will be none that is there already. */
static int64_t count_new(const struct engine *engine, const struct request *request)
{
	/* Later parts of a list were counted with its check. */
	int64_t n = request->check_only && request->total_jobs > (int64_t)request->n_jobs
			    ? request->total_jobs
			    : (int64_t)request->n_jobs;

	for (size_t i = 0; i < request->n_jobs; i++) {
		const struct job *job = request->jobs[i];

		n -= job->key || (job_conflict_of(engine, job) != JOB_CONFLICT_RENAME && job->n_after == 0);
	}
	return n;
}

/* Whether its user may have n more than open ones. */
static bool over_limit(struct engine *engine, struct request *request, int64_t open, int64_t n)
{
	int64_t max = engine->limits.max_jobs_per_user, bytes = store_bytes(engine->store, request->uid);

	if (n > 0 && user_is_full(engine, request->uid)) {
		request_fail(request, REQUEST_REFUSED, 0, "E_LIMIT",
			"%lld bytes are on disk, and MaxDiskPerUser=%lld", (long long)bytes,
			(long long)user_disk_max(engine));
		return true;
	}
	if (n <= 0 || open + n <= max)
		return false;
	request_fail(request, REQUEST_REFUSED, 0, "E_LIMIT",
		"%lld jobs are open and %lld more would be over MaxJobsPerUser=%lld", (long long)open,
		(long long)n, (long long)max);
	return true;
}

/* The same key again is the same job, if it asks for the same thing. */
static int same_key(struct engine *engine, struct request *request, size_t i)
{
	const struct job *job = request->jobs[i];
	struct job *first = NULL;
	int err = store_get(engine->store, job->id, &first);
	CLEANUP_FREE char *url = err ? NULL : source_first(first);

	if (err && err != -ENOENT)
		return err;
	/* Nothing can be said of a row that makes no sense. */
	if (err || strcmp(url, job->url) != 0) {
		request_fail(request, REQUEST_REFUSED, job->id, "E_KEY", "the key %s belongs to job %lld %s",
			job->key, (long long)job->id,
			err ? "whose record makes no sense" : "with another URL");
		err = 0;
	} else {
		err = fill_check_job(engine, request, first);
	}
	if (request->error != REQUEST_OK)
		request->error_index = i;
	job_free(first);
	return err;
}

/* It may run, or waits for the time that its user gave. */
static void begin_life(struct engine *engine, struct job *job, int64_t now)
{
	job->created_usec = now;
	job->since_usec = engine_now(engine);
	job->state = JOB_QUEUED;
	if (job->not_before_usec <= now)
		return;
	job->state = JOB_WAITING;
	job->waiting_for = JOB_WAIT_SCHEDULE;
	job->due_usec = job->not_before_usec;
	if (job->options.deadline_usec < 0)
		job->since_usec = USEC_INFINITY;
}

static int same_secrets(struct engine *engine, const struct job *first, const struct job *job, bool *ret)
{
	struct job_secrets *secrets = NULL;
	int err = first->has_secrets ? store_secrets(engine->store, first->id, &secrets) : 0;

	*ret = !err && job_secrets_same(secrets, job->secrets);
	job_secrets_free(secrets);
	return err == -ENOENT ? 0 : err;
}

/* Those that differ in their secrets only are told apart one by one. */
#define SAME_LOOKS 16

/* One that has not ended and asks for the same: its id; 0: none does. What a key or a dependency names is a
 * job of its own. */
static int find_same(struct engine *engine, const struct job *job, int64_t *ret_id)
{
	bool found = false;
	int64_t id = 0;
	int err = job->same && !job->key && job->n_after == 0 ? 0 : -ENOENT;

	*ret_id = 0;
	for (int looks = 0; looks < SAME_LOOKS && !err && !found; looks++) {
		err = store_next_same(engine->store, job->same, &id);
		if (err)
			break;
		struct job *first;

		err = store_get(engine->store, id, &first);
		if (err == -ENOENT) {
			err = 0; /* a row that makes no sense */
			continue;
		}
		if (!err && job_same(first, job))
			err = same_secrets(engine, first, job, &found);
		job_free(first);
	}
	*ret_id = !err && found ? id : 0;
	return err == -ENOENT ? 0 : err;
}

static int add_one(struct engine *engine, struct request *request, size_t i, int64_t now)
{
	struct job *job = request->jobs[i];
	int64_t first;
	int err;

	begin_life(engine, job, now);
	job->same = job_same_hash(job, job_conflict_of(engine, job));
	err = find_same(engine, job, &first);
	if (err || first) {
		job->id = first;
		return err;
	}
	/* The first job of its key is the answer, whatever has become of those that it followed. */
	err = job->n_after ? store_key_taken(engine->store, job) : 0;
	if (!err && job->n_after)
		err = dependencies_admit(engine, request, job);
	if (request->error != REQUEST_OK)
		request->error_index = i;
	if (!err && request->error == REQUEST_OK)
		err = store_add(engine->store, job);
	if (!err && request->error != REQUEST_OK)
		return 0;
	if (err == -EEXIST)
		return same_key(engine, request, i);
	/* In the store now, or nowhere: what is told of the job has none. */
	job_secrets_free(job->secrets);
	job->secrets = NULL;
	if (!err)
		err = dependencies_added(engine, job);
	if (err)
		return err;
	if (job->hooks && job->group_id)
		err = hooks_join_group(engine, job);
	if (err)
		return err;
	due_note(engine, job);
	err = job->state == JOB_QUEUED ? lane_ready(engine, job) : 0;
	return err ? err : turn_event(engine, job, EVENT_ADDED);
}

/* Keys, too, are looked at before the first part of a list is added. */
static int check_keys(struct engine *engine, struct request *request)
{
	int err = 0;

	for (size_t i = 0; i < request->n_jobs && !err && request->error == REQUEST_OK; i++) {
		err = store_key_taken(engine->store, request->jobs[i]);
		if (err == -EEXIST)
			err = same_key(engine, request, i);
	}
	return err;
}

static int add_all(struct engine *engine, struct request *request, int64_t now)
{
	int64_t open = store_open_jobs(engine->store, request->uid);
	int err = 0;

	request->ids = xcalloc(request->n_jobs ? request->n_jobs : 1, sizeof(int64_t));
	for (size_t i = 0; i < request->n_jobs && !err && request->error == REQUEST_OK; i++) {
		err = add_one(engine, request, i, now);
		request->ids[i] = request->jobs[i]->id;
	}
	if (!err && request->error == REQUEST_OK)
		over_limit(engine, request, open, store_open_jobs(engine->store, request->uid) - open);
	return err;
}

int request_add(struct engine *engine, struct request *request)
{
	int64_t now = clock_wall_usec(), open = store_open_jobs(engine->store, request->uid);
	int err = 0;

	if (!over_limit(engine, request, open, count_new(engine, request)))
		err = groups_admit(engine, request, now);
	if (err || request->error != REQUEST_OK)
		return err;
	if (request->check_only)
		return check_keys(engine, request);
	err = add_all(engine, request, now);
	if (!err && request->error == REQUEST_OK)
		err = groups_admitted(engine, request);
	return err;
}

/* ---- read */

/* Explicit ids must exist, and be the asker's. */
static int check_ids(struct engine *engine, struct request *request)
{
	const struct job_filter *filter = &request->filter;

	for (size_t i = 0; i < filter->n_ids; i++) {
		uid_t owner;
		int err = store_owner_of(engine->store, filter->ids[i], &owner);

		if (err && err != -ENOENT)
			return err;
		if (err || (!filter->all_owners && owner != filter->owner)) {
			request_fail(request, REQUEST_NO_SUCH_JOB, filter->ids[i], NULL, "no job %lld",
				(long long)filter->ids[i]);
			return 0;
		}
	}
	return 0;
}

static int list_begin(struct engine *engine, struct request *request)
{
	int err = request->after_id == 0 ? check_ids(engine, request) : 0;

	if (!err && request->error == REQUEST_OK && (request->after_id == 0 || request->filter.one_group))
		err = request_check_group(engine, request);
	request->looked_id = request->after_id;
	request->last_event_id = store_last_event_id(engine->store);
	return err;
}

/* A group may come yet, a job that is named may not. */
int request_watchers(struct engine *engine, struct request *request)
{
	int err = check_ids(engine, request);

	engine->watchers += (unsigned)request->watchers_delta;
	if (err || request->error != REQUEST_OK)
		return err;
	err = request_check_group(engine, request);
	if (request->error == REQUEST_NO_SUCH_GROUP) {
		request->error = REQUEST_OK;
		str_set(&request->error_message, NULL);
	}
	return err;
}

int request_list(struct engine *engine, struct request *request, bool *ret_again)
{
	struct job_list list = {0};
	int err = request->looking ? 0 : list_begin(engine, request);

	if (err || request->error != REQUEST_OK)
		return err;
	err = store_list(engine->store, &request->filter, &request->looked_id, request->reverse,
		request->limit, &list, &request->more);
	if (err)
		return err;
	/* Rows beyond may be the right ones; others are served meanwhile. */
	*ret_again = list.n == 0 && request->more;
	request->spread = request->spread || *ret_again;
	request->looking = *ret_again;
	if (*ret_again) {
		job_list_done(&list);
		return 0;
	}
	for (size_t i = 0; i < list.n; i++)
		job_dress(engine, list.jobs[i]);
	request->found = list.jobs;
	request->n_found = list.n;
	return 0;
}

int request_events(struct engine *engine, struct request *request)
{
	int err;

	request->events = xcalloc(request->limit, sizeof(struct event));
	request->found = xcalloc(request->limit, sizeof(struct job *));
	err = store_events(engine->store, &request->filter, request->after_id, request->limit,
		request->events, &request->n_found);
	for (size_t i = 0; i < request->n_found && !err; i++) {
		if (request->ended_only && !event_ends_job(request->events[i].kind))
			continue;
		err = store_get(engine->store, request->events[i].job_id, &request->found[i]);
		if (err == -ENOENT)
			err = 0;
		else if (!err)
			job_dress(engine, request->found[i]);
	}
	request->more = request->n_found == request->limit;
	request->last_event_id = store_last_event_id(engine->store);
	return err ? err : store_first_event_id(engine->store, &request->first_event_id);
}
