/* Hosts, for the text writer. */
#ifndef FETCHCTL_OUT_HOSTS_H
#define FETCHCTL_OUT_HOSTS_H

#include <jansson.h>

#include "fetchctl/grid.h"

struct grid *hosts_grid(void);
/* host: type Host. */
void hosts_grid_add(struct grid *grid, const json_t *host);

#endif
