/* Model: what the queue must do, said a second time and simply: an array of jobs, and no memory of how they
 * came to be so. It is told of each message in the order in which the engine takes them, and of each START as
 * it comes; it answers by going on, or by sim_fail(). It decides nothing that the engine may decide: which of
 * the runnable jobs is next, how large a jitter is, which id a job gets.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "tests/sim/sim.h"

#define MODEL_JOBS_MAX	   480 /* below a slice of engine/change.c: a change is done in one turn */
#define MODEL_REQUESTS_MAX 256
#define MODEL_ORIGINS	   4
#define MODEL_OWNERS	   3
#define MODEL_GROUPS	   3
#define MODEL_GROUP_FAST   2 /* its first ADD makes it fail-fast */
#define MODEL_KEYS	   5
#define MODEL_OWNER_FIRST  1000

#define MODEL_AFTER_MAX 8

struct model_after {
	int index;
	bool any; /* end, not only a good one */
};

/* What an add gives, and an edit changes. */
struct model_values {
	int edits; /* of what is asked */
	int url;   /* 0: its first one */
	int agent; /* 0: none */
	int64_t limit_rate, retry_delay_usec, deadline_usec;
	int max_attempts;
};

struct model_edit {
	uint64_t fields;
	struct model_values values;
	int origin;
	int32_t priority;
	struct model_after after; /* index -1: none */
	int mirrors[2];
	int n_mirrors;
};

struct model_job {
	bool there; /* its row is */
	int64_t id; /* 0: nobody has been told */
	uid_t owner;
	int origin; /* of the source that is asked now or next */
	int home;   /* of its first URL */
	int mirrors[2];
	int n_mirrors;
	int source;    /* that is asked: 0 the first URL, then its mirrors */
	unsigned out;  /* a bit for each that has failed for good */
	bool may_wait; /* it goes on at once elsewhere, or waits where it is */
	int group;     /* -1: none */
	int key;       /* -1: none */
	int variant;
	int32_t priority;
	enum job_state state;
	bool may_fail; /* its deadline came or did not, by the jitter: it may have failed instead */
	enum job_intent intent;
	int failures, restarts;
	struct model_values values;
	int64_t since_usec, deadline_usec;
	bool held;			     /* waiting: for this machine */
	int64_t due_low_usec, due_high_usec; /* waiting: the due time that is not known yet */
	int64_t due_usec;		     /* as the row has it; 0: not seen yet */
	struct model_values started;	     /* what the attempt has */
	int started_origin, started_home, started_source, started_mirrors[2], started_n_mirrors;
	unsigned started_out;
	bool edited;					     /* these are not the job's any more */
	bool running, received;				     /* an attempt is out; it gave its slot back */
	struct model_after asked[2], after[MODEL_AFTER_MAX]; /* when added; that have not ended */
	size_t n_asked, n_after;
	bool follows; /* waiting: for these */
	bool untold;  /* who waits for its end has not heard */
	int end;      /* untold: the state; -1: it was removed */
	int file;     /* under its final name, whatever the row says: values.edits of its attempt; -1 none */
};

/* Of one owner. */
struct model_group {
	bool there;
	enum group_policy policy;
	bool fated, doomed; /* one has failed; the others are being ended */
	bool finished;
	bool touched; /* a job of it changed in this turn */
};

/* A request that was taken and what must be answered. */
struct model_request {
	const struct request *request;
	enum request_kind kind;
	enum request_error error;
	int64_t n_changed;
	size_t first, n;	    /* ADD: the jobs; target says which each is */
	int targets[8];		    /* ADD */
	bool waits[MODEL_JOBS_MAX]; /* CHANGE: for the attempts of these to end */
};

struct model {
	struct model_job jobs[MODEL_JOBS_MAX];
	size_t n_jobs;
	struct model_group groups[MODEL_OWNERS][MODEL_GROUPS];
	struct model_request requests[MODEL_REQUESTS_MAX];
	size_t n_requests;
	int64_t hold_until_usec[MODEL_ORIGINS];
	int64_t max_active, max_per_host, max_per_user; /* max_per_user 0: no bound */
	const struct config *config;
	bool stopping;
	int64_t opened_usec; /* wall: when the queue was last opened after a crash */
	/* Of what had fallen due by then: how many at most still wait, how many the next step lets in at
	 * least, and when that has been at the latest. */
	size_t n_piled, ramp_step, n_waiting_on;
	int64_t ramp_usec;
	int32_t lowest_started; /* priority, since the last check; INT32_MAX: none */
};

/* Prints, and ends the process: histories run in one of their own. */
void sim_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

extern const char *const model_origins[MODEL_ORIGINS];
extern const char *const model_groups[MODEL_GROUPS];

void model_init(struct model *model, const struct config *config);
/* A configuration in force from now on; borrowed. */
void model_tune(struct model *model, const struct config *config);
/* A candidate for an ADD: not there before that is taken. -1: no room for more. */
int model_new_job(struct model *model);
/* The real job that goes with a candidate. */
struct job *model_make_job(const struct model *model, int index);
/* Which one a row, a START or an event is about: by its name. */
int model_index(const struct job *job);

/* Messages, in the order in which the engine takes them. full: the database has no room. */
void model_add(struct model *model, const struct request *request, size_t first, size_t n, bool full);
void model_change(struct model *model, const struct request *request, bool full);
/* Any that is answered without more. */
void model_plain(struct model *model, const struct request *request, enum request_error error);
void model_finished(struct model *model, int index, const struct verdict *verdict, int64_t progress);

/* A START came. */
void model_started(struct model *model, const struct job *job);
/* A reply came. */
void model_replied(struct model *model, const struct request *request);
/* Everything in memory is gone; who asked gets no answer. */
void model_crashed(struct model *model);
/* Time does its work: deadlines, what is due, and what follows from ends. full: nothing of that. */
void model_work(struct model *model, bool full);

/* check.c: rows, counters, attempts and answers against the model. full: nothing could be started. */
void model_check(struct model *model, struct sim *sim, bool full);
/* After all has ended that can. */
void model_check_end(const struct model *model, const struct sim *sim);

/* Nothing of a turn was kept: a step of the ramp may have gone with it. */
void model_undone(struct model *model);

/* Every change of a state comes here. */
void model_move(struct model *model, struct model_job *job, enum job_state to);
void model_remove(struct model *model, struct model_job *job);

/* ---- groups.c */
int model_group_named(const char *name);
/* The groups of an ADD's jobs are there, or are made; false: one of them takes none. */
bool model_groups_admit(struct model *model, const struct request *request, size_t first, size_t n);
struct model_group *model_group_asked(struct model *model, const struct request *request, uid_t *ret_owner);
/* After an ADD: what it made for jobs that were none is not there. */
void model_groups_admitted(struct model *model, const struct model_group before[MODEL_OWNERS][MODEL_GROUPS]);
/* Its group is being ended. */
bool model_doomed(const struct model *model, const struct model_job *job);
void model_group_failed(struct model *model, const struct model_job *job);
/* The job has ended, and is wanted again. */
void model_group_opened(struct model *model, const struct model_job *job);
void model_group_touch(struct model *model, const struct model_job *job);
/* Ends siblings that do not run. Whether there were any. */
bool model_sweep(struct model *model);
/* Last thing in a turn. */
void model_groups_settle(struct model *model);
void model_check_groups(const struct model *model, struct store *store);

/* A request was taken, and is to be answered so. */
struct model_request *model_expect(
	struct model *model, const struct request *request, enum request_error error);
/* -1: it is not there, or another's. */
int model_find_id(const struct model *model, const struct request *request, int64_t id);

/* ---- edits.c */
void model_values_init(struct model_values *values);
/* Caller frees. */
char *model_url(const struct model_job *job, int index);
/* How long its time is. */
int64_t model_span(const struct model *model, const struct model_values *values);
/* An attempt under way has the old values of what it changes. */
bool model_edit_is_request(const struct model_edit *edit);
void model_edit(struct model *model, const struct request *request, const struct model_edit *edit, bool full);
void model_edit_start(struct model_job *job);
/* The file was whole before the attempt could be stopped. */
void model_edit_undo(struct model *model, struct model_job *job, int index);
void model_check_values(const struct model_job *job, const struct job *row, int index);

/* ---- sources.c */
void model_sources_init(struct model_job *job);
/* Lines as in a spec, or NULL. Caller frees. */
char *model_mirrors(const int *origins, int n);
/* How many are not out. */
int model_live(const struct model_job *job);
/* All are asked again, the first one first. */
void model_revive(struct model_job *job);
/* Others. Whether what is asked is still among them. */
bool model_set_mirrors(struct model_job *job, const int *origins, int n);
/* The failure is its source's, and it has several. */
bool model_has_others(const struct model_job *job, const struct verdict *verdict);
/* Which one the engine has chosen. */
void model_see_source(struct model_job *job, const struct job *row, int index);
/* No job waits where the host is shut and another one's is open. */
void model_check_source(
	const struct model *model, struct engine *engine, const struct model_job *job, int index);

/* ---- follow.c */
/* 0: it is waited for; > 0: it has ended well enough; < 0: it cannot be followed. */
int model_look(const struct model *model, const struct request *request, const struct model_after *after);
void model_wait_for(struct model_job *job, int index, bool any);
/* It waits for what it is to follow, or need not; false: it cannot be followed. */
bool model_follow(struct model *model, struct model_job *job, const struct request *request);
/* What it is to follow and has ended otherwise says so again. */
void model_ask_again(struct model *model, const struct model_job *m);
void model_begin_following(struct model *model, struct model_job *job);
/* Those who wait hear of ends. Whether there were any. */
bool model_tell(struct model *model);
/* It is paused, or waits for one that is. */
bool model_is_stuck(const struct model *model, const struct model_job *job);
void model_check_following(const struct model *model, struct store *store, const struct job *row, int index);

/* Slots that are taken: in all (-1), at one origin, of one owner. */
int64_t model_slots(const struct model *model, int origin);
int64_t model_user_slots(const struct model *model, uid_t owner);
bool model_user_has_room(const struct model *model, uid_t owner);
/* Whether nothing but the number of slots keeps it from running. */
bool model_runnable(const struct model *model, const struct model_job *job);

#endif
