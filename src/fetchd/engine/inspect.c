/* Inspect and verify: one job in full, and one finished file read again. Runs between turn_begin() and
 * turn_end(). */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"

/* The asker's job, as request->found[0]; or the request fails. */
static int find(struct engine *engine, struct request *request)
{
	struct job *job = NULL;
	int err = store_get(engine->store, request->job_id, &job);

	if (err && err != -ENOENT)
		return err;
	if (err || (!request->privileged && job->owner != request->uid)) {
		request_fail(request, REQUEST_NO_SUCH_JOB, request->job_id, NULL, "no job %lld",
			(long long)request->job_id);
		job_free(job);
		return 0;
	}
	job_dress(engine, job);
	request->found = xcalloc(1, sizeof(struct job *));
	request->found[0] = job;
	request->n_found = 1;
	return 0;
}

int request_inspect(struct engine *engine, struct request *request)
{
	int err = find(engine, request);

	if (err || request->error != REQUEST_OK)
		return err;
	request->last_event_id = store_last_event_id(engine->store);
	err = store_dependencies(
		engine->store, request->job_id, &request->found[0]->after, &request->found[0]->n_after);
	if (!err)
		err = why_job(engine, request->found[0], &request->why);
	if (!err && request->found[0]->hook != JOB_HOOK_NONE)
		err = hooks_inspect(engine, request->job_id, 0, &request->hooks, &request->n_hooks);
	return err ? err
		   : store_attempts(engine->store, request->job_id, &request->attempts, &request->n_attempts);
}

/* ---- verify */

static const char *wanted_digest(const struct job *job)
{
	return job->options.checksum ? job->options.checksum : job->digest;
}

static void post(struct engine *engine, struct request *request, const struct job *job)
{
	struct disk_file_spec spec = {
		.job_id = job->id, .generation = job->generation, .edits = job->edits, .dir = job->dir};
	struct disk_file *file = disk_file_new(engine->disk, &spec);
	struct disk_task *task;

	if (!file) {
		request_fail(request, REQUEST_REFUSED, job->id, "E_DEST_GONE",
			"the directory of job %lld is in none of DownloadRoots", (long long)job->id);
		return;
	}
	task = disk_task_new(DISK_VERIFY, NULL, NULL, file);
	task->name = job->name; /* the request keeps the job until the task is back */
	task->expect_size = job->size;
	task->digest = xstrdup_null(wanted_digest(job));
	turn_to_disk(engine, task, request);
}

int request_verify(struct engine *engine, struct request *request)
{
	const struct job *job;
	int err = find(engine, request);

	if (err || request->error != REQUEST_OK)
		return err;
	job = request->found[0];
	if (job->state != JOB_DONE)
		request_fail(request, REQUEST_WRONG_STATE, job->id, NULL, "cannot verify job %lld: it %s",
			(long long)job->id, job_state_phrase(job->state));
	else if (engine->stopping)
		request_fail(request, REQUEST_TRY_AGAIN, 0, NULL, "fetchd is shutting down");
	else
		post(engine, request, job);
	return 0;
}

static char *why_not(const struct job *job, const struct disk_task *task)
{
	if (job->size >= 0 && task->ret_size != job->size)
		return xasprintf("the file's size is %lld, it was %lld", (long long)task->ret_size,
			(long long)job->size);
	return xasprintf("it hashes to %s, wanted %s", task->ret_digest ? task->ret_digest : "nothing",
		wanted_digest(job) ? wanted_digest(job) : "nothing");
}

void request_verified(struct request *request, struct disk_task *task)
{
	const struct verdict *v = &task->verdict;
	const struct job *job = request->found[0];

	if (v->class == VERDICT_ABORTED) {
		request_fail(request, REQUEST_TRY_AGAIN, 0, NULL, "fetchd is shutting down");
		return;
	}
	request->verified = v->class == VERDICT_OK && task->result == 1;
	request->verify_size = task->ret_size;
	request->digest = xstrdup_null(task->ret_digest);
	if (v->class != VERDICT_OK)
		request->verify_error = xstrdup(v->message ? v->message : "the disk refused to read it");
	else if (request->verified && !wanted_digest(job))
		request->verify_error = xstrdup(
			job->size >= 0 ? "only the size of the file is known, not what it must hash to"
				       : "nothing was fetched that it could be compared with");
	else if (!request->verified)
		request->verify_error = why_not(job, task);
}
