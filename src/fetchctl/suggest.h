/* The word that was probably meant. Pure. */
#ifndef FETCHCTL_SUGGEST_H
#define FETCHCTL_SUGGEST_H

#include <stddef.h>

struct suggest {
	const char *typed;
	const char *best; /* NULL: nothing is near enough */
	size_t distance;
};

void suggest_init(struct suggest *suggest, const char *typed);
/* candidate must outlive suggest. */
void suggest_offer(struct suggest *suggest, const char *candidate);

#endif
