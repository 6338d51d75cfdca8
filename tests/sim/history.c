/* History: making and telling. Owns nothing. */
#include "config.h"

#include "tests/sim/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "tests/sim/sim.h"

/* ---- making */

static const struct {
	const char *name;
	unsigned weight;
} kinds[OP_KINDS] = {
	[OP_ADD] = {"add", 16},
	[OP_CHANGE] = {"change", 20},
	[OP_EDIT] = {"edit", 10},
	[OP_FINISH] = {"finish", 36},
	[OP_RECEIVED] = {"received", 4},
	[OP_CHECKPOINT] = {"checkpoint", 3},
	[OP_TIME] = {"time", 15},
	[OP_RELOAD] = {"reload", 2},
	[OP_CRASH] = {"crash", 2},
	[OP_RESTART] = {"restart", 2},
	[OP_MIRRORED] = {"mirrored", 8},
	[OP_MIRRORS] = {"mirrors", 4},
};

static enum op_kind random_kind(struct rng *rng)
{
	unsigned total = 0, at;
	int kind;

	for (kind = 0; kind < OP_KINDS; kind++)
		total += kinds[kind].weight;
	at = (unsigned)rng_upto(rng, total - 1);
	for (kind = 0; at >= kinds[kind].weight; kind++)
		at -= kinds[kind].weight;
	return (enum op_kind)kind;
}

unsigned history_number(struct rng *rng)
{
	return (unsigned)rng_upto(rng, 999);
}

void history_make(struct history *history, uint64_t seed)
{
	struct rng rng;

	memset(history, 0, sizeof(*history));
	rng_seed(&rng, seed);
	history->seed = seed;
	history->n = 10 + (size_t)rng_upto(&rng, HISTORY_MAX - 10);
	for (size_t i = 0; i < history->n; i++) {
		struct op *op = &history->ops[i];

		op->kind = random_kind(&rng);
		op->a = history_number(&rng);
		op->b = history_number(&rng);
		op->c = history_number(&rng);
		op->later = rng_upto(&rng, 4) == 0;
		if (rng_upto(&rng, 24) == 0)
			op->fault = 1 + (unsigned)rng_upto(&rng, SIM_FAULT_FULL - 1);
	}
}

/* ---- telling */

char *history_text(const struct history *history)
{
	char *text = xasprintf("%llu", (unsigned long long)history->seed);

	for (size_t i = 0; i < history->n; i++) {
		const struct op *op = &history->ops[i];
		char *longer = xasprintf("%s %s:%u:%u:%u:%u:%u", text, kinds[op->kind].name, op->a, op->b,
			op->c, op->fault, op->later);

		free(text);
		text = longer;
	}
	return text;
}

const char *history_op_name(enum op_kind kind)
{
	return kinds[kind].name;
}

static bool parse_op(struct op *op, const char *word)
{
	char name[16];
	unsigned later;

	if (sscanf(word, "%15[a-z]:%u:%u:%u:%u:%u", name, &op->a, &op->b, &op->c, &op->fault, &later) != 6 ||
		op->fault > SIM_FAULT_FULL || later > 1)
		return false;
	op->later = later;
	for (int kind = 0; kind < OP_KINDS; kind++) {
		op->kind = (enum op_kind)kind;
		if (strcmp(kinds[kind].name, name) == 0)
			return true;
	}
	return false;
}

bool history_parse(struct history *history, const char *text)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	char *rest = copy, *word = strsep(&rest, " ");

	memset(history, 0, sizeof(*history));
	history->seed = strtoull(word, NULL, 10);
	while ((word = strsep(&rest, " "))) {
		if (history->n == HISTORY_MAX || !parse_op(&history->ops[history->n++], word))
			return false;
	}
	return true;
}
