/* Bars: owns the last rows of the terminal. Each frame leaves by one write(2): what is over scrolls up, then
 * one line for each job that is chosen, then the sum. All names are escaped already; every line is cut to the
 * terminal's width.
 */
#include "config.h"

#include "fetchctl/bars.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/notable.h"
#include "fetchctl/taskbar.h"
#include "fetchctl/term.h"
#include "fetchctl/words.h"

/* Eight frames a second at most; without news one a second, for the clocks. */
#define FRAME_USEC (USEC_PER_SEC / 8)
#define TICK_USEC  USEC_PER_SEC
/* Lines for jobs at most, whatever the terminal's height. */
#define JOB_LINES_MAX 100
/* Rows left to what has ended, as far as there are that many. */
#define OVER_ROWS 6

struct bars {
	bool color;
	struct term_size size;
	int64_t drawn_usec; /* last frame */
	bool stands;	    /* lines of a frame, the cursor on the first */
	struct taskbar taskbar;

	FILE *over; /* lines of ended jobs since the last frame */
	char *over_text;
	size_t over_len;
	size_t n_over;
	size_t n_hidden; /* ended, but too many to name */

	/* the frame being made, and the lines as they stand on the screen */
	FILE *frame;
	size_t n_lines;
	char *last;
};

static FILE *text_open(char **text, size_t *len)
{
	FILE *to = open_memstream(text, len);

	if (!to)
		abort();
	return to;
}

struct bars *bars_new(bool color)
{
	struct bars *bars = xcalloc(1, sizeof(*bars));

	bars->color = color;
	bars->size = term_size(STDERR_FILENO);
	bars->taskbar.known = taskbar_known(getenv);
	bars->over = text_open(&bars->over_text, &bars->over_len);
	return bars;
}

/* ---- the terminal -------------------------------------------------------------------------------- */

static void write_all(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDERR_FILENO, text, n);

		/* A terminal that is gone has nobody who looks. */
		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			text += written;
			n -= (size_t)written;
		}
	}
}

void bars_redraw(struct bars *bars)
{
	bars->drawn_usec = 0;
	str_set(&bars->last, NULL);
}

int64_t bars_due_usec(const struct bars *bars, bool changed)
{
	return bars->drawn_usec + (changed ? FRAME_USEC : TICK_USEC);
}

/* ---- what is over -------------------------------------------------------------------------------- */

/* "1.2MiB in 3s", or why it failed. Caller frees. */
static char *over_detail(const struct job *job)
{
	char size[UNITS_MAX], span[UNITS_MAX];
	int64_t took = job->finished_usec - job->started_usec;

	if (job->state == JOB_FAILED)
		return words_error(job);
	if (job->state != JOB_DONE)
		return xstrdup("");
	units_format_size(size, job->received);
	if (job->started_usec <= 0 || took <= 0)
		return xstrdup(size);
	return xasprintf("%s in %s", size, units_format_span(span, took));
}

void bars_tell(struct bars *bars, const struct job *job)
{
	CLEANUP_FREE char *name = NULL, *detail = NULL, *rest = NULL, *line = NULL;

	/* A screenful a frame can be read; failures are never left out. */
	if (job->state == JOB_DONE && bars->n_over >= bars->size.rows) {
		bars->n_hidden++;
		return;
	}
	bars->n_over++;
	name = words_name(job);
	detail = over_detail(job);
	rest = xasprintf(" %lld  %s%s%s", (long long)job->id, name, *detail ? "  " : "", detail);
	line = job->state == JOB_DONE && text_width(rest) + 9 > bars->size.columns
		       ? xasprintf(" %lld  %s", (long long)job->id, name)
		       : xstrdup(rest);
	fprintf(bars->over, "%s%-9s%s%s\n", term_state_color(job->state, bars->color),
		job_state_name(job->state), term_plain(bars->color), line);
}

void bars_say(struct bars *bars, const char *text)
{
	fputs(text, bars->over);
	bars->n_over++;
}

/* The lines that are over, where the frame stood. */
static void put_over(struct bars *bars, FILE *to)
{
	fclose(bars->over);
	if (bars->stands || bars->over_len > 0)
		fputs("\r\033[J", to);
	fwrite(bars->over_text, 1, bars->over_len, to);
	if (bars->n_hidden > 0)
		fprintf(to, "%sdone%s      … and %zu more\n", term_state_color(JOB_DONE, bars->color),
			term_plain(bars->color), bars->n_hidden);
	free(bars->over_text);
	bars->over = text_open(&bars->over_text, &bars->over_len);
	bars->n_over = bars->n_hidden = 0;
	bars->stands = false;
	str_set(&bars->last, NULL);
}

void bars_clear(struct bars *bars)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	put_over(bars, to);
	taskbar_clear(&bars->taskbar, to);
	fclose(to);
	write_all(text, len);
}

void bars_free(struct bars *bars)
{
	if (!bars)
		return;
	bars_clear(bars);
	fclose(bars->over);
	free(bars->over_text);
	free(bars->last);
	free(bars);
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* A line of the frame. Takes text; color may be "". */
static void put_line(struct bars *bars, char *text, const char *color)
{
	fprintf(bars->frame, "%s%s%s%s\033[K", bars->n_lines > 0 ? "\n" : "\r", color, text,
		*color ? term_plain(bars->color) : "");
	bars->n_lines++;
	free(text);
}

static const char *color_of(const struct bars *bars, const struct tally_job *entry, int64_t now_usec)
{
	if (notable_stalled(entry, now_usec))
		return term_state_color(JOB_WAITING, bars->color);
	return entry->state == JOB_ACTIVE ? "" : term_state_color(entry->state, bars->color);
}

/* Lines for jobs: the window, but for the sum and some of what has ended. */
static size_t job_lines(const struct bars *bars)
{
	size_t rows = bars->size.rows, over = rows / 4 < OVER_ROWS ? rows / 4 : OVER_ROWS;

	if (rows < 3)
		return 0;
	return rows - 1 - over < JOB_LINES_MAX ? rows - 1 - over : JOB_LINES_MAX;
}

static void put_jobs(struct bars *bars, struct tally *tally, int64_t now_usec)
{
	struct tally_job *shown[JOB_LINES_MAX];
	size_t n = notable_pick(tally, now_usec, shown, job_lines(bars));

	for (size_t i = 0; i < n; i++)
		put_line(bars, gauge_job(shown[i], bars->size.columns, now_usec),
			color_of(bars, shown[i], now_usec));
}

/* The lines as text, the cursor behind the last. Caller frees. */
static char *make_lines(struct bars *bars, struct tally *tally, const struct gauge_sum *sum, int64_t now_usec)
{
	char *text = NULL;
	size_t len;

	bars->frame = text_open(&text, &len);
	bars->n_lines = 0;
	put_jobs(bars, tally, now_usec);
	if (tally->n_jobs != 1 || bars->n_lines == 0)
		put_line(bars, gauge_sum(sum, bars->size.columns), "");
	fclose(bars->frame);
	return text;
}

/* Writes lines over those that stand there, unless they are the same. Takes lines. */
static void put_lines(struct bars *bars, FILE *to, char *lines)
{
	if (bars->last && strcmp(bars->last, lines) == 0) {
		free(lines);
		return;
	}
	/* Nothing wraps, should the terminal have become narrower since it was asked. */
	fprintf(to, "\033[?7l%s\033[J\033[?7h\r", lines);
	if (bars->n_lines > 1)
		fprintf(to, "\033[%zuA", bars->n_lines - 1);
	free(bars->last);
	bars->last = lines;
	bars->stands = true;
}

void bars_draw(struct bars *bars, struct tally *tally, const struct gauge_sum *sum)
{
	int64_t now = clock_boot_usec();
	CLEANUP_FREE char *text = NULL;
	size_t len;
	FILE *to = text_open(&text, &len);

	bars->size = term_size(STDERR_FILENO);
	if (bars->n_over > 0)
		put_over(bars, to);
	/* The terminal of a process in the background belongs to another. */
	if (tally_ended(tally) < tally->n_jobs && term_foreground(STDERR_FILENO)) {
		put_lines(bars, to, make_lines(bars, tally, sum, now));
		taskbar_put(&bars->taskbar, to, gauge_percent(tally), tally_unsuccessful(tally) > 0, now);
	} else if (bars->stands) {
		put_over(bars, to);
	}
	fclose(to);
	write_all(text, len);
	bars->drawn_usec = now;
}
