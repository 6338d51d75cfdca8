/* What a job spec means: the checks that need the configuration and the caller. Main thread. */
#ifndef CONTROL_SPEC_H
#define CONTROL_SPEC_H

#include "fetchd/config.h"
#include "fetchd/control/peer.h"
#include "job/job.h"

/* Where jobs of uid go that name no directory. Asks the system's user database, so once a call. Caller frees.
 */
char *spec_default_directory(const struct config *config, uid_t uid);
/* Checks *job as wire_spec_from_json() left it, and fills origin, directory, name and owner. own_dir:
 * spec_default_directory() of peer. NULL, or the stable code of why it is refused, with *ret_message one
 * plain sentence (caller frees). */
const char *spec_complete(struct job *job, const struct config *config, const struct peer *peer,
	const char *own_dir, char **ret_message);

/* Of job->dir alone, which is given: normalized then. As spec_complete(). */
const char *spec_check_dir(
	struct job *job, const struct config *config, const struct peer *peer, char **ret_message);

/* As spec_complete(), of job->hooks alone, which are those of a job in a group or not. */
const char *spec_check_hooks(const struct job *job, const struct config *config, char **ret_message);
/* NULL, or why no group can have this name; caller frees. */
char *spec_group_refusal(const char *name);
/* The same for one that was added, and changed since: its owner, place and what names it stay. Any thread. */
const char *spec_recheck(
	struct job *job, const struct config *config, uid_t uid, bool privileged, char **ret_message);

#endif
