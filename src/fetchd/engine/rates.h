/* Rates: the token buckets of everything that has an active job. Engine's thread; the buckets themselves are
 * shared with the workers. */
#ifndef ENGINE_RATES_H
#define ENGINE_RATES_H

#include "fetchd/transfer/messages.h"

struct engine;
struct run;
struct bucket;

/* The run becomes active: its user, group and origin have a bucket from now on, whether they have a limit or
 * not, so that a limit that is set later finds it. */
void rates_hold(struct engine *engine, struct run *run);
void rates_release(struct engine *engine, struct run *run);
/* References for the run's START. */
void rates_of(struct engine *engine, const struct run *run, struct rate *ret_rates[RATES_N]);
/* Limits have changed. */
void rates_tune(struct engine *engine);
void rates_free(struct engine *engine);

#endif
