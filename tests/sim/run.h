/* Run: one history on the engine and on the model at once: what was posted, and the turn that takes it.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "tests/sim/history.h"
#include "tests/sim/model.h"

#define POSTED_MAX 64

enum posted_kind { POSTED_REQUEST, POSTED_RECEIVED, POSTED_FINISHED };

/* A message that the engine has and has not taken yet. */
struct posted {
	enum posted_kind kind;
	const struct request *request;
	size_t first, n; /* ADD */
	struct model_edit edit;
	int index; /* of the attempt's job */
	struct verdict verdict;
	int64_t progress;
};

struct run_state {
	struct sim sim;
	struct model model;
	struct posted posted[POSTED_MAX];
	size_t n_posted;
	int n_edits;
	bool at_once; /* whether it fails is known when its row is read: before the next that changes it */
	bool trace;
};

void run_trace(const struct run_state *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A message that is posted now. */
struct posted *run_remember(struct run_state *r, enum posted_kind kind);
/* Opens the queue, for the first time or again. */
void run_open(struct run_state *r);
/* What was posted is taken, and what comes of it judged. */
void run_settle(struct run_state *r);
/* The turn that takes what was posted does not come through as a turn should. */
void run_settle_faulty(struct run_state *r, enum sim_fault fault);
void run_crash(struct run_state *r);
void run_take_told(struct run_state *r);

/* ---- users.c: what is asked for; posted, not taken */
void op_add(struct run_state *r, const struct op *op);
void op_change(struct run_state *r, const struct op *op);
void op_edit(struct run_state *r, const struct op *op);

#endif
