/* Limits: what holds now. The configuration's value gives way to one that was saved, that to one from the
 * daemon's command line, that to one set since the start, and all to a window of the calendar. Engine's
 * thread. */
#ifndef ENGINE_LIMITS_H
#define ENGINE_LIMITS_H

#include <stdbool.h>

#include "fetchd/engine/engine.h"

struct engine;

/* -1: none. */
struct limit_layer {
	int64_t values[LIMITS_N];
};

struct limit_layers {
	struct limit_layer saved;		 /* as the store has them */
	struct limit_layer set;			 /* since the start */
	struct limit_layer next_saved, next_set; /* this turn's: they hold when it is committed */
	enum limit_source sources[LIMITS_N];	 /* of engine->limits */
	bool changed;				 /* in this turn */
	bool lowered;				 /* what runs may be above them now */
};

void limits_init(struct engine *engine);
/* What was saved. In a turn. 0 or -errno. */
int limits_load(struct engine *engine);
/* The configuration, the calendar or another layer has changed: what holds now, for all that runs, and tells
 * control. */
void limits_resolve(struct engine *engine);
/* The turn that changed them was committed, or not. */
void limits_committed(struct engine *engine);
void limits_taken_back(struct engine *engine);
/* Runs above a bound that was lowered go back to the queue: the newest of the lowest priority first. They
 * keep their bytes, and it was no attempt. */
void limits_shed(struct engine *engine);

int request_limits(struct engine *engine, struct request *request);
int request_set_limit(struct engine *engine, struct request *request);

#endif
