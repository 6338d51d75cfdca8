/* Process: what the kernel says of this process. Any thread; reads /proc, which never waits for a disk. */
#ifndef METRICS_PROCESS_H
#define METRICS_PROCESS_H

#include "fetchd/metrics/metrics.h"

/* Fills the figures of the process but start_seconds; 0 where the kernel does not tell. */
void process_look(struct metrics *metrics);

#endif
