/* Words: parts of a job as a person reads them, the same in tables, progress lines and streams. */
#include "config.h"

#include "fetchctl/words.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"

#define MINUTE_USEC (60 * USEC_PER_SEC)
/* What is further away is told by its date. */
#define WHEN_DATE_USEC (60 * 24 * 60 * MINUTE_USEC)

static bool ends_with(const char *s, size_t n, const char *end)
{
	size_t m = strlen(end);

	return n >= m && memcmp(s + n - m, end, m) == 0;
}

char *words_host(const char *origin)
{
	CLEANUP_FREE char *host = NULL;
	size_t n;

	if (!origin)
		return xstrdup("");
	n = strlen(origin);
	if (text_starts(origin, "https://")) {
		n -= ends_with(origin, n, ":443") ? strlen(":443") : 0;
		host = xstrndup(origin + strlen("https://"), n - strlen("https://"));
	} else if (text_starts(origin, "http://") && ends_with(origin, n, ":80")) {
		host = xstrndup(origin + strlen("http://"), n - strlen("http://:80"));
	} else {
		host = xstrdup(origin);
	}
	return text_escape(host);
}

char *words_name(const struct job *job)
{
	return text_escape(job->name && *job->name ? job->name : job->url);
}

char *words_group(const struct job *job)
{
	return text_escape(job->group ? job->group : "");
}

char *words_progress(const struct job *job)
{
	char buf[UNITS_MAX];

	if (job->size > 0) {
		int64_t received = job->received < job->size ? job->received : job->size;

		return xasprintf("%d%%", (int)((double)received * 100 / (double)job->size));
	}
	if (job->state == JOB_DONE)
		return xstrdup("100%");
	return xstrdup(job->received > 0 ? units_format_size(buf, job->received) : "");
}

int64_t words_eta_usec(int64_t size, int64_t received, int64_t speed)
{
	if (size < 0 || speed <= 0 || received > size)
		return USEC_INFINITY;
	return (int64_t)((double)(size - received) / (double)speed * (double)USEC_PER_SEC);
}

static char *note_active(const struct job *job, int64_t speed)
{
	char rate[UNITS_MAX], eta[UNITS_MAX];
	int64_t left = words_eta_usec(job->size, job->received, speed);

	if (job->error_code && strcmp(job->error_code, "E_IO_STALL") == 0)
		return text_escape(job->error_message);
	if (speed < 0)
		return xstrdup("");
	units_format_rate(rate, speed);
	if (left == USEC_INFINITY)
		return xstrdup(rate);
	return xasprintf("%s, %s left", rate, units_format_eta(eta, left));
}

char *words_waiting(enum job_wait waiting_for, int64_t due_usec, const char *error_code)
{
	int64_t left = due_usec - clock_wall_usec();
	CLEANUP_FREE char *both = NULL;
	char span[UNITS_MAX];

	/* Whole seconds: nobody reads the rest, and it would flicker. */
	left = left > 0 ? (left + USEC_PER_SEC - 1) / USEC_PER_SEC * USEC_PER_SEC : 0;
	both = xasprintf("%s%s%s%s%s", job_wait_name(waiting_for), due_usec > 0 ? " in " : "",
		due_usec > 0 ? units_format_span(span, left) : "", error_code ? ", after " : "",
		error_code ? error_code : "");
	return text_escape(both);
}

char *words_when(int64_t wall_usec)
{
	static const struct {
		int64_t usec;
		const char *name;
	} units[] = {{24 * 60 * MINUTE_USEC, "d"}, {60 * MINUTE_USEC, "h"}, {MINUTE_USEC, "min"}};
	int64_t distance = clock_wall_usec() - wall_usec, span = distance < 0 ? -distance : distance;
	const char *before = distance < 0 ? "in " : "", *behind = distance < 0 ? "" : " ago", *name = "s";
	int64_t unit = USEC_PER_SEC;
	char date[UNITS_MAX];

	if (span >= WHEN_DATE_USEC)
		return xasprintf("%.10s", units_format_time(date, wall_usec));
	for (size_t i = 0; i < ARRAY_LEN(units) && unit == USEC_PER_SEC; i++)
		if (span >= units[i].usec) {
			unit = units[i].usec;
			name = units[i].name;
		}
	return xasprintf("%s%lld%s%s", before, (long long)(span / unit), name, behind);
}

char *words_note(const struct job *job, int64_t speed)
{
	switch (job->state) {
	case JOB_ACTIVE: return note_active(job, speed);
	case JOB_WAITING: return words_waiting(job->waiting_for, job->due_usec, job->error_code);
	case JOB_FAILED: return text_escape(job->error_code ? job->error_code : "");
	case JOB_QUEUED:
	case JOB_PAUSED:
	case JOB_DONE:
	case JOB_CANCELLED: break;
	}
	if (job->priority != 0 && !job_state_ended(job->state))
		return xasprintf("priority %d", job->priority);
	return xstrdup("");
}

char *words_error(const struct job *job)
{
	CLEANUP_FREE char *both = NULL;

	if (!job->error_code)
		return xstrdup("");
	if (!job->error_message || strcmp(job->error_message, job->error_code) == 0)
		return text_escape(job->error_code);
	both = xasprintf("%s: %s", job->error_code, job->error_message);
	return text_escape(both);
}

char *words_shell(const char *word)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,@%+=";
	char *quoted, *to;

	if (*word && word[strspn(word, plain)] == '\0')
		return xstrdup(word);
	quoted = to = xmalloc(strlen(word) * 4 + 3);
	*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = mempcpy(to, "'\\'", 3);
		*to++ = *word;
	}
	*to++ = '\'';
	*to = '\0';
	return quoted;
}
