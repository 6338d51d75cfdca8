/* Follow: one Watch call after another until the jobs have ended. The daemon may go away meanwhile, since it
 * keeps the jobs: then follow waits for it to come back, and asks again for where everything stands. Ctrl-C
 * ends the watching, never the downloads.
 */
#include "config.h"

#include "fetchctl/follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchctl/absence.h"
#include "fetchctl/bars.h"
#include "fetchctl/call.h"
#include "fetchctl/link.h"
#include "fetchctl/out.h"
#include "fetchctl/select.h"
#include "fetchctl/tally.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"
#include "wire/jobjson.h"

/* More ids than this do not fit well into one call: then all jobs are watched and the others passed over. */
#define IDS_MAX 40000

struct run {
	struct ctl *ctl;
	const struct follow *follow;
	struct tally tally;
	struct bars *bars;  /* NULL: none are drawn */
	sigset_t mask;	    /* while waiting */
	int64_t until_usec; /* of --timeout */
	struct absence absence;
	bool changed; /* since the last frame */
	struct tally_job *first_ended;
};

/* ---- signals ------------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted, resized;

static void on_interrupt(int signum)
{
	(void)signum;
	interrupted = 1;
}

static void on_resize(int signum)
{
	(void)signum;
	resized = 1;
}

/* Both are blocked but while waiting, so that none is missed between a look and the wait. */
static void catch_signals(sigset_t *ret_waiting)
{
	struct sigaction interrupt = {.sa_handler = on_interrupt}, resize = {.sa_handler = on_resize};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGWINCH);
	sigprocmask(SIG_BLOCK, &blocked, ret_waiting);
	sigdelset(ret_waiting, SIGINT);
	sigdelset(ret_waiting, SIGWINCH);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGWINCH, &resize, NULL);
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

/* Before anything else is written to standard error. */
static void clear_bars(struct run *run)
{
	if (run->bars)
		bars_clear(run->bars);
}

/* A line on standard error for people. */
static void notice(struct run *run, const char *text)
{
	clear_bars(run);
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

static void tell_end(struct run *run, const struct job *job, const json_t *json)
{
	enum follow_report report = run->follow->report;
	bool drawn = run->bars != NULL;

	if (report == FOLLOW_LATER && !drawn)
		return;
	if (drawn)
		bars_tell(run->bars, job);
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
		(!run->follow->selection && job_state_ended(job->state)))
		return NULL;
	return tally_add(&run->tally, id);
}

static void note_end(struct run *run, struct tally_job *entry, const struct job *job, const json_t *json)
{
	if (!run->first_ended)
		run->first_ended = entry;
	if (entry->told)
		return;
	entry->told = true;
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
	clear_bars(run);
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
	run->changed |= entry != NULL;
	if (entry && removed) {
		take_removed(run, entry);
	} else if (entry && known) {
		tally_update(&run->tally, entry, &job, speed);
		if (job_state_ended(job.state))
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
	json_t *params = json_pack("{s:b, s:b}", "snapshot", 1, "progress", run->bars != NULL);

	/* Nothing is drawn of what runs; but without a selection it tells which jobs are waited for. */
	if (!run->bars && selection)
		json_object_set_new(params, "ended", json_true());
	if (selection)
		json_object_set_new(params, "selection", selection);
	/* Who watches more than is waited for must find the end by counting. */
	if (!all)
		json_object_set_new(params, "until", json_string(follow->any ? "any" : "all"));
	return link_send_call(run->ctl->link, "Watch", params, true);
}

static void lose_link(struct run *run)
{
	if (absence_begin(&run->absence, run->ctl))
		notice(run, ABSENCE_NOTICE);
}

/* One attempt to reach the daemon again. 0 (see ctl->link), or the exit status after a message. */
static int try_link(struct run *run)
{
	if (absence_too_long(&run->absence)) {
		clear_bars(run);
		return absence_complain(run->ctl);
	}
	absence_try(run->ctl, &run->mask);
	if (run->ctl->link && !send_watch(run))
		lose_link(run);
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------------ */

static int outcome(const struct run *run)
{
	if (run->follow->any && run->first_ended)
		return run->first_ended->state == JOB_DONE ? 0 : STATUS_JOB_FAILED;
	return tally_unsuccessful(&run->tally) > 0 ? STATUS_JOB_FAILED : 0;
}

/* Whether what is waited for has come, as far as the client can count. */
static bool is_over(const struct run *run)
{
	if (!run->follow->ids)
		return false;
	return run->follow->any ? run->first_ended != NULL : tally_ended(&run->tally) == run->tally.n_jobs;
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
		} else {
			clear_bars(run);
			complain(status, "%s", problem.message);
		}
		problem_done(&problem);
		return status;
	}
	absence_end(&run->absence);
	if (event)
		take_event(run, event);
	return is_over(run) || !reply_continues(reply) ? outcome(run) : -1;
}

static int detach(struct run *run)
{
	const struct settings *settings = &run->ctl->settings;
	CLEANUP_FREE char *socket = settings->socket ? xasprintf("-s %s ", settings->socket) : NULL;

	clear_bars(run);
	if (!settings->quiet) {
		hint("The downloads go on without you. To wait for them again:");
		hint("    fetchctl %s%s%s%s", settings->user ? "--user " : "",
			settings->system ? "--system " : "", socket ? socket : "", run->follow->come_back);
	}
	return STATUS_INTERRUPTED;
}

static int time_over(struct run *run)
{
	clear_bars(run);
	return complain(STATUS_TRY_AGAIN, "not all jobs have ended in time, %zu have; the others go on",
		tally_ended(&run->tally));
}

/* Draws when it is time. Returns when the next frame is due. */
static int64_t draw(struct run *run)
{
	int64_t due;

	if (!run->bars)
		return USEC_INFINITY;
	if (resized)
		bars_resized(run->bars);
	resized = 0;
	due = bars_due_usec(run->bars, run->changed);
	if (clock_boot_usec() >= due) {
		bars_draw(run->bars, &run->tally);
		run->changed = false;
		due = bars_due_usec(run->bars, false);
	}
	return due;
}

/* Waits for one thing to happen, and does what it asks for. -1: go on, else the exit status. */
static int step(struct run *run)
{
	int64_t due = draw(run);
	json_t *reply = NULL;
	int status = -1;

	if (interrupted)
		return detach(run);
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

	if (!send_watch(run))
		lose_link(run);
	while (status < 0) {
		status = step(run);
		/* Who reads the lines in a pipe wants them now; but not one by one while many are there. */
		if (status < 0 && !link_has_more(run->ctl->link) && out_flush(run->ctl->out) != 0)
			status = STATUS_OUTPUT;
	}
	return status;
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
		run.until_usec = usec_add(clock_boot_usec(), follow->timeout_usec);
	if (!ctl->settings.quiet && !ctl->settings.json && term_moves(STDERR_FILENO))
		run.bars = bars_new(term_color(STDERR_FILENO, ctl->settings.color));
	catch_signals(&run.mask);
	status = loop(&run);
	if (run.bars && (status == 0 || status == STATUS_JOB_FAILED))
		bars_sum(run.bars, &run.tally);
	bars_free(run.bars);
	tally_done(&run.tally);
	return status;
}
