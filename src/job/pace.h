/* Pace: the span between starts where even one transfer at a time is more than an origin takes, because it
 * counts requests and not connections. Pure; any thread, no lock.
 */
#ifndef JOB_PACE_H
#define JOB_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero to begin with: no pace. */
struct pace {
	uint32_t span_usec;  /* between starts; 0: as they come */
	uint32_t floor_usec; /* faster hurt */
	uint32_t safe_usec;  /* the floor before it was probed */
	uint8_t step;	     /* by how many eighths the floor rises next; 0: one */
	uint8_t served;	     /* successes since the pace last changed; stops at a few */
	bool probing;	     /* below what was the floor */
};

/* One that started alone was refused. True: it was a probe. */
bool pace_hurt(struct pace *p);
/* One succeeded. may_probe: the floor has stood long enough to be tried. */
void pace_ease(struct pace *p, bool may_probe);

#endif
