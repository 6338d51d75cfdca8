/* A scene for hooks: a sim whose configuration has some, and what one does and looks at there. What goes
 * wrong fails the test.
 *
 * "one" has three attempts, "two" runs after success and failure, "slow" one at once, "sorry" after failure,
 * "all" and "allmore" for groups, "once" has one attempt; three run at once.
 */
#ifndef SIM_HOOKS_H
#define SIM_HOOKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

#define ANNA 1000

struct scene {
	char *dir;
	struct sim sim;
	size_t most, most_slow; /* that ever ran at once */
};

/* With the hook "one", or without, and with no bound on all of them. */
struct config *scene_config(const struct scene *s, bool has_one);
void scene_open(struct scene *s);
void scene_close(struct scene *s);
/* Of n jobs; hooks and group may be NULL. */
struct request *add_of(size_t n, const char *prefix, const char *hooks, const char *group);
void check_bounds(struct scene *s);
void forget_told(struct scene *s);
/* Turns until nothing is left to do; how often the event was told. */
size_t settle(struct scene *s, enum event_kind kind);
/* The first answer; the caller's. NULL: none came. */
struct request *answer(struct scene *s);
/* Posts the request, which is answered so. */
void expect(struct scene *s, struct request *request, enum request_error error);
/* Of the oldest; and of all that there are, one after the other. */
void end_attempt(struct scene *s, enum verdict_class class);
void end_attempts(struct scene *s, enum verdict_class class);
/* The oldest that runs; and its name, "" for none. */
void end_hook(struct scene *s, enum hook_end end, int status);
const char *running(struct scene *s);
struct request *verb(enum request_verb verb, int64_t id, bool hooks);
enum job_hook_state sum_of(struct scene *s, int64_t job_id);
/* job_hook_done() it. */
struct job_hook row_of(struct scene *s, int64_t job_id, int64_t group_id, size_t i);
size_t count_rows(struct scene *s, int64_t job_id, int64_t group_id);
void check_row(struct scene *s, int64_t job_id, size_t i, enum job_hook_state state, int attempts);

#endif
