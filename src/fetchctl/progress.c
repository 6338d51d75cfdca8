/* Progress: chooses the form, keeps the meter. */
#include "config.h"

#include "fetchctl/progress.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchctl/bars.h"
#include "fetchctl/gauge.h"
#include "fetchctl/meter.h"
#include "fetchctl/term.h"

enum form {
	FORM_NONE,
	FORM_PLAIN,
	FORM_BARS,
};

struct progress {
	const struct ctl *ctl;
	enum form form;
	struct bars *bars; /* FORM_BARS */
	struct meter meter;
	size_t n_expected;
	int64_t begun_usec;
	int64_t plain_due_usec;
	bool changed; /* since the last frame */
};

static enum form choose(const struct settings *settings)
{
	if (settings->quiet || settings->json)
		return FORM_NONE;
	return term_moves(STDERR_FILENO) ? FORM_BARS : FORM_PLAIN;
}

struct progress *progress_new(const struct ctl *ctl, size_t n_expected)
{
	struct progress *progress = xcalloc(1, sizeof(*progress));

	progress->ctl = ctl;
	progress->form = choose(&ctl->settings);
	progress->n_expected = n_expected;
	progress->begun_usec = clock_boot_usec();
	progress->plain_due_usec = progress->begun_usec + progress_plain_next_usec(0);
	if (progress->form == FORM_BARS)
		progress->bars = bars_new(term_color(STDERR_FILENO, ctl->settings.color));
	return progress;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	bars_free(progress->bars);
	free(progress);
}

bool progress_draws(const struct progress *progress)
{
	return progress->form == FORM_BARS;
}

bool progress_shows(const struct progress *progress)
{
	return progress->form != FORM_NONE;
}

void progress_tell(struct progress *progress, const struct job *job)
{
	if (progress->bars)
		bars_tell(progress->bars, job);
}

void progress_clear(struct progress *progress)
{
	if (progress->bars)
		bars_clear(progress->bars);
}

void progress_redraw(struct progress *progress)
{
	if (progress->bars)
		bars_redraw(progress->bars);
}

void progress_note(struct progress *progress)
{
	progress->changed = true;
}

/* ---- plain lines --------------------------------------------------------------------------------- */

int64_t progress_plain_next_usec(int64_t elapsed_usec)
{
	static const struct {
		int64_t until_usec, every_usec;
	} pace[] = {
		{60 * USEC_PER_SEC, 10 * USEC_PER_SEC},
		{3600 * USEC_PER_SEC, 60 * USEC_PER_SEC},
		{INT64_MAX, 600 * USEC_PER_SEC},
	};
	size_t i = 0;

	while (elapsed_usec >= pace[i].until_usec)
		i++;
	return (elapsed_usec / pace[i].every_usec + 1) * pace[i].every_usec;
}

static struct gauge_sum sum_of(const struct progress *progress, const struct tally *tally)
{
	return (struct gauge_sum){
		.tally = tally,
		.n_expected = progress->n_expected,
		.speed = meter_speed(&progress->meter),
		.left_usec = meter_left_usec(&progress->meter, tally, clock_boot_usec()),
	};
}

/* Only what is over and the bytes: states of jobs that do not run are not asked for. */
static void put_plain(struct progress *progress, const struct tally *tally)
{
	struct gauge_sum sum = sum_of(progress, tally);
	CLEANUP_FREE char *line = NULL;

	sum.plain = true;
	line = gauge_sum(&sum, SIZE_MAX);
	advise(progress->ctl, "%s", line);
}

static int64_t step_plain(struct progress *progress, const struct tally *tally, int64_t now)
{
	if (now < progress->plain_due_usec)
		return progress->plain_due_usec;
	put_plain(progress, tally);
	progress->plain_due_usec =
		progress->begun_usec + progress_plain_next_usec(now - progress->begun_usec);
	return progress->plain_due_usec;
}

/* ---- frames -------------------------------------------------------------------------------------- */

static int64_t step_bars(struct progress *progress, struct tally *tally, int64_t now)
{
	struct gauge_sum sum;
	int64_t due = bars_due_usec(progress->bars, progress->changed);

	if (now < due)
		return due;
	sum = sum_of(progress, tally);
	bars_draw(progress->bars, tally, &sum);
	progress->changed = false;
	return bars_due_usec(progress->bars, false);
}

int64_t progress_step(struct progress *progress, struct tally *tally)
{
	int64_t now = clock_boot_usec();

	switch (progress->form) {
	case FORM_NONE: break;
	case FORM_PLAIN: meter_note(&progress->meter, tally, now); return step_plain(progress, tally, now);
	case FORM_BARS: meter_note(&progress->meter, tally, now); return step_bars(progress, tally, now);
	}
	return USEC_INFINITY;
}

void progress_sum(struct progress *progress, const struct tally *tally)
{
	size_t failed = tally->by_state[JOB_FAILED], cancelled = tally->by_state[JOB_CANCELLED];
	char size[UNITS_MAX], span[UNITS_MAX];
	CLEANUP_FREE char *text = NULL, *failures = NULL, *others = NULL;

	if (!progress->bars || tally->n_jobs < 2)
		return;
	failures = failed > 0 ? xasprintf(", %zu failed", failed) : xstrdup("");
	others = cancelled > 0 ? xasprintf(", %zu cancelled", cancelled) : xstrdup("");
	text = xasprintf("%zu of %zu done%s%s, %s in %s\n", tally->by_state[JOB_DONE], tally->n_jobs,
		failures, others, units_format_size(size, tally->received),
		units_format_span(span, clock_boot_usec() - progress->begun_usec));
	bars_say(progress->bars, text);
}
