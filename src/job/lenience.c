/* Lenience: counts who was served beside whom. Owns nothing; any thread. Must never forgive twice what has
 * not been served in between.
 */
#include "config.h"

#include "job/lenience.h"

/* One in eleven answers is forgiven: a list with a few broken files keeps its speed, and a server that
 * refuses by the second, with 503 as nginx does, is overrun by no more. */
#define SERVED_PER_FORGIVEN 10
/* More at once than was ever served: once may be the file. */
#define DOUBTS_MAX 1
/* Then both counts are halved, so that the last few hundred answers decide. */
#define SERVED_MAX 256

void lenience_init(struct lenience *l)
{
	*l = (struct lenience){.served = SERVED_PER_FORGIVEN};
}

void lenience_served(struct lenience *l, uint32_t number)
{
	if (number > l->proven) {
		l->proven = number;
		l->doubts = 0;
	}
	if (++l->served >= SERVED_MAX) {
		l->served /= 2;
		l->forgiven /= 2;
	}
}

bool lenience_forgives(struct lenience *l, uint32_t number)
{
	if (l->served < SERVED_PER_FORGIVEN * (l->forgiven + 1))
		return false;
	if (number > l->proven && ++l->doubts > DOUBTS_MAX)
		return false;
	l->forgiven++;
	return true;
}

void lenience_cut(struct lenience *l, uint32_t below)
{
	l->doubts = 0;
	if (l->proven > below)
		l->proven = below;
}
