/* struct attempt ⇄ JSON (type Attempt of the interface). Any thread. */
#ifndef WIRE_ATTEMPTJSON_H
#define WIRE_ATTEMPTJSON_H

#include <jansson.h>

#include "job/attempt.h"

/* New reference. */
json_t *wire_attempt_to_json(const struct attempt *attempt);
/* NULL when it is no Attempt; else attempt_free() it. */
struct attempt *wire_attempt_from_json(const json_t *json);

#endif
