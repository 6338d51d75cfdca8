/* Hook and JSON: the type Hook, in one place for both programs. Any thread. */
#ifndef WIRE_HOOKJSON_H
#define WIRE_HOOKJSON_H

#include <jansson.h>

#include "job/hook.h"

/* New reference. */
json_t *wire_hook_to_json(const struct job_hook *hook);
/* Into *hook (initialised by this call; job_hook_done() it). 0 or -EINVAL. */
int wire_hook_from_json(const json_t *json, struct job_hook *hook);
/* Array of type Hook. New reference. */
json_t *wire_hooks_to_json(const struct job_hook *hooks, size_t n);
/* Names, as in JobSpec, into *names, which is the caller's. False for what is no array of names. */
bool wire_hook_names_read(char **names, const json_t *json);

#endif
