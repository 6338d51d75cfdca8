/* The log: one line an event, to stderr: with sd-daemon(3)'s "<N>" before it when that is the journal or a
 * service manager started the process, else with the level's name. Any thread; a line is written whole by one
 * write(2). Text from outside (URLs, names, server messages) is passed through text_escape() by the caller or
 * by the %-arguments it prepared; log_line() itself replaces control characters as a last guard.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

/* syslog(3)'s numbers, so that "<N>" prefixes are right as they stand. */
enum log_level {
	LOG_LEVEL_ERR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* A field of a structured line: "NAME=value" is built by the sink. value is not NULL. */
struct log_field {
	const char *name;
	const char *value;
};

/* Where lines go. fields may be NULL when n is 0. message has no line break and no level prefix. */
typedef void log_sink_fn(enum log_level level, const char *message, const struct log_field *fields, size_t n);

/* Before threads start. NULL: back to stderr. */
void log_set_sink(log_sink_fn *sink);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* "err", "warning", "notice", "info", "debug"; -1 for another word. */
int log_level_parse(const char *word);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- with structured fields for the journal, which are not shown on stderr */

#define LOG_FIELDS_MAX 20

/* A line in the making: zeroed, then its fields in any order, then log_record_write(). */
struct log_record {
	struct log_field fields[LOG_FIELDS_MAX];
	size_t n;
};

/* name is static; value is escaped for terminals, and copied. NULL: no such field. */
void log_record_text(struct log_record *record, const char *name, const char *value);
void log_record_int(struct log_record *record, const char *name, int64_t value);
/* Writes the line and empties the record. */
void log_record_write(struct log_record *record, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A line of a kind that one may want to find: message_id is one of job/message.h. */
void log_message(enum log_level level, const char *message_id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(...)	 log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)	 log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                       \
	do {                                                                                                 \
		if (log_get_level() >= LOG_LEVEL_DEBUG)                                                      \
			log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                              \
	} while (0)

#endif
