/* View: the frame around the rows. */
#include "config.h"

#include "fetchctl/top/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"

/* The speed that is told is the mean of so many seconds. */
#define SPEED_SAMPLES 3

/* ---- pieces -------------------------------------------------------------------------------------- */

/* A line that is put together from left to right. */
struct pen {
	struct screen *screen;
	size_t row, column, end;
};

static struct pen pen_at(struct screen *screen, size_t row)
{
	/* A column of air on either side. */
	return (struct pen){screen, row, 1, screen_columns(screen) - 1};
}

static size_t pen_room(const struct pen *pen)
{
	return pen->end > pen->column ? pen->end - pen->column : 0;
}

/* Takes text. False when it does not fit: then nothing is put. */
static bool pen_put(struct pen *pen, int style, char *text)
{
	size_t width = text_width(text);
	bool fits = width <= pen_room(pen);

	if (fits) {
		screen_put(pen->screen, pen->row, pen->column, width, style, text);
		pen->column += width;
	}
	free(text);
	return fits;
}

/* The same at the right edge, which moves to before it. */
static void pen_put_right(struct pen *pen, int style, char *text)
{
	size_t width = text_width(text);

	if (width + 2 <= pen_room(pen)) {
		screen_put(pen->screen, pen->row, pen->end - width, width, style, text);
		pen->end -= width + 2;
	}
	free(text);
}

static void pen_skip(struct pen *pen, size_t n)
{
	pen->column += n;
}

/* ---- head ---------------------------------------------------------------------------------------- */

static char *speed_text(const struct top *top)
{
	char buf[UNITS_MAX];

	units_format_rate(buf, history_mean(&top->model.history, SPEED_SAMPLES));
	return xstrdup(buf);
}

/* What everybody who looks must know. */
static char *alarm_text(const struct top *top)
{
	const struct daemon_state *daemon = &top->model.daemon;
	char *trouble = feed_trouble(top->feed);

	if (trouble)
		return trouble;
	if (daemon->draining)
		return xstrdup("draining: nothing new starts");
	return daemon->stopped_by ? xasprintf("stopped by the schedule: %s", daemon->stopped_by) : NULL;
}

static void draw_head(struct top *top, const struct layout *layout)
{
	const struct daemon_state *daemon = &top->model.daemon;
	struct pen pen = pen_at(top->screen, layout->head.top);
	char *alarm = alarm_text(top);
	char span[UNITS_MAX];

	pen_put(&pen, STYLE_STRONG, xstrdup("fetchd"));
	if (daemon->at_usec > 0)
		pen_put_right(&pen, STYLE_STRONG, speed_text(top));
	pen_skip(&pen, 1);
	if (alarm) {
		CLEANUP_FREE char *cut = text_ellipsize(alarm, pen_room(&pen));

		pen_put(&pen, STYLE_WARN, xstrdup(cut));
		free(alarm);
		return;
	}
	if (daemon->at_usec == 0)
		return;
	pen_put(&pen, STYLE_DIM, xstrdup(daemon->version));
	pen_put(&pen, STYLE_DIM,
		xasprintf("  up %s", units_format_span(span, (clock_wall_usec() - daemon->started_usec) /
								     USEC_PER_SEC * USEC_PER_SEC)));
	pen_put(&pen, STYLE_DIM, xasprintf("  %s received", units_format_size(span, daemon->received)));
}

static enum style graph_style(size_t row, size_t rows)
{
	if (3 * row < rows)
		return STYLE_GRAPH_HIGH;
	return 3 * row < 2 * rows ? STYLE_GRAPH_MIDDLE : STYLE_GRAPH_LOW;
}

static void draw_graph(struct top *top, const struct layout *layout)
{
	enum glyphs glyphs = screen_glyphs(top->screen);
	size_t columns = layout->columns > 2 ? layout->columns - 2 : 1, rows = layout->graph.n;
	int64_t peak = history_peak(&top->model.history, columns * glyphs_samples(glyphs));
	char scale[UNITS_MAX];

	for (size_t row = 0; row < rows; row++) {
		CLEANUP_FREE char *text =
			glyphs_graph(glyphs, &top->model.history, history_scale(peak), columns, rows, row);

		screen_put(
			top->screen, layout->graph.top + row, 1, columns, (int)graph_style(row, rows), text);
	}
	if (rows == 0 || peak == 0)
		return;
	units_format_rate(scale, history_scale(peak));
	screen_put(top->screen, layout->graph.top, 1, text_width(scale), STYLE_DIM, scale);
}

static void draw_states(struct top *top, const struct layout *layout)
{
	/* Those that matter most come first: a narrow terminal ends somewhere. */
	static const struct {
		enum job_state state;
		enum style style;
	} shown[] = {
		{JOB_ACTIVE, STYLE_ACCENT},
		{JOB_QUEUED, STYLE_PLAIN},
		{JOB_WAITING, STYLE_WARN},
		{JOB_FAILED, STYLE_BAD},
		{JOB_PAUSED, STYLE_PLAIN},
		{JOB_DONE, STYLE_GOOD},
		{JOB_CANCELLED, STYLE_PLAIN},
	};
	const struct daemon_state *daemon = &top->model.daemon;
	struct pen pen = pen_at(top->screen, layout->states.top);

	for (size_t i = 0; daemon->at_usec > 0 && i < ARRAY_LEN(shown); i++) {
		long long n = (long long)daemon->counts[shown[i].state];
		int style = n > 0 ? shown[i].style : STYLE_DIM;
		char *text = shown[i].state == JOB_ACTIVE
				     ? xasprintf("%lld/%lld", n, (long long)daemon->max_active)
				     : xasprintf("%lld", n);
		const char *name = job_state_name(shown[i].state);

		if (text_width(text) + 1 + strlen(name) > pen_room(&pen)) {
			free(text);
			return;
		}
		pen_put(&pen, style, text);
		pen_put(&pen, STYLE_DIM, xasprintf(" %s", name));
		pen_skip(&pen, layout->columns >= 100 ? 4 : 2);
	}
}

/* ---- tabs ---------------------------------------------------------------------------------------- */

/* What narrows the rows, and what is marked: "3 marked  isos  filter: iso". Caller frees. */
static char *narrowed_text(struct top *top)
{
	const struct pane *pane = model_pane(&top->model);
	const struct job_filter *only = &top->model.only;
	CLEANUP_FREE char *marked =
		pane->n_marks > 0 ? xasprintf("%zu marked  ", pane->n_marks) : xstrdup("");
	CLEANUP_FREE char *group = text_escape(only->group ? only->group : "");
	CLEANUP_FREE char *host = text_escape(only->host ? only->host : "");
	CLEANUP_FREE char *filter = text_escape(top->model.filter);
	char *text = xasprintf("%s%s%s%s%s%s%s", marked, group, *group ? "  " : "", host, *host ? "  " : "",
		*filter ? "filter: " : "", filter);
	size_t len = strlen(text);

	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	return text;
}

/* What the rows are narrowed by must be seen; their order can be seen in the heading, too. */
static void put_looking(struct top *top, struct pen *pen)
{
	const struct pane *pane = model_pane(&top->model);
	const struct column *column = &view_info(top->model.view)->columns[pane->sort];
	CLEANUP_FREE char *narrowed = narrowed_text(top);
	char *order = xasprintf("by %s%s", column->title, pane->reverse ? " reversed" : "");
	size_t room = pen_room(pen), width = text_width(narrowed);

	if (width == 0 || width + text_width(order) + 4 <= room)
		pen_put_right(pen, STYLE_DIM, order);
	else
		free(order);
	if (width > 0)
		pen_put_right(pen, STYLE_WARN, text_ellipsize(narrowed, room > 2 ? room - 2 : 0));
}

static void draw_tabs(struct top *top, const struct layout *layout)
{
	struct pen pen = pen_at(top->screen, layout->tabs.top);
	bool counts = layout->columns >= 60;

	for (enum view view = 0; view < VIEW_N; view++) {
		int style = view == top->model.view ? STYLE_TAB : STYLE_DIM;
		const char *name = view_info(view)->name;

		pen_put(&pen, style,
			counts ? xasprintf("%d %s %lld", (int)view + 1, name,
					 (long long)model_count(&top->model, view))
			       : xasprintf("%d %s", (int)view + 1, name));
		pen_skip(&pen, counts ? 3 : 1);
	}
	put_looking(top, &pen);
}

/* ---- foot ---------------------------------------------------------------------------------------- */

static void draw_prompt(struct top *top, size_t row)
{
	CLEANUP_FREE char *text = text_escape(top->prompt.text);
	CLEANUP_FREE char *line = xasprintf("%s%s", top->prompt.question, text);
	size_t columns = screen_columns(top->screen), width = text_width(line);

	screen_put(top->screen, row, 0, columns, STYLE_STRONG, line);
	screen_cursor(top->screen, row, width < columns ? width : columns - 1);
}

static void draw_hints(struct top *top, size_t row)
{
	struct pen pen = pen_at(top->screen, row);

	for (size_t i = 0; i < keys_n; i++) {
		const struct key *key = &keys_table[i];
		char *label = keys_label(key);

		if (!key->hint || !(key->views & KEYS_IN(top->model.view)) ||
			text_width(label) + 1 + strlen(key->hint) > pen_room(&pen)) {
			free(label);
			continue;
		}
		pen_put(&pen, STYLE_STRONG, label);
		pen_put(&pen, STYLE_DIM, xasprintf(" %s", key->hint));
		pen_skip(&pen, 2);
	}
}

static void draw_foot(struct top *top, const struct layout *layout)
{
	size_t row = layout->foot.top, columns = layout->columns;

	if (top->prompt.question)
		draw_prompt(top, row);
	else if (top->notice)
		screen_put(top->screen, row, 1, columns - 1, top->notice_bad ? STYLE_BAD : STYLE_GOOD,
			top->notice);
	else
		draw_hints(top, row);
}

/* ---- frame --------------------------------------------------------------------------------------- */

static void draw_panels(struct top *top, const struct layout *layout)
{
	size_t half = layout->columns / 2;

	if (layout->hosts.n > 0)
		view_rows(top, VIEW_HOSTS, layout->hosts, 0,
			layout->beside && layout->failures.n > 0 ? half : layout->columns, false);
	if (layout->failures.n > 0 && layout->beside && layout->hosts.n > 0)
		view_rows(top, VIEW_FAILURES, layout->failures, half, layout->columns - half, false);
	else if (layout->failures.n > 0)
		view_rows(top, VIEW_FAILURES, layout->failures, 0, layout->columns, false);
}

static void draw_all(struct top *top)
{
	const struct model *model = &top->model;
	struct layout layout;

	layout_make(&layout, screen_columns(top->screen), screen_rows(top->screen),
		model->view == VIEW_TRANSFERS, model->panes[VIEW_HOSTS].n_shown,
		model->panes[VIEW_FAILURES].n_shown);
	if (layout.head.n > 0)
		draw_head(top, &layout);
	draw_graph(top, &layout);
	if (layout.states.n > 0)
		draw_states(top, &layout);
	if (layout.tabs.n > 0)
		draw_tabs(top, &layout);
	top->list_rows = layout.list.n > 1 ? layout.list.n - 1 : 0;
	view_rows(top, model->view, layout.list, 0, layout.columns, true);
	draw_panels(top, &layout);
	if (layout.foot.n > 0)
		draw_foot(top, &layout);
}

void view_draw(struct top *top)
{
	screen_begin(top->screen);
	if (top->help)
		view_help(top);
	else
		draw_all(top);
	screen_end(top->screen);
}
