/* Lenience: whether "busy" and time-outs are about the load, or only about the file that got them. Pure; any
 * thread, no lock.
 *
 * An origin that takes so many at once refuses none below, and all above. One with a broken file refuses that
 * file, and serves as many others as before.
 */
#ifndef JOB_LENIENCE_H
#define JOB_LENIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct lenience {
	uint32_t proven;   /* most at once that was served since the last cut */
	uint32_t served;   /* successes, older ones counting less */
	uint32_t forgiven; /* refusals, as well */
	uint8_t doubts;	   /* of them above what was proven, since it was */
};

void lenience_init(struct lenience *l);
/* The one that started as the number-th active one was served. */
void lenience_served(struct lenience *l, uint32_t number);
/* It was not: true if that is to be overlooked. */
bool lenience_forgives(struct lenience *l, uint32_t number);
/* It was not, and no more than so many at once are thought fine. */
void lenience_cut(struct lenience *l, uint32_t below);

#endif
