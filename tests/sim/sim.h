/* Sim: the real engine over the real store, driven turn by turn in the caller's thread. The clock, the
 * workers and the disk are the caller's: a START becomes a struct sim_attempt, which ends when and as the
 * caller says. Nothing here knows what is right; tests/sim/model.h does.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "base/clock.h"
#include "base/rate.h"
#include "fetchd/engine/internal.h"

#define SIM_WORKERS 2

/* Defined here in the place of transfer/worker.c's: a mailbox that the caller empties. */
struct worker {
	struct mailbox mailbox;
};

/* What the next commit does. */
enum sim_fault {
	SIM_FAULT_NONE,
	SIM_FAULT_BEFORE, /* the machine dies before it */
	SIM_FAULT_AFTER,  /* it is durable, and nobody is told */
	SIM_FAULT_FULL,	  /* there is no room */
};

struct sim_attempt {
	int64_t job_id;
	int64_t attempt;
	struct job *job; /* the worker's copy; goes back with the outcome */
	bool received;	 /* its slot was given back */
	bool cancelled;	 /* WORKER_CANCEL came */
	/* Further connections: it has, could use; the engine's last word. */
	unsigned used, wanted, seq;
	void *mark; /* the caller's */
	TAILQ_ENTRY(sim_attempt) link;
};
TAILQ_HEAD(sim_attempt_list, sim_attempt);

/* A hook that runs: the pool is the caller's, too. */
struct sim_hook {
	struct hook_task *task; /* goes back with its end */
	bool cancelled;		/* HOOK_CANCEL came */
	TAILQ_ENTRY(sim_hook) link;
};
TAILQ_HEAD(sim_hook_list, sim_hook);

/* In the place of hook/pool.c's. */
struct hook_pool {
	struct mailbox mailbox;
};

struct sim_finished;

struct sim {
	char *dir; /* state and downloads; made by the caller */
	bool real_clock;
	bool splits;	     /* some attempts could use further connections, by the number of their job */
	bool keeps_no_files; /* what is finished is not remembered: a crash finds none */
	struct config *config;
	struct mailbox engine_mail, control;
	struct worker workers[SIM_WORKERS];
	struct worker *worker_pointers[SIM_WORKERS];
	struct engine *engine;
	uint64_t seed; /* of the engine's random numbers, from the next opening on */

	struct sim_attempt_list attempts; /* begun and not ended, in order of their START */
	size_t n_attempts;
	struct hook_pool pool;
	struct sim_hook_list hooks; /* in order of their START */
	size_t n_hooks;
	struct msg_list told;	/* from the control mailbox; the caller takes and frees */
	struct request **asked; /* posted and not answered: freed by a crash */
	size_t n_asked, cap_asked;
	struct sim_finished *files; /* under their final names: job id → name, size */
	/* NULL, or told of each START and CANCEL as it comes. */
	void (*on_start)(struct sim_attempt *attempt, void *arg);
	void (*on_cancel)(struct sim_attempt *attempt, void *arg);
	/* It has one more further connection. */
	void (*on_split)(struct sim_attempt *attempt, void *arg);
	void *arg;
};

/* "Section.Key=VALUE", beyond a state directory and a root in dir. Aborts on what the daemon would refuse:
 * the test is wrong. */
struct config *sim_config(const char *dir, const char *const *overrides, size_t n_overrides);
/* A fresh directory on a tmpfs where there is one; caller frees. */
char *sim_make_directory(void);
/* What a queue has left there. */
void sim_remove_files(const char *dir);
void sim_remove_directory(const char *dir);

/* dir: borrowed. Takes over config. */
void sim_init(struct sim *sim, const char *dir, struct config *config);
void sim_done(struct sim *sim);

/* Opens store and engine and recovers. 0 or -errno. */
int sim_open(struct sim *sim);
/* Throws both away as they are: what was not committed is undone, who waits gets no answer, attempts are
 * gone. */
void sim_crash(struct sim *sim);
/* After a REQUEST_STOP was carried out. */
void sim_close(struct sim *sim);

/* To the engine, with its next turn. Requests are remembered until they are answered. */
void sim_post(struct sim *sim, struct msg *msg);
/* One turn, then what it told: STARTs and CANCELs to the attempts, disk tasks done at once, the rest to told.
 * Returns whether there is more to do at once. */
bool sim_turn(struct sim *sim);
/* Turns until there is nothing to do at this moment, or the engine has failed. */
void sim_settle(struct sim *sim);
/* The commit of the next turn that has one. */
void sim_fault(enum sim_fault fault);

/* The simulated clock; boot and wall go together, from a moment in 2027 on. */
int64_t sim_now(void);
void sim_clock_reset(void);
void sim_advance(int64_t usec);

/* ---- further connections: reports are posted at once */

/* The attempt could use so many. */
void sim_want(struct sim *sim, struct sim_attempt *attempt, unsigned wanted);
/* One of those that it has was refused or failed, and it wants no more. */
void sim_lose(struct sim *sim, struct sim_attempt *attempt, const struct verdict *failure);

/* ---- outcomes: the messages a worker would send; the caller posts them */

/* The attempt's last bytes are here. */
struct outcome *sim_received(struct sim_attempt *attempt);
/* So many durable bytes more. */
struct outcome *sim_checkpoint(struct sim_attempt *attempt, int64_t bytes);
/* Its end; frees the attempt. verdict is taken over; with VERDICT_OK the file has its name at once. */
struct outcome *sim_finish(
	struct sim *sim, struct sim_attempt *attempt, struct verdict *verdict, int64_t bytes);

/* For sim.c: what came for the pool; and all that it has is thrown away. */
void sim_take_hooks(struct sim *sim);
void sim_drop_hooks(struct sim *sim);
/* Posts its end, and frees the hook. */
void sim_hook_finish(struct sim *sim, struct sim_hook *hook, enum hook_end end, int status);

/* ---- jobs and requests */

/* As control/ would hand it on; priority and options are the caller's to change. */
struct job *sim_job(uid_t owner, const char *origin, const char *name);
/* An ADD of n jobs; the array and the jobs are taken over. */
struct request *sim_add(uid_t uid, struct job **jobs, size_t n);

#endif
