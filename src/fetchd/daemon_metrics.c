/* The daemon's metrics: gathers figures from those who have them, and the socket that tells them. Main
 * thread; must never wait for the engine or a disk, so that they are told when either hangs.
 */
#include <config.h>

#include "fetchd/daemon_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetchd/disk/disk.h"
#include "fetchd/metrics/metrics.h"
#include "fetchd/metrics/process.h"
#include "fetchd/metrics/server.h"
#include "job/message.h"

static_assert((int)TALLY_HOOK_N == METRICS_RESULTS_N && (int)TALLY_HOOK_OK == METRICS_OK &&
		      (int)TALLY_HOOK_FAILED == METRICS_FAILED,
	"results are counted as they are told");

static void copy_counts(double *to, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (double)from[i];
}

/* tally outlives the metrics. */
static void take_tally(struct metrics *m, const struct tally *tally)
{
	copy_counts(m->job_events, tally->events, ARRAY_LEN(tally->events));
	copy_counts(m->attempts, tally->attempts, ARRAY_LEN(tally->attempts));
	copy_counts(m->failures, tally->failures, ARRAY_LEN(tally->failures));
	m->first_byte = &tally->first_bytes;
	m->transfer = &tally->transfers;
	m->commit = &tally->commits;
	copy_counts(m->hook_attempts, tally->hooks, ARRAY_LEN(tally->hooks));
	m->hook = &tally->hook_runs;
	m->hooks_running = (double)tally->n_hooks;
	m->hooks_pending = (double)tally->hooks_pending;
	m->transfers[METRICS_NETWORK] = (double)tally->n_active;
	m->transfers[METRICS_DISK] = (double)tally->n_finishing;
	m->hosts = (double)tally->n_hosts;
	m->hosts_held = (double)tally->n_held;
	m->hosts_broken = (double)tally->n_broken;
	m->database_bytes = (double)tally->database_bytes;
	m->wal_bytes = (double)tally->wal_bytes;
	m->database_full = tally->database_full;
	m->network_up = tally->network_up;
}

static double bound(int64_t limit)
{
	return limit > 0 ? (double)limit : INFINITY;
}

static void take_limits(struct metrics *m, const struct limits *limits)
{
	m->limit_transfers[METRICS_ALL] = bound(limits->max_active);
	m->limit_transfers[METRICS_HOST] = bound(limits->max_per_host);
	m->limit_transfers[METRICS_USER] = bound(limits->max_active_per_user);
	m->limit_bytes_per_second[METRICS_ALL] = bound(limits->limit_rate);
	m->limit_bytes_per_second[METRICS_HOST] = bound(limits->limit_rate_per_host);
	m->limit_bytes_per_second[METRICS_USER] = bound(limits->limit_rate_per_user);
	m->limit_user_jobs = bound(limits->max_jobs_per_user);
	m->limit_user_disk_bytes = bound(limits->max_disk_per_user);
}

static void take_control(struct metrics *m, const struct control_figures *figures)
{
	for (int state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		m->jobs[state] = (double)figures->by_state[state];
	m->jobs_disk_bytes = (double)figures->disk_bytes;
	m->received_bytes = (double)figures->received;
	m->sessions = (double)figures->sessions;
	m->watches = (double)figures->watches;
	m->draining = figures->draining;
	m->schedule_stopped = figures->schedule_stopped;
	take_limits(m, &figures->limits);
	take_tally(m, &figures->tally);
}

static void take_disk(struct metrics *m, struct disk *disk)
{
	struct disk_figures figures;

	disk_figures(disk, &figures);
	for (int lane = 0; lane < DISK_LANES_N; lane++)
		m->disk_tasks[lane] = (double)figures.tasks[lane];
	m->buffer_bytes = (double)figures.buffer_bytes;
	m->buffer_limit_bytes = (double)DISK_BUDGET_BYTES;
	m->unsynced_bytes = (double)figures.dirty_bytes;
	m->disk_stalled_seconds = (double)figures.stalled_usec / USEC_PER_SEC;
}

char *daemon_metrics_text(bool prometheus, void *arg)
{
	struct daemon *d = arg;
	struct metrics m = {
		.version = PACKAGE_VERSION,
		.workers = (double)d->config->workers,
		.watchdog_pings = (double)d->watchdog_pings,
		.engine_messages = (double)mailbox_length(&d->engine_box),
		.start_seconds = (double)d->started_usec / USEC_PER_SEC,
	};
	struct control_figures figures;

	control_get_figures(d->control, &figures);
	take_control(&m, &figures);
	take_disk(&m, d->disk);
	process_look(&m);
	return metrics_text(&m, prometheus ? METRICS_PROMETHEUS : METRICS_OPENMETRICS);
}

static char *openmetrics(void *arg)
{
	return daemon_metrics_text(false, arg);
}

/* Downloads matter more: one that cannot be made is told, and no reason not to start. */
int daemon_metrics_up(struct daemon *d)
{
	const char *path = d->config->metrics_socket;
	CLEANUP_FREE char *error = NULL;

	d->metrics_socket.fd = -1;
	if (!path)
		return 0;
	if (control_socket_make(&d->metrics_socket, path, d->config->mode == CONFIG_SYSTEM,
		    "Daemon.MetricsSocket", &error)) {
		log_message(LOG_LEVEL_WARNING, MESSAGE_METRICS_SOCKET,
			"metrics are told by fetchctl alone: %s", error);
		return 0;
	}
	d->metrics = metrics_server_start(d->base, d->metrics_socket.fd, openmetrics, d);
	return 0;
}

void daemon_metrics_down(struct daemon *d)
{
	control_socket_remove(&d->metrics_socket);
	metrics_server_free(d->metrics);
}
