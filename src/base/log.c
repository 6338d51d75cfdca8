/* The log. Owns the level and the sink; any thread writes. Must never block on anything but stderr, and never
 * let a line break or control character through.
 */
#include "config.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/text.h"

static _Atomic int current_level = LOG_LEVEL_INFO;
static log_sink_fn *current_sink; /* NULL: stderr */

static pthread_once_t journal_once = PTHREAD_ONCE_INIT;
static bool prefixed; /* lines carry their level as a number: sd-daemon(3) */

/* systemd.exec(5): $JOURNAL_STREAM is "device:inode" of the stream it connected; stderr may have been
 * redirected since. */
static void look_for_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM"), *pid = getenv("SYSTEMD_EXEC_PID");
	struct stat st;
	char own[64];

	/* Started by a service manager, whatever it made of the log. */
	prefixed = pid && strtol(pid, NULL, 10) == getpid();

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	prefixed = prefixed || strcmp(own, stream) == 0;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERR: return "err";
	case LOG_LEVEL_WARNING: return "warning";
	case LOG_LEVEL_NOTICE: return "notice";
	case LOG_LEVEL_INFO: return "info";
	case LOG_LEVEL_DEBUG: return "debug";
	}
	return "?";
}

/* One write, so that lines of threads and processes never mix. When stderr cannot take it there is no other
 * place to say so. */
static void write_line(const char *line, size_t n)
{
	ssize_t written;

	do {
		written = write(STDERR_FILENO, line, n);
	} while (written < 0 && errno == EINTR);
}

static void stderr_sink(
	enum log_level level, const char *message, const struct log_field *fields, size_t n_fields)
{
	CLEANUP_FREE char *line = NULL;

	(void)fields;
	(void)n_fields;
	pthread_once(&journal_once, look_for_journal);
	if (prefixed)
		line = xasprintf("<%d>%s\n", (int)level, message);
	else
		line = xasprintf("%s: %s: %s\n", program_invocation_short_name, level_name(level), message);
	write_line(line, strlen(line));
}

void log_set_sink(log_sink_fn *sink)
{
	current_sink = sink;
}

void log_set_level(enum log_level level)
{
	current_level = (int)level;
}

enum log_level log_get_level(void)
{
	return (enum log_level)current_level;
}

int log_level_parse(const char *word)
{
	for (int level = LOG_LEVEL_ERR; level <= LOG_LEVEL_DEBUG; level++) {
		if (strcmp(word, level_name((enum log_level)level)) == 0)
			return level;
	}
	return -1;
}

static void replace_controls(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

static void __attribute__((format(printf, 4, 0)))
log_va(enum log_level level, const struct log_field *fields, size_t n, const char *fmt, va_list ap)
{
	if ((int)level > current_level)
		return;
	/* The caller may still want to look at errno. */
	int saved_errno = errno;
	CLEANUP_FREE char *message = xvasprintf(fmt, ap);

	replace_controls(message);
	(current_sink ? current_sink : stderr_sink)(level, message, fields, n);
	errno = saved_errno;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(level, NULL, 0, fmt, ap);
	va_end(ap);
}

void log_record_text(struct log_record *record, const char *name, const char *value)
{
	if (!value)
		return;
	assert(record->n < LOG_FIELDS_MAX);
	record->fields[record->n++] = (struct log_field){.name = name, .value = text_escape(value)};
}

void log_record_int(struct log_record *record, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIi64, value);
	log_record_text(record, name, text);
}

void log_record_write(struct log_record *record, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(level, record->fields, record->n, fmt, ap);
	va_end(ap);
	while (record->n > 0)
		free((char *)record->fields[--record->n].value);
}

void log_message(enum log_level level, const char *message_id, const char *fmt, ...)
{
	const struct log_field field = {.name = "MESSAGE_ID", .value = message_id};
	va_list ap;

	va_start(ap, fmt);
	log_va(level, &field, 1, fmt, ap);
	va_end(ap);
}
