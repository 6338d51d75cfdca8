/* Hosts, in the log: what each is left alone for, and when that ends. Owns nothing. Engine's thread. */
#include "config.h"

#include "fetchd/engine/internal.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"
#include "base/units.h"
#include "job/message.h"

static void record_host(struct log_record *record, const struct host_memory *memory, const char *message)
{
	const struct store_origin *row = &memory->row;

	log_record_text(record, "MESSAGE_ID", message);
	log_record_text(record, "FETCHD_HOST", row->origin);
	log_record_text(record, "FETCHD_ERROR", row->hold_code ? row->hold_code : memory->last_code);
	if (row->hold_job > 0)
		log_record_int(record, "FETCHD_JOB_ID", row->hold_job);
}

void host_log_mark(const struct engine *engine, const struct host_memory *memory, const char *message,
	const char *what, int64_t until_usec)
{
	CLEANUP_FREE char *origin = text_escape(memory->row.origin);
	struct log_record record = {0};
	char time[UNITS_MAX];

	units_format_time(time, engine_shown(engine, until_usec));
	record_host(&record, memory, message);
	log_record_text(&record, "FETCHD_UNTIL", time);
	log_record_write(&record, LOG_LEVEL_NOTICE, "%s: %s until %s", origin, what, time);
}

void host_log_release(const struct host_memory *memory, const char *message, const char *what)
{
	CLEANUP_FREE char *origin = text_escape(memory->row.origin);
	struct log_record record = {0};

	record_host(&record, memory, message);
	log_record_write(&record, LOG_LEVEL_NOTICE, "%s: %s", origin, what);
}

void host_log_breaker(const struct engine *engine, const struct host_memory *memory, enum breaker_state was,
	enum breaker_state is)
{
	if (is == BREAKER_OPEN && was != BREAKER_OPEN)
		host_log_mark(engine, memory, MESSAGE_BREAKER_OPENED, "it fails again and again: left alone",
			memory->row.breaker_until_usec);
	else if (is == BREAKER_CLOSED && was != BREAKER_CLOSED)
		host_log_release(memory, MESSAGE_BREAKER_CLOSED, "it answers again");
}
