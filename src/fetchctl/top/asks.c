/* Asks: what is shown is asked for, and seldom where nothing happens. */
#include "config.h"

#include "fetchctl/top/asks.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

#define STATUS_USEC USEC_PER_SEC
#define ROWS_USEC   (2 * USEC_PER_SEC)
#define IDLE_USEC   (10 * USEC_PER_SEC)
/* So many hosts are a long answer, and worth it seldom. */
#define HOSTS_MANY 500
/* Rows of the queue and of failures that are looked at. */
#define QUEUE_ROWS    500
#define FAILURES_ROWS 200

const char *asks_method(enum ask_kind kind)
{
	switch (kind) {
	case ASK_STATUS: return "Status";
	case ASK_HOSTS: return "Hosts";
	case ASK_QUEUE:
	case ASK_FAILURES: return "List";
	case ASK_CHANGE: break;
	}
	assert(false);
	return NULL;
}

static json_t *list_params(const struct job_filter *only, unsigned states, json_int_t limit, bool reverse)
{
	json_t *words = json_array();
	json_t *params;

	for (enum job_state state = JOB_STATE_FIRST; state <= JOB_STATE_LAST; state++)
		if (states & JOB_STATE_BIT(state))
			json_array_append_new(words, json_string(job_state_name(state)));
	params = json_pack("{s:{s:o, s:s*, s:s*}, s:b, s:b, s:I}", "selection", "states", words, "group",
		only->group, "host", only->host, "all_users", 1, "reverse", (int)reverse, "limit", limit);
	if (!params)
		abort();
	return params;
}

json_t *asks_params(enum ask_kind kind, const struct job_filter *only)
{
	unsigned queue = JOB_STATE_BIT(JOB_QUEUED) | JOB_STATE_BIT(JOB_WAITING) | JOB_STATE_BIT(JOB_PAUSED);

	switch (kind) {
	case ASK_QUEUE: return list_params(only, queue, QUEUE_ROWS, false);
	case ASK_FAILURES: return list_params(only, JOB_STATE_BIT(JOB_FAILED), FAILURES_ROWS, true);
	case ASK_STATUS:
	case ASK_HOSTS:
	case ASK_CHANGE: break;
	}
	return NULL;
}

static int64_t hosts_interval(const struct model *model)
{
	const int64_t *counts = model->daemon.counts;
	bool busy = counts[JOB_ACTIVE] + counts[JOB_QUEUED] + counts[JOB_WAITING] > 0;

	if (model->panes[VIEW_HOSTS].rows.n > HOSTS_MANY)
		return IDLE_USEC;
	return busy || model->view == VIEW_HOSTS ? ROWS_USEC : IDLE_USEC;
}

int64_t asks_interval_usec(enum ask_kind kind, const struct model *model, int64_t failures_seen)
{
	int64_t failed = model->daemon.counts[JOB_FAILED];

	switch (kind) {
	case ASK_STATUS: return STATUS_USEC;
	case ASK_HOSTS: return hosts_interval(model);
	case ASK_QUEUE: return model->view == VIEW_QUEUE ? ROWS_USEC : USEC_INFINITY;
	case ASK_FAILURES:
		if (failed != failures_seen)
			return STATUS_USEC;
		return failed > 0 ? IDLE_USEC : USEC_INFINITY;
	case ASK_CHANGE: break;
	}
	return USEC_INFINITY;
}
