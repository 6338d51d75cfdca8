/* struct job ⇄ JSON (types Job, JobSpec, Event of io.fetchd.Manager.varlink), in one place for both programs.
 * Any thread. */
#ifndef WIRE_JOBJSON_H
#define WIRE_JOBJSON_H

#include <jansson.h>

#include "job/edit.h"
#include "job/event.h"
#include "job/job.h"

/* type Job. New reference. speed: bytes/s or -1; received: live bytes or -1 for job->received. */
json_t *wire_job_to_json(const struct job *job, int64_t received, int64_t speed);
/* Reads type Job into *job (initialised by this call; job_done() it); what the client shows. *ret_speed -1
 * when absent. 0 or -EINVAL. */
int wire_job_from_json(const json_t *json, struct job *job, int64_t *ret_speed);

/* type JobSpec → *job (initialised by this call): types, unknown fields and ranges are checked here, meaning
 * (URL, directory) by the daemon. 0, or -EINVAL with *ret_field the name of the offending field (static or
 * owned by json). */
int wire_spec_from_json(const json_t *json, struct job *job, const char **ret_field);
/* type JobSpec of what is set in *job. New reference. */
json_t *wire_spec_to_json(const struct job *job);

/* type JobChanges → *edit (initialised by this call), as above; ret_field may also be "clear". */
int wire_edit_from_json(const json_t *json, struct job_edit *edit, const char **ret_field);
/* New reference. */
json_t *wire_edit_to_json(const struct job_edit *edit);

/* type Event. job may be NULL. New reference. */
json_t *wire_event_to_json(const struct event *event, const struct job *job);

/* The IDL text, embedded. */
extern const char wire_interface_text[];

#endif
