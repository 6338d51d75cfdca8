/* Recovery: what the last run left, clean or not. Runs once in the engine's thread before READY; the only
 * place where it waits for the disk.
 */
#include "config.h"

#include "fetchd/engine/internal.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "job/lifecycle.h"
#include "job/message.h"

#define SLICE 256
/* A sign of life no more often than this. */
#define TELL_USEC (5 * USEC_PER_SEC)

/* To be called wherever recovery has got on. */
static void got_on(struct engine *engine)
{
	int64_t now = clock_boot_usec();

	if (now < engine->tell_usec)
		return;
	engine->tell_usec = now + TELL_USEC;
	turn_notice(engine, ENGINE_WORKING, 0, NULL);
	turn_answer(engine);
}

/* What the row says of the bytes is from the last checkpoint; the file may be of a later generation, and its
 * bytes of two responses. */
static void forget_older_facts(struct job *job)
{
	bool joined = job->received > 0 && job->validator == JOB_VALIDATOR_NONE;

	job->validator = JOB_VALIDATOR_NONE;
	str_set(&job->etag, NULL);
	str_set(&job->last_modified, NULL);
	str_set(&job->digest, NULL);
	/* Nothing gets its final name before it was hashed. */
	if (job->options.checksum)
		job->integrity = JOB_INTEGRITY_CHECKSUM;
	else
		job->integrity = joined ? JOB_INTEGRITY_UNVERIFIED : JOB_INTEGRITY_NONE;
}

static int settle_one(struct engine *engine, struct job *job, size_t *n_found)
{
	char *name = NULL;
	int64_t size;

	/* The rename came through, the commit did not. */
	if (disk_find_finished(engine->disk, job, &name, &size)) {
		free(job->name);
		job->name = name;
		forget_older_facts(job);
		job->received = job->size = size;
		str_set(&job->ranges, NULL);
		(*n_found)++;
		return end_done(engine, job);
	}
	return end_intent(engine, job, job->intent);
}

static int settle_active(struct engine *engine)
{
	struct job_list list;
	size_t n = 0, n_found = 0, got;
	int64_t after = 0;
	int err;

	do {
		err = turn_begin(engine);
		if (!err)
			err = store_active(engine->store, after, SLICE, &list);
		if (err)
			return err;
		got = list.n;
		for (size_t i = 0; i < got && !err; i++) {
			after = list.jobs[i]->id;
			err = settle_one(engine, list.jobs[i], &n_found);
		}
		job_list_done(&list);
		n += got;
		err = turn_end(engine, err);
		got_on(engine);
	} while (!err && got == SLICE);
	if (n)
		log_message(LOG_LEVEL_NOTICE, MESSAGE_RECOVERED,
			"recovered %zu jobs that were active: %zu had finished, the others go on", n,
			n_found);
	return err;
}

/* A part is kept for a job that has not ended well and whose row knows bytes of just this generation. */
static bool part_wanted(int64_t job_id, int64_t generation, void *arg)
{
	struct engine *engine = arg;
	struct job *job = NULL;
	bool wanted;

	got_on(engine);
	int err = store_get(engine->store, job_id, &job);

	/* Only what is known to be nobody's goes. */
	if (err)
		return err != -ENOENT;
	wanted = job->state != JOB_DONE && job->state != JOB_CANCELLED && job->received > 0 &&
		 job->generation == generation;
	job_free(job);
	return wanted;
}

int recover(struct engine *engine)
{
	const struct config *cfg = engine->config;
	int64_t longest = cfg->max_delay_usec + (int64_t)((double)cfg->max_delay_usec * cfg->jitter);
	int64_t hold = cfg->hold_interval_usec + cfg->hold_interval_usec / 10;
	int err = steady_load(engine);

	if (!err)
		err = turn_begin(engine);
	if (!err)
		err = turn_end(engine, groups_load(engine));
	if (!err)
		err = turn_begin(engine);
	if (!err)
		err = turn_end(engine, hooks_load(engine));

	if (!err)
		err = settle_active(engine);
	if (longest < cfg->max_retry_after_usec)
		longest = cfg->max_retry_after_usec;
	if (longest < hold)
		longest = hold;
	if (!err)
		disk_sweep(engine->disk, part_wanted, engine);
	if (!err)
		err = turn_begin(engine);
	if (!err) {
		err = hosts_load_marks(engine);
		if (!err)
			err = limits_load(engine);
		err = turn_end(engine, err);
	}
	/* Rows that a program without a steady clock wrote, or that were mended by hand. */
	engine->clamping = true;
	engine->clamp_usec = usec_add(engine_now(engine), longest);
	if (!err)
		err = due_load(engine);
	return err ? err : lanes_load(engine);
}
