/* fetchctl's progress: who is shown, speed and time left, the text of lines, and which terminals know OSC 9;4
 */
#include "config.h"

#include "unit.h"

#include <locale.h>
#include <stdio.h>

#include "base/text.h"
#include "fetchctl/gauge.h"
#include "fetchctl/meter.h"
#include "fetchctl/notable.h"
#include "fetchctl/progress.h"
#include "fetchctl/taskbar.h"
#include "fetchctl/words.h"

#define MIB (INT64_C(1) << 20)
#define SEC USEC_PER_SEC

static struct tally tally;

static int setup(void **state)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	tally_init(&tally);
	return fake_clock_setup(state);
}

static int teardown(void **state)
{
	tally_done(&tally);
	return fake_clock_teardown(state);
}

struct row {
	int64_t id;
	enum job_state state;
	int64_t received, size, speed;
	const char *name, *error;
	int64_t due_usec;
};

static struct tally_job *put_as(enum tally_kind kind, const struct row *row)
{
	struct job job = {
		.id = row->id,
		.state = row->state,
		.received = row->received,
		.size = row->size,
		.name = (char *)(row->name ? row->name : "a"),
		.error_code = (char *)row->error,
		.waiting_for = row->state == JOB_WAITING ? (row->error ? JOB_WAIT_RETRY : JOB_WAIT_HOST)
							 : JOB_WAIT_NONE,
		.due_usec = row->due_usec,
	};
	struct tally_job *entry = tally_add(&tally, row->id);

	tally_update(&tally, entry,
		&(struct tally_news){
			.kind = kind, .job = &job, .speed = row->speed, .now_usec = clock_boot_usec()});
	return entry;
}

static struct tally_job *put(const struct row *row)
{
	return put_as(TALLY_EVENT, row);
}

#define PUT(...) put(&(struct row){__VA_ARGS__})

/* ---- who is shown -------------------------------------------------------------------------------- */

/* The ids that are picked, "1 2 3". */
static char *picked(size_t max)
{
	struct tally_job *shown[64];
	size_t n = notable_pick(&tally, clock_boot_usec(), shown, max);
	char *text = xstrdup("");

	for (size_t i = 0; i < n; i++) {
		char *longer = xasprintf("%s%s%lld", text, i > 0 ? " " : "", (long long)shown[i]->id);

		free(text);
		text = longer;
	}
	return text;
}

static void test_largest_remainder_first(void **state)
{
	(void)state;
	PUT(1, JOB_ACTIVE, 0, 1 * MIB);
	PUT(2, JOB_ACTIVE, 0, 8 * MIB);
	PUT(3, JOB_ACTIVE, 900 * MIB, 901 * MIB);
	PUT(4, JOB_ACTIVE, 4 * MIB, -1);
	PUT(5, JOB_ACTIVE, 0, 100 * MIB);
	PUT(6, JOB_QUEUED, 0, -1);
	PUT(7, JOB_DONE, 5, 5);
	CHECK_STR_FREE("one", picked(1), "5");
	CHECK_STR_FREE("three, in the order of ids", picked(3), "2 4 5");
	CHECK_STR_FREE("all", picked(20), "1 2 3 4 5");
	CHECK_STR_FREE("none", picked(0), "");
}

static void test_trouble_comes_first(void **state)
{
	(void)state;
	PUT(1, JOB_ACTIVE, 10, 100);
	PUT(2, JOB_ACTIVE, 10, 100);
	PUT(3, JOB_WAITING, 0, -1, 0, NULL, "E_HTTP_503", 30 * SEC);
	PUT(4, JOB_WAITING, 0, -1, 0, NULL, "E_DNS", 20 * SEC);
	PUT(5, JOB_WAITING);
	CHECK_STR_FREE("nothing stalls", picked(9), "3 4 1 2 5");
	fake_boot_usec += 10 * SEC;
	PUT(1, JOB_ACTIVE, 20, 100);
	CHECK_STR_FREE("one stalls", picked(9), "2 3 4 1 5");
	CHECK_STR_FREE("the next attempt soonest", picked(3), "2 4 1");
	CHECK_STR_FREE("half of the lines is left to others", picked(4), "2 4 1 5");
	PUT(2, JOB_ACTIVE, 100, 100);
	fake_boot_usec += 10 * SEC;
	PUT(1, JOB_ACTIVE, 30, 100);
	CHECK_STR_FREE("what is whole does not stall", picked(9), "3 4 1 2 5");
}

static void test_trouble_alone_has_all_lines(void **state)
{
	(void)state;
	for (int64_t id = 1; id <= 1000; id++)
		PUT(id, JOB_WAITING, 0, -1, 0, NULL, "E_DNS", id * SEC);
	CHECK_STR_FREE("one waits for each line", picked(6), "1 2 3 4 5 6");
	PUT(1001, JOB_ACTIVE, 0, 100);
	CHECK_STR_FREE("one that runs needs one", picked(6), "1 2 3 4 5 1001");
}

static void test_equals_stay(void **state)
{
	(void)state;
	PUT(2, JOB_ACTIVE, 0, 1000);
	PUT(3, JOB_ACTIVE, 0, 1000);
	CHECK_STR_FREE("at first", picked(2), "2 3");
	PUT(1, JOB_ACTIVE, 0, 1000);
	CHECK_STR_FREE("one more of the same", picked(2), "2 3");
	PUT(2, JOB_DONE, 1000, 1000);
	CHECK_STR_FREE("a line is free", picked(2), "1 3");
}

/* ---- speed and time left ------------------------------------------------------------------------- */

static void test_speed(void **state)
{
	struct meter meter = {.n_samples = 0};

	(void)state;
	PUT(1, JOB_ACTIVE, 0, 100 * MIB);
	meter_note(&meter, &tally, clock_boot_usec());
	CHECK_INT("one sample", meter_speed(&meter), -1);
	for (int i = 1; i <= 80; i++) {
		fake_boot_usec += SEC / 8;
		PUT(1, JOB_ACTIVE, i * MIB / 8, 100 * MIB);
		meter_note(&meter, &tally, clock_boot_usec());
	}
	CHECK_INT("a MiB a second", meter_speed(&meter), MIB);
	CHECK_INT("90 MiB to come", meter_left_usec(&meter, &tally, clock_boot_usec()) / SEC, 90);
	for (int i = 0; i < 24; i++) {
		fake_boot_usec += SEC / 8;
		meter_note(&meter, &tally, clock_boot_usec());
	}
	CHECK_INT("nothing for three seconds", meter_speed(&meter), 0);
	CHECK_INT("the time left follows slowly", meter_left_usec(&meter, &tally, clock_boot_usec()) / SEC,
		117);
}

static void test_time_left_by_jobs(void **state)
{
	struct meter meter = {.n_samples = 0};

	(void)state;
	put_as(TALLY_STATE, &(struct row){1, JOB_DONE, 10, 10});
	for (int64_t id = 2; id <= 10; id++)
		put_as(TALLY_STATE, &(struct row){id, JOB_QUEUED, 0, -1});
	meter_note(&meter, &tally, clock_boot_usec());
	fake_boot_usec += 2 * SEC;
	CHECK_INT("none has ended since", meter_left_usec(&meter, &tally, clock_boot_usec()), USEC_INFINITY);
	PUT(2, JOB_DONE, 10, 10);
	CHECK_INT("two seconds for each", meter_left_usec(&meter, &tally, clock_boot_usec()) / SEC, 16);
}

static void test_bytes_of_a_job_first_heard_of_at_its_end(void **state)
{
	(void)state;
	PUT(1, JOB_DONE, 70, 70);
	put_as(TALLY_STATE, &(struct row){2, JOB_DONE, 500, 500});
	PUT(3, JOB_ACTIVE, 40, 100);
	PUT(3, JOB_ACTIVE, 60, 100);
	CHECK_INT("what came while we looked", tally.fetched, 90);
}

static void test_plain_lines(void **state)
{
	static const struct {
		const char *row;
		int64_t elapsed_sec, want_sec;
	} rows[] = {
		{"the first", 0, 10},
		{"on time", 10, 20},
		{"late", 47, 50},
		{"a minute", 60, 120},
		{"late in a minute", 119, 120},
		{"an hour", 3600, 4200},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].row, progress_plain_next_usec(rows[i].elapsed_sec * SEC) / SEC,
			rows[i].want_sec);
}

/* ---- text ---------------------------------------------------------------------------------------- */

static void check_job(const char *row, const struct tally_job *entry, size_t columns, const char *want)
{
	char *got = gauge_job(entry, columns, clock_boot_usec());

	if (text_width(got) >= columns)
		fail_msg("%s: \"%s\" is wider than %zu columns", row, got, columns);
	CHECK_STR_FREE(row, got, want);
}

static void test_job_lines(void **state)
{
	struct tally_job *entry;

	(void)state;
	entry = PUT(1, JOB_ACTIVE, 25 * MIB, 100 * MIB, MIB, "debian.iso");
	check_job("8", entry, 8, " d…so  ");
	check_job("20", entry, 20, " debian.iso     25%");
	check_job("40", entry, 40, " debian.iso             25%    1.0MiB/s");
	check_job("60", entry, 60, " debian.iso                        25%    1.0MiB/s     1:15");
	check_job("80", entry, 80,
		" debian.iso                      [===>              ]  25%    1.0MiB/s     1:15");
	check_job("120", entry, 120,
		" debian.iso                               25.0MiB of 100.0MiB  [======>                     "
		"]  "
		"25%"
		"    1.0MiB/s     1:15");
	fake_boot_usec += 23 * SEC;
	check_job("stalled", entry, 60, " debian.iso                        25%     stalled for 0:23");
	check_job("stalled, narrow", entry, 40, " debian.iso             25%     stalled");
	entry = PUT(1, JOB_ACTIVE, 100 * MIB, 100 * MIB, 0, "debian.iso");
	check_job("finishing", entry, 60, " debian.iso                       100%            finishing");
	entry = PUT(2, JOB_ACTIVE, 3 * MIB, -1, MIB, "日本語のとても長いファイル名.iso");
	check_job("wide characters", entry, 40, " 日本…イル名.iso     3.0MiB    1.0MiB/s");
	entry = PUT(3, JOB_WAITING, 0, -1, 0, "x", "E_HTTP_503");
	check_job("after an error", entry, 60, " x                                  retry, after E_HTTP_503");
}

static void test_sum(void **state)
{
	struct gauge_sum sum = {.tally = &tally, .speed = MIB, .left_usec = 75 * SEC};

	(void)state;
	PUT(1, JOB_DONE, MIB, MIB);
	PUT(2, JOB_ACTIVE, MIB, 4 * MIB);
	PUT(3, JOB_FAILED, 0, -1);
	CHECK_STR_FREE("all", gauge_sum(&sum, 80),
		"1/3 done, 1 failed  2.0MiB of 5.0MiB  1.0MiB/s  1:15 left  1 active");
	CHECK_STR_FREE("no states", gauge_sum(&sum, 67),
		"1/3 done, 1 failed  2.0MiB of 5.0MiB  1.0MiB/s  1:15 left");
	CHECK_STR_FREE("no bytes", gauge_sum(&sum, 42), "1/3 done, 1 failed  1.0MiB/s  1:15 left");
	CHECK_STR_FREE("no speed", gauge_sum(&sum, 39), "1/3 done, 1 failed  1:15 left");
	CHECK_STR_FREE("no time", gauge_sum(&sum, 20), "1/3 done, 1 failed");
	CHECK_STR_FREE("cut", gauge_sum(&sum, 10), "1/3 done…");
	CHECK_INT("a failed job's size is not known", gauge_percent(&tally), 40);
	PUT(4, JOB_QUEUED, 0, -1);
	CHECK_INT("by jobs", gauge_percent(&tally), 50);
	sum.n_expected = 9;
	sum.plain = true;
	CHECK_STR_FREE(
		"expected", gauge_sum(&sum, SIZE_MAX), "1/9 done, 1 failed  2.0MiB  1.0MiB/s  1:15 left");
}

static void test_shell_words(void **state)
{
	(void)state;
	CHECK_STR_FREE("plain", words_shell("photos-2026"), "photos-2026");
	CHECK_STR_FREE("empty", words_shell(""), "''");
	CHECK_STR_FREE("blank", words_shell("my photos"), "'my photos'");
	CHECK_STR_FREE("quote", words_shell("it's"), "'it'\\''s'");
	CHECK_STR_FREE("command", words_shell("$(reboot)"), "'$(reboot)'");
}

/* ---- the terminal's own progress ----------------------------------------------------------------- */

static const char *const *environment;

static char *get(const char *name)
{
	for (size_t i = 0; environment[i]; i += 2)
		if (strcmp(environment[i], name) == 0)
			return (char *)environment[i + 1];
	return NULL;
}

static void test_terminals(void **state)
{
	static const struct {
		const char *row;
		const char *const set[9];
		bool want;
	} rows[] = {
		{"nothing", {NULL}, false},
		{"xterm", {"TERM", "xterm-256color", NULL}, false},
		{"Windows Terminal", {"WT_SESSION", "a-b-c", NULL}, true},
		{"in tmux", {"WT_SESSION", "a-b-c", "TMUX", "/tmp/t", NULL}, false},
		{"in screen", {"WT_SESSION", "a-b-c", "STY", "1.tty", NULL}, false},
		{"ConEmu", {"ConEmuANSI", "ON", NULL}, true},
		{"ConEmu without", {"ConEmuANSI", "OFF", NULL}, false},
		{"WezTerm", {"TERM_PROGRAM", "WezTerm", NULL}, true},
		{"ghostty", {"TERM_PROGRAM", "ghostty", "TERM_PROGRAM_VERSION", "1.2.0", NULL}, true},
		{"old ghostty", {"TERM_PROGRAM", "ghostty", "TERM_PROGRAM_VERSION", "1.1.3", NULL}, false},
		{"iTerm2", {"TERM_PROGRAM", "iTerm.app", "TERM_PROGRAM_VERSION", "3.10.0", NULL}, true},
		{"old iTerm2", {"TERM_PROGRAM", "iTerm.app", "TERM_PROGRAM_VERSION", "3.5.14", NULL}, false},
		{"kitty", {"TERM", "xterm-kitty", "KITTY_WINDOW_ID", "1", NULL}, true},
		{"kitty by ssh", {"TERM", "xterm-kitty", NULL}, false},
		{"VTE", {"VTE_VERSION", "8000", NULL}, true},
		{"old VTE", {"VTE_VERSION", "7600", NULL}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		environment = rows[i].set;
		CHECK_INT(rows[i].row, taskbar_known(get), rows[i].want);
	}
}

static char *taskbar_text(struct taskbar *taskbar, int percent, bool failed)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (percent == -2)
		taskbar_clear(taskbar, to);
	else
		taskbar_put(taskbar, to, percent, failed, clock_boot_usec());
	fclose(to);
	return text;
}

static void test_taskbar(void **state)
{
	struct taskbar taskbar = {.known = true}, unknown = {.known = false};

	(void)state;
	CHECK_STR_FREE("nothing to clear", taskbar_text(&taskbar, -2, false), "");
	CHECK_STR_FREE("no size", taskbar_text(&taskbar, -1, false), "\033]9;4;3;0\033\\");
	CHECK_STR_FREE("half", taskbar_text(&taskbar, 50, false), "\033]9;4;1;50\033\\");
	CHECK_STR_FREE("the same", taskbar_text(&taskbar, 50, false), "");
	fake_boot_usec += 5 * SEC;
	CHECK_STR_FREE("once more", taskbar_text(&taskbar, 50, false), "\033]9;4;1;50\033\\");
	CHECK_STR_FREE("one failed", taskbar_text(&taskbar, 50, true), "\033]9;4;2;50\033\\");
	CHECK_STR_FREE("clear", taskbar_text(&taskbar, -2, false), "\033]9;4;0;0\033\\");
	CHECK_STR_FREE("another terminal", taskbar_text(&unknown, 50, false), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_largest_remainder_first),
		TEST(test_trouble_comes_first),
		TEST(test_trouble_alone_has_all_lines),
		TEST(test_equals_stay),
		TEST(test_speed),
		TEST(test_time_left_by_jobs),
		TEST(test_bytes_of_a_job_first_heard_of_at_its_end),
		TEST(test_plain_lines),
		TEST(test_job_lines),
		TEST(test_sum),
		TEST(test_shell_words),
		TEST(test_terminals),
		TEST(test_taskbar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
