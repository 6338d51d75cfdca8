/* What add and get have in common. */
#ifndef FETCHCTL_CMD_ADD_H
#define FETCHCTL_CMD_ADD_H

#include <stdbool.h>
#include <stdint.h>

#include "fetchctl/adder.h"
#include "fetchctl/follow.h"
#include "fetchctl/option.h"

/* Their options, for CMD_OPTIONS(). */
#define ADD_OPTIONS                                                                                          \
	OPT_OUTPUT, OPT_DIR, OPT_REMOTE_NAME, OPT_REMOTE_HEADER_NAME, OPT_INPUT_FILE, OPT_GLOB, OPT_GROUP,   \
		OPT_POLICY, OPT_MIRROR, OPT_AFTER, OPT_AFTER_ANY, OPT_HOOK, OPT_NO_HOOK, OPT_PRIORITY,       \
		OPT_KEY, OPT_CHECKSUM, OPT_HEADER, OPT_USER_AGENT, OPT_REFERER, OPT_LOGIN, OPT_BASIC,        \
		OPT_DIGEST, OPT_ANYAUTH, OPT_BEARER, OPT_NETRC, OPT_NETRC_FILE, OPT_COOKIE, OPT_PROXY,       \
		OPT_CACERT, OPT_CERT, OPT_CERT_KEY, OPT_INSECURE, OPT_LIMIT_RATE, OPT_RETRY,                 \
		OPT_RETRY_DELAY, OPT_MAX_TIME, OPT_CONNECT_TIMEOUT, OPT_DEADLINE, OPT_NOT_BEFORE,            \
		OPT_MAX_FILESIZE, OPT_SPLIT, OPT_ON_CONFLICT, OPT_CONDITIONAL, OPT_TIME_COND, OPT_RESUME,    \
		OPT_TIMEOUT

/* All jobs that args ask for, checked, into adder. here: into the working directory unless --dir says
 * otherwise. 0, or the exit status after a message. */
int add_gather(const struct ctl *ctl, const struct args *args, bool here, struct adder *adder);
/* --timeout; USEC_INFINITY when absent. 0, or the exit status after a message. */
int add_timeout(const struct args *args, int64_t *ret_usec);
/* Waits for what adder has added. Returns the exit status. */
int add_follow(struct ctl *ctl, const struct args *args, const struct adder *adder, int64_t timeout_usec,
	enum follow_report report);

#endif
