/* fetchctl/top: what is known and how it is looked at, without a terminal or a daemon */
#include "config.h"

#include "unit.h"

#include <jansson.h>
#include <locale.h>

#include "base/text.h"
#include "fetchctl/top/glyphs.h"
#include "fetchctl/top/keys.h"
#include "fetchctl/top/layout.h"
#include "fetchctl/top/model.h"
#include "fetchctl/top/prompt.h"
#include "fetchctl/top/screen.h"

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)

/* ---- history ------------------------------------------------------------------------------------- */

static void test_history(void **state)
{
	struct history history = {.n = 0};

	(void)state;
	CHECK_INT("empty", history_at(&history, 0), 0);
	CHECK_INT("empty", history_mean(&history, 3), 0);
	for (int64_t i = 1; i <= HISTORY_N + 5; i++)
		history_add(&history, i);
	CHECK_INT("newest", history_at(&history, 0), HISTORY_N + 5);
	CHECK_INT("oldest", history_at(&history, HISTORY_N - 1), 6);
	CHECK_INT("gone", history_at(&history, HISTORY_N), 0);
	CHECK_INT("peak", history_peak(&history, 10 * HISTORY_N), HISTORY_N + 5);
	CHECK_INT("mean", history_mean(&history, 3), HISTORY_N + 4);
}

static void test_scale(void **state)
{
	static const struct {
		int64_t peak, want;
	} rows[] = {
		{0, KIB},
		{KIB, KIB},
		{KIB + 1, 2 * KIB},
		{500 * KIB, 500 * KIB},
		{501 * KIB, MIB},
		{3 * MIB, 5 * MIB},
		{INT64_MAX, INT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT("scale", history_scale(rows[i].peak), rows[i].want);
}

/* ---- glyphs -------------------------------------------------------------------------------------- */

static void test_graph(void **state)
{
	struct history history = {.n = 0};

	(void)state;
	history_add(&history, 8);
	history_add(&history, 4);
	history_add(&history, 0);
	history_add(&history, 1);
	CHECK_STR_FREE("braille above", glyphs_graph(GLYPHS_BRAILLE, &history, 8, 3, 2, 0), " ⡇ ");
	CHECK_STR_FREE("braille below", glyphs_graph(GLYPHS_BRAILLE, &history, 8, 3, 2, 1), " ⣿⢀");
	CHECK_STR_FREE("blocks", glyphs_graph(GLYPHS_BLOCKS, &history, 8, 5, 1, 0), " █▄ ▄");
	CHECK_STR_FREE("ascii", glyphs_graph(GLYPHS_ASCII, &history, 8, 5, 1, 0), " #: .");
	CHECK_STR_FREE("more than the scale", glyphs_graph(GLYPHS_ASCII, &history, 1, 5, 1, 0), " ## #");
	CHECK_STR_FREE("no scale", glyphs_graph(GLYPHS_ASCII, &history, 0, 1, 1, 0), "#");
	CHECK_STR_FREE("no room", glyphs_graph(GLYPHS_BRAILLE, &history, 8, 0, 1, 0), "");
}

static void test_bar(void **state)
{
	static const struct {
		double part;
		const char *want;
		size_t full;
	} rows[] = {
		{-1, "....", 0},
		{0, "....", 0},
		{0.125, "-...", 1},
		{0.5, "==..", 2},
		{0.99, "===-", 4},
		{1, "====", 4},
		{7, "====", 4},
	};
	size_t full;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_STR_FREE(rows[i].want, glyphs_bar(GLYPHS_ASCII, rows[i].part, 4, &full), rows[i].want);
		CHECK_INT(rows[i].want, full, rows[i].full);
	}
	CHECK_STR_FREE("utf-8", glyphs_bar(GLYPHS_BRAILLE, 0.375, 4, &full), "━╸──");
}

/* ---- layout -------------------------------------------------------------------------------------- */

/* Whatever the size: bands follow each other, none overlaps, all are on the screen, and the list is there. */
static void test_layout_any_size(void **state)
{
	(void)state;
	for (size_t rows = 1; rows <= 80; rows++)
		for (size_t columns = 1; columns <= 260; columns += 7)
			for (size_t n = 0; n < 16; n++) {
				struct layout at;
				size_t panels, used;

				layout_make(&at, columns, rows, n & 1, n & 2 ? 40 : 0, n & 4 ? 1 + n : 0);
				used = at.head.n + at.graph.n + at.states.n + at.tabs.n + at.list.n +
				       at.foot.n;
				panels = at.beside ? (at.hosts.n > at.failures.n ? at.hosts.n : at.failures.n)
						   : at.hosts.n + at.failures.n;
				assert_true(used + panels <= rows);
				assert_true(at.list.n >= 1);
				assert_int_equal(at.foot.n > 0 ? at.foot.top : rows - 1, rows - 1);
				assert_true(at.hosts.n == 0 || at.hosts.top > at.list.top + at.list.n);
				assert_true(at.failures.n == 0 || at.failures.top > at.list.top + at.list.n);
				assert_true(at.failures.n == 0 || at.beside ||
					    at.failures.top >= at.hosts.top + at.hosts.n);
			}
}

static void test_layout_panels(void **state)
{
	struct layout at;

	(void)state;
	layout_make(&at, 80, 24, true, 0, 0);
	CHECK_INT("none: all is the list's", at.list.n, 16);
	layout_make(&at, 80, 24, false, 9, 9);
	CHECK_INT("not wanted", at.hosts.n + at.failures.n, 0);
	layout_make(&at, 80, 24, true, 9, 9);
	CHECK_INT("one below the other", at.beside, false);
	CHECK_INT("hosts", at.hosts.n, 3);
	CHECK_INT("failures", at.failures.n, 3);
	layout_make(&at, 200, 50, true, 2, 5);
	CHECK_INT("side by side", at.beside, true);
	CHECK_INT("as many as there are", at.hosts.n, 3);
	CHECK_INT("as many as there are", at.failures.n, 6);
	CHECK_INT("side by side", at.hosts.top, at.failures.top);
}

/* ---- columns ------------------------------------------------------------------------------------- */

static void test_columns_fit(void **state)
{
	(void)state;
	for (enum view view = 0; view < VIEW_N; view++)
		for (size_t columns = 1; columns <= 300; columns++) {
			size_t widths[COLUMNS_MAX], sum = 0, least = 0;

			columns_fit(view, columns, widths);
			for (size_t i = 0; i < view_info(view)->n_columns; i++) {
				sum += widths[i] > 0 ? widths[i] + 1 : 0;
				least += view_info(view)->columns[i].from == 0
						 ? view_info(view)->columns[i].width + 1
						 : 0;
			}
			assert_true(sum <= columns || columns <= least);
			/* From 40 on there is a name to read, and nothing is wasted. */
			assert_true(columns < 40 || sum == columns);
			for (size_t i = 0; i < view_info(view)->n_columns; i++)
				if (strcmp(view_info(view)->columns[i].title, "NAME") == 0)
					assert_true(columns < 40 || widths[i] >= 12);
		}
}

static void test_columns_sort(void **state)
{
	(void)state;
	for (enum view view = 0; view < VIEW_N; view++)
		assert_non_null(view_info(view)->columns[view_info(view)->sort].compare);
}

/* ---- model --------------------------------------------------------------------------------------- */

static json_t *job(int64_t id, const char *name, const char *state, int64_t speed)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:I, s:I, s:i, s:i, s:I, s:I}", "id",
		(json_int_t)id, "url", "http://example.org/x", "state", state, "name", name, "host",
		"http://example.org:80", "priority", 0, "owner", 0, "dir", "/d", "group",
		id % 2 ? "odd" : "even", "received", (json_int_t)50, "size", (json_int_t)100, "attempts", 1,
		"max_attempts", 10, "created_usec", (json_int_t)1, "speed", (json_int_t)speed);
}

static json_t *status(int64_t received, json_t *active)
{
	return json_pack("{s:s, s:I, s:i, s:b, s:{s:i, s:i, s:i}, s:I, s:I, s:o}", "version", "1\033[31m",
		"started_usec", (json_int_t)1, "max_active", 16, "draining", 0, "counts", "active",
		(int)json_array_size(active), "queued", 1000, "failed", 2, "received", (json_int_t)received,
		"speed", (json_int_t)0, "active", active);
}

static void take(struct model *model, int64_t received, int64_t at_sec, json_t *active)
{
	json_t *json = status(received, active);

	model_take_status(model, json, at_sec * USEC_PER_SEC);
	json_decref(json);
}

static int setup(void **state)
{
	struct model *model = xcalloc(1, sizeof(*model));

	model_init(model, NULL, NULL);
	*state = model;
	return 0;
}

static int teardown(void **state)
{
	model_done(*state);
	free(*state);
	return 0;
}

static json_t *three(void)
{
	return json_pack("[o, o, o]", job(7, "Berta", "active", 10), job(3, "anton", "active", 30),
		job(12, "Cäsar", "active", 20));
}

/* The ids shown, as "3 7 12". */
static void check_shown(const char *row, struct model *model, const char *want)
{
	const struct pane *pane = model_pane(model);
	char text[256] = "";

	for (size_t i = 0; i < pane->n_shown; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld", i ? " " : "",
			(long long)pane->shown[i]->id);
	CHECK_STR(row, text, want);
}

static void test_speed(void **state)
{
	struct model *model = *state;

	take(model, 5000, 100, json_array());
	CHECK_INT("what was before is no speed", model->history.n, 0);
	take(model, 7000, 102, json_array());
	CHECK_INT("2000 in 2 s", history_at(&model->history, 0), 1000);
	model_take_rows(model, VIEW_QUEUE, &(struct rows){.n = 0});
	take(model, 9000, 102, json_array());
	CHECK_INT("too near", model->history.n, 1);
	take(model, 10, 104, json_array());
	CHECK_INT("another daemon", model->history.n, 1);
	model_lost(model);
	take(model, 800000, 900, json_array());
	CHECK_INT("nobody looked", model->history.n, 1);
	take(model, 800500, 901, json_array());
	CHECK_INT("again", history_at(&model->history, 0), 500);
}

static void test_escaped(void **state)
{
	struct model *model = *state;
	json_t *hosts = json_pack("[{s:s, s:s, s:s}]", "host", "http://\033]0;x\007:80", "state", "o\tpen",
		"last_error", "E\n");
	struct rows rows = {.n = 0};

	take(model, 0, 1, json_pack("[o]", job(1, "a\033[2Jb\xe2\x80\xae", "active", 0)));
	CHECK_STR("version", model->daemon.version, "1\\x1b[31m");
	CHECK_STR("name", model_row(model)->name, "a\\x1b[2Jb\\u{202e}");
	rows_add_hosts(&rows, hosts, &model->only);
	CHECK_STR("host", rows.at[0].name, "\\x1b]0;x\\x07");
	CHECK_STR("state", rows.at[0].word, "o\\x09pen");
	CHECK_STR("error", rows.at[0].code, "E\\x0a");
	rows_done(&rows);
	json_decref(hosts);
}

static void test_counts(void **state)
{
	struct model *model = *state;

	take(model, 0, 1, three());
	CHECK_INT("transfers", model_count(model, VIEW_TRANSFERS), 3);
	CHECK_INT("queue", model_count(model, VIEW_QUEUE), 1000);
	CHECK_INT("failures", model_count(model, VIEW_FAILURES), 2);
}

static void test_order(void **state)
{
	struct model *model = *state;

	take(model, 0, 1, three());
	check_shown("by id", model, "3 7 12");
	model_reverse(model);
	check_shown("reversed", model, "12 7 3");
	model_sort_next(model);
	check_shown("by name, in any case", model, "3 7 12");
	while (strcmp(view_info(VIEW_TRANSFERS)->columns[model_pane(model)->sort].title, "SPEED") != 0)
		model_sort_next(model);
	check_shown("by speed, the fastest first", model, "3 12 7");
	while (model_pane(model)->sort != 0)
		model_sort_next(model);
	check_shown("round", model, "3 7 12");
}

static void test_cursor_stays(void **state)
{
	struct model *model = *state;

	take(model, 0, 1, three());
	model_move(model, 1);
	CHECK_INT("down", model_row(model)->id, 7);
	take(model, 0, 2,
		json_pack("[o, o, o]", job(1, "x", "active", 0), job(7, "x", "active", 0),
			job(9, "x", "active", 0)));
	CHECK_INT("on the same job", model_row(model)->id, 7);
	take(model, 0, 3, json_pack("[o, o]", job(1, "x", "active", 0), job(9, "x", "active", 0)));
	CHECK_INT("it ended: what took its place", model_row(model)->id, 9);
	take(model, 0, 4, json_array());
	assert_null(model_row(model));
	take(model, 0, 5, three());
	CHECK_INT("there are some again", model_row(model)->id, 3);
	model_move(model, INT32_MAX);
	CHECK_INT("end", model_row(model)->id, 12);
	model_move(model, INT32_MIN);
	CHECK_INT("begin", model_row(model)->id, 3);
}

static void test_scroll(void **state)
{
	struct model *model = *state;
	json_t *active = json_array();

	for (int64_t id = 1; id <= 100; id++)
		json_array_append_new(active, job(id, "x", "active", 0));
	take(model, 0, 1, active);
	model_move(model, 50);
	model_scroll(model, 10);
	CHECK_INT("down", model_pane(model)->first, 41);
	model_move(model, -5);
	model_scroll(model, 10);
	CHECK_INT("within", model_pane(model)->first, 41);
	model_move(model, INT32_MIN);
	model_scroll(model, 10);
	CHECK_INT("up", model_pane(model)->first, 0);
	model_move(model, INT32_MAX);
	model_scroll(model, 10);
	model_scroll(model, 30);
	CHECK_INT("a higher window", model_pane(model)->first, 70);
	model_scroll(model, 200);
	CHECK_INT("all fit", model_pane(model)->first, 0);
}

static void test_filter(void **state)
{
	struct model *model = *state;

	take(model, 0, 1, three());
	model_filter(model, "ERT");
	check_shown("a part, in any case", model, "7");
	model_filter(model, "example.org");
	check_shown("host", model, "3 7 12");
	model_filter(model, "even");
	check_shown("group", model, "12");
	take(model, 0, 2, three());
	check_shown("what comes is filtered, too", model, "12");
	model_filter(model, "nothing");
	check_shown("none", model, "");
	model_filter(model, "");
	check_shown("all", model, "3 7 12");
}

static void test_only(void **state)
{
	struct model only;

	(void)state;
	model_init(&only, "odd", NULL);
	take(&only, 0, 1, three());
	check_shown("group", &only, "3 7");
	model_done(&only);
	model_init(&only, NULL, "example.org");
	take(&only, 0, 1, three());
	check_shown("host", &only, "3 7 12");
	model_done(&only);
	model_init(&only, NULL, "example.com");
	take(&only, 0, 1, three());
	check_shown("another", &only, "");
	model_done(&only);
}

/* The ids that a key would mean. */
static void check_targets(const char *row, struct model *model, const char *want)
{
	size_t n;
	CLEANUP_FREE int64_t *ids = model_targets(model, &n);
	char text[256] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld", i ? " " : "",
			(long long)ids[i]);
	CHECK_STR(row, text, want);
}

static void test_marks(void **state)
{
	struct model *model = *state;

	check_targets("nothing there", model, "");
	model_mark(model);
	take(model, 0, 1, three());
	check_targets("the cursor's", model, "3");
	model_mark(model);
	model_mark(model);
	check_targets("marked", model, "3 7");
	model_filter(model, "anton");
	check_targets("what is not seen is not meant", model, "3");
	model_filter(model, "");
	model_move(model, INT32_MIN);
	model_mark(model);
	check_targets("unmarked", model, "7");
	model_mark_all(model);
	check_targets("all", model, "3 7 12");
	take(model, 0, 2, json_pack("[o, o]", job(7, "x", "active", 0), job(12, "x", "active", 0)));
	check_targets("one has ended", model, "7 12");
	CHECK_INT("and is marked no more", model_pane(model)->n_marks, 2);
	model_mark_all(model);
	CHECK_INT("none", pane_marked(model_pane(model), 7), false);
}

/* ---- prompt and keys ----------------------------------------------------------------------------- */

static void test_prompt(void **state)
{
	struct prompt prompt = {.question = NULL};

	(void)state;
	prompt_ask(&prompt, ACTION_FILTER, false, xstrdup("?"), json_object(), "a");
	CHECK_INT("type", prompt_key(&prompt, 0xe4), PROMPT_GOES_ON);
	prompt_key(&prompt, 0x1f389);
	prompt_key(&prompt, 0x202e);
	prompt_key(&prompt, SCREEN_UP);
	CHECK_STR("typed", prompt.text, "aä🎉");
	prompt_key(&prompt, SCREEN_BACKSPACE);
	CHECK_STR("a whole character goes", prompt.text, "aä");
	prompt_key(&prompt, SCREEN_ERASE);
	CHECK_STR("all goes", prompt.text, "");
	CHECK_INT("nothing to erase", prompt_key(&prompt, SCREEN_BACKSPACE), PROMPT_DROPPED);
	for (int i = 0; i < 2 * PROMPT_MAX; i++)
		prompt_key(&prompt, 0x20ac);
	CHECK_INT("full", prompt.len, PROMPT_MAX / 3 * 3);
	CHECK_INT("answered", prompt_key(&prompt, SCREEN_ENTER), PROMPT_ANSWERED);
	CHECK_INT("dropped", prompt_key(&prompt, SCREEN_ESCAPE), PROMPT_DROPPED);
	prompt_ask(&prompt, ACTION_CANCEL, true, xstrdup("?"), NULL, "");
	CHECK_INT("yes", prompt_key(&prompt, 'y'), PROMPT_ANSWERED);
	CHECK_INT("anything else is no", prompt_key(&prompt, SCREEN_ENTER), PROMPT_DROPPED);
	prompt_close(&prompt);
	assert_null(prompt.question);
}

/* In no view a key means two things. */
static void test_keys(void **state)
{
	(void)state;
	for (enum view view = 0; view < VIEW_N; view++)
		for (size_t i = 0; i < keys_n; i++) {
			const struct key *key = &keys_table[i];

			if (!(key->views & KEYS_IN(view)))
				continue;
			CHECK_INT(key->help, keys_action(key->key, view), key->action);
			if (key->other)
				CHECK_INT(key->help, keys_action(key->other, view), key->action);
		}
	CHECK_INT("not there", keys_action('t', VIEW_QUEUE), ACTION_NONE);
	CHECK_INT("no key", keys_action('Z', VIEW_QUEUE), ACTION_NONE);
	for (size_t i = 0; i < keys_n; i++) {
		CLEANUP_FREE char *label = keys_label(&keys_table[i]);

		assert_true(text_width(label) < 9 && text_width(keys_table[i].help) <= 29);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_graph),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_layout_any_size),
		cmocka_unit_test(test_layout_panels),
		cmocka_unit_test(test_columns_fit),
		cmocka_unit_test(test_columns_sort),
		cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_escaped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cursor_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scroll, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test(test_only),
		cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_keys),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
