/* io.fetchd.Manager.Status: from memory, whatever the database does. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <unistd.h>

#include "base/clock.h"
#include "fetchd/config_hook.h"
#include "fetchd/control/internal.h"
#include "fetchd/control/live.h"

/* Active jobs that one answer names at most; the counts tell of the others. */
#define STATUS_ACTIVE_MAX 1000

static json_t *active_json(const struct control *control, const struct peer *peer)
{
	json_t *active = json_array();
	size_t size = 0;

	for (const struct live_job *entry = control->live->jobs; entry; entry = entry->hh.next) {
		if (!peer_may_see(peer, entry->job->owner))
			continue;
		size += call_job_size(entry->job);
		if (json_array_size(active) == STATUS_ACTIVE_MAX || size > CALL_REPLY_SIZE)
			break;
		json_array_append_new(active, call_job_json(control, entry->job));
	}
	return active;
}

static json_t *counts_json(const struct control *control, const struct peer *peer)
{
	int64_t by_state[JOB_STATE_N];
	json_t *counts = json_object();

	live_count(control->live, peer, by_state);
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		json_object_set_new(
			counts, job_state_name((enum job_state)state), json_integer(by_state[state]));
	return counts;
}

static void put_int(json_t *object, const char *key, int64_t value)
{
	json_object_set_new(object, key, json_integer(value));
}

static json_t *hooks_json(const struct config *config)
{
	json_t *names = json_array();

	for (size_t i = 0; i < config->n_hooks; i++)
		json_array_append_new(names, wire_string(config->hooks[i].name));
	return names;
}

static json_t *daemon_json(const struct control *control)
{
	const struct config *config = control->config;
	const struct engine_limits *limits = control->limits;
	json_t *json = json_object();

	json_object_set_new(json, "version", json_string(PACKAGE_VERSION));
	put_int(json, "pid", getpid());
	json_object_set_new(json, "mode", json_string(config->mode == CONFIG_SYSTEM ? "system" : "user"));
	json_object_set_new(json, "state_directory", wire_string(config->state_directory));
	json_object_set_new(json, "sandbox", json_string(control->setup.sandbox));
	put_int(json, "started_usec", control->started_usec);
	put_int(json, "workers", config->workers);
	put_int(json, "max_active", limits ? limits->limits.max_active : config->max_active);
	put_int(json, "max_per_host", limits ? limits->limits.max_per_host : config->max_per_host);
	json_object_set_new(json, "draining", json_boolean(control->draining));
	if (limits && limits->stopped) {
		json_object_set_new(json, "stopped_by", wire_string(limits->window));
		if (limits->until_usec != USEC_INFINITY)
			put_int(json, "stopped_until_usec", limits->until_usec);
	}
	return json;
}

/* The caller's own, and of what there is a bound. */
static void put_usage(json_t *status, const struct control *control, uid_t uid)
{
	const struct config *config = control->config;
	const struct limits *live = control->limits ? &control->limits->limits : NULL;
	int64_t jobs = live ? live->max_jobs_per_user : config->max_jobs_per_user;
	int64_t active = live ? live->max_active_per_user : config->max_active_per_user;
	int64_t bytes = live ? live->max_disk_per_user : config->max_disk_per_user;
	json_t *usage = json_object(), *limits = json_object();
	struct live_usage have;

	live_usage(control->live, uid, &have);
	put_int(usage, "jobs", have.jobs);
	put_int(usage, "active", have.active);
	put_int(usage, "bytes", have.bytes);
	put_int(limits, "jobs", jobs);
	if (active > 0)
		put_int(limits, "active", active);
	if (bytes > 0)
		put_int(limits, "bytes", bytes);
	json_object_set_new(status, "usage", usage);
	json_object_set_new(status, "usage_limits", limits);
}

void method_status_start(struct call *call, json_t *parameters)
{
	const struct control *control = call->control;

	if (!call_read_params(call, parameters, NULL, 0, NULL))
		return;
	json_t *status = daemon_json(control);
	json_object_set_new(status, "counts", counts_json(control, &call->peer));
	put_usage(status, control, call->peer.uid);
	put_int(status, "received", control->live->received);
	put_int(status, "speed", live_speed(control->live, &call->peer));
	json_object_set_new(status, "hooks", hooks_json(control->config));
	json_object_set_new(status, "active", active_json(control, &call->peer));
	call_reply(call, status, false);
}
