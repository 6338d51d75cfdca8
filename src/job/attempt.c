/* Attempts as plain data. Owns nothing itself; any thread. */
#include "config.h"

#include "job/attempt.h"

#include <string.h>

#include "base/alloc.h"

struct attempt *attempt_new(void)
{
	struct attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->dns_usec = attempt->connect_usec = attempt->tls_usec = attempt->first_byte_usec = -1;
	return attempt;
}

struct attempt *attempt_dup(const struct attempt *attempt)
{
	struct attempt *copy = xmemdup(attempt, sizeof(*attempt));

	copy->origin = xstrdup_null(attempt->origin);
	copy->address = xstrdup_null(attempt->address);
	copy->code = xstrdup_null(attempt->code);
	copy->message = xstrdup_null(attempt->message);
	copy->note = xstrdup_null(attempt->note);
	return copy;
}

void attempt_free(struct attempt *attempt)
{
	if (!attempt)
		return;
	free(attempt->origin);
	free(attempt->address);
	free(attempt->code);
	free(attempt->message);
	free(attempt->note);
	free(attempt);
}

const char *attempt_outcome_name(enum attempt_outcome outcome)
{
	switch (outcome) {
	case ATTEMPT_DONE: return "done";
	case ATTEMPT_RETRY: return "retry";
	case ATTEMPT_RESTART: return "restart";
	case ATTEMPT_FAILED: return "failed";
	case ATTEMPT_HELD: return "held";
	case ATTEMPT_STOPPED: return "stopped";
	}
	return "?";
}

int attempt_outcome_parse(const char *word)
{
	for (int outcome = ATTEMPT_DONE; outcome <= ATTEMPT_OUTCOME_LAST; outcome++) {
		if (strcmp(word, attempt_outcome_name((enum attempt_outcome)outcome)) == 0)
			return outcome;
	}
	return -1;
}
