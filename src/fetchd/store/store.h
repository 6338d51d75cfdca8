/* The store: the memory. The only SQL. Speaks of jobs, so that another store can stand behind this header.
 *
 * One connection, used by one thread at a time: opened before threads start, then the engine's. All that
 * writes stands between store_begin() and store_commit(): a turn. Functions return 0 or -errno, and the
 * detail was logged: -EAGAIN  no room on the disk (SQLITE_FULL): roll back; nothing changed, try later -EIO
 * the database cannot be trusted any more: fail-stop -ENOENT  no such row -EEXIST  the key is taken Jobs that
 * come out are the caller's: job_free().
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "job/attempt.h"
#include "job/event.h"
#include "job/filter.h"
#include "job/group.h"
#include "job/hook.h"
#include "job/job.h"

struct store;

/* Opens or makes <state_directory>/queue.db, 0600, and brings it to this program's schema. NULL with
 * *ret_error a sentence with the way out (caller frees) and *ret_exit_code: 75 another process holds it, 65
 * not ours, newer, or damaged. A migration may take long: on_work (NULL: nobody) is called again and again
 * meanwhile. */
struct store *store_open(
	const char *state_directory, void (*on_work)(void), char **ret_error, int *ret_exit_code);
/* NULL is fine. */
void store_close(struct store *store);
/* After -EIO: what to do about a file that is damaged (exit status 65), caller frees; NULL when that is not
 * known. */
char *store_damage(const struct store *store);
/* For an idle daemon, between turns: memory that only speeds up the next turns goes back, and the write-ahead
 * log forgets secrets that were deleted. */
void store_relax(struct store *store);
/* What the last turn, or the present one, has written something. */
bool store_wrote(const struct store *store);
struct store_figures {
	int64_t database_bytes, wal_bytes; /* as of the last turn that wrote */
	bool full;			   /* there was no room, and nothing was written since */
};
void store_figures(const struct store *store, struct store_figures *ret);
/* Names this queue for ever: 32 hex digits. */
const char *store_uuid(const struct store *store);

/* What the daemon keeps of itself, by name; caller frees. -ENOENT: nothing. */
int store_meta_get(struct store *store, const char *key, char **ret);
int store_meta_put(struct store *store, const char *key, const char *value);

/* ---- turns */

int store_begin(struct store *store);
/* Durable when it returns 0. On error everything since store_begin() is undone. */
int store_commit(struct store *store);
void store_rollback(struct store *store);
/* One operation within a turn, undone alone. They do not nest. */
int store_savepoint(struct store *store);
int store_release(struct store *store);
int store_rollback_to(struct store *store);

/* ---- one job */

/* -EEXIST with job->id the first job's, when the owner has one of that key; else 0. */
int store_key_taken(struct store *store, struct job *job);
/* Sets job->id, origin_id and has_secrets, and keeps the secrets. -EEXIST: the owner's key is taken; job->id
 * is the first job's. */
int store_add(struct store *store, struct job *job);
/* *ret in full. */
int store_get(struct store *store, int64_t id, struct job **ret);
/* The job with this struct job.same that has not ended and follows *id (0: the first). -ENOENT. */
int store_next_same(struct store *store, int64_t same, int64_t *id);
/* Writes what can change; was: the state that the row has now. */
int store_update(struct store *store, const struct job *job, enum job_state was);
/* The claim's part of store_update(): state, attempts, started_usec. */
int store_update_claimed(struct store *store, const struct job *job, enum job_state was);
/* Writes what an edit can change beyond that, with the origin's number, and takes the secrets that it has now
 * in place of the others; job->secrets NULL with has_secrets: they stay. Sets origin_id and has_secrets.
 * was_group_id: the group that it is counted in so far. */
int store_edit(struct store *store, struct job *job, int64_t was_group_id);
/* Writes url, origin and mirrors: job/source.h. Sets origin_id. */
int store_source(struct store *store, struct job *job);
int store_remove(struct store *store, const struct job *job);

/* ---- attempts of one job */

/* Keeps it, in the place of one with the same number, and the newest hundred with it. */
int store_attempt_add(struct store *store, int64_t job_id, const struct attempt *attempt);
/* One that was held came to its end without asking its host again: outcome, code, message and ended_usec are
 * as in attempt now. Nothing when none of that number is kept. */
int store_attempt_settle(struct store *store, int64_t job_id, const struct attempt *attempt);
/* Oldest first; each and the array are the caller's. */
int store_attempts(struct store *store, int64_t job_id, struct attempt ***ret, size_t *ret_n);
/* Why bytes of the job were last dropped; caller frees. -ENOENT: no such attempt is kept. */
int store_last_restart(struct store *store, int64_t job_id, char **ret_code);

/* ---- secrets: no other function gives them out */

/* -ENOENT: it has none. */
int store_secrets(struct store *store, int64_t job_id, struct job_secrets **ret);
/* The job needs them no more. Clears has_secrets. */
int store_forget_secrets(struct store *store, struct job *job);

/* ---- many jobs; limit > 0 */

struct job_list {
	struct job **jobs;
	size_t n;
};
void job_list_done(struct job_list *list);

/* Jobs of the filter with ids beyond *after_id (0: from the start), by id, or downwards with reverse. Looks
 * at a bounded number of rows: *after_id moves to the last of them, and *ret_more says that there may be jobs
 * beyond it, also where fewer than limit were found, or none. */
int store_list(struct store *store, const struct job_filter *filter, int64_t *after_id, bool reverse,
	size_t limit, struct job_list *ret, bool *ret_more);
/* Whose job it is. -ENOENT. */
int store_owner_of(struct store *store, int64_t id, uid_t *ret);
/* The groups of that name, an owner's or everyone's; caller frees. */
int store_groups_named(
	struct store *store, bool all_owners, uid_t owner, const char *name, int64_t **ret, size_t *ret_n);
/* What is claimed together: an owner's jobs of one group (0: of none) at one origin. */
struct store_lane {
	int64_t origin_id;
	int64_t group_id;
	uid_t owner;
};
/* Ready jobs of a lane, best first. */
int store_ready(struct store *store, const struct store_lane *lane, size_t limit, struct job_list *ret);
/* Ready jobs of an origin that have other sources, with ids beyond after_id, by id. */
int store_sources(
	struct store *store, int64_t origin_id, int64_t after_id, size_t limit, struct job_list *ret);
/* The lane with ready jobs that follows *lane (all 0: from the start) in the order of the index, and its best
 * priority: one index step. -ENOENT after the last. */
int store_next_lane(struct store *store, struct store_lane *lane, int32_t *ret_priority);
/* The best ready priority of a lane; -ENOENT when none is ready. */
int store_lane_head(struct store *store, const struct store_lane *lane, int32_t *ret_priority);
/* How many ready jobs of the lane come before that one, counted up to limit. */
int store_lane_ahead(struct store *store, const struct store_lane *lane, int32_t priority, int64_t id,
	int64_t limit, int64_t *ret);
/* Jobs that wait for a time that a user gave, which is between the two (wall), earliest first. */
int store_scheduled(
	struct store *store, int64_t from_usec, int64_t to_usec, size_t limit, struct job_list *ret);
/* When the next of them is that is not before from_usec; USEC_INFINITY for none. */
int store_next_scheduled(struct store *store, int64_t from_usec, int64_t *ret_usec);
/* Jobs that wait for anything but that or a dependency, due between the two (steady), earliest first. */
int store_due(struct store *store, int64_t from_usec, int64_t to_usec, size_t limit, struct job_list *ret);
/* When the next of them is due that is not due before from_usec; USEC_INFINITY for none. */
int store_next_due(struct store *store, int64_t from_usec, int64_t *ret_usec);
/* Queued and waiting jobs whose own deadline is at now_usec (steady) or before, earliest first. */
int store_overdue(struct store *store, int64_t now_usec, size_t limit, struct job_list *ret);
/* Those without one whose time runs since since_usec (steady) or longer. */
int store_overdue_since(struct store *store, int64_t since_usec, size_t limit, struct job_list *ret);
/* The first deadline of the former, and since when the time of the first of the latter runs; USEC_INFINITY
 * for none. */
int store_next_deadline(struct store *store, int64_t *ret_usec, int64_t *ret_since_usec);
/* Up to limit jobs that wait for the network, with ids beyond *after_id, become due between now_usec and
 * spread_usec later, if they were due after that. Moves *after_id on; *ret_first_usec: when the first is due.
 */
int store_wake_network(struct store *store, int64_t now_usec, int64_t spread_usec, int64_t *after_id,
	size_t limit, int64_t *ret_first_usec, size_t *ret_n);
/* No retry or look may be due later than latest_usec (steady): up to limit that are become due then. */
int store_clamp_retries(struct store *store, int64_t latest_usec, size_t limit, size_t *ret_n);
/* The same for those that wait for a quota alone. */
int store_wake_quota(struct store *store, int64_t latest_usec, size_t limit, size_t *ret_n);
/* Jobs in state active: after a crash, those that ran. */
int store_active(struct store *store, int64_t after_id, size_t limit, struct job_list *ret);
/* Removes up to limit records of each kind that ended before the given times, and as many events as old as
 * those of done jobs. *ret: the jobs that went; *ret_more: there may be more to remove. */
int store_purge(struct store *store, int64_t done_before_usec, int64_t failed_before_usec, size_t limit,
	struct job_list *ret, bool *ret_more);

/* ---- origins */

/* What is remembered of an origin; 0: nothing. Strings are the reader's: store_origin_done(). */
struct store_origin {
	int64_t id;
	char *origin; /* when read */
	int64_t hold_until_usec;
	char *hold_code; /* because of which answer, "E_HTTP_429" */
	int64_t hold_job;
	int64_t http1_until_usec;
	int64_t limit_rate; /* bytes/s; 0: the configuration's */
	int64_t max_active; /* 0: the configuration's */
	/* job/governor.h; limit 0: it was never asked */
	int64_t governor_limit, governor_ceiling, governor_probe_usec, governor_probe_span_usec;
	int64_t breaker_until_usec, breaker_span_usec, breaker_failures;
};
int store_origin_get(struct store *store, int64_t id, struct store_origin *ret);
/* -ENOENT: no job ever asked for it. */
int store_origin_find(struct store *store, const char *origin, int64_t *ret_id);
/* Its number is given when it has none yet. */
int store_origin_need(struct store *store, const char *origin, int64_t *ret_id);
int store_origin_put(struct store *store, const struct store_origin *origin);
/* The one that is held or avoided, and follows after_id in number. -ENOENT after the last. */
int store_next_marked_origin(struct store *store, int64_t after_id, struct store_origin *ret);
void store_origin_done(struct store_origin *origin);

/* ---- groups */

/* Sets group->id. The name must be free. */
int store_group_add(struct store *store, struct job_group *group);
/* The reader's: job_group_done(). Counts have what this turn did. -ENOENT. */
int store_group_get(struct store *store, int64_t id, struct job_group *ret);
int store_group_find(struct store *store, uid_t owner, const char *name, struct job_group *ret);
/* Writes what can change, but counts. */
/* Whoever's of that name. */
int store_group_find_any(struct store *store, const char *name, struct job_group *ret);
int store_group_put(struct store *store, const struct job_group *group);
int store_group_remove(struct store *store, int64_t id);
/* Groups with numbers beyond after_id; *ret has room for limit. */
int store_groups(struct store *store, bool all_owners, uid_t owner, int64_t after_id, size_t limit,
	struct job_group *ret, size_t *ret_n);
/* One whose fate is still being carried out, or that is being filled, beyond after_id. -ENOENT after the
 * last.
 */
int store_next_fated_group(struct store *store, int64_t after_id, struct job_group *ret);
/* The open one without a fate whose deadline comes first. -ENOENT. */
int store_next_group_deadline(struct store *store, struct job_group *ret);
/* Its jobs beyond after_id, by id: *ret_ids and *ret_states have room for limit. */
int store_group_members(struct store *store, int64_t id, int64_t after_id, size_t limit, int64_t *ret_ids,
	enum job_state *ret_states, size_t *ret_n);
/* Groups whose jobs have changed their state, or came or went, in this turn: each once. *ret_ids is valid
 * until the next write. Asked again in a turn, those since. */
int store_groups_touched(struct store *store, const int64_t **ret_ids, size_t *ret_n);
/* A job of a group whose row made no sense, and which was made to fail in this turn: each once, then false.
 */
bool store_next_stray(struct store *store, int64_t *ret_group_id, int64_t *ret_job_id);

/* ---- dependencies: rows of jobs that wait for others to end */

/* job is to run after another has ended. What is asked twice is asked once, and success outranks any end. */
int store_dependency_add(struct store *store, int64_t job_id, const struct job_dependency *after);
/* What job is to follow and what has not ended as it should, by id; the caller frees *ret. */
int store_dependencies(struct store *store, int64_t job_id, struct job_dependency **ret, size_t *ret_n);
int store_dependency_remove(struct store *store, int64_t job_id, int64_t after_id);
/* State and owner of a job, without the rest of it. -ENOENT. */
int store_state(struct store *store, int64_t id, enum job_state *ret_state, uid_t *ret_owner);

/* A job has ended: kept for as long as jobs wait for it that have not heard of it. state 0: its record is
 * gone before it ended. */
int store_end_note(struct store *store, int64_t job_id, int state);
/* Kept, after_id has ended like this, job_id is told of it once more. */
int store_end_again(struct store *store, int64_t after_id, int state, int64_t job_id);
/* Its dependents up to job_id have heard. */
int store_end_told(struct store *store, int64_t after_id, int64_t job_id);
/* It goes on: who has not heard of its end waits for the next. */
int store_end_forget(struct store *store, int64_t job_id);
/* Whether there may be ends to tell of. */
bool store_has_ends(const struct store *store);
struct store_end {
	int64_t job_id;
	int state;    /* as above */
	int64_t told; /* the last dependent that has heard */
};
/* One of them; -ENOENT when there is none. */
int store_next_end(struct store *store, struct store_end *ret);
/* Jobs beyond beyond_id that are to follow after_id: their ids, and whether any end will do. *ret has room
 * for limit. */
int store_dependents(struct store *store, int64_t after_id, int64_t beyond_id, size_t limit,
	struct job_dependency *ret, size_t *ret_n);

/* ---- hooks: rows of what is to run after an end */

/* Pending, due at hook->due_usec. Sets hook->id. */
int store_hook_add(struct store *store, struct job_hook *hook);
/* The reader's: job_hook_done(). -ENOENT. */
int store_hook_get(struct store *store, int64_t id, struct job_hook *ret);
/* Writes what can change. */
int store_hook_put(struct store *store, const struct job_hook *hook);
/* Of that its state, attempts, due_usec and started_usec alone: what a start changes. */
int store_hook_put_state(struct store *store, const struct job_hook *hook);
/* Rows of a job, or with job_id 0 of a group, in the order of their numbers: job_hooks_free(). */
int store_hooks(struct store *store, int64_t job_id, int64_t group_id, struct job_hook **ret, size_t *ret_n);
/* The one that waits for hook to be ok. -ENOENT. */
int store_hook_after(struct store *store, const struct job_hook *hook, struct job_hook *ret);
/* Of each name the pending row that is due first: one index step. */
struct store_hook_head {
	char *name;	  /* the caller's */
	int64_t id;	  /* 0: no row of that name is pending */
	int64_t due_usec; /* may be USEC_INFINITY */
};
/* Of the name that follows after (NULL: the first). -ENOENT after the last. */
int store_next_hook_head(struct store *store, const char *after, struct store_hook_head *ret);
/* Reads that of head->name anew. */
int store_hook_head(struct store *store, struct store_hook_head *head);
/* Rows of a job or group that have ended are of an earlier end: they go. */
int store_hooks_forget(struct store *store, int64_t job_id, int64_t group_id);
/* Those of a group go, if none has ever begun; *ret_n of them. */
int store_hooks_withdraw(struct store *store, int64_t group_id, size_t *ret_n);
/* Those that run, as far as rows say: job_hooks_free(). */
int store_hooks_running(struct store *store, struct job_hook **ret, size_t *ret_n);
/* How many are pending: reads an index. */
int store_hooks_count(struct store *store, size_t *ret_n);
/* Writes what has become of all rows of a job, or with job_id 0 of a group. */
int store_hook_sum(struct store *store, int64_t job_id, int64_t group_id, enum job_hook_state *ret);

/* ---- settings */

/* *ret_value: caller frees. -ENOENT: never put. */
int store_setting(struct store *store, const char *name, char **ret_value);
/* value NULL: it goes. */
int store_setting_put(struct store *store, const char *name, const char *value);

/* ---- a copy of the whole queue, beside it, 0600, for as long as it is held */

struct store_backup;
/* -EAGAIN: no room; -EIO: it cannot be made. The store itself is as it was in either case. Between turns. */
int store_backup_begin(struct store *store, struct store_backup **ret);
/* Copies a slice; the same errors. Between turns. *ret_whole: the last; the copy has no name from then on. */
int store_backup_step(struct store_backup *backup, bool *ret_whole);
/* Of one that is whole; or -errno. */
int64_t store_backup_size(const struct store_backup *backup);
ssize_t store_backup_read(const struct store_backup *backup, void *buf, size_t n, int64_t offset);
/* Before store_close(). NULL is fine. */
void store_backup_end(struct store_backup *backup);

/* ---- events */

/* Sets event->id. */
int store_event_add(struct store *store, struct event *event);
/* Sets event->id, and keeps no record. */
int store_event_number(struct store *store, struct event *event);
/* Takes a record back. */
int store_event_forget(struct store *store, int64_t id);
/* Events after after_id that filter means by owner; *ret has room for limit. Groups, ids and hosts are the
 * caller's to judge. */
int store_events(struct store *store, const struct job_filter *filter, int64_t after_id, size_t limit,
	struct event *ret, size_t *ret_n);
int64_t store_last_event_id(const struct store *store);
/* Of the oldest that is kept; 0: none is. */
int store_first_event_id(struct store *store, int64_t *ret);

/* ---- counters: jobs by owner and state, kept with every change */

struct store_counter {
	uid_t owner;
	int64_t by_state[JOB_STATE_N];
	int64_t bytes; /* on disk: parts, and files of done jobs */
};
/* Valid until the next write. */
const struct store_counter *store_counters(const struct store *store, size_t *ret_n);
/* Bytes on disk of owner's jobs. */
int64_t store_bytes(const struct store *store, uid_t owner);
/* Jobs of owner that have not ended. */
int64_t store_open_jobs(const struct store *store, uid_t owner);
/* Grows with every change of a counter. */
uint64_t store_counters_version(const struct store *store);

#endif
