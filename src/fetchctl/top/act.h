/* Act: what a key that was pressed does. */
#ifndef FETCHCTL_TOP_ACT_H
#define FETCHCTL_TOP_ACT_H

#include "fetchctl/top/state.h"

void act_key(struct top *top, int key);

#endif
