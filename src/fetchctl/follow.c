/* Follow: one Watch call after another until the jobs have ended. The daemon may go away meanwhile, since it
 * keeps the jobs: then follow waits for it to come back, and asks again for where everything stands. Ctrl-C
 * ends the watching, never the downloads.
 */
#include "config.h"

#include "fetchctl/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchctl/absence.h"
#include "fetchctl/call.h"
#include "fetchctl/link.h"
#include "fetchctl/losses.h"
#include "fetchctl/out.h"
#include "fetchctl/progress.h"
#include "fetchctl/select.h"
#include "fetchctl/stir.h"
#include "fetchctl/tally.h"
#include "fetchctl/words.h"
#include "job/hook.h"
#include "wire/jobjson.h"

/* With --timeout 0: in this time the daemon tells of what has ended already. */
#define ANSWER_USEC (2 * USEC_PER_SEC)
/* More ids than this do not fit well into one call: then all jobs are watched and the others passed over. */
#define IDS_MAX 40000

struct run {
	struct ctl *ctl;
	const struct follow *follow;
	struct tally tally;
	struct progress *progress;
	sigset_t mask;	    /* while waiting */
	int64_t until_usec; /* of --timeout */
	struct absence absence;
	struct tally_job *first_ended;
	bool first_bad;	    /* a hook of that one has failed */
	size_t n_told;	    /* jobs that have ended, and what is waited for beyond */
	size_t n_bad_hooks; /* of these, those of which a hook has failed */
	bool jobs_over;	    /* only the group's own hooks are still waited for */
	bool asked;	    /* then: the daemon is there, and has been asked to tell of their end */
	struct losses losses;
};

/* ---- jobs ---------------------------------------------------------------------------------------- */

/* A line on standard error for people. */
static void notice(struct run *run, const char *text)
{
	progress_clear(run->progress);
	if (!run->ctl->settings.quiet)
		hint("%s", text);
}

/* Why a file did not come: an error, told even with --quiet. */
static void complain_job(const struct job *job)
{
	CLEANUP_FREE char *error = words_error(job);

	if (job->state == JOB_FAILED)
		complain(STATUS_JOB_FAILED, "job %lld failed: %s (%s)", (long long)job->id, error, job->url);
	else if (job->state == JOB_CANCELLED)
		complain(STATUS_JOB_FAILED, "job %lld was cancelled (%s)", (long long)job->id, job->url);
}

static bool has_ended(const struct run *run, const struct job *job)
{
	return job_state_ended(job->state) && !(run->follow->hooks && job_hook_open(job->hook));
}

static bool has_bad_hook(const struct run *run, const struct job *job)
{
	return run->follow->hooks && job->hook == JOB_HOOK_FAILED;
}

static void complain_hook(struct run *run, const struct job *job)
{
	progress_clear(run->progress);
	complain(STATUS_JOB_FAILED, "job %lld: a hook has failed; see \"fetchctl status %lld\"",
		(long long)job->id, (long long)job->id);
}

static void tell_end(struct run *run, const struct job *job, const json_t *json)
{
	enum follow_report report = run->follow->report;
	bool drawn = progress_draws(run->progress);

	if (report == FOLLOW_LATER && !drawn)
		return;
	if (drawn)
		progress_tell(run->progress, job);
	else if (report != FOLLOW_LINES || run->ctl->settings.quiet)
		complain_job(job);
	/* On one terminal the line above the bars says it all. */
	if (report != FOLLOW_NOTHING && report != FOLLOW_LATER && !(drawn && out_is_terminal(run->ctl->out)))
		out_ended(run->ctl->out, json, report == FOLLOW_PATHS);
}

/* The entry an event is about; NULL when that job is not waited for. */
static struct tally_job *entry_for(struct run *run, int64_t id, const struct job *job, bool removed)
{
	struct tally_job *entry = tally_find(&run->tally, id);

	if (entry || run->follow->ids)
		return entry;
	/* Without a selection only what is still to end counts, not last week's failures. */
	if ((!job && !(removed && run->follow->selection)) ||
		(!run->follow->selection && has_ended(run, job)))
		return NULL;
	return tally_add(&run->tally, id);
}

static void note_end(struct run *run, struct tally_job *entry, const struct job *job, const json_t *json)
{
	if (!run->first_ended) {
		run->first_ended = entry;
		run->first_bad = has_bad_hook(run, job);
	}
	if (entry->told)
		return;
	entry->told = true;
	run->n_told++;
	if (has_bad_hook(run, job)) {
		run->n_bad_hooks++;
		complain_hook(run, job);
	}
	if (job->state != JOB_DONE)
		losses_add(&run->losses, job);
	tell_end(run, job, json);
}

static void take_removed(struct run *run, struct tally_job *entry)
{
	tally_remove(&run->tally, entry);
	if (!run->first_ended)
		run->first_ended = entry;
	if (entry->told)
		return;
	entry->told = true;
	run->n_told++;
	progress_clear(run->progress);
	complain(STATUS_JOB_FAILED, "job %lld was removed", (long long)entry->id);
}

static void take_event(struct run *run, const json_t *event)
{
	const char *kind = json_string_value(json_object_get(event, "kind"));
	int64_t id = json_integer_value(json_object_get(event, "job_id")), speed;
	const json_t *json = json_object_get(event, "job");
	struct tally_job *entry;
	struct job job;
	bool known = wire_job_from_json(json, &job, &speed) == 0,
	     removed = kind && strcmp(kind, "removed") == 0;

	entry = entry_for(run, id, known ? &job : NULL, removed);
	if (entry)
		progress_note(run->progress);
	if (entry && removed) {
		take_removed(run, entry);
	} else if (entry && known) {
		tally_update(&run->tally, entry,
			&(struct tally_news){
				.kind = kind && strcmp(kind, "snapshot") == 0 ? TALLY_STATE : TALLY_EVENT,
				.job = &job,
				.speed = speed,
				.now_usec = clock_boot_usec(),
			});
		if (has_ended(run, &job))
			note_end(run, entry, &job, json);
	}
	job_done(&job);
}

/* ---- the connection ------------------------------------------------------------------------------ */

static bool send_watch(struct run *run)
{
	const struct follow *follow = run->follow;
	bool all = follow->ids && follow->n_ids > IDS_MAX;
	json_t *selection = follow->ids && !all ? select_ids(follow->ids, follow->n_ids)
			    : follow->selection ? json_incref(follow->selection)
						: NULL;
	json_t *params = json_pack("{s:b, s:b}", "snapshot", 1, "progress", progress_shows(run->progress));

	/* Nothing is drawn of what waits; but without a selection it tells which jobs are waited for. Of
	 * those that were named, the bytes are told. */
	if (!progress_draws(run->progress) && selection && !(follow->ids && progress_shows(run->progress)))
		json_object_set_new(params, "ended", json_true());
	if (selection)
		json_object_set_new(params, "selection", selection);
	/* Who watches more than is waited for must find the end by counting. */
	if (!all)
		json_object_set_new(params, "until", json_string(follow->any ? "any" : "all"));
	if (follow->hooks)
		json_object_set_new(params, "hooks", json_true());
	return link_send_call(run->ctl->link, "Watch", params, true);
}

static bool send_call(struct run *run)
{
	json_t *params;

	if (!run->jobs_over)
		return send_watch(run);
	params = json_pack("{s:s, s:b}", "group", run->follow->group, "wait", run->asked);
	return link_send_call(run->ctl->link, "GroupInspect", params, false);
}

static void lose_link(struct run *run)
{
	run->asked = false;
	if (absence_begin(&run->absence, run->ctl))
		notice(run, ABSENCE_NOTICE);
}

/* One attempt to reach the daemon again. 0 (see ctl->link), or the exit status after a message. */
static int try_link(struct run *run)
{
	if (absence_too_long(&run->absence)) {
		progress_clear(run->progress);
		return absence_complain(run->ctl);
	}
	absence_try(run->ctl, &run->mask);
	if (run->ctl->link && !send_call(run))
		lose_link(run);
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------------ */

static int outcome(const struct run *run)
{
	if (run->follow->any && run->first_ended)
		return run->first_ended->state == JOB_DONE && !run->first_bad ? 0 : STATUS_JOB_FAILED;
	return tally_unsuccessful(&run->tally) + run->n_bad_hooks > 0 ? STATUS_JOB_FAILED : 0;
}

/* Whether what is waited for has come, as far as the client can count. */
static bool is_over(const struct run *run)
{
	if (!run->follow->ids)
		return false;
	if (run->follow->any)
		return run->first_ended != NULL;
	return (run->follow->hooks ? run->n_told : tally_ended(&run->tally)) == run->tally.n_jobs;
}

/* It may be long until the next answer: this one tells that the daemon is there. */
static void ask_group(struct run *run)
{
	absence_end(&run->absence);
	run->asked = true;
	if (!send_call(run))
		lose_link(run);
}

/* The group's own hooks. -1: go on. */
static int take_group(struct run *run, const json_t *reply)
{
	const json_t *group = json_object_get(reply_parameters(reply), "group");
	const char *word = json_string_value(json_object_get(group, "hook"));
	int state = word ? job_hook_state_parse(word) : JOB_HOOK_NONE;

	if (state >= 0 && job_hook_open((enum job_hook_state)state)) {
		/* One that stops does not wait. */
		if (run->asked)
			lose_link(run);
		else
			ask_group(run);
		return -1;
	}
	if (state != JOB_HOOK_FAILED)
		return 0;
	CLEANUP_FREE char *quoted = words_shell(run->follow->group);
	return complain(
		STATUS_JOB_FAILED, "a hook of the group has failed; see \"fetchctl group show %s\"", quoted);
}

/* -1: go on. */
static int take_reply(struct run *run, const json_t *reply)
{
	const json_t *event = json_object_get(reply_parameters(reply), "event");
	struct problem problem;
	int status;

	if (reply_problem(reply, &problem)) {
		status = problem.status;
		/* A daemon that is about to stop says so. */
		if (status == STATUS_TRY_AGAIN) {
			lose_link(run);
			status = -1;
		} else if (status == STATUS_NOT_FOUND && run->jobs_over) {
			status = 0; /* removed: that has been told */
		} else {
			progress_clear(run->progress);
			complain(status, "%s", problem.message);
		}
		problem_done(&problem);
		return status;
	}
	if (run->jobs_over)
		return take_group(run, reply);
	absence_end(&run->absence);
	if (event)
		take_event(run, event);
	return is_over(run) || !reply_continues(reply) ? outcome(run) : -1;
}

/* Leaves the jobs to the daemon, and says so. */
static int detach(struct run *run)
{
	const struct settings *settings = &run->ctl->settings;
	CLEANUP_FREE char *path = settings->socket ? words_shell(settings->socket) : NULL;
	bool one = run->tally.n_jobs == 1;

	progress_clear(run->progress);
	if (!settings->quiet) {
		hint("The %s on in the daemon. To wait for %s again:",
			run->jobs_over ? "hooks of the group go"
			: one	       ? "download goes"
				       : "downloads go",
			one && !run->jobs_over ? "it" : "them");
		hint("    fetchctl %s%s%s%s%s%s", settings->user ? "--user " : "",
			settings->system ? "--system " : "", path ? "-s " : "", path ? path : "",
			path ? " " : "", run->follow->come_back);
	}
	/* As shells tell what ended by a signal. */
	return STATUS_SIGNALLED + stir_ending();
}

static int time_over(struct run *run)
{
	progress_clear(run->progress);
	if (run->jobs_over)
		return complain(
			STATUS_TRY_AGAIN, "the hooks of the group have not ended in time; they go on");
	return complain(STATUS_TRY_AGAIN, "not all jobs have ended in time, %zu have; the others go on",
		tally_ended(&run->tally));
}

/* What signals ask for; false when the program is to end. */
static bool heed_signals(struct run *run)
{
	if (stir_ending())
		return false;
	if (stir_stopping()) {
		progress_clear(run->progress);
		stir_stop();
	}
	if (stir_redraw() && !run->jobs_over)
		progress_redraw(run->progress);
	return true;
}

/* Waits for one thing to happen, and does what it asks for. -1: go on, else the exit status. */
static int step(struct run *run)
{
	json_t *reply = NULL;
	int status = -1;
	int64_t due;

	if (!heed_signals(run))
		return detach(run);
	due = run->jobs_over ? USEC_INFINITY : progress_step(run->progress, &run->tally);
	if (clock_boot_usec() >= run->until_usec)
		return time_over(run);
	if (!run->ctl->link) {
		status = try_link(run);
		return status == 0 ? -1 : status;
	}
	switch (link_next(
		run->ctl->link, due < run->until_usec ? due : run->until_usec, &run->mask, &reply)) {
	case LINK_REPLY: status = take_reply(run, reply); break;
	case LINK_LOST:
	case LINK_GARBAGE: lose_link(run); break;
	case LINK_TIMEOUT:
	case LINK_SIGNAL: break;
	}
	json_decref(reply);
	return status;
}

static int loop(struct run *run)
{
	int status = -1;

	if (!send_call(run))
		lose_link(run);
	while (status < 0) {
		status = step(run);
		/* Who reads the lines in a pipe wants them now; but not one by one while many are there. */
		if (status < 0 && !link_has_more(run->ctl->link) && out_flush(run->ctl->out) != 0)
			status = STATUS_OUTPUT;
	}
	return status;
}

/* What became of all. Where each failure has a line of its own on standard output, or will have one, none is
 * named twice. */
static void conclude(struct run *run)
{
	const struct follow *follow = run->follow;
	bool named = follow->report == FOLLOW_LATER ||
		     (follow->report == FOLLOW_LINES && !progress_draws(run->progress));

	progress_sum(run->progress, &run->tally);
	progress_clear(run->progress);
	out_flush(run->ctl->out);
	if (run->tally.n_jobs > 1 && progress_shows(run->progress) && !named && !follow->any)
		losses_tell(&run->losses, run->tally.n_jobs);
}

/* Its jobs have ended, with status: so have their hooks. */
static int wait_for_group(struct run *run, int status)
{
	int after;

	run->jobs_over = true;
	after = loop(run);
	return after != 0 ? after : status;
}

int follow_run(struct ctl *ctl, const struct follow *follow)
{
	struct run run = {.ctl = ctl, .follow = follow, .until_usec = USEC_INFINITY};
	int status = ctl_link(ctl);

	if (status != 0)
		return status;
	tally_init(&run.tally);
	for (size_t i = 0; follow->ids && i < follow->n_ids; i++)
		tally_add(&run.tally, follow->ids[i]);
	if (follow->timeout_usec != USEC_INFINITY)
		run.until_usec = usec_add(
			clock_boot_usec(), follow->timeout_usec > 0 ? follow->timeout_usec : ANSWER_USEC);
	run.progress = progress_new(ctl, follow->n_expected);
	stir_begin(progress_draws(run.progress), &run.mask);
	status = loop(&run);
	if (status == 0 || status == STATUS_JOB_FAILED) {
		conclude(&run);
		if (follow->hooks && follow->group)
			status = wait_for_group(&run, status);
	}
	losses_done(&run.losses);
	progress_free(run.progress);
	tally_done(&run.tally);
	return status;
}
