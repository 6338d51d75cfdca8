/* History: what users, hosts, time and misfortune do to a queue, as a list of operations; carried out on the
 * engine and on the model at once. An operation names its object by a number that is taken modulo what there
 * is, so that every part of a history is a history: that is what lets it be shrunk.
 */
#ifndef SIM_HISTORY_H
#define SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define HISTORY_MAX 120

enum op_kind {
	OP_ADD,
	OP_CHANGE,
	OP_EDIT,
	OP_FINISH,
	OP_RECEIVED,
	OP_CHECKPOINT,
	OP_TIME,
	OP_RELOAD,
	OP_CRASH,
	OP_RESTART,
	OP_MIRRORED, /* an add of jobs with several sources */
	OP_MIRRORS,  /* an edit of these */
};
#define OP_KINDS (OP_MIRRORS + 1)

struct op {
	enum op_kind kind;
	unsigned a, b, c;
	unsigned fault; /* enum sim_fault, of the turn that takes it */
	bool later;	/* it is taken in one turn with the next */
};

struct history {
	uint64_t seed; /* of the engine's random numbers, and of the operations when they were made from it */
	size_t n;
	struct op ops[HISTORY_MAX];
};

void history_make(struct history *history, uint64_t seed);
/* "SEED add:1:2:3 finish:0:1:0:later …", as history_parse() takes it. Caller frees. */
char *history_text(const struct history *history);
const char *history_op_name(enum op_kind kind);
bool history_parse(struct history *history, const char *text);
/* What an operation has for its a, b and c. */
unsigned history_number(struct rng *rng);
/* Carries it out in dir, which is empty. sim_fail() when the engine is wrong; trace: each operation is told
 * on standard error. */
void history_run(const struct history *history, const char *dir, bool trace);

/* ---- shrink.c: the same in processes of their own, so that an assertion and a leak are failures too */

/* Histories of seed … seed + n - 1. Returns the first that fails, or -1. */
int64_t histories_run(uint64_t seed, size_t n);
/* Whether it fails. quiet: says nothing. */
bool history_fails(const struct history *history, bool quiet);
/* Takes away what is not needed to fail. */
void history_shrink(struct history *history);

#endif
