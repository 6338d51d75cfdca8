/* What the files of engine/ share. All of it belongs to the engine's thread. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/rng.h"
#include "fetchd/disk/disk.h"
#include "fetchd/engine/engine.h"
#include "fetchd/engine/fair.h"
#include "fetchd/engine/hooks.h"
#include "fetchd/engine/limits.h"
#include "fetchd/engine/rates.h"
#include "fetchd/engine/schedule.h"
#include "fetchd/store/store.h"
#include "fetchd/transfer/messages.h"
#include "fetchd/transfer/worker.h"
#include "job/governor.h"
#include "job/lifecycle.h"
#include "job/ramp.h"

/* ---- hosts: origins with ready work or active transfers, and those that are held for a time; nothing else
 */

/* What is known of one that was asked, or is held. */
/* Of a host that is shut: whether its ready jobs with other sources have been looked through. */
enum host_search {
	SEARCH_NONE,
	SEARCH_DUE,   /* those behind searched_id have not: in engine->to_search */
	SEARCH_STUCK, /* some had nowhere to go: in engine->stuck */
};

struct host_memory {
	struct heap_node wake; /* first: when to look at it again, steady wall; in engine->wakes */
	struct host *host;
	struct store_origin row; /* as stored; writes go through hosts.c */
	struct governor governor;
	/* since it is known */
	int64_t n_done, n_failed;
	const char *last_code; /* static; NULL: none */
	int64_t last_usec;
	bool idle;	   /* in engine->idle: nothing runs, nothing is held */
	bool held, broken; /* counted in engine->n_held, engine->n_broken */
	TAILQ_ENTRY(host_memory) idle_link;
	bool shut;		 /* see host_is_shut() */
	enum host_search search; /* sources.c's, as what follows */
	bool has_stuck;
	int64_t searched_id;
	TAILQ_ENTRY(host_memory) search_link;
};
TAILQ_HEAD(memory_list, host_memory);

struct host {
	int64_t origin_id;
	unsigned active;	    /* slots: transfers, and their further connections */
	unsigned staying;	    /* see limits_shed() */
	unsigned revoking, wanting; /* slots that are taken back; runs that want some: splits.c */
	unsigned finishing;	    /* its files that are whole and wait for the disk: they hold no slot */
	struct fair_host fair;	    /* its lanes */
	struct host_memory *memory; /* NULL: nothing is known */
	UT_hash_handle hh;
};

/* ---- users and groups with ready work or active jobs */

struct user {
	int64_t uid;
	size_t active, finishing, staying, revoking;
	struct fair_user fair;
	UT_hash_handle hh;
};

struct batch {
	int64_t id;	    /* of the group */
	int64_t limit_rate; /* bytes/s; 0: none */
	size_t active;	    /* its runs */
	struct fair_batch fair;
	UT_hash_handle hh;
};

/* A group that is being ended, until all its jobs have. */
struct doom {
	int64_t group_id;
	enum group_fate fate; /* GROUP_FATE_NONE: what came of a list is taken back, and the group with it */
	int64_t fate_job;
	int64_t after_id; /* its jobs up to this one have been dealt with */
	bool swept;	  /* all have: those that ran are on their way */
	UT_hash_handle hh;
};

/* ---- runs: the active jobs */

struct run {
	int64_t job_id;
	int64_t attempt;
	struct job *job; /* as the row has it */
	struct bucket *buckets[RATES_N];
	/* NULL once released; batch also when the job is in no group */
	struct host *host;
	struct user *user;
	struct batch *batch;
	size_t worker_index;
	int64_t started_event; /* its record */
	bool governed;	       /* the governor has not been told of its end */
	struct governor_ticket ticket;
	bool finishing;	 /* its slot was given back: see run_received() */
	bool cancelling; /* WORKER_CANCEL is out */
	bool over_quota; /* cancelled because of its user's bound on the disk */
	uint64_t edited; /* EDIT_BIT: its attempt has other values of these: it is being stopped */
	/* Changed in this turn: the job as it was, and what edited was. */
	struct job *unedited;
	uint64_t was_edited;
	TAILQ_ENTRY(run) edit_link;
	bool shed; /* for the sake of a limit: it is no attempt */
	/* Further connections of its transfer: slots that it has, and as many as it could use. */
	unsigned extra, wanted;
	struct governor_ticket *tickets; /* of each slot, the oldest first */
	unsigned split_seq;		 /* of the last word to its worker */
	bool split_told;		 /* that was not answered yet */
	unsigned revoking;		 /* so many it takes back */
	bool splits;			 /* in engine->splits */
	bool wanting;			 /* it could use more than it has */
	TAILQ_ENTRY(run) split_link;
	/* Replies that wait for this run's end. */
	struct request **waiters;
	size_t n_waiters;
	/* As they were before this turn touched them. */
	bool touched;
	enum job_intent intent_was;
	size_t n_waiters_was;
	TAILQ_ENTRY(run) touch_link;
	/* Its end, applied in this turn; kept until the commit holds. */
	struct outcome *outcome;
	TAILQ_ENTRY(run) turn_link;
	UT_hash_handle hh;
};
TAILQ_HEAD(run_list, run);

struct backup;

struct engine {
	pthread_t thread;
	struct mailbox *mailbox;
	struct mailbox *control;
	struct store *store;
	struct disk *disk;
	struct worker **workers;
	size_t *worker_load;
	size_t n_workers;
	struct rate *total_rate;
	struct bucket *buckets; /* of what has active jobs */
	struct config *config;
	struct limits limits; /* in force */
	struct limit_layers layers;
	struct schedule schedule;
	struct rng rng;
	int timer_fd, walltime_fd;
	int64_t wall_offset_usec;     /* steady wall time = boot clock + this */
	int64_t skew_usec;	      /* the wall clock = steady wall time + this */
	int64_t next_clock_save_usec; /* boot clock */

	struct host *hosts;
	struct heap wakes;	 /* of host memories */
	struct memory_list idle; /* the longest idle first */
	size_t n_idle;
	struct memory_list to_search, stuck; /* sources.c */
	struct user *users;
	struct batch *batches;
	struct fair fair;
	bool lanes_lost;   /* a turn was undone: the lanes may lack what its rows still have */
	bool groups_lost;  /* the same of what is known of groups */
	bool lanes_opened; /* by the end of a turn: something may start in the next */
	bool sweeping;	   /* there are dooms to carry out */
	struct doom *dooms;
	struct fill *fills;		  /* fills.c's own */
	int64_t next_group_deadline_usec; /* steady wall */
	struct run *runs;
	size_t n_active;   /* slots taken */
	size_t n_extra;	   /* of these, by further connections */
	size_t n_revoking; /* of those, that are to be given back */
	struct run_list splits;
	size_t n_finishing; /* runs that have given theirs back before their end */
	int64_t next_attempt;
	/* When the first of each comes, or earlier. */
	int64_t next_due_usec;		/* steady wall */
	int64_t next_scheduled_usec;	/* wall */
	int64_t next_own_deadline_usec; /* steady wall */
	int64_t next_since_usec;	/* steady wall: since when the configured deadline runs */
	int64_t next_run_deadline_usec; /* steady wall: of an active job */
	/* What fell due before the start. */
	bool piled;			     /* there is more of it */
	int64_t piled_usec, piled_wall_usec; /* steady wall, wall: the start */
	struct ramp ramp;
	size_t piled_n;
	bool clamping; /* waits that are longer than any may be */
	int64_t clamp_usec;
	int64_t quota_usec; /* the bound on the disk was raised then: who waits for it is looked at; 0 */
	int64_t next_purge_usec;
	int64_t tell_usec;  /* boot clock: recovery tells next that it gets on */
	int64_t relax_usec; /* boot clock: idle for so long gives memory back; USEC_INFINITY: done, or not
			       idle */
	/* Network. */
	bool network_up;	 /* as far as is known */
	int64_t next_look_usec;	 /* steady wall: when the next held job may be looked at */
	bool waking;		 /* jobs that wait for it are being made due */
	int64_t wake_after;	 /* waking: those up to this id are */
	int64_t next_probe_usec; /* down: one of them looks at this time whether that is true */
	unsigned watchers;
	/* As counted so far in this turn, before its operation under way, and as last told. */
	struct tally tally, tally_saved, tally_told;
	size_t n_held, n_broken; /* of hosts that are marked so */
	bool draining, drain_exit, stopping, failed, done;
	uint64_t told_counters, looked_counters;
	struct msg_list backlog;    /* taken from the mailbox, not worked on yet */
	struct msg_list unfinished; /* requests that go on in the next turn */
	struct msg_list parked;	    /* requests that wait for hooks of groups */
	struct msg_list postponed;  /* outcomes that the full database could not take */
	int64_t full_usec;	    /* boot clock: the database had no room; tried again then. 0: it has */
	size_t tasks;		    /* out at the disk */
	struct backup *backup;	    /* under way; NULL: none */
	/* Hooks. */
	struct mailbox *hook_pool; /* the pool's; NULL: none runs */
	struct hook_run *hook_runs;
	bool hooks_look;	/* one may start that could not before */
	int64_t next_hook_usec; /* steady wall: when the next is due */

	/* this turn's: leave after the commit */
	struct msg_list to_control; /* replies and events */
	struct msg_list *to_workers;
	struct msg_list to_disk;
	struct msg_list to_hooks;
	struct run_list ended, claimed, touched, edited;
	struct hook_run_list hooks_ended, hooks_claimed;
};

/* With nothing to do for this long, memory goes back to the system. */
#define RELAX_USEC (30 * USEC_PER_SEC)

/* ---- engine.c, step.c: the thread's life in steps, for engine_start() and for tests that drive it
 * themselves */

/* Takes over setup's store, as engine_start() does; no thread, no timer. */
struct engine *engine_new(const struct engine_setup *setup);
/* Once, before the first step. 0 or -errno: told, and failed is set. */
int engine_recover(struct engine *engine);
/* One turn. Returns whether there is more to do at once. */
bool engine_step(struct engine *engine);
/* When the next thing is due that no message brings; boot clock. */
int64_t engine_next_usec(const struct engine *engine);
/* Answers what is left, waits for tasks at the disk, closes the store. */
void engine_end(struct engine *engine);
void engine_free(struct engine *engine);

/* ---- steady.c: two clocks */
/* Steady wall time: what waits and deadlines are measured on. No step of the wall clock moves it, and no
 * restart. */
int64_t engine_now(const struct engine *engine);
/* A steady time as the wall clock shows it, for people. */
int64_t engine_shown(const struct engine *engine, int64_t steady_usec);
/* Takes it up where the last run left it. Before anything else. 0 or -errno. */
int steady_load(struct engine *engine);
/* Notices steps of the wall clock. In a turn. 0 or -errno. */
int steady_look(struct engine *engine);

/* ---- due.c */
/* What has come; *ret_more: there is more of it now. 0 or -errno. */
int due_work(struct engine *engine, bool *ret_more);
/* When the next of it comes; boot clock, USEC_INFINITY: nothing will. */
int64_t due_next_usec(const struct engine *engine);
/* The job was added, or has changed its state. */
void due_note(struct engine *engine, const struct job *job);
/* The job runs; or its deadline has changed while it does. */
void due_note_run(struct engine *engine, const struct run *run);
/* Another configuration's deadline. */
void due_tuned(struct engine *engine);
/* A turn was undone: everything is looked at again. */
void due_lost(struct engine *engine);
/* At the start. 0 or -errno. */
int due_load(struct engine *engine);
/* Its deadline has passed while it waited. 0 or -errno. */
int job_expire(struct engine *engine, struct job *job);

/* ---- hosts.c */
struct host *host_need(struct engine *engine, int64_t origin_id);
struct host *host_find(struct engine *engine, int64_t origin_id);
/* Reads its row, if it is not known. 0 or -errno. */
int host_remember(struct engine *engine, struct host *host);
/* Why it may start nothing now, and until when; *ret_until_usec 0: until one of its transfers ends. */
enum host_block host_block(
	const struct engine *engine, const struct host *host, int64_t now_usec, int64_t *ret_until_usec);
struct host_limits {
	unsigned limit, max;
	int64_t interval_usec;
};
/* For longer than a moment: it asked to wait, or its breaker is not closed. */
bool host_is_shut(const struct engine *engine, const struct host *host);
void host_limits(const struct engine *engine, const struct host *host, struct host_limits *ret);
/* How many of its transfers may run at once. */
unsigned host_bound(const struct engine *engine, const struct host *host);
/* How many it may start now. */
size_t host_room(const struct engine *engine, const struct host *host);
/* The origin asks to wait: no claim before until_usec. It may be asked for longer, not for shorter. 0 or
 * -errno. */
int host_hold(struct engine *engine, struct host *host, const char *code, int64_t job_id, int64_t until_usec);
/* Over HTTP/1.1 for an hour. 0 or -errno. */
int host_avoid_http2(struct engine *engine, struct host *host);
/* An attempt begins, and has ended: once each; progress in between. 0 or -errno. */
void host_started(struct engine *engine, struct run *run);
int host_ended(struct engine *engine, struct run *run, enum governor_answer answer);
/* An attempt that never began. Outside of a turn: what the row has stands, and of an origin that went with
 * the turn nothing is remembered, as its number will be another's. */
void host_claim_undone(struct engine *engine, struct run *run);
/* For who asks: an attempt ended like this. code NULL: well. */
void host_note(struct host *host, const char *code);
/* The same of what is no attempt. */
void host_note_code(struct host *host, const char *code);
void host_progress(struct engine *engine, struct run *run, int64_t bytes);
/* A run has one further connection more; or one fewer, which is an answer or GOVERNOR_NONE. 0 or -errno. */
void host_connected(struct engine *engine, struct run *run);
int host_disconnected(struct engine *engine, struct run *run, enum governor_answer answer);
/* Whether a job may be tried again now; else *ret_usec says when to ask again. 0 or -errno. */
int host_retry(struct engine *engine, int64_t origin_id, int64_t *ret_usec);
/* Those whose time has come. 0 or -errno. */
int hosts_release(struct engine *engine);
/* When that is next; steady wall. */
int64_t hosts_next_usec(const struct engine *engine);
/* Its lanes may run or not; freed when nothing holds it. */
void host_settle(struct engine *engine, struct host *host);
/* What the last run has marked; within what may be asked for, should the clock have stepped. In a turn. */
int hosts_load_marks(struct engine *engine);
/* Limits changed. */
void hosts_tune(struct engine *engine);
void hosts_free(struct engine *engine);

/* ---- splits.c: further connections of large files */
/* From a worker: what one has and could use, and what its host said of one of them. 0 or -errno. */
int splits_report(struct engine *engine, const struct parts_report *report);
/* After jobs were started: gives slots that are left, and takes those back that jobs wait for. */
void splits_work(struct engine *engine, bool give_more);
/* Its transfer has no further connections any more. */
void split_end(struct engine *engine, struct run *run);

/* ---- sources.c: jobs that have several */
/* The source that is asked has failed, out: for good, and there are others. It goes on with the next one that
 * is open, else with the next that is not out; or, when none is better, stays where it is. Writes the
 * sources, not the rest of the row. *ret_moved: to another host. 0 or -errno. */
int sources_leave(struct engine *engine, struct job *job, bool out, bool *ret_moved);
/* The host is shut now, or no longer. */
void sources_host_shut(struct engine *engine, struct host_memory *memory);
/* It is about to be freed. */
void sources_host_gone(struct engine *engine, struct host_memory *memory);
/* A job with other sources is ready. */
void sources_ready(struct engine *engine, const struct job *job);
/* A turn was undone: jobs that it had moved are not. */
void sources_lost(struct engine *engine);
/* Moves a slice of those that are ready where the host is shut. 0 or -errno. */
int sources_work(struct engine *engine, bool *ret_more);

/* ---- lanes.c */
/* The job is ready. 0 or -errno. */
int lane_ready(struct engine *engine, const struct job *job);
/* NULL: none of its lane's jobs is ready. */
struct lane *lane_of(struct engine *engine, const struct job *job);
struct host *lane_host(const struct lane *lane);
struct user *lane_user(const struct lane *lane);
struct batch *lane_batch(const struct lane *lane);
/* Its best ready jobs. */
int lane_jobs(struct engine *engine, const struct lane *lane, size_t limit, struct job_list *ret);
/* Reads the lane's best ready job anew; frees a lane that has none. 0 or -errno. */
int lane_refresh(struct engine *engine, struct lane *lane);
/* All lanes, from the rows. 0 or -errno. */
int lanes_load(struct engine *engine);
void lanes_free(struct engine *engine);
/* Sets run's host, user and batch. 0 or -errno. */
int run_parties(struct engine *engine, const struct job *job, struct run *run);
/* May run or not; freed when nothing holds it. */
void user_settle(struct engine *engine, struct user *user);
/* Bytes on disk that a user's jobs may have; 0: no bound. */
int64_t user_disk_max(const struct engine *engine);
/* They have as many: nothing more of the user's starts, as long as that is so. */
bool user_is_full(const struct engine *engine, uid_t uid);
/* Who may start something, as the counters are now. */
void users_look(struct engine *engine);
/* How many more of the user's jobs may run. */
size_t user_room(const struct engine *engine, const struct user *user);
uint32_t user_weight(const struct engine *engine, uid_t uid);
void users_tune(struct engine *engine);
/* Of a group that has ready jobs or active ones; else NULL. */
struct batch *batch_find(struct engine *engine, int64_t group_id);
/* The group's row has changed. */
void batch_put(struct batch *batch, const struct job_group *row);
/* Freed when nothing holds it. NULL is fine. */
void batch_settle(struct engine *engine, struct batch *batch);

/* All that are known, as the rows have them. 0 or -errno. */
int batches_load(struct engine *engine);

/* ---- groups.c: 0 or -errno where they return an int */
/* What the rows say is to be done. In a turn. */
int groups_load(struct engine *engine);
void groups_free(struct engine *engine);
/* Sets row->id. The name must be free. */
int group_create(struct engine *engine, struct job_group *row);
/* The row alone: it has no jobs. */
int group_remove(struct engine *engine, int64_t group_id);
/* Made for jobs that then were none: goes. */
int group_drop_empty(struct engine *engine, int64_t group_id);
/* It is filled: its jobs may start. Without any it goes. */
int group_open_up(struct engine *engine, int64_t group_id);
/* It cannot be filled any more: its jobs are removed, and it is. */
void group_take_back(struct engine *engine, int64_t group_id);
/* In the turn of the failure, for a job of a group. */
int group_job_failed(struct engine *engine, const struct job *job);
/* One that had ended is wanted again: a group that had ended begins anew with it, before it can fail anew. */
int group_job_reopened(struct engine *engine, const struct job *job);
/* NULL: the group is not being ended. */
struct doom *doom_find(const struct engine *engine, int64_t group_id);
/* Ends the job as its group's fate has it. It is open, and not running. */
int doom_end(struct engine *engine, struct job *job, const struct doom *doom);
/* A slice of what is to be done. */
int groups_work(struct engine *engine, bool *ret_more);
/* Last thing in a turn: groups whose last job has ended, or that have an open one again. */
int groups_settle(struct engine *engine);
/* When the next deadline of a group is; boot clock. */
int64_t groups_next_usec(const struct engine *engine);

/* ---- fills.c */
/* Before an ADD: its groups are there and take its jobs; or the request is refused. */
int groups_admit(struct engine *engine, struct request *request, int64_t now_usec);
/* After its jobs were added. */
int groups_admitted(struct engine *engine, struct request *request);
/* Refuses a request whose answer would be a job that may be taken back yet. */
int fill_check_job(struct engine *engine, struct request *request, const struct job *job);
/* Before an edit: whether the job may leave the group that it is in, and join the one that it names; or the
 * request is refused. */
int group_may_leave(struct engine *engine, struct request *request, const struct job *job);
int group_may_join(struct engine *engine, struct request *request, const struct job *job);
/* Sets the number of the group that the job names, which is made on first use. */
int group_join(struct engine *engine, struct request *request, struct job *job);
/* The session's list, if there is one, will not come whole. */
void fill_abandon(struct engine *engine, uint64_t session_id);
/* Whether a list is under way into it. */
bool fill_of_group(const struct engine *engine, int64_t group_id);
void fills_free(struct engine *engine);
int request_group(struct engine *engine, struct request *request);
int request_groups(struct engine *engine, struct request *request);
int request_group_create(struct engine *engine, struct request *request);
int request_group_remove(struct engine *engine, struct request *request);

/* It is to run these, too, when it has ended. 0 or -errno. */
int group_add_hook(struct engine *engine, int64_t group_id, const char *name);

/* ---- dependencies.c: 0 or -errno */
/* What the job is to follow, when it is added: it is made to wait, unless all have ended well; or the request
 * is refused. Leaves in job->after what is waited for. */
int dependencies_admit(struct engine *engine, struct request *request, struct job *job);
/* It has an id now. Empties job->after. */
int dependencies_added(struct engine *engine, struct job *job);
/* Applies event to a job that is wanted again, or defers it when it still has to wait for others. */
int dependencies_start(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind);
/* One that waits waits for nothing any more but the time that its user gave. */
int dependencies_release(struct engine *engine, struct job *job);
/* What it waits for is that time. */
void job_wait_for_time(struct job *job);
/* A slice of those who wait for jobs that have ended. */
int dependencies_settle(struct engine *engine, bool *ret_more);
/* For an edit: job, which does not run, is to follow another one, too. Refuses the request where that would
 * make a circle, or the other one cannot be followed. */
int dependency_add(
	struct engine *engine, struct request *request, struct job *job, int64_t after_id, bool any);

/* ---- sched.c */
/* Starts what may start. *ret_more: it stopped at its own bound, not for want of slots or work. 0 or -errno.
 */
int sched_fill(struct engine *engine, bool *ret_more);
size_t sched_free_slots(const struct engine *engine);
struct run *run_find(struct engine *engine, int64_t job_id);
/* All its bytes are here: others may use its slot while the disk syncs. */
void run_received(struct engine *engine, struct run *run);
/* Its attempt has ended: slot, place in the table and worker are free for others. */
void run_release(struct engine *engine, struct run *run);
/* The turn that released it did not commit. */
/* 0 or -errno. */
int run_take_back(struct engine *engine, struct run *run);
/* Released before. */
void run_free(struct run *run);
/* Its intent and waiters are about to change: should the turn be undone, they go back. */
void run_touch(struct engine *engine, struct run *run);
/* Asks the worker to stop it. */
void run_cancel(struct engine *engine, struct run *run);
/* The job's own limit is another from now on; 0: none. */
void run_limit(struct engine *engine, struct run *run, int64_t bytes_per_sec);
/* The reply of request waits until run has ended. */
void run_wait(struct run *run, struct request *request);

/* ---- turn.c */
/* The one function that changes a job's state: row, counters, event, host table. was: the state before. 0 or
 * -errno. */
int job_apply(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind);
/* The same for a step of a hold that only goes on: no record is kept, else a full disk would fill another. */
int job_apply_again(struct engine *engine, struct job *job, enum job_event event, enum event_kind kind);
/* Records what happened, to be told with the turn. */
int turn_event(struct engine *engine, const struct job *job, enum event_kind kind);
/* That a hook of the job has ended, which is named so. */
int turn_hook_event(struct engine *engine, const struct job *job, enum event_kind kind, const char *hook);
/* Without a record: to who watches now. */
int turn_event_again(struct engine *engine, const struct job *job, enum event_kind kind);
/* Removes the record, with its event. */
int job_delete(struct engine *engine, const struct job *job);
int turn_begin(struct engine *engine);
/* Commit, then tell; or take everything back. 0, or the error. */
int turn_end(struct engine *engine, int err);
void turn_reply(struct engine *engine, struct request *request);
/* What the reply waited for has come, or will not. */
void turn_release(struct engine *engine, struct request *request);
void turn_give_up(struct engine *engine, struct request *request);
/* Nothing was changed yet: what was told so far need not wait for the commit. */
void turn_answer(struct engine *engine);
void turn_to_worker(struct engine *engine, size_t worker, struct msg *msg);
/* request may be NULL; else its reply waits for the task. */
void turn_to_disk(struct engine *engine, struct disk_task *task, struct request *request);
void turn_notice(struct engine *engine, enum engine_notice_kind kind, int exit_code, const char *message);
/* The store failed: the daemon is to end. exit_code, message: unless the file is damaged, which says it all.
 */
void turn_fail(struct engine *engine, int exit_code, const char *message);
/* The part's bytes are wanted no more. */
void turn_discard_part(struct engine *engine, const struct job *job, struct request *request);

/* ---- tally.c */
void tally_event(struct engine *engine, enum event_kind kind);
/* An attempt has ended; code: its error, NULL for none. */
void tally_attempt(
	struct engine *engine, enum attempt_outcome outcome, const char *code, const struct outcome *o);
/* An attempt of a hook has ended; run_usec -1: it never began. */
void tally_hook(struct engine *engine, enum tally_hook result, int64_t run_usec);
/* Around an operation that may be undone alone. */
void tally_save(struct engine *engine);
void tally_undo(struct engine *engine);
/* The turn is committed, which took so long; or undone. Tells it with what else the turn tells. */
void tally_committed(struct engine *engine, int64_t commit_usec);
void tally_undone(struct engine *engine);

/* ---- blame.c: what an end says of the host that was asked, and of this machine */
/* The host asks all to wait. 0 or -errno. */
int blame_hold(struct engine *engine, const struct job *job, const struct verdict *v);
/* That, and whether its HTTP/2 works; before the job's last error gives way to this one. 0 or -errno. */
int blame_mark(struct engine *engine, const struct job *job, const struct outcome *o);
/* What looks like the host's failure and is this machine's state: then *ret says so, and nothing is counted.
 */
bool blame_excuse(struct engine *engine, const struct run *run, const struct job *job,
	const struct verdict *v, struct verdict *ret);
/* What the governor is to hear: nothing, when another host was asked last, or this machine was the cause. */
enum governor_answer blame_answer(const struct job *job, const struct outcome *o, bool excused);
/* The same of a connection that was refused or failed while others of its file go on. */
enum governor_answer blame_connection(struct engine *engine, const struct run *run, const struct verdict *v);

/* ---- outcome.c */
int outcome_checkpoint(struct engine *engine, const struct outcome *outcome);
int outcome_finished(struct engine *engine, struct outcome *outcome);
int outcome_received(struct engine *engine, const struct outcome *outcome);
/* An active job whose attempt ended without success: as its user wished meanwhile, or back into the queue. */
int end_intent(struct engine *engine, struct job *job, enum job_intent intent);
/* How many attempts without progress the job has in all. */
int job_most_attempts(const struct engine *engine, const struct job *job);
/* When a held job is looked at again. */
int64_t hold_until(struct engine *engine, const struct verdict *v);
/* When no attempt may begin any more, and none go on; steady wall. */
int64_t job_deadline(const struct engine *engine, const struct job *job);

/* What is there and what is to come of it is more than its user may have. */
bool job_over_quota(const struct engine *engine, const struct job *job);
/* A whole file stands under the job's name. 0 or -errno. */
int end_done(struct engine *engine, struct job *job);
/* Bytes of the part are gone, and all that was known of them. */
void job_forget_bytes(struct job *job);

/* ---- network.c */
/* From the watcher: addresses or the way out have changed. */
void network_changed(struct engine *engine, bool up);
/* The attempt failed for want of a network, and this is no host of this machine itself. */
bool network_excuses(const struct engine *engine, const struct job *job, const struct verdict *v);
/* A host elsewhere has answered: whatever the watcher thinks. */
void network_answered(struct engine *engine, const struct job *job, const struct verdict *v);
/* A job that waits for the network is due. True: another one has just looked, and this one waits on. */
bool network_put_off(struct engine *engine, struct job *job, int64_t now_usec);
/* A turn was undone: those that it had made due are not. */
void network_lost(struct engine *engine);
/* Makes jobs that wait for the network due, a slice a turn. 0 or -errno. */
int network_wake(struct engine *engine, bool *ret_more);

/* ---- inspect.c */
int request_inspect(struct engine *engine, struct request *request);
int request_verify(struct engine *engine, struct request *request);
/* The disk has looked. */
void request_verified(struct request *request, struct disk_task *task);

/* ---- hosts_log.c */
/* message: a MESSAGE_ID; or NULL, for host_log_release(). */
void host_log_mark(const struct engine *engine, const struct host_memory *memory, const char *message,
	const char *what, int64_t until_usec);
void host_log_release(const struct host_memory *memory, const char *message, const char *what);
void host_log_breaker(const struct engine *engine, const struct host_memory *memory, enum breaker_state was,
	enum breaker_state is);

/* ---- hosts_report.c */
int request_hosts(struct engine *engine, struct request *request);

/* ---- why.c */
/* Fills why, which is the caller's. 0 or -errno. */
int why_job(struct engine *engine, const struct job *job, struct why *why);

/* For one whose answer was taken back with its turn: as it came. */
void request_unanswer(struct request *request);
/* Answered with "try again", for why; one that still waits for the disk or for transfers, when they are back.
 */
void request_drop(struct engine *engine, struct request *request, const char *code, const char *why);
/* It changes nothing: may be answered before others, or asked again. */
bool request_only_asks(const struct request *request);
/* ---- requests.c, change.c: fill the reply; 0, or -errno of the store */
int request_add(struct engine *engine, struct request *request);
int request_events(struct engine *engine, struct request *request);
/* The filter: jobs that must be there, and a group that may be. */
int request_watchers(struct engine *engine, struct request *request);
/* *ret_again: go on with it in the next turn. */
int request_list(struct engine *engine, struct request *request, bool *ret_again);
int request_change(struct engine *engine, struct request *request, bool *ret_again);
/* ---- backup.c */
void request_backup(struct engine *engine, struct request *request);
/* Between turns: the next slice. Whether there is more to do at once. */
bool backup_step(struct engine *engine);
/* Ends the one under way. */
void backup_stop(struct engine *engine);

/* ---- edit.c */
/* *ret_again as above. */
int request_edit(struct engine *engine, struct request *request, bool *ret_again);
/* Facts of an attempt were taken that run back then: without those of another request. name: as edited. */
void edit_take_facts(const struct run *run, struct job *job, const char *name);
/* The file was whole before the attempt could be stopped: *job is what was fetched. 0 or -errno. */
int edit_undo(struct engine *engine, const struct run *run, const struct job *fetched, struct job *job);
/* The turn that changed runs is committed, or undone. */
void edits_told(struct engine *engine);
void edits_take_back(struct engine *engine);
/* What holds for it. */
enum job_conflict job_conflict_of(const struct engine *engine, const struct job *job);
/* Refuses a request for a group that is not there, or another's; else its filter knows whose it is. */
int request_check_group(struct engine *engine, struct request *request);
void request_fail(struct request *request, enum request_error error, int64_t id, const char *code,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Fills what is shown but not stored. */
void job_dress(const struct engine *engine, struct job *job);

/* ---- recover.c: what a crash left */
int recover(struct engine *engine);

#endif
