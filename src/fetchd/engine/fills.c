/* Fills: who may add to which group, and lists that are added to a new group as a whole, in more than one
 * message. Such a group is shut until its last part is in. When that cannot come any more (the caller is
 * gone, a part was refused, the daemon died), what came is taken back.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

/* A list under way: one a session. */
struct fill {
	uint64_t session_id;
	int64_t group_id; /* 0: its group was there before, and nothing is held back */
	UT_hash_handle hh;
};

static struct fill *fill_find(const struct engine *engine, uint64_t session_id)
{
	struct fill *fill;

	HASH_FIND(hh, engine->fills, &session_id, sizeof(session_id), fill);
	return fill;
}

bool fill_of_group(const struct engine *engine, int64_t group_id)
{
	for (const struct fill *fill = engine->fills; fill; fill = fill->hh.next)
		if (fill->group_id == group_id)
			return true;
	return false;
}

static void fill_free(struct engine *engine, struct fill *fill)
{
	HASH_DELETE(hh, engine->fills, fill);
	free(fill);
}

void fills_free(struct engine *engine)
{
	struct fill *fill, *next;

	HASH_ITER(hh, engine->fills, fill, next) {
		fill_free(engine, fill);
	}
}

void fill_abandon(struct engine *engine, uint64_t session_id)
{
	struct fill *fill = fill_find(engine, session_id);

	if (!fill)
		return;
	if (fill->group_id)
		group_take_back(engine, fill->group_id);
	fill_free(engine, fill);
}

/* ---- who may add */

/* "group NAME WHY" */
static void refuse(struct request *request, size_t i, const char *name, const char *why)
{
	CLEANUP_FREE char *safe = text_escape(name);

	request_fail(request, REQUEST_REFUSED, 0, "E_GROUP", "group %s %s", safe, why);
	request->error_index = i;
}

/* Of the list that this part is of? What else its session adds is on its own. */
static bool is_of_list(const struct engine *engine, const struct request *request, int64_t group_id)
{
	const struct fill *fill = fill_find(engine, request->session_id);

	return fill && fill->group_id == group_id && request->part != ADD_WHOLE;
}

/* A group that is there: whether it takes more. */
static void check_row(struct engine *engine, struct request *request, size_t i, const struct job_group *row)
{
	if (row->fate == GROUP_FATE_EXPIRE)
		refuse(request, i, row->name, "has passed its deadline; retry it, or take another name");
	else if (row->fate != GROUP_FATE_NONE)
		refuse(request, i, row->name, "has failed; retry it, or take another name");
	else if (row->filling && !is_of_list(engine, request, row->id))
		refuse(request, i, row->name,
			"is being filled by a list that is not whole yet; try again later");
	else if (request->policy >= 0 && request->policy != (int)row->policy)
		refuse(request, i, row->name,
			row->policy == GROUP_FAIL_FAST ? "is there already, and is fail-fast"
						       : "is there already, and collects failures");
}

int fill_check_job(struct engine *engine, struct request *request, const struct job *job)
{
	struct job_group row;
	int err = job->group_id ? store_group_get(engine->store, job->group_id, &row) : -ENOENT;

	if (err)
		return err == -ENOENT ? 0 : err;
	if (row.filling && !is_of_list(engine, request, row.id))
		request_fail(request, REQUEST_REFUSED, job->id, "E_KEY",
			"the key %s belongs to job %lld of a list that is not whole yet; try again later",
			job->key, (long long)job->id);
	job_group_done(&row);
	return 0;
}

static int make(struct engine *engine, struct request *request, const struct job *job, int64_t now_usec,
	bool filling, int64_t *ret_id)
{
	struct job_group row = {
		.owner = job->owner,
		.name = job->group,
		.policy = request->policy >= 0 ? (enum group_policy)request->policy : GROUP_COLLECT,
		.filling = filling,
		.created_usec = now_usec,
		.deadline_usec = -1,
		.deadline_span_usec = -1,
	};
	int err = group_create(engine, &row);

	*ret_id = row.id;
	return err;
}

/* *ret_id: the group's number, 0 while it is not there. */
static int admit(struct engine *engine, struct request *request, size_t i, int64_t *ret_id)
{
	struct job_group row;
	int err = store_group_find(engine->store, request->jobs[i]->owner, request->jobs[i]->group, &row);

	*ret_id = 0;
	if (err)
		return err == -ENOENT ? 0 : err;
	check_row(engine, request, i, &row);
	*ret_id = row.id;
	job_group_done(&row);
	return 0;
}

static void note_made(struct request *request, int64_t group_id)
{
	size_t n = request->n_made_groups;

	request->made_groups = xreallocarray(request->made_groups, n + 1, sizeof(*request->made_groups));
	request->made_groups[n] = group_id;
	request->n_made_groups = n + 1;
}

static int admit_or_make(struct engine *engine, struct request *request, size_t i, int64_t now_usec)
{
	int64_t id;
	int err = admit(engine, request, i, &id);

	if (err || id || request->check_only || request->error != REQUEST_OK)
		return err;
	err = make(engine, request, request->jobs[i], now_usec, false, &id);
	note_made(request, id);
	return err;
}

static int admit_all(struct engine *engine, struct request *request, int64_t now_usec)
{
	const char *last = NULL;
	int err = 0;

	for (size_t i = 0; i < request->n_jobs && !err && request->error == REQUEST_OK; i++) {
		const char *group = request->jobs[i]->group;

		if (!group || (last && strcmp(group, last) == 0))
			continue;
		err = admit_or_make(engine, request, i, now_usec);
		last = group;
	}
	return err;
}

/* ---- jobs that change their group */

int group_may_leave(struct engine *engine, struct request *request, const struct job *job)
{
	struct job_group row;
	int err = job->group_id ? store_group_get(engine->store, job->group_id, &row) : -ENOENT;

	if (err)
		return err == -ENOENT ? 0 : err;
	if (row.filling)
		refuse(request, 0, row.name,
			"is being filled by a list that is not whole yet; try again later");
	else if (row.fate != GROUP_FATE_NONE)
		refuse(request, 0, row.name, "is being ended; wait for it first");
	job_group_done(&row);
	return 0;
}

int group_may_join(struct engine *engine, struct request *request, const struct job *job)
{
	struct job_group row;
	int err = job->group ? store_group_find(engine->store, job->owner, job->group, &row) : -ENOENT;

	if (err)
		return err == -ENOENT ? 0 : err;
	check_row(engine, request, 0, &row);
	job_group_done(&row);
	return 0;
}

int group_join(struct engine *engine, struct request *request, struct job *job)
{
	struct job_group row;
	int err;

	job->group_id = 0;
	if (!job->group)
		return 0;
	err = store_group_find(engine->store, job->owner, job->group, &row);
	if (err == -ENOENT)
		return make(engine, request, job, clock_wall_usec(), false, &job->group_id);
	if (err)
		return err;
	job->group_id = row.id;
	job_group_done(&row);
	return 0;
}

/* ---- lists in parts */

static int begin_list(struct engine *engine, struct request *request, int64_t now_usec)
{
	struct fill *fill;
	int64_t id;
	int err = admit(engine, request, 0, &id);

	if (err || request->error != REQUEST_OK)
		return err;
	fill = xcalloc(1, sizeof(*fill));
	fill->session_id = request->session_id;
	if (!id) {
		err = make(engine, request, request->jobs[0], now_usec, true, &fill->group_id);
		request->pending_list = true;
	}
	HASH_ADD(hh, engine->fills, session_id, sizeof(fill->session_id), fill);
	return err;
}

/* All of its jobs are of one group: control has looked. */
static int admit_part(struct engine *engine, struct request *request, int64_t group_id)
{
	int64_t id;
	int err = admit(engine, request, 0, &id);

	if (!err && request->error == REQUEST_OK && id != group_id)
		request_fail(request, REQUEST_REFUSED, 0, "E_GROUP",
			"the parts of a list are of one group: this one is of another than those before");
	return err;
}

int groups_admit(struct engine *engine, struct request *request, int64_t now_usec)
{
	const struct fill *fill = fill_find(engine, request->session_id);

	if (request->part == ADD_WHOLE || request->check_only)
		return admit_all(engine, request, now_usec);
	if (request->part == ADD_FIRST) {
		fill_abandon(engine, request->session_id);
		return begin_list(engine, request, now_usec);
	}
	if (!fill) {
		request_fail(request, REQUEST_REFUSED, 0, "E_GROUP",
			"the list was given up: a part of it before this one was not taken");
		return 0;
	}
	request->pending_list = fill->group_id != 0;
	return fill->group_id ? admit_part(engine, request, fill->group_id)
			      : admit_all(engine, request, now_usec);
}

int groups_admitted(struct engine *engine, struct request *request)
{
	struct fill *fill = fill_find(engine, request->session_id);
	int64_t group_id;
	int err = 0;

	/* A key that is known adds nothing. */
	for (size_t i = 0; i < request->n_made_groups && !err; i++)
		err = group_drop_empty(engine, request->made_groups[i]);
	if (err)
		return err;
	if (request->part != ADD_LAST || !fill)
		return 0;
	group_id = fill->group_id;
	request->pending_list = false;
	/* Should the commit fail, its row says that the group was never filled. */
	fill_free(engine, fill);
	return group_id ? group_open_up(engine, group_id) : 0;
}

/* ---- groups made and looked at by name */

static int find_group(struct engine *engine, struct request *request, struct job_group *ret)
{
	const struct job_filter *filter = &request->filter;
	uid_t first = filter->all_owners ? request->uid : filter->owner;
	int err = store_group_find(engine->store, first, filter->group, ret);

	if (err == -ENOENT && filter->all_owners)
		err = store_group_find_any(engine->store, filter->group, ret);
	if (err != -ENOENT)
		return err;
	request_fail(request, REQUEST_NO_SUCH_GROUP, 0, NULL, "no group %s", filter->group);
	return 0;
}

int request_check_group(struct engine *engine, struct request *request)
{
	struct job_filter *filter = &request->filter;
	struct job_group row;
	int err = filter->group ? find_group(engine, request, &row) : 0;

	if (err || !filter->group || request->error != REQUEST_OK)
		return err;
	if (filter->one_group) {
		filter->all_owners = filter->one_group = false;
		filter->owner = row.owner;
	}
	job_group_done(&row);
	return 0;
}

/* As people see it. */
static void dress(const struct engine *engine, struct job_group *row)
{
	if (row->deadline_usec >= 0)
		row->deadline_usec = engine_shown(engine, row->deadline_usec);
}

int request_group(struct engine *engine, struct request *request)
{
	request->groups = xcalloc(1, sizeof(*request->groups));
	int err = find_group(engine, request, request->groups);

	request->n_groups = !err && request->error == REQUEST_OK;
	if (request->n_groups == 0)
		return err;
	if (request->wait_hooks && job_hook_open(request->groups[0].hook) && !engine->stopping) {
		hooks_park(engine, request);
		return 0;
	}
	dress(engine, request->groups);
	return hooks_inspect(engine, 0, request->groups[0].id, &request->hooks, &request->n_hooks);
}

int request_groups(struct engine *engine, struct request *request)
{
	const struct job_filter *filter = &request->filter;
	int err;

	request->groups = xcalloc(request->limit, sizeof(*request->groups));
	err = store_groups(engine->store, filter->all_owners, filter->owner, request->after_id,
		request->limit, request->groups, &request->n_groups);
	for (size_t i = 0; i < request->n_groups; i++)
		dress(engine, &request->groups[i]);
	request->more = request->n_groups == request->limit;
	return err;
}

int request_group_create(struct engine *engine, struct request *request)
{
	struct job_group there, row = request->group;
	int err = store_group_find(engine->store, request->uid, row.name, &there);

	if (!err) {
		job_group_done(&there);
		refuse(request, 0, row.name, "is there already");
		return 0;
	}
	row.owner = request->uid;
	row.created_usec = clock_wall_usec();
	if (row.deadline_usec >= 0 && row.deadline_usec <= row.created_usec) {
		refuse(request, 0, row.name, "would have passed its deadline already");
		return 0;
	}
	row.deadline_span_usec = row.deadline_usec < 0 ? -1 : row.deadline_usec - row.created_usec;
	row.deadline_usec = row.deadline_usec < 0 ? -1 : usec_add(engine_now(engine), row.deadline_span_usec);
	/* Names were checked by control. */
	return err == -ENOENT ? group_create(engine, &row) : err;
}

int request_group_remove(struct engine *engine, struct request *request)
{
	int err = request_group(engine, request);
	const struct job_group *row = request->groups;

	if (err || request->error != REQUEST_OK)
		return err;
	if (row->filling || job_group_size(row) > 0) {
		refuse(request, 0, row->name, "has jobs; with the last of them it goes, too");
		return 0;
	}
	hooks_cancel(engine, 0, row->id, request);
	return group_remove(engine, row->id);
}
