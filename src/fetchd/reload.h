/* SIGHUP. Main thread. */
#ifndef FETCHD_RELOAD_H
#define FETCHD_RELOAD_H

#include "fetchd/config.h"

/* Reads source again: the new configuration, with the keys that only a restart changes kept as they are in
 * old, and a warning for each that was changed. NULL when it has an error, which was logged. */
struct config *reload_config(const struct config_source *source, const struct config *old);

#endif
