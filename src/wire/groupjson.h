/* struct job_group → JSON (type Group of the interface), and its words there. Any thread. */
#ifndef WIRE_GROUPJSON_H
#define WIRE_GROUPJSON_H

#include <jansson.h>

#include "job/group.h"

/* New reference. */
json_t *wire_group_to_json(const struct job_group *group);
/* "filling", "running", "ending", "failed", "done", "empty". */
const char *wire_group_state(const struct job_group *group);
/* "collect", "fail_fast": the protocol's names have no hyphens. */
const char *wire_policy_name(enum group_policy policy);
/* The value, or -1 for another word. */
int wire_policy_parse(const char *word);

#endif
