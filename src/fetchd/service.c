/* Service: the only file that knows libsystemd. Owns nothing; main thread, but for the journal sink, which
 * any thread's log line runs. Must never fail the daemon: without a manager every call is a no-op.
 */
#include <config.h>

#include "fetchd/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

/* MESSAGE, PRIORITY and what a line carries beside them. */
#define JOURNAL_FIELDS_MAX (3 + LOG_FIELDS_MAX)
/* A start that gets on says so this often, and asks for so much time beyond. */
#define WORKING_USEC  (5 * USEC_PER_SEC)
#define PATIENCE_USEC (120 * USEC_PER_SEC)

static struct iovec journal_field(const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);
	return (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

static void journal_sink(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	struct iovec iov[JOURNAL_FIELDS_MAX];
	char priority[4];
	int used = 0;

	snprintf(priority, sizeof(priority), "%d", (int)level);
	iov[used++] = journal_field("MESSAGE", message);
	iov[used++] = journal_field("PRIORITY", priority);
	iov[used++] = journal_field("SYSLOG_IDENTIFIER", "fetchd");
	for (size_t i = 0; i < n && used < JOURNAL_FIELDS_MAX; i++)
		iov[used++] = journal_field(fields[i].name, fields[i].value);
	if (sd_journal_sendv(iov, used) < 0)
		dprintf(STDERR_FILENO, "<%d>%s\n", (int)level, message);
	while (used > 0)
		free(iov[--used].iov_base);
}

/* $JOURNAL_STREAM names the stream's device and inode (systemd.exec(5)). */
static int stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	uintmax_t dev, ino;
	struct stat st;
	return text && sscanf(text, "%ju:%ju", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

void service_log_init(void)
{
	if (stderr_is_journal())
		log_set_sink(journal_sink);
}

void service_ready(void)
{
	sd_notify(0, "READY=1");
}

void service_reloading(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now); /* the one clock that MONOTONIC_USEC means */
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIi64,
		(int64_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000);
}

void service_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void service_status(const char *text)
{
	/* A line of it would be another message. */
	sd_notifyf(0, "STATUS=%.*s", (int)strcspn(text, "\n"), text);
}

void service_working(void)
{
	static int64_t next_usec;
	int64_t now = clock_boot_usec();

	if (now < next_usec)
		return;
	next_usec = now + WORKING_USEC;
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%" PRIi64, PATIENCE_USEC);
}

void service_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int64_t service_watchdog_usec(void)
{
	uint64_t usec = 0;
	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2) : 0;
}

int service_listen_fd(void)
{
	int n = sd_listen_fds(1);
	if (n <= 0)
		return -1;
	if (n > 1 || sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return -EINVAL;
	return SD_LISTEN_FDS_START;
}
