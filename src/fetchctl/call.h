/* Call: methods of the daemon, and what its errors mean to a person and a script. */
#ifndef FETCHCTL_CALL_H
#define FETCHCTL_CALL_H

#include <jansson.h>
#include <stdint.h>

#include "fetchctl/ctl.h"

/* An error reply in the client's terms. */
struct problem {
	enum exit_status status;
	char *message;
	int64_t index; /* which job of Add's, or -1 */
};

void problem_done(struct problem *problem);
/* Whether reply is an error reply; then *problem is filled. */
bool reply_problem(const json_t *reply, struct problem *problem);
/* The same, and tells it. Returns 0 or the exit status. */
int reply_check(const json_t *reply);
/* Borrowed; an empty object's worth when absent. */
const json_t *reply_parameters(const json_t *reply);
bool reply_continues(const json_t *reply);

/* One call, one reply. Takes params (NULL: none). 0 with *ret_reply a new reference (ret_reply NULL: not
 * wanted), or the exit status after a message. */
int ctl_call(struct ctl *ctl, const char *method, json_t *params, json_t **ret_reply);
/* One call with "more": each reply goes to take(), which returns false when it has enough. */
int ctl_stream(struct ctl *ctl, const char *method, json_t *params,
	bool (*take)(void *state, const json_t *parameters), void *state);
/* The next reply on ctl's link, however long it takes: 0, or the exit status after a message. */
int ctl_receive(struct ctl *ctl, json_t **ret_reply);
/* Tells that the connection broke. Returns the exit status. */
int ctl_lost(const struct ctl *ctl);

#endif
