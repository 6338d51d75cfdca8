/* Names of hooks, judged by the configuration: who may ask for which, and what stands where none is asked
 * for. Any thread.
 */
#ifndef FETCHD_HOOK_NAMES_H
#define FETCHD_HOOK_NAMES_H

#include "fetchd/config.h"
#include "fetchd/config_hook.h"

/* NULL, or why these (job/hook.h) cannot be asked for by what may end as on says: HOOK_ON_… bits. Caller
 * frees. */
char *hook_names_refusal(const struct config *config, const char *names, unsigned on);
/* What a job has that names none and goes below dir; NULL: nothing. Caller frees. */
char *hook_names_default(const struct config *config, const char *dir);
/* What a group has that names none; NULL: nothing. Caller frees. */
char *hook_names_group_default(const struct config *config);

#endif
