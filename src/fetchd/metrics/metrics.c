/* Figures → text. The table says what there is; nothing else here knows a metric. Pure. */
#include "config.h"

#include "fetchd/metrics/metrics.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

/* ---- the table */

enum type { COUNTER, GAUGE, HISTOGRAM, INFO };
static const char *const type_names[] = {"counter", "gauge", "histogram", "info"};
static const char *const suffixes[] = {"_total", "", "", "_info"};

/* What an array of figures is by. */
struct label {
	const char *key; /* NULL: a single figure */
	int first, last; /* indexes that mean something */
	const char *(*name)(int i);
};

static const char *state_name(int i)
{
	return job_state_name((enum job_state)i);
}

static const char *event_name(int i)
{
	return event_kind_name((enum event_kind)i);
}

static const char *outcome_name(int i)
{
	return attempt_outcome_name((enum attempt_outcome)i);
}

static const char *class_name(int i)
{
	return failure_name((enum failure)i);
}

static const char *lane_name(int i)
{
	return disk_lane_name((enum disk_lane_kind)i);
}

static const char *scope_name(int i)
{
	static const char *const names[METRICS_SCOPES_N] = {"all", "host", "user"};
	return names[i];
}

static const char *phase_name(int i)
{
	static const char *const names[METRICS_PHASES_N] = {"network", "disk"};
	return names[i];
}

static const char *result_name(int i)
{
	static const char *const names[METRICS_RESULTS_N] = {"ok", "retry", "failed"};
	return names[i];
}

enum { NONE, STATE, EVENT, OUTCOME, CLASS, LANE, SCOPE, PHASE, RESULT };
static const struct label labels[] = {
	[NONE] = {.key = NULL},
	[STATE] = {"state", JOB_STATE_FIRST, JOB_STATE_LAST, state_name},
	[EVENT] = {"kind", 1, EVENT_KIND_LAST, event_name},
	[OUTCOME] = {"outcome", 0, ATTEMPT_OUTCOME_LAST, outcome_name},
	[CLASS] = {"class", 0, FAILURE_N - 1, class_name},
	[LANE] = {"lane", 0, DISK_LANES_N - 1, lane_name},
	[SCOPE] = {"scope", 0, METRICS_SCOPES_N - 1, scope_name},
	[PHASE] = {"phase", 0, METRICS_PHASES_N - 1, phase_name},
	[RESULT] = {"result", 0, METRICS_RESULTS_N - 1, result_name},
};

struct family {
	enum type type;
	const char *name, *unit, *help;
	size_t offset; /* in struct metrics: double, double[], struct histogram * or char * */
	const struct label *label;
};

static const struct family families[] = {
#define FAMILY(type, name, unit, field, label, help)                                                         \
	{type, #name, #unit, help, offsetof(struct metrics, field), &labels[label]},
#include "fetchd/metrics/families.def"
#undef FAMILY
};

/* ---- writing */

struct writer {
	FILE *to;
	enum metrics_format format;
};

/* The shortest text that reads as value. */
static void put_number(FILE *to, double value)
{
	char text[40];

	if (isinf(value)) {
		fputs("+Inf", to);
		return;
	}
	if (value == rint(value) && fabs(value) < 1e15) {
		fprintf(to, "%.0f", value);
		return;
	}
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fputs(text, to);
}

static double seconds(int64_t usec)
{
	return (double)usec / USEC_PER_SEC;
}

/* OpenMetrics wants a bound to look like a float. */
static void put_bound(FILE *to, int64_t usec)
{
	double value = usec == USEC_INFINITY ? INFINITY : seconds(usec);

	put_number(to, value);
	if (value == rint(value) && !isinf(value))
		fputs(".0", to);
}

static void put_sample(const struct writer *w, const struct family *family, const char *value, double figure)
{
	fprintf(w->to, "%s%s", family->name, suffixes[family->type]);
	if (value)
		fprintf(w->to, "{%s=\"%s\"}", family->label->key, value);
	fputc(' ', w->to);
	put_number(w->to, figure);
	fputc('\n', w->to);
}

static void put_figures(const struct writer *w, const struct family *family, const double *figures)
{
	const struct label *label = family->label;

	if (!label->key)
		put_sample(w, family, NULL, *figures);
	for (int i = label->first; label->key && i <= label->last; i++)
		put_sample(w, family, label->name(i), figures[i]);
}

static void put_histogram(const struct writer *w, const struct family *family, const struct histogram *h)
{
	uint64_t count = 0;
	int i = -1;

	do {
		i++;
		count += h->counts[i];
		fprintf(w->to, "%s_bucket{le=\"", family->name);
		put_bound(w->to, h->bounds[i]);
		fprintf(w->to, "\"} %llu\n", (unsigned long long)count);
	} while (h->bounds[i] != USEC_INFINITY);
	fprintf(w->to, "%s_count %llu\n%s_sum ", family->name, (unsigned long long)count, family->name);
	put_number(w->to, seconds(h->sum_usec));
	fputc('\n', w->to);
}

/* In the older format it is the sample's name that has type and help, and an info is a gauge. */
static void put_head(const struct writer *w, const struct family *family)
{
	bool open = w->format == METRICS_OPENMETRICS;
	const char *suffix = open ? "" : suffixes[family->type];
	const char *type = type_names[!open && family->type == INFO ? GAUGE : family->type];

	fprintf(w->to, "# TYPE %s%s %s\n", family->name, suffix, type);
	if (open && *family->unit)
		fprintf(w->to, "# UNIT %s %s\n", family->name, family->unit);
	fprintf(w->to, "# HELP %s%s %s\n", family->name, suffix, family->help);
}

static void put_family(const struct writer *w, const struct family *family, const struct metrics *metrics)
{
	const void *field = (const char *)metrics + family->offset;

	put_head(w, family);
	switch (family->type) {
	case COUNTER:
	case GAUGE: put_figures(w, family, field); break;
	case HISTOGRAM: put_histogram(w, family, *(const struct histogram *const *)field); break;
	case INFO: fprintf(w->to, "%s_info{version=\"%s\"} 1\n", family->name, *(char *const *)field); break;
	}
}

char *metrics_text(const struct metrics *metrics, enum metrics_format format)
{
	char *text = NULL;
	size_t n = 0;
	const struct writer w = {.to = open_memstream(&text, &n), .format = format};

	if (!w.to)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		put_family(&w, &families[i], metrics);
	if (format == METRICS_OPENMETRICS)
		fputs("# EOF\n", w.to);
	if (fclose(w.to) != 0)
		abort();
	return text;
}
