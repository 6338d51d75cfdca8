/* Gauge: layouts. The parts of a line behind the name have fixed widths, so that columns stay where they are.
 */
#include "config.h"

#include "fetchctl/gauge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/notable.h"
#include "fetchctl/words.h"

/* From these widths on there is more to see. */
#define COLUMNS_RATE  30
#define COLUMNS_ETA   50
#define COLUMNS_BAR   70
#define COLUMNS_SIZES 110

#define AMOUNT_WIDTH 9 /* "1023.9MiB" */
#define RATE_WIDTH   11
#define ETA_WIDTH    8
#define BAR_MAX	     60
/* A name shorter than this is none. */
#define NAME_MIN 8

/* ---- one job ------------------------------------------------------------------------------------- */

static size_t bar_width(size_t columns)
{
	size_t width = columns / 4;

	return width < BAR_MAX ? width : BAR_MAX;
}

/* "[=====>    ]", of width columns. */
static void bar_text(char bar[BAR_MAX + 1], size_t width, const struct tally_job *entry)
{
	double part = (double)entry->received / (double)entry->size;
	size_t room = width - 2, n = (size_t)((part < 1 ? part : 1) * (double)room);

	memset(bar, ' ', width);
	memset(bar + 1, '=', n);
	if (n > 0 && n < room)
		bar[n] = '>';
	bar[0] = '[';
	bar[width - 1] = ']';
	bar[width] = '\0';
}

static int percent_of(int64_t part, int64_t whole)
{
	return part < whole ? (int)((double)part * 100 / (double)whole) : 100;
}

static void amount_text(char amount[UNITS_MAX], const struct tally_job *entry)
{
	if (entry->size > 0)
		snprintf(amount, UNITS_MAX, "%3d%%", percent_of(entry->received, entry->size));
	else
		units_format_size(amount, entry->received);
}

/* "512.0MiB of 1.5GiB", only what is there where the size is not known. Caller frees. */
static char *sizes_text(const struct tally_job *entry)
{
	char have[UNITS_MAX], size[UNITS_MAX];

	units_format_size(have, entry->received);
	if (entry->size <= 0)
		return xstrdup(have);
	return xasprintf("%s of %s", have, units_format_size(size, entry->size));
}

/* "stalled for 0:23". Caller frees. */
static char *stall_text(const struct tally_job *entry, bool wide, int64_t now_usec)
{
	char since[UNITS_MAX];

	if (!wide)
		return xstrdup("stalled");
	return xasprintf("stalled for %s", units_format_eta(since, now_usec - entry->moved_usec));
}

/* Speed and time left, or what stands in their place. Caller frees. */
static char *pace_text(const struct tally_job *entry, size_t columns, int64_t now_usec)
{
	char rate[UNITS_MAX], eta[UNITS_MAX];
	bool wide = columns >= COLUMNS_ETA;
	int width = wide ? RATE_WIDTH + 1 + ETA_WIDTH : RATE_WIDTH;
	CLEANUP_FREE char *stall = NULL;

	if (notable_settling(entry))
		return xasprintf("%*s", width, "finishing");
	if (notable_stalled(entry, now_usec)) {
		stall = stall_text(entry, wide, now_usec);
		return xasprintf("%*s", width, stall);
	}
	units_format_rate(rate, entry->speed);
	if (!wide)
		return xasprintf("%*s", width, rate);
	units_format_eta(eta, words_eta_usec(entry->size, entry->received, entry->speed));
	return xasprintf("%*s %*s", RATE_WIDTH, rate, ETA_WIDTH, eta);
}

/* What stands behind the name of a job that runs. Caller frees. */
static char *active_detail(const struct tally_job *entry, size_t columns, int64_t now_usec)
{
	char bar[BAR_MAX + 1] = "", amount[UNITS_MAX];
	size_t width = bar_width(columns);
	CLEANUP_FREE char *sizes = NULL, *pace = NULL;

	amount_text(amount, entry);
	if (columns < COLUMNS_RATE)
		return xstrdup(amount);
	pace = pace_text(entry, columns, now_usec);
	if (columns < COLUMNS_BAR)
		return xasprintf("%*s %s", AMOUNT_WIDTH, amount, pace);
	if (entry->size > 0)
		bar_text(bar, width, entry);
	if (columns >= COLUMNS_SIZES)
		sizes = sizes_text(entry);
	if (!sizes && entry->size <= 0)
		return xasprintf("%*s %s", (int)width + 5, amount, pace);
	return xasprintf("%s%*s%*s %*s %s", sizes ? sizes : "", sizes ? 2 : 0, "", (int)width, bar, 4,
		entry->size > 0 ? amount : "", pace);
}

/* The name on the left, its end in sight; detail at the right edge. */
static char *compose(const char *name, const char *detail, size_t columns)
{
	size_t room = columns > 5 ? columns - 4 : 1; /* a blank before, two between, and the last column */
	size_t least = room / 3 > NAME_MIN ? room / 3 : NAME_MIN;
	CLEANUP_FREE char *right = text_ellipsize(detail, room > least ? room - least : 0);
	size_t taken = text_width(right);
	CLEANUP_FREE char *left = text_ellipsize_middle(name, room - taken);
	size_t width = text_width(left) + taken;

	return xasprintf(" %s%*s  %s", left, (int)(room > width ? room - width : 0), "", right);
}

char *gauge_job(const struct tally_job *entry, size_t columns, int64_t now_usec)
{
	CLEANUP_FREE char *detail =
		entry->state == JOB_ACTIVE ? active_detail(entry, columns, now_usec)
					   : words_waiting(entry->waiting_for, entry->due_usec, entry->error);

	return compose(entry->name ? entry->name : "", detail, columns);
}

/* ---- all jobs ------------------------------------------------------------------------------------ */

enum part {
	PART_DONE,
	PART_BYTES,
	PART_SPEED,
	PART_LEFT,
	PART_STATES,
	PART_N,
};

/* "12/20 done, 1 failed, 1 cancelled" */
static char *done_text(const struct gauge_sum *sum)
{
	const struct tally *tally = sum->tally;
	size_t n = sum->n_expected > tally->n_jobs ? sum->n_expected : tally->n_jobs;
	size_t failed = tally->by_state[JOB_FAILED], cancelled = tally->by_state[JOB_CANCELLED];
	CLEANUP_FREE char *failures = failed > 0 ? xasprintf(", %zu failed", failed) : xstrdup("");
	CLEANUP_FREE char *others = cancelled > 0 ? xasprintf(", %zu cancelled", cancelled) : xstrdup("");

	return xasprintf("%zu/%zu done%s%s", tally->by_state[JOB_DONE], n, failures, others);
}

static char *bytes_text(const struct tally *tally)
{
	char have[UNITS_MAX], size[UNITS_MAX];

	units_format_size(have, tally->received);
	if (tally->n_sized < tally->n_jobs || tally->size <= tally->received)
		return xstrdup(have);
	return xasprintf("%s of %s", have, units_format_size(size, tally->size));
}

/* "4 active, 3 queued", or "" */
static char *states_text(const struct tally *tally)
{
	static const struct {
		enum job_state state;
		const char *word;
	} shown[] = {
		{JOB_ACTIVE, "active"},
		{JOB_WAITING, "waiting"},
		{JOB_QUEUED, "queued"},
		{JOB_PAUSED, "paused"},
	};
	char *text = xstrdup("");

	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		size_t n = tally->by_state[shown[i].state];
		char *longer;

		if (n == 0)
			continue;
		longer = xasprintf("%s%s%zu %s", text, *text ? ", " : "", n, shown[i].word);
		free(text);
		text = longer;
	}
	return text;
}

static char *join(char *const parts[PART_N], const bool left_out[PART_N])
{
	char *line = xstrdup(parts[PART_DONE]);

	for (size_t i = PART_DONE + 1; i < PART_N; i++) {
		char *longer;

		if (left_out[i] || !parts[i] || !*parts[i])
			continue;
		longer = xasprintf("%s  %s", line, parts[i]);
		free(line);
		line = longer;
	}
	return line;
}

/* Takes line. */
static char *cut(char *line, size_t columns)
{
	char *fit = text_ellipsize(line, columns);

	free(line);
	return fit;
}

char *gauge_sum(const struct gauge_sum *sum, size_t columns)
{
	static const enum part by_worth[] = {PART_STATES, PART_BYTES, PART_SPEED, PART_LEFT};
	char rate[UNITS_MAX], eta[UNITS_MAX], *parts[PART_N] = {NULL}, *line;
	bool left_out[PART_N] = {false};

	parts[PART_DONE] = done_text(sum);
	parts[PART_BYTES] = bytes_text(sum->tally);
	if (sum->speed >= 0)
		parts[PART_SPEED] = xstrdup(units_format_rate(rate, sum->speed));
	if (sum->left_usec != USEC_INFINITY)
		parts[PART_LEFT] = xasprintf("%s left", units_format_eta(eta, sum->left_usec));
	if (!sum->plain)
		parts[PART_STATES] = states_text(sum->tally);
	line = join(parts, left_out);
	for (size_t i = 0; i < ARRAY_LEN(by_worth) && text_width(line) >= columns; i++) {
		left_out[by_worth[i]] = true;
		free(line);
		line = join(parts, left_out);
	}
	for (size_t i = 0; i < PART_N; i++)
		free(parts[i]);
	return cut(line, columns > 0 ? columns - 1 : 0);
}

int gauge_percent(const struct tally *tally)
{
	if (tally->n_jobs == 0)
		return -1;
	if (tally->n_sized == tally->n_jobs && tally->size > 0)
		return percent_of(tally->received, tally->size);
	if (tally->n_jobs == 1)
		return -1;
	return percent_of((int64_t)tally_ended(tally), (int64_t)tally->n_jobs);
}
