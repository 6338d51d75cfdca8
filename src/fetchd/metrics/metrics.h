/* Metrics: the figures of the daemon, and their text. The families are the table of families.def; whoever
 * counts something new adds a field here and a line there. Pure: any thread.
 *
 * Figures are in base units (seconds, bytes), since the daemon started where they are counters. Labels have
 * few values, which are known beforehand: never a user, host or job.
 */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "base/histogram.h"
#include "fetchd/disk/disk.h"
#include "job/attempt.h"
#include "job/event.h"
#include "job/failure.h"
#include "job/job.h"

/* Whom a limit is for. */
enum metrics_scope { METRICS_ALL, METRICS_HOST, METRICS_USER };
#define METRICS_SCOPES_N (METRICS_USER + 1)
/* Who has a transfer in hand. */
enum metrics_phase { METRICS_NETWORK, METRICS_DISK };
#define METRICS_PHASES_N (METRICS_DISK + 1)

/* How an attempt of a hook ended: well, to be tried again, for good. */
enum metrics_result { METRICS_OK, METRICS_RETRY, METRICS_FAILED };
#define METRICS_RESULTS_N (METRICS_FAILED + 1)

struct metrics {
	const char *version;
	double jobs[JOB_STATE_N];
	double jobs_disk_bytes;
	double job_events[EVENT_KIND_LAST + 1];
	double attempts[ATTEMPT_OUTCOME_LAST + 1];
	double failures[FAILURE_N];
	double received_bytes;
	double transfers[METRICS_PHASES_N];
	const struct histogram *first_byte, *transfer, *commit;
	double hooks_running, hooks_pending;
	double hook_attempts[METRICS_RESULTS_N];
	const struct histogram *hook;
	double hosts, hosts_held, hosts_broken;
	double limit_transfers[METRICS_SCOPES_N]; /* infinite: none */
	double limit_bytes_per_second[METRICS_SCOPES_N];
	double limit_user_jobs, limit_user_disk_bytes;
	double draining, schedule_stopped, network_up; /* 0 or 1 */
	double database_bytes, wal_bytes, database_full;
	double engine_messages;
	double disk_tasks[DISK_LANES_N];
	double buffer_bytes, buffer_limit_bytes, unsynced_bytes, disk_stalled_seconds;
	double sessions, watches, workers;
	double watchdog_pings;
	double cpu_seconds, resident_bytes, virtual_bytes, open_fds, max_fds, start_seconds;
};

enum metrics_format {
	METRICS_OPENMETRICS, /* 1.0.0 */
	METRICS_PROMETHEUS,  /* text format 0.0.4: for node_exporter's textfile collector */
};
#define METRICS_OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Caller frees. */
char *metrics_text(const struct metrics *metrics, enum metrics_format format);

#endif
