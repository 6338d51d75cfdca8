/* Bars: owns the last rows of the terminal. Each frame leaves by one write(2): what is over scrolls up, then
 * one line for each transfer that fits, then the sum. All names are escaped already; every line is cut to the
 * terminal's width, since a wrapped line could not be taken back.
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
#include "fetchctl/term.h"
#include "fetchctl/words.h"

/* Eight frames a second at most; without news one a second, for the clocks. */
#define FRAME_USEC (USEC_PER_SEC / 8)
#define TICK_USEC  USEC_PER_SEC
/* Lines for jobs at most, whatever the terminal's height. */
#define JOB_LINES_MAX 20
#define BAR_COLUMNS   20
/* The speed shown is that of the last seconds. */
#define SPEED_SAMPLES 24

struct sample {
	int64_t at_usec;
	int64_t fetched;
};

struct bars {
	bool color;
	struct term_size size;
	int64_t begun_usec;
	int64_t pace_usec;		  /* when all jobs were known */
	size_t pace_ended;		  /* and how many had ended then */
	int64_t drawn_usec;		  /* last frame */
	size_t widths[JOB_LINES_MAX + 2]; /* columns of the lines that stand there */
	size_t n_lines;

	FILE *over; /* lines of ended jobs since the last frame */
	char *over_text;
	size_t over_len;
	size_t n_over;
	size_t n_hidden; /* ended, but too many to name */

	struct sample samples[SPEED_SAMPLES]; /* a ring */
	size_t n_samples;

	/* the frame being made */
	FILE *frame;
};

static void over_open(struct bars *bars)
{
	bars->over = open_memstream(&bars->over_text, &bars->over_len);
	if (!bars->over)
		abort();
	bars->n_over = bars->n_hidden = 0;
}

struct bars *bars_new(bool color)
{
	struct bars *bars = xcalloc(1, sizeof(*bars));

	bars->color = color;
	bars->size = term_size(STDERR_FILENO);
	bars->begun_usec = clock_boot_usec();
	over_open(bars);
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

/* Up to the first line that stands there, and everything from it on away. A terminal that became narrower has
 * wrapped the lines: they are as many rows more. */
static void put_clear(struct bars *bars, FILE *to)
{
	size_t rows = 0;

	for (size_t i = 0; i < bars->n_lines; i++)
		rows += bars->widths[i] > 0 ? (bars->widths[i] - 1) / bars->size.columns + 1 : 1;
	if (rows > 0)
		fprintf(to, "\r\033[%zuA\033[J", rows);
	bars->n_lines = 0;
}

/* A line of the frame. Takes text; color may be "". */
static void put_line(struct bars *bars, char *text, const char *color)
{
	CLEANUP_FREE char *line = text_ellipsize(text, bars->size.columns - 1);

	fprintf(bars->frame, "%s%s%s\n", color, line, *color ? term_plain(bars->color) : "");
	bars->widths[bars->n_lines++] = text_width(line);
	free(text);
}

void bars_resized(struct bars *bars)
{
	bars->size = term_size(STDERR_FILENO);
	bars->drawn_usec = 0;
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
	CLEANUP_FREE char *name = words_name(job);
	CLEANUP_FREE char *detail = over_detail(job);
	CLEANUP_FREE char *rest = NULL, *line = NULL;

	/* A screenful a frame can be read; failures are never left out. */
	if (job->state == JOB_DONE && bars->n_over >= bars->size.rows) {
		bars->n_hidden++;
		return;
	}
	bars->n_over++;
	rest = xasprintf(" %lld  %s%s%s", (long long)job->id, name, *detail ? "  " : "", detail);
	line = job->state == JOB_DONE && text_width(rest) > bars->size.columns - 10
		       ? xasprintf(" %lld  %s", (long long)job->id, name)
		       : xstrdup(rest);
	fprintf(bars->over, "%s%-9s%s%s\n", term_state_color(job->state, bars->color),
		job_state_name(job->state), term_plain(bars->color), line);
}

static void put_over(struct bars *bars)
{
	fclose(bars->over);
	fwrite(bars->over_text, 1, bars->over_len, bars->frame);
	if (bars->n_hidden > 0)
		fprintf(bars->frame, "%sdone%s      … and %zu more\n",
			term_state_color(JOB_DONE, bars->color), term_plain(bars->color), bars->n_hidden);
	free(bars->over_text);
	bars->over_text = NULL;
	over_open(bars);
}

/* What stands there goes, what is over comes: the beginning of every frame. */
static void frame_begin(struct bars *bars, char **text, size_t *len)
{
	bars->frame = open_memstream(text, len);
	if (!bars->frame)
		abort();
	put_clear(bars, bars->frame);
	put_over(bars);
}

void bars_clear(struct bars *bars)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;

	frame_begin(bars, &text, &len);
	fclose(bars->frame);
	write_all(text, len);
}

void bars_free(struct bars *bars)
{
	if (!bars)
		return;
	bars_clear(bars);
	fclose(bars->over);
	free(bars->over_text);
	free(bars);
}

/* ---- speed --------------------------------------------------------------------------------------- */

/* Bytes a second over the samples, the new one included: small files come and go between two reports of a
 * job's own speed. */
static int64_t measure(struct bars *bars, int64_t fetched, int64_t now)
{
	const struct sample *oldest;
	size_t at = bars->n_samples++ % SPEED_SAMPLES;

	bars->samples[at] = (struct sample){now, fetched};
	oldest = &bars->samples[bars->n_samples > SPEED_SAMPLES ? bars->n_samples % SPEED_SAMPLES : 0];
	if (now - oldest->at_usec < USEC_PER_SEC / 4)
		return -1;
	return (int64_t)((double)(fetched - oldest->fetched) * USEC_PER_SEC /
			 (double)(now - oldest->at_usec));
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* "[=====>    ]" */
static void bar_text(char bar[BAR_COLUMNS + 3], int64_t received, int64_t size)
{
	double part = (double)received / (double)size;
	size_t n = (size_t)((part < 1 ? part : 1) * BAR_COLUMNS);

	memset(bar, ' ', BAR_COLUMNS + 2);
	memset(bar + 1, '=', n);
	if (n > 0 && n < BAR_COLUMNS)
		bar[n] = '>';
	bar[0] = '[';
	bar[BAR_COLUMNS + 1] = ']';
	bar[BAR_COLUMNS + 2] = '\0';
}

static int percent(int64_t received, int64_t size)
{
	return received < size ? (int)((double)received * 100 / (double)size) : 100;
}

/* What stands behind the name; its parts have fixed widths, so that columns stay where they are. */
static char *active_detail(const struct tally_job *entry, size_t columns)
{
	char bar[BAR_COLUMNS + 3], amount[UNITS_MAX], rate[UNITS_MAX], eta[UNITS_MAX];
	int64_t left = words_eta_usec(entry->size, entry->received, entry->speed);
	bool sized = entry->size > 0;

	if (sized)
		snprintf(amount, sizeof(amount), "%3d%%", percent(entry->received, entry->size));
	else
		units_format_size(amount, entry->received);
	units_format_rate(rate, entry->speed);
	if (columns < 50)
		return xasprintf("%9s %11s", amount, rate);
	units_format_eta(eta, left);
	if (columns < 70 || !sized)
		return xasprintf("%*s %11s %8s", columns < 70 ? 9 : BAR_COLUMNS + 7, amount, rate, eta);
	bar_text(bar, entry->received, entry->size);
	return xasprintf("%s %s %11s %8s", bar, amount, rate, eta);
}

/* name on the left, detail at the right edge. */
static char *compose(const char *name, const char *detail, size_t columns)
{
	size_t room = columns - 1, taken = text_width(detail) + 3;
	CLEANUP_FREE char *cut = text_ellipsize(name, room > taken + 8 ? room - taken : 8);
	size_t width = text_width(cut) + taken;

	return xasprintf(" %s%*s  %s", cut, (int)(room > width ? room - width : 0), "", detail);
}

static void put_job(struct bars *bars, const struct tally_job *entry)
{
	CLEANUP_FREE char *detail =
		entry->state == JOB_ACTIVE ? active_detail(entry, bars->size.columns)
					   : words_waiting(entry->waiting_for, entry->due_usec, entry->error);
	char *line = compose(entry->name ? entry->name : "", detail, bars->size.columns);

	put_line(bars, line, entry->state == JOB_ACTIVE ? "" : term_state_color(entry->state, bars->color));
}

/* Those that run, the longest first, then those that wait, as far as the terminal goes. */
static void put_jobs(struct bars *bars, const struct tally *tally)
{
	size_t room = bars->size.rows > 3 ? bars->size.rows - 2 : 1;
	const struct tally_job *entry;

	if (room > JOB_LINES_MAX)
		room = JOB_LINES_MAX;
	TAILQ_FOREACH(entry, &tally->active, link) {
		if (room == 0)
			return;
		put_job(bars, entry);
		room--;
	}
	TAILQ_FOREACH(entry, &tally->waiting, link) {
		if (room == 0)
			return;
		put_job(bars, entry);
		room--;
	}
}

/* By the pace of jobs so far, for lists whose sizes are not known beforehand; counted from where all jobs
 * were known. */
static int64_t left_by_pace(struct bars *bars, const struct tally *tally, int64_t now)
{
	size_t ended = tally_ended(tally);

	if (bars->pace_usec == 0) {
		bars->pace_usec = now;
		bars->pace_ended = ended;
	}
	if (ended <= bars->pace_ended)
		return USEC_INFINITY;
	return (int64_t)((double)(now - bars->pace_usec) / (double)(ended - bars->pace_ended) *
			 (double)(tally->n_jobs - ended));
}

/* Time left for all, or USEC_INFINITY. */
static int64_t total_left_usec(struct bars *bars, const struct tally *tally, int64_t speed)
{
	if (tally->n_known < tally->n_jobs || TAILQ_EMPTY(&tally->active))
		return USEC_INFINITY;
	if (tally->n_sized == tally->n_jobs)
		return words_eta_usec(tally->size, tally->received, speed);
	return left_by_pace(bars, tally, clock_boot_usec());
}

static void put_counts(FILE *to, const struct tally *tally)
{
	static const struct {
		enum job_state state;
		const char *word;
	} shown[] = {
		{JOB_ACTIVE, "active"},
		{JOB_QUEUED, "queued"},
		{JOB_WAITING, "waiting"},
		{JOB_PAUSED, "paused"},
		{JOB_FAILED, "failed"},
		{JOB_CANCELLED, "cancelled"},
	};

	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		if (tally->by_state[shown[i].state] > 0)
			fprintf(to, ", %zu %s", tally->by_state[shown[i].state], shown[i].word);
}

/* "12/20 done  1.2GiB of 3.4GiB  12.3MiB/s  2:03 left, 4 active, 1 failed" */
static char *summary(struct bars *bars, const struct tally *tally, int64_t speed)
{
	char size[UNITS_MAX], *text = NULL;
	int64_t left = total_left_usec(bars, tally, speed);
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		abort();
	fprintf(to, "%zu/%zu done  %s", tally->by_state[JOB_DONE], tally->n_jobs,
		units_format_size(size, tally->received));
	if (tally->n_sized == tally->n_jobs && tally->size > tally->received)
		fprintf(to, " of %s", units_format_size(size, tally->size));
	if (speed >= 0)
		fprintf(to, "  %s", units_format_rate(size, speed));
	if (left != USEC_INFINITY)
		fprintf(to, "  %s left", units_format_eta(size, left));
	put_counts(to, tally);
	fclose(to);
	return text;
}

void bars_draw(struct bars *bars, const struct tally *tally)
{
	int64_t now = clock_boot_usec(), speed = measure(bars, tally->fetched, now);
	CLEANUP_FREE char *text = NULL;
	size_t len;

	frame_begin(bars, &text, &len);
	if (tally_ended(tally) < tally->n_jobs) {
		put_jobs(bars, tally);
		if (tally->n_jobs != 1 || bars->n_lines == 0)
			put_line(bars, summary(bars, tally, speed), "");
	}
	fclose(bars->frame);
	write_all(text, len);
	bars->drawn_usec = now;
}

void bars_sum(struct bars *bars, const struct tally *tally)
{
	char size[UNITS_MAX], span[UNITS_MAX];
	CLEANUP_FREE char *text = NULL;
	size_t len;

	if (tally->n_jobs < 2)
		return;
	frame_begin(bars, &text, &len);
	fprintf(bars->frame, "%zu of %zu done, %s in %s", tally->by_state[JOB_DONE], tally->n_jobs,
		units_format_size(size, tally->received),
		units_format_span(span, clock_boot_usec() - bars->begun_usec));
	put_counts(bars->frame, tally);
	fputc('\n', bars->frame);
	fclose(bars->frame);
	write_all(text, len);
}
